"""What simulated systems with a database share: a real PostgreSQL database, an account that only reads, two faults.

The tables and their rows are the system's own. They are loaded again only when a row, a table or a fault
differs from what was loaded before.
"""

import hashlib
from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar
from urllib.parse import quote, urlencode

import psycopg
from psycopg import conninfo, sql

from connectors.kit.sandbox_system import SandboxSystem

Rows = Sequence[tuple[Any, ...]]


class SqlSandbox(SandboxSystem):
    """One organisation's database ``sandbox_<connector>_<organization>``, schema ``dbo``.

    `tables`: each table's columns, as SQL. `missing_column`: the table and column that the fault
    ``missing-column`` takes away; ``down`` and ``wrong-secret`` are the other two faults it knows.
    """

    tables: ClassVar[Mapping[str, str]]
    missing_column: ClassVar[tuple[str, str]]

    @abstractmethod
    def contents(self) -> Iterator[tuple[str, Rows]]:
        """Every table's rows, values in the order of its columns; the same for the same province."""

    @property
    def database(self) -> str:
        """The name of its database."""
        return f"sandbox_{self.connector}_{self.organization}"

    @property
    def reader(self) -> str:
        """The read-only account of the hub."""
        return f"{self.connector}_reader_{self.organization}"

    def prepare(self, postgres: str) -> None:
        """Create account and database; the tables are loaded again only when their content differs."""
        contents = dict(self.contents())
        marker = self._marker(contents)
        with psycopg.connect(postgres, autocommit=True) as server:
            self._account(server)
            found = server.execute(
                "select shobj_description(oid, 'pg_database') from pg_database where datname = %s",
                [self.database],
            ).fetchone()
            if found == (marker,):
                return
            database = sql.Identifier(self.database)
            server.execute(sql.SQL("drop database if exists {} with (force)").format(database))
            server.execute(sql.SQL("create database {}").format(database))
            with psycopg.connect(conninfo.make_conninfo(postgres, dbname=self.database)) as held:
                self._load(held, contents)
            comment = sql.SQL("comment on database {} is {}")  # last: a load that was cut is done again
            server.execute(comment.format(database, sql.Literal(marker)))

    def entry(self, base_url: str, postgres: str) -> dict[str, Any]:  # noqa: ARG002 - it speaks no HTTP
        """A PostgreSQL URI without a password, which is the secret."""
        parts = conninfo.conninfo_to_dict(postgres)
        where = {name: str(parts[name]) for name in ("host", "port") if parts.get(name)}
        if "down" in self.faults:
            where = {"host": "127.0.0.1", "port": "1"}
        return {
            "system": self.system,
            "address": f"postgresql://{self.reader}@/{self.database}?{urlencode(where, quote_via=quote)}",
            "secrets": {"password": self.secret("password")},
            "options": {},
        }

    def _account(self, server: psycopg.Connection) -> None:
        known = server.execute("select 1 from pg_roles where rolname = %s", [self.reader]).fetchone()
        password = self.secret("changed" if "wrong-secret" in self.faults else "password")
        server.execute(
            sql.SQL("{} role {} login password {}").format(
                sql.SQL("alter" if known else "create"), sql.Identifier(self.reader), sql.Literal(password)
            )
        )

    def _load(self, held: psycopg.Connection, contents: Mapping[str, Rows]) -> None:
        held.execute("create schema dbo")
        for table, columns in self.tables.items():
            name = sql.Identifier("dbo", table)
            held.execute(sql.SQL("create table {} ({})").format(name, sql.SQL(columns)))
            with held.cursor().copy(sql.SQL("copy {} from stdin").format(name)) as copy:
                for row in contents[table]:
                    copy.write_row(row)
        if "missing-column" in self.faults:
            table, column = self.missing_column
            held.execute(
                sql.SQL("alter table {} drop column {}").format(
                    sql.Identifier("dbo", table), sql.Identifier(column)
                )
            )
        reader = sql.Identifier(self.reader)
        held.execute(sql.SQL("grant usage on schema dbo to {}").format(reader))
        held.execute(sql.SQL("grant select on all tables in schema dbo to {}").format(reader))

    def _marker(self, contents: Mapping[str, Rows]) -> str:
        """Changes when a row, a table or a fault does."""
        told = hashlib.sha256(
            repr((sorted(self.tables.items()), sorted(self.faults & {"missing-column"}))).encode()
        )
        for table, rows in sorted(contents.items()):
            told.update(repr((table, rows)).encode())
        return told.hexdigest()
