"""Reads the tables of a system over psycopg 3: listed columns only, one read-only snapshot, text out.

The true systems speak SQL Server; their table shapes are tried here on PostgreSQL. `select *` cannot be
written: columns come from the contract, and names are compared without case. All streams of one pull
see the same snapshot (REPEATABLE READ, READ ONLY). No message holds a row's value.
"""

import re
from collections.abc import Iterator, Mapping
from io import BytesIO
from types import MappingProxyType

import polars as pl
import psycopg
from psycopg import sql

from canonical_model.errors import ConfigurationError, HubError, RetryableError
from connectors.kit.contract import Stream
from connectors.kit.installation import Installation

BATCH_BYTES = 8 * 1024 * 1024
CONNECT_SECONDS = 10
STATEMENT_SECONDS = 300

_PLACE = re.compile(r"\[([a-z0-9_]+)(?:\.([a-z0-9_]+))?\]")
_NOTHING: Mapping[str, object] = MappingProxyType({})


class Reader:
    """One pull of one installed system. Connects when first asked; `close` ends the snapshot.

    `address` of the installation is a PostgreSQL URI without a password, which is the secret `secret`.
    A condition is SQL in which ``[stream]`` and ``[stream.column]`` are names of the contract and
    ``%(name)s`` is a parameter.
    """

    def __init__(
        self,
        installation: Installation,
        contract: Mapping[str, Stream],
        *,
        secret: str = "password",  # noqa: S107 - the name of a secret, not a secret
        statement_seconds: int = STATEMENT_SECONDS,
    ) -> None:
        self._installation = installation
        self._contract = contract
        self._secret = secret
        self._statement_seconds = statement_seconds
        self._connection: psycopg.Connection | None = None
        self._tables: dict[str, _Table] = {}

    def read(
        self,
        stream: str,
        *,
        condition: str,
        order: tuple[str, ...],
        parameters: Mapping[str, object] = _NOTHING,
    ) -> Iterator[pl.DataFrame]:
        """Frames of the rows that fulfil the condition, in the order of those columns; at least one frame.

        Raises ConfigurationError for a missing table or column, RetryableError when it is cut off.
        """
        table = self._table(stream)
        names = self._contract[stream].names
        statement = sql.SQL("copy (select {} from {} where {} order by {}) to stdout (format csv)").format(
            sql.SQL(", ").join(table.column(name) for name in names),
            table.identifier,
            self._condition(condition),
            sql.SQL(", ").join(table.column(name) for name in order),
        )
        any_row = False
        try:
            with self._open().cursor().copy(statement, parameters) as copy:
                for block in _whole_rows(bytes(part) for part in copy):
                    any_row = True
                    yield _frame(block, names)
        except psycopg.Error as error:
            raise self._failed(stream, error) from None  # its text may hold a value
        if not any_row:
            yield pl.DataFrame(schema=dict.fromkeys(names, pl.String))

    def count(self, stream: str, *, condition: str, parameters: Mapping[str, object] = _NOTHING) -> int:
        """How many rows fulfil the condition, in the same snapshot. Raises as `read` does."""
        statement = sql.SQL("select count(*) from {} where {}").format(
            self._table(stream).identifier, self._condition(condition)
        )
        try:
            row = self._open().execute(statement, parameters).fetchone()
        except psycopg.Error as error:
            raise self._failed(stream, error) from None
        return int(row[0]) if row else 0

    def close(self) -> None:
        """End the snapshot and the connection; the next read begins another."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
            self._tables.clear()

    def _open(self) -> psycopg.Connection:
        if self._connection is None:
            self._connection = self._connect()
        return self._connection

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
            milliseconds = str(self._statement_seconds * 1000)
            connection.execute("select set_config('statement_timeout', %s, false)", [milliseconds])
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
            return ConfigurationError(
                f"{system}: the sign-in is refused. Correct the secret {self._secret}.",
                f"{system} : la connexion est refusée. Corrigez le secret {self._secret}.",
            )
        if "does not exist" in said or "permission denied" in said:
            return ConfigurationError(
                f"{system}: the database of the address cannot be opened. Correct it in systems.yaml.",
                f"{system} : la base de l'adresse ne s'ouvre pas. Corrigez-la dans systems.yaml.",
            )
        return RetryableError(
            f"{system}: no answer. Check that the database runs, then try again.",
            f"{system} : pas de réponse. Vérifiez que la base fonctionne, puis réessayez.",
        )

    def _failed(self, stream: str, error: psycopg.Error) -> HubError:
        place, state = f"{self._installation.system}/{stream}", error.sqlstate or "?"
        if isinstance(error, psycopg.errors.QueryCanceled):
            return RetryableError(
                f"{place}: stopped after {self._statement_seconds} s. Try again at a quieter hour.",
                f"{place} : arrêté après {self._statement_seconds} s. Réessayez à une heure plus calme.",
            )
        if isinstance(error, psycopg.OperationalError):
            return RetryableError(
                f"{place}: the connection was cut (SQLSTATE {state}). Try again.",
                f"{place} : la connexion a été coupée (SQLSTATE {state}). Réessayez.",
            )
        return ConfigurationError(
            f"{place}: the database refuses the query (SQLSTATE {state}). Check rights and contract.",
            f"{place} : la base refuse la requête (SQLSTATE {state}). Vérifiez les droits et le contrat.",
        )

    def _condition(self, text: str) -> sql.Composable:
        parts: list[sql.Composable] = []
        end = 0
        for place in _PLACE.finditer(text):
            parts.append(sql.SQL(text[end : place.start()]))
            table = self._table(place[1])
            parts.append(table.column(place[2]) if place[2] else table.identifier)
            end = place.end()
        return sql.Composed([*parts, sql.SQL(text[end:])])

    def _table(self, stream: str) -> "_Table":
        """The table of a stream as the database spells it; asked for once in a pull."""
        if stream not in self._tables:
            contract = self._contract[stream]
            schema, _, name = contract.named.rpartition(".")
            rows = self._spelling(stream, schema or "dbo", name)
            if not rows:
                raise self._absent(stream, contract.named)
            self._tables[stream] = _Table(self._installation.system, contract, rows)
        return self._tables[stream]

    def _spelling(self, stream: str, schema: str, table: str) -> list[tuple[str, str, str]]:
        try:
            return (
                self._open()
                .execute(
                    "select table_schema, table_name, column_name from information_schema.columns"
                    " where lower(table_schema) = lower(%s) and lower(table_name) = lower(%s)",
                    [schema, table],
                )
                .fetchall()
            )
        except psycopg.Error as error:
            raise self._failed(stream, error) from None

    def _absent(self, stream: str, named: str) -> ConfigurationError:
        place = f"{self._installation.system}/{stream}"
        return ConfigurationError(
            f"{place}: no table {named} that this account may read. Correct the contract, or grant it.",
            f"{place} : aucune table {named} lisible par ce compte. Corrigez le contrat, ou le droit.",
        )


class _Table:
    """One table as the database spells it: schema, name, and the columns of the contract."""

    def __init__(self, system: str, contract: Stream, rows: list[tuple[str, str, str]]) -> None:
        self._system = system
        self._contract = contract
        self._schema, self._name, _ = rows[0]
        self._spelled = {column.lower(): column for _, _, column in rows}

    @property
    def identifier(self) -> sql.Identifier:
        """``"dbo"."gpm_e_ele"``."""
        return sql.Identifier(self._schema, self._name)

    def column(self, name: str) -> sql.Identifier:
        """The full name of a column of the contract. Raises ConfigurationError when the table lacks it."""
        named = self._contract.column(name).named
        spelled = self._spelled.get(named.lower())
        if spelled is None:
            place = f"{self._system}/{self._contract.name}"
            raise ConfigurationError(
                f"{place}: the column {named} is absent. Correct the contract, or grant the column.",
                f"{place} : la colonne {named} est absente. Corrigez le contrat, ou accordez la colonne.",
            )
        return sql.Identifier(self._schema, self._name, spelled)


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
