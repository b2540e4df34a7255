"""Any other database over a SQLAlchemy engine: rows fetched in blocks, text made by the database.

SQL Server is the one that counts (`mssql+pyodbc`): SNAPSHOT isolation, for its writers would else wait for
us. It has no read-only session: rights of the account and the form of the statements are what keep it unchanged.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import polars as pl
import sqlalchemy as sa
from sqlalchemy.dialects import mssql

from canonical_model.errors import ConfigurationError, HubError
from connectors.kit.installation import Installation
from connectors.kit.sql import driver
from connectors.kit.sql.driver import CONNECT_SECONDS, Driver
from connectors.kit.sql.statements import Spelled, Table

BATCH_ROWS = 20_000

_ISO_8601 = frozenset({"date", "datetime", "datetime2", "smalldatetime", "datetimeoffset", "time"})
_FLOATING = frozenset({"float", "real"})
_STYLE_ISO_8601, _STYLE_17_DIGITS = 126, 3
_COLUMNS = sa.table(
    "columns",
    *(sa.column(name) for name in ("table_schema", "table_name", "column_name", "data_type")),
    schema="information_schema",
)


class EngineDriver(Driver):
    """Reads through an engine whose isolation level is a snapshot; `secret` is named when it is refused."""

    def __init__(self, system: str, engine: sa.Engine, *, secret: str, statement_seconds: int) -> None:
        self.dialect = engine.dialect
        self._system = system
        self._secret = secret
        self._statement_seconds = statement_seconds
        self._engine = engine
        try:
            self._connection = engine.connect().execution_options(stream_results=True)
        except sa.exc.DBAPIError as error:
            raise self._not_connected(error) from None  # its text holds address and account

    def spelling(self, place: str, schema: str, table: str) -> Sequence[Spelled]:
        """The columns of a table as the database spells them."""
        names = _COLUMNS.c
        select = sa.select(names.table_schema, names.table_name, names.column_name, names.data_type).where(
            sa.func.lower(names.table_schema) == schema.lower(),
            sa.func.lower(names.table_name) == table.lower(),
        )
        try:
            return [Spelled(*row) for row in self._connection.execute(select)]
        except sa.exc.DBAPIError as error:
            raise self._failed(place, error) from None

    def frames(self, place: str, select: sa.Select[Any], names: tuple[str, ...]) -> Iterator[pl.DataFrame]:
        """Frames of BATCH_ROWS rows."""
        try:
            for rows in self._connection.execute(select).partitions(BATCH_ROWS):
                yield pl.DataFrame(
                    [tuple(row) for row in rows], schema=dict.fromkeys(names, pl.String), orient="row"
                )
        except sa.exc.DBAPIError as error:
            raise self._failed(place, error) from None

    def value(self, place: str, select: sa.Select[Any]) -> Any:
        """The one value."""
        try:
            return self._connection.execute(select).scalar()
        except sa.exc.DBAPIError as error:
            raise self._failed(place, error) from None

    def as_text(self, table: Table, name: str) -> sa.ColumnElement[Any]:
        """Cast to text by the database, in the name of the column."""
        return self._cast(table.column(name), table.kind(name)).label(name)

    def greatest(self, table: Table, name: str) -> sa.ColumnElement[Any]:
        """Cast as `as_text` casts."""
        return self._cast(sa.func.max(table.column(name)), table.kind(name))

    def may_write(self, table: Table) -> sa.ColumnElement[Any]:
        """By the rights of the account."""
        quote = self.dialect.identifier_preparer.quote
        name = f"{quote(str(table.clause.schema))}.{quote(str(table.clause.name))}"
        if self.dialect.name != "mssql":
            return sa.func.has_table_privilege(name, "INSERT, UPDATE, DELETE, TRUNCATE")
        held = (
            sa.func.has_perms_by_name(name, "OBJECT", right) == 1 for right in ("INSERT", "UPDATE", "DELETE")
        )
        return sa.case((sa.or_(*held), 1), else_=0)

    def close(self) -> None:
        """End the snapshot."""
        self._connection.close()
        self._engine.dispose()

    def _cast(self, column: sa.ColumnElement[Any], kind: str) -> sa.ColumnElement[Any]:
        if self.dialect.name != "mssql":
            return sa.cast(column, sa.Text)
        text = mssql.NVARCHAR()
        if kind in _ISO_8601 or kind in _FLOATING:
            style = _STYLE_ISO_8601 if kind in _ISO_8601 else _STYLE_17_DIGITS
            return sa.func.convert(sa.literal_column("NVARCHAR(max)"), column, sa.literal_column(str(style)))
        return sa.cast(column, text)

    def _not_connected(self, error: sa.exc.DBAPIError) -> HubError:
        state = _state(error)
        if state.startswith("28"):
            return driver.sign_in_refused(self._system, self._secret)
        if state in ("3D000", "42000"):
            return driver.no_database(self._system)
        if state in ("IM002", "01000"):
            return no_driver(self._system)
        return driver.no_answer(self._system)

    def _failed(self, place: str, error: sa.exc.DBAPIError) -> HubError:
        state = _state(error)
        if state in ("HYT00", "HYT01", "57014"):
            return driver.too_long(place, self._statement_seconds)
        if state.startswith(("08", "40", "57")) or error.connection_invalidated:
            return driver.cut(place, state)
        if "(3952)" in str(error.orig):
            return ConfigurationError(
                f"{place}: the database does not allow snapshots."
                " Ask its owner for ALLOW_SNAPSHOT_ISOLATION, or read a copy.",
                f"{place} : la base ne permet pas les instantanés."
                " Demandez ALLOW_SNAPSHOT_ISOLATION à son responsable, ou lisez une copie.",
            )
        return driver.refused(place, state)


def sql_server(installation: Installation, *, secret: str, statement_seconds: int) -> EngineDriver:
    """A driver of SQL Server: address ``mssql+pyodbc://user@host/base?driver=…``, the password apart."""
    try:
        url = sa.make_url(installation.address).set(password=installation.secrets[secret])
        engine = sa.create_engine(
            url,
            isolation_level="SNAPSHOT",
            hide_parameters=True,
            poolclass=sa.pool.NullPool,
            connect_args={"timeout": CONNECT_SECONDS},
        )
    except sa.exc.ArgumentError:
        raise ConfigurationError(
            f"{installation.system}: the address is not a SQLAlchemy URL. Correct it in systems.yaml.",
            f"{installation.system} : l'adresse n'est pas une URL SQLAlchemy. Corrigez-la dans systems.yaml.",
        ) from None
    except ImportError as error:
        raise no_driver(installation.system) from error

    @sa.event.listens_for(engine, "connect")
    def _limit(connection: Any, _: object) -> None:
        connection.timeout = statement_seconds  # pyodbc's own: seconds a statement may take

    return EngineDriver(installation.system, engine, secret=secret, statement_seconds=statement_seconds)


def no_driver(system: str) -> ConfigurationError:
    """What speaks to SQL Server is not installed here."""
    return ConfigurationError(
        f"{system}: pyodbc or its ODBC driver is absent. Install both, see connectors/kit/sql/README.md.",
        f"{system} : pyodbc ou son pilote ODBC est absent. Installez-les, voir connectors/kit/sql/README.md.",
    )


def _state(error: sa.exc.DBAPIError) -> str:
    """SQLSTATE: psycopg has it as a field, pyodbc as the first argument."""
    told = getattr(error.orig, "sqlstate", None) or next(iter(getattr(error.orig, "args", ())), "?")
    return told if isinstance(told, str) and len(told) == 5 else "?"
