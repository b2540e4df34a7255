"""The statements of the SQL reader, in SQLAlchemy Core: one SELECT over listed columns, for any dialect.

Nothing but a SELECT can be written: a condition is a fragment of its WHERE, and one that could end it (`;`,
a comment, a parenthesis too many) is refused. `select *` cannot be said. Names are the contract's.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql.elements import quoted_name

from canonical_model.errors import ConfigurationError
from connectors.kit.contract import Stream

_PARTS = re.compile(
    r"\[(?P<stream>[a-z0-9_]+)(?:\.(?P<column>[a-z0-9_]+))?\]|%\((?P<parameter>\w+)\)s|(?P<percent>%%)"
)
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")

Parameters = Mapping[str, object]
NOTHING: Parameters = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Spelled:
    """One column as the database spells it, and its type in the database's own word."""

    schema: str
    table: str
    column: str
    kind: str


class Table:
    """One table as the database spells it: schema, name, and the columns of the contract."""

    def __init__(self, system: str, contract: Stream, columns: Sequence[Spelled]) -> None:
        self._place = f"{system}/{contract.name}"
        self._contract = contract
        self._spelled = {column.column.lower(): column for column in columns}
        self.clause = sa.table(
            quoted_name(columns[0].table, quote=True),
            *(sa.column(quoted_name(column.column, quote=True)) for column in columns),
            schema=quoted_name(columns[0].schema, quote=True),
        )

    def column(self, name: str) -> sa.ColumnClause[object]:
        """A column of the contract. Raises ConfigurationError when contract or table lack it."""
        return self.clause.c[self._spelling(name).column]

    def kind(self, name: str) -> str:
        """Its type in the database's own word, in lower case."""
        return self._spelling(name).kind.lower()

    def _spelling(self, name: str) -> Spelled:
        named = next((column.named for column in self._contract.columns if column.name == name), None)
        if named is None:
            raise ConfigurationError(
                f"{self._place}: the contract has no column {name}. Correct the condition or the order.",
                f"{self._place} : le contrat n'a pas de colonne {name}. Corrigez la condition ou l'ordre.",
            )
        spelled = self._spelled.get(named.lower())
        if spelled is None:
            raise ConfigurationError(
                f"{self._place}: the column {named} is absent. Correct the contract, or grant the column.",
                f"{self._place} : la colonne {named} est absente. Corrigez le contrat, ou accordez la colonne.",
            )
        return spelled


def condition(
    text: str,
    parameters: Parameters,
    *,
    place: str,
    table: Callable[[str], Table],
    dialect: sa.Dialect,
) -> sa.TextClause:
    """The fragment of WHERE that a manifest or a connector writes; `table` finds the table of a stream.

    ``[stream]`` and ``[stream.column]`` are names of the contract, ``%(name)s`` a parameter, ``%%`` a percent.
    An empty text is fulfilled by every row.
    """
    if not text.strip():
        return sa.text("(1 = 1)")
    guard(text, place)
    quote, used, parts, end = dialect.identifier_preparer.quote, set(), [], 0
    for found in _PARTS.finditer(text):
        parts.append(_plain(text[end : found.start()]))
        end = found.end()
        if name := found["parameter"]:
            if name not in parameters:
                raise ConfigurationError(
                    f"{place}: the condition names %({name})s, which nobody gives. Correct it;"
                    " for `since`, declare the stream's `cursor`.",
                    f"{place} : la condition nomme %({name})s, que personne ne donne. Corrigez-la ;"
                    " pour `since`, déclarez le `cursor` du flux.",
                )
            used.add(name)
            parts.append(f":{name}")
        elif found["percent"]:
            parts.append("%")
        else:
            meant = table(found["stream"])
            names = [str(meant.clause.schema), str(meant.clause.name)]
            if found["column"]:
                names.append(str(meant.column(found["column"]).name))
            parts.append(_plain(".".join(quote(quoted_name(name, quote=True)) for name in names)))
    parts.append(_plain(text[end:]))
    binds = (sa.bindparam(name, parameters[name], type_=sa.types.NullType()) for name in sorted(used))
    return sa.text(f"({''.join(parts)})").bindparams(*binds)


def guard(text: str, place: str) -> None:
    """Refuse a condition that could end the SELECT it stands in. Raises ConfigurationError."""
    bare = _QUOTED.sub("", text)
    depth = lowest = 0
    for letter in bare:
        depth += (letter == "(") - (letter == ")")
        lowest = min(lowest, depth)
    if "'" in bare or '"' in bare or depth or lowest < 0 or re.search(r";|--|/\*", bare):
        raise ConfigurationError(
            f"{place}: a condition is one part of a WHERE, without `;`, comments or open parentheses. Correct it.",
            f"{place} : une condition est une partie de WHERE, sans `;`, commentaire ni parenthèse ouverte."
            " Corrigez-la.",
        )


def after(
    columns: Sequence[sa.ColumnElement[object]], values: Sequence[str], dialect: sa.Dialect
) -> sa.ColumnElement[bool]:
    """The rows whose key comes after those values: a row comparison, written out where the dialect has none."""
    binds: list[sa.ColumnElement[object]] = [
        sa.bindparam(f"after_{number}", value, type_=sa.types.NullType())
        for number, value in enumerate(values)
    ]
    if dialect.name == "postgresql" and len(columns) > 1:
        return sa.tuple_(*columns) > sa.tuple_(*binds)
    steps: list[sa.ColumnElement[bool]] = []
    for number, (column, bind) in enumerate(zip(columns, binds, strict=True)):
        equal = (one == other for one, other in zip(columns[:number], binds[:number], strict=True))
        steps.append(sa.and_(*equal, column > bind))
    return sa.or_(*steps)


def rows(
    columns: Iterable[sa.ColumnElement[Any]],
    table: Table,
    conditions: Sequence[sa.ColumnElement[bool] | sa.TextClause],
    order: Iterable[sa.ColumnElement[object]],
) -> sa.Select[Any]:
    """The rows that fulfil all conditions, in the order of the key."""
    return sa.select(*columns).select_from(table.clause).where(*conditions).order_by(*order)


def counting(table: Table, conditions: Sequence[sa.ColumnElement[bool] | sa.TextClause]) -> sa.Select[Any]:
    """How many rows fulfil all conditions."""
    return sa.select(sa.func.count()).select_from(table.clause).where(*conditions)


def _plain(text: str) -> str:
    """Text in which SQLAlchemy sees no parameter: ``::integer`` and ``10:30`` are the database's."""
    return text.replace(":", r"\:")
