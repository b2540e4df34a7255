"""An open hub: its settings, its keys and its database, held by a door for as long as it works."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
import sqlalchemy as sa

from gateway import keys as hub_keys
from gateway.keys import Keys
from gateway.settings import Settings
from gateway.store import migrations, server


@dataclass(frozen=True, slots=True)
class Hub:
    """Passed to every service of the gateway; services keep nothing else between two calls."""

    settings: Settings
    keys: Keys
    engine: sa.Engine

    @contextmanager
    def transaction(self) -> Iterator[sa.Connection]:
        """All or nothing. Raises RetryableError when PostgreSQL does not answer."""
        try:
            with self.engine.begin() as connection:
                yield connection
        except sa.exc.OperationalError as error:
            if isinstance(error.orig, psycopg.OperationalError) and error.connection_invalidated:
                raise server.unreachable(error.orig) from error
            raise


@contextmanager
def open_hub(settings: Settings) -> Iterator[Hub]:
    """A hub on a running, migrated database. The embedded server stops again when nobody holds it."""
    settings.root.mkdir(parents=True, exist_ok=True)
    held = server.ensure(settings)
    engine = sa.create_engine(held.sqlalchemy_url(), pool_size=4, pool_pre_ping=True)
    try:
        migrations.upgrade(engine)
        yield Hub(settings, hub_keys.load(settings), engine)
    finally:
        engine.dispose()
        held.release()
