"""One pull of one installed system's tables: keyset order, one snapshot, cursor columns, text frames.

Inside one connection the rows stream; a pull that was interrupted is taken up after its last key, in a new
snapshot. Refused: a table or column that the contract or the account does not have; see `statements`.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import orjson
import polars as pl
import sqlalchemy as sa

from canonical_model.errors import ConfigurationError
from connectors.kit.contract import Stream
from connectors.kit.errors import position_lost
from connectors.kit.installation import Installation
from connectors.kit.protocol import Page
from connectors.kit.sql import engine, statements
from connectors.kit.sql.driver import Driver
from connectors.kit.sql.postgres import PostgresDriver
from connectors.kit.sql.statements import NOTHING, Parameters, Table

STATEMENT_SECONDS = 300

_Condition = sa.ColumnElement[bool] | sa.TextClause


class Reader:
    """One pull of one installed system. Connects when first asked; `close` ends the snapshot.

    `address`: a PostgreSQL URI, or ``mssql+pyodbc://…``; without a password, which is the secret `secret`.
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
        self._driver: Driver | None = None
        self._tables: dict[str, Table] = {}

    def read(
        self,
        stream: str,
        *,
        condition: str,
        order: tuple[str, ...],
        parameters: Parameters = NOTHING,
    ) -> Iterator[pl.DataFrame]:
        """Frames of the rows that fulfil the condition, in the order of those columns; at least one frame.

        Raises ConfigurationError for a missing table or column, RetryableError when it is cut off.
        """
        for page in self.pages(stream, condition=condition, order=order, parameters=parameters):
            yield page.frame

    def pages(
        self,
        stream: str,
        *,
        condition: str,
        order: tuple[str, ...],
        parameters: Parameters = NOTHING,
        cursor: str | None = None,
        since: str | None = None,
        position: str | None = None,
    ) -> Iterator[Page]:
        """The same, page by page. `order` must tell the rows apart, else a pull cannot be taken up exactly.

        `cursor`: a column; rows whose value is at least `since` are read, and each page tells the greatest
        value of the snapshot in which the pull began. `position`: of an earlier page; the rows after it.
        """
        table, names = self._table(stream), self._contract[stream].names
        driver = self._open()
        key = [table.column(name) for name in order]
        conditions = self._conditions(stream, condition, parameters, cursor, since)
        if position is None:
            newest = self._newest(stream, cursor, conditions) or since
        else:
            last, newest = self._position(stream, position, len(order))
            conditions.append(statements.after(key, last, driver.dialect))
        select = statements.rows([driver.as_text(table, name) for name in names], table, conditions, key)
        any_row = False
        for frame in driver.frames(self._place(stream), select, names):
            any_row = True
            yield Page(frame, _position(frame, order, newest), newest)
        if not any_row:
            yield Page(pl.DataFrame(schema=dict.fromkeys(names, pl.String)), position, newest)

    def count(
        self,
        stream: str,
        *,
        condition: str,
        parameters: Parameters = NOTHING,
        cursor: str | None = None,
        since: str | None = None,
    ) -> int:
        """How many rows fulfil the condition, in the same snapshot. Raises as `read` does."""
        table = self._table(stream)
        conditions = self._conditions(stream, condition, parameters, cursor, since)
        return int(self._open().value(self._place(stream), statements.counting(table, conditions)))

    def writable(self) -> tuple[str, ...]:
        """The streams whose table this account may change: none, when the account is as it should be."""
        return tuple(
            stream
            for stream in self._contract
            if self._open().value(self._place(stream), sa.select(self._open().may_write(self._table(stream))))
        )

    def close(self) -> None:
        """End the snapshot and the connection; the next read begins another."""
        if self._driver is not None:
            self._driver.close()
            self._driver = None
            self._tables.clear()

    def _open(self) -> Driver:
        if self._driver is None:
            make = engine.sql_server if self._installation.address.startswith("mssql") else PostgresDriver
            self._driver = make(
                self._installation, secret=self._secret, statement_seconds=self._statement_seconds
            )
        return self._driver

    def _place(self, stream: str) -> str:
        return f"{self._installation.system}/{stream}"

    def _conditions(
        self, stream: str, text: str, parameters: Parameters, cursor: str | None, since: str | None
    ) -> list[_Condition]:
        found: list[_Condition] = [
            statements.condition(
                text, parameters, place=self._place(stream), table=self._table, dialect=self._open().dialect
            )
        ]
        if cursor is not None and since is not None:
            bound: sa.BindParameter[Any] = sa.bindparam("since_cursor", since, type_=sa.types.NullType())
            found.append(self._table(stream).column(cursor) >= bound)
        return found

    def _newest(self, stream: str, cursor: str | None, conditions: list[_Condition]) -> str | None:
        if cursor is None:
            return None
        table = self._table(stream)
        select = sa.select(self._open().greatest(table, cursor)).select_from(table.clause).where(*conditions)
        told = self._open().value(self._place(stream), select)
        return None if told is None else str(told)

    def _position(self, stream: str, text: str, width: int) -> tuple[list[str], str | None]:
        try:
            last, newest = orjson.loads(text)
            right = len(last) == width and all(isinstance(value, str) for value in last)
        except (ValueError, TypeError):
            right = False
        if not right:
            raise position_lost(self._place(stream))
        return last, newest

    def _table(self, stream: str) -> Table:
        """The table of a stream as the database spells it; asked for once in a pull."""
        if stream not in self._tables:
            place, contract = self._place(stream), self._contract.get(stream)
            if contract is None:
                raise ConfigurationError(
                    f"{place}: the contract has no such stream. Correct the condition or the contract.",
                    f"{place} : le contrat n'a pas ce flux. Corrigez la condition ou le contrat.",
                )
            schema, _, name = contract.named.rpartition(".")
            columns = self._open().spelling(place, schema or "dbo", name)
            if not columns:
                raise ConfigurationError(
                    f"{place}: no table {contract.named} that this account may read."
                    " Correct the contract, or grant it.",
                    f"{place} : aucune table {contract.named} lisible par ce compte."
                    " Corrigez le contrat, ou le droit.",
                )
            self._tables[stream] = Table(self._installation.system, contract, columns)
        return self._tables[stream]


def _position(frame: pl.DataFrame, order: tuple[str, ...], newest: str | None) -> str | None:
    """Where to go on after a page: its last key, and the cursor of the snapshot in which the pull began."""
    last = frame.select(order).row(-1)
    return None if None in last else orjson.dumps([last, newest]).decode()
