"""PostgreSQL over psycopg 3: the compiled SELECT inside a COPY, in one REPEATABLE READ, READ ONLY snapshot.

COPY gives whole blocks of text at the speed of the wire, and every value as PostgreSQL writes it.
"""

from collections.abc import Iterator, Sequence
from io import BytesIO
from typing import Any

import polars as pl
import psycopg
import sqlalchemy as sa
from psycopg import sql
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg

from canonical_model.errors import ConfigurationError, HubError
from connectors.kit.installation import Installation
from connectors.kit.sql import driver
from connectors.kit.sql.driver import CONNECT_SECONDS, Driver
from connectors.kit.sql.statements import Spelled, Table

BATCH_BYTES = 2 * 1024 * 1024

_SESSION = (
    "select set_config('statement_timeout', %s, false), set_config('datestyle', 'ISO', false),"
    " set_config('timezone', 'UTC', false)"
)


class PostgresDriver(Driver):
    """`address` of the installation is a PostgreSQL URI without a password, which is the secret `secret`."""

    def __init__(self, installation: Installation, *, secret: str, statement_seconds: int) -> None:
        self.dialect = PGDialect_psycopg()  # type: ignore[no-untyped-call]
        self._installation = installation
        self._secret = secret
        self._statement_seconds = statement_seconds
        self._connection = self._connect()

    def spelling(self, place: str, schema: str, table: str) -> Sequence[Spelled]:
        """The columns of a table as PostgreSQL spells them."""
        try:
            found = self._connection.execute(
                "select table_schema, table_name, column_name, data_type from information_schema.columns"
                " where lower(table_schema) = lower(%s) and lower(table_name) = lower(%s)",
                [schema, table],
            ).fetchall()
        except psycopg.Error as error:
            raise self._failed(place, error) from None
        return [Spelled(*row) for row in found]

    def frames(self, place: str, select: sa.Select[Any], names: tuple[str, ...]) -> Iterator[pl.DataFrame]:
        """Frames of about BATCH_BYTES of whole rows."""
        statement, parameters = self._compiled(select)
        copying = sql.SQL("copy ({}) to stdout (format csv)").format(statement)
        try:
            with self._connection.cursor().copy(copying, parameters) as copy:
                for block in _whole_rows(bytes(part) for part in copy):
                    yield _frame(block, names)
        except psycopg.Error as error:
            raise self._failed(place, error) from None  # its text may hold a value

    def value(self, place: str, select: sa.Select[Any]) -> Any:
        """The one value."""
        try:
            row = self._connection.execute(*self._compiled(select)).fetchone()
        except psycopg.Error as error:
            raise self._failed(place, error) from None
        return row[0] if row else None

    def as_text(self, table: Table, name: str) -> sa.ColumnElement[Any]:
        """The column itself: COPY writes text."""
        return table.column(name)

    def greatest(self, table: Table, name: str) -> sa.ColumnElement[Any]:
        """As COPY would write it."""
        return sa.cast(sa.func.max(table.column(name)), sa.Text)

    def may_write(self, table: Table) -> sa.ColumnElement[Any]:
        """By the rights of the account."""
        quote = self.dialect.identifier_preparer.quote
        name = f"{quote(str(table.clause.schema))}.{quote(str(table.clause.name))}"
        return sa.func.has_table_privilege(name, "INSERT, UPDATE, DELETE, TRUNCATE")

    def close(self) -> None:
        """End the snapshot."""
        self._connection.close()

    def _compiled(self, select: sa.Select[Any]) -> tuple[sql.SQL, dict[str, Any]]:
        compiled = select.compile(dialect=self.dialect)
        return sql.SQL(compiled.string), dict(compiled.params)

    def _connect(self) -> psycopg.Connection:
        system = self._installation.system
        try:
            connection = psycopg.connect(
                self._installation.address,
                password=self._installation.secrets[self._secret],
                connect_timeout=CONNECT_SECONDS,
                client_encoding="UTF8",
                application_name="passerelle",
            )
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            connection.read_only = True
            connection.execute(_SESSION, [str(self._statement_seconds * 1000)])
        except psycopg.ProgrammingError as error:
            raise ConfigurationError(
                f"{system}: the address is not a PostgreSQL URI. Correct it in systems.yaml.",
                f"{system} : l'adresse n'est pas une URI PostgreSQL. Corrigez-la dans systems.yaml.",
            ) from error
        except psycopg.OperationalError as error:
            raise self._not_connected(error) from error
        return connection

    def _not_connected(self, error: psycopg.OperationalError) -> HubError:
        system, said = self._installation.system, str(error)
        if "authentication failed" in said or "no password supplied" in said:
            return driver.sign_in_refused(system, self._secret)
        if "does not exist" in said or "permission denied" in said:
            return driver.no_database(system)
        return driver.no_answer(system)

    def _failed(self, place: str, error: psycopg.Error) -> HubError:
        state = error.sqlstate or "?"
        if isinstance(error, psycopg.errors.QueryCanceled):
            return driver.too_long(place, self._statement_seconds)
        if isinstance(error, psycopg.OperationalError):
            return driver.cut(place, state)
        return driver.refused(place, state)


def _whole_rows(parts: Iterator[bytes]) -> Iterator[bytes]:
    """The same bytes in blocks of whole CSV rows: a row ends at a line feed outside of quotes."""
    held: list[bytes] = []
    size = quotes = 0
    for part in parts:
        held.append(part)
        size += len(part)
        quotes += part.count(b'"')
        if size >= BATCH_BYTES and quotes % 2 == 0 and part.endswith(b"\n"):
            yield b"".join(held)
            held, size = [], 0
    if held:
        yield b"".join(held)


def _frame(block: bytes, names: tuple[str, ...]) -> pl.DataFrame:
    return pl.read_csv(
        BytesIO(block), has_header=False, new_columns=list(names), infer_schema=False, encoding="utf8"
    )
