"""An open hub: migrated, with the keys it was written with; a connection that breaks is no answer, and no defect."""

from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa

from canonical_model.errors import ConfigurationError, RetryableError
from gateway.settings import Settings
from gateway.store import exchanges, people, versions
from gateway.store.hub import Hub, open_hub
from gateway.store.people import Claim
from gateway.store.schema import exchange
from gateway.store.server import Server
from gateway.store.versions import Version
from tests.conftest import MOMENT


@pytest.fixture
def settings(hub: Hub) -> Settings:
    """Those of a hub that somebody is known in, with one sealed section."""
    with hub.transaction() as connection:
        matched, _ = people.establish(
            connection, hub.keys, [Claim("k", (("fiche:762000", "0000123"),), "2009-05-06")],
            exchange="x", moment=MOMENT,
        )  # fmt: skip
        sealed = Version("Payment", "a", matched["k"], "finance", "762000", "{}", None, None, {})
        versions.merge(connection, hub.keys, [sealed], exchange="x", moment=MOMENT)
    return hub.settings


def test_opening_makes_the_tables_of_a_new_database(postgres: Server, tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home", database_url=postgres.url("opened_by_test"))
    with open_hub(settings) as hub, hub.transaction() as connection:
        assert 0 == connection.scalar(sa.select(sa.func.count()).select_from(exchange))

    assert (tmp_path / "home" / "keys" / "master.key").is_file()
    with psycopg.connect(postgres.url("postgres"), autocommit=True) as connection:
        connection.execute("drop database opened_by_test")  # nobody is left on it


def test_a_lost_master_key_is_not_replaced_in_silence(settings: Settings) -> None:
    settings.master_key_path.rename(settings.master_key_path.with_suffix(".copy"))

    with pytest.raises(ConfigurationError, match="the master key is absent") as raised, open_hub(settings):
        pytest.fail("it opened")
    assert "Rétablissez" in raised.value.french
    assert not settings.master_key_path.exists()

    settings.master_key_path.with_suffix(".copy").rename(settings.master_key_path)
    with open_hub(settings):
        pass


def test_another_master_key_does_not_open_the_hub(settings: Settings) -> None:
    settings.master_key_path.write_bytes(b"x" * 32)

    with pytest.raises(ConfigurationError, match="Restore the key file that wrote it"), open_hub(settings):
        pytest.fail("it opened")


def begin(connection: sa.Connection) -> None:
    exchanges.begin(
        connection, "x", run="r", route="intake", system="s", direction="in", day=MOMENT.date(), moment=MOMENT
    )


@pytest.mark.parametrize("driver", [False, True], ids=["by SQLAlchemy", "past SQLAlchemy"])
def test_a_connection_that_breaks_may_be_tried_again_and_stores_nothing(hub: Hub, *, driver: bool) -> None:
    def work() -> None:
        with hub.transaction() as connection:
            begin(connection)
            own = connection.scalar(sa.text("select pg_backend_pid()"))
            with psycopg.connect(hub.settings.database_url, autocommit=True) as other:
                other.execute("select pg_terminate_backend(%s, 5000)", (own,))
            if driver:
                raw = connection.connection.driver_connection
                assert isinstance(raw, psycopg.Connection)
                raw.execute("select 1")
            connection.execute(sa.text("select 1"))

    with pytest.raises(RetryableError, match="PostgreSQL: no answer"):
        work()
    with hub.transaction() as connection:
        assert exchanges.find(connection, "x") is None


def test_no_server_at_all_may_be_tried_again(hub: Hub) -> None:
    nowhere = sa.create_engine("postgresql+psycopg://hub:secret@127.0.0.1:1/hub")

    with pytest.raises(RetryableError) as raised, Hub(hub.settings, hub.keys, nowhere).transaction():
        pytest.fail("it connected")
    assert "secret" not in f"{raised.value.english}{raised.value.french}"


def test_a_wrong_statement_is_a_defect_and_stays_one(hub: Hub) -> None:
    with pytest.raises(sa.exc.ProgrammingError), hub.transaction() as connection:
        connection.execute(sa.text("select nothing from nowhere"))


def test_a_hub_shows_no_key_and_no_password(new_hub: Callable[[], Hub]) -> None:
    hub = new_hub()
    shown = f"{hub!r} {hub.keys!r} {hub.settings!r}"

    assert hub.keys.master.hex() not in shown
    assert repr(hub.keys.master) not in shown
    assert hub.settings.database_url not in shown
