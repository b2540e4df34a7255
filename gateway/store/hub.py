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
from gateway.store.schema import person, section_key
from gateway.store.versions import SectionKeys


@dataclass(frozen=True, slots=True)
class Hub:
    """Passed to every service of the gateway; services keep nothing else between two calls."""

    settings: Settings
    keys: Keys
    engine: sa.Engine

    @contextmanager
    def transaction(self) -> Iterator[sa.Connection]:
        """All or nothing. Raises RetryableError when PostgreSQL does not answer, or goes away meanwhile."""
        try:
            with self.engine.begin() as connection:
                yield connection
        except (sa.exc.OperationalError, psycopg.OperationalError) as error:  # the latter: of COPY
            cause = error.orig if isinstance(error, sa.exc.OperationalError) else error
            if isinstance(cause, psycopg.OperationalError) and (cause.sqlstate or "57P").startswith(_LOST):
                raise server.unreachable(cause) from error
            raise


_LOST = ("08", "28", "533", "57P")  # connection, sign-in, too many of them, shutdown: classes of SQLSTATE


@contextmanager
def open_hub(settings: Settings) -> Iterator[Hub]:
    """A hub on a running, migrated database. The embedded server stops again when nobody holds it.

    Raises ConfigurationError when the keys are not those that this database was written with.
    """
    settings.root.mkdir(parents=True, exist_ok=True)
    held = server.ensure(settings)
    engine = sa.create_engine(
        held.sqlalchemy_url(), pool_size=4, pool_pre_ping=True, hide_parameters=True
    )  # an error may not show a value
    try:
        migrations.upgrade(engine)
        yield Hub(settings, _keys(settings, engine), engine)
    finally:
        engine.dispose()
        held.release()


def _keys(settings: Settings, engine: sa.Engine) -> Keys:
    """The keys; new ones only for a database where nobody is yet. A lost key is not replaced in silence."""
    with engine.begin() as connection:
        begun = connection.scalar(sa.select(sa.exists().select_from(person)))
        keys = hub_keys.load(settings, make=not begun)
        sealed = connection.execute(sa.select(section_key.c.person, section_key.c.section).limit(1)).first()
        if sealed is not None:
            SectionKeys(connection, keys).read({(str(sealed.person), sealed.section)})
    return keys
