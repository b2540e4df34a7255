"""What all tests share: a real PostgreSQL a session, a migrated hub a test. No test reaches a network."""

import itertools
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa
from psycopg import sql

from gateway import keys as hub_keys
from gateway.settings import Settings
from gateway.store import migrations, server
from gateway.store.hub import Hub

REPOSITORY = Path(__file__).resolve().parents[1]
MOMENT = datetime(2026, 2, 16, 11, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _no_settings_of_the_shell(monkeypatch: pytest.MonkeyPatch) -> None:
    """A developer's own PASSERELLE_* variables must not change what a test sees."""
    for name in [name for name in os.environ if name.startswith("PASSERELLE_")]:
        monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def postgres() -> Iterator[server.Server]:
    """A running embedded PostgreSQL with an empty, migrated database named ``template_hub``.

    Not below pytest's own folder: that one is closed to the user that PostgreSQL runs as under root.
    """
    with tempfile.TemporaryDirectory(prefix="passerelle-", ignore_cleanup_errors=True) as folder:
        held = server.ensure(Settings(home=Path(folder)), databases=("template_hub",))
        with psycopg.connect(held.url("postgres"), autocommit=True) as connection:
            connection.execute("alter system set fsync = off")  # no test outlives a power cut
            connection.execute("select pg_reload_conf()")
        with psycopg.connect(held.url("postgres"), autocommit=True) as connection:
            for name in ("fsync", "full_page_writes", "synchronous_commit"):  # nobody keeps these data
                connection.execute(sql.SQL("alter system set {} = off").format(sql.Identifier(name)))
            connection.execute("select pg_reload_conf()")
        engine = sa.create_engine(held.sqlalchemy_url("template_hub"))
        migrations.upgrade(engine)
        engine.dispose()
        yield held
        held.release()


@pytest.fixture(scope="session")
def postgres_url(postgres: server.Server) -> str:
    """Libpq URI of that server's maintenance database; a test may create databases there."""
    return postgres.url("postgres")


@pytest.fixture(scope="session")
def _numbers() -> Iterator[int]:
    return itertools.count()


@contextmanager
def fresh_hub(postgres: server.Server, folder: Path, name: str) -> Iterator[Hub]:
    """A migrated hub on a database of that name, its home below `folder`."""
    with psycopg.connect(postgres.url("postgres"), autocommit=True) as connection:
        connection.execute(sql.SQL("create database {} template template_hub").format(sql.Identifier(name)))
    settings = Settings(home=folder / name, database_url=postgres.url(name))
    settings.root.mkdir()
    engine = sa.create_engine(postgres.sqlalchemy_url(name))
    try:
        yield Hub(settings, hub_keys.load(settings), engine)
    finally:
        engine.dispose()


@pytest.fixture
def new_hub(postgres: server.Server, tmp_path: Path, _numbers: Iterator[int]) -> Iterator[Callable[[], Hub]]:
    """Makes hubs: each on a fresh database and in a home of its own."""
    with ExitStack() as stack:
        yield lambda: stack.enter_context(fresh_hub(postgres, tmp_path, f"hub_{next(_numbers)}"))


@pytest.fixture
def hub(new_hub: Callable[[], Hub]) -> Hub:
    """A migrated hub on a fresh database, its home in the test's folder."""
    return new_hub()


@pytest.fixture(scope="session")
def conformance() -> Path:
    """Other people's schemas and samples, kept beside the repository and never in it."""
    folder = REPOSITORY.parent / "shared" / "conformance"
    if not folder.is_dir():
        pytest.skip("../shared/conformance is absent: other people's schemas are not kept in this repository")
    return folder
