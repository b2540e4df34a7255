"""Makes a frame of text from the records of an answer: the contract's columns, nothing else, digits as written."""

from collections.abc import Sequence
from typing import Any

import msgspec
import polars as pl

from canonical_model.errors import ConfigurationError
from connectors.kit.contract import Column, Stream
from connectors.kit.errors import wrong_contract
from connectors.kit.rest import wire_json


class Records:
    """Where the records of one stream stand in an answer, and its columns in a record.

    `records`: JSON Pointer, "" when the answer is the list itself. A column's `named` is a JSON Pointer into the
    record; a plain name is the member of that name.
    """

    def __init__(self, place: str, stream: Stream, key: Sequence[str], records: str) -> None:
        self._place, self._stream, self._key = place, stream.name, tuple(key)
        self._records = wire_json.pointer(records) if records else None
        self._columns = tuple((column.name, _members(column)) for column in stream.columns)
        self.none = pl.DataFrame(schema=dict.fromkeys(stream.names, pl.String))

    def frame(self, value: Any) -> pl.DataFrame:
        """All columns text or null. Raises ConfigurationError for what is not records, or without a key."""
        found = value if self._records is None else self._records(value)
        if not isinstance(found, list):
            raise wrong_contract(self._place, "no list of records", "aucune liste d'enregistrements")
        if not found:
            return self.none
        if set(map(type, found)) != {dict}:
            raise wrong_contract(self._place, "a record is no object", "un enregistrement n'est pas un objet")
        frame = pl.DataFrame([_series(name, _values(found, members)) for name, members in self._columns])
        for column in self._key:
            if frame[column].null_count() == frame.height:
                raise ConfigurationError(
                    f"{self._place}: {self._stream}/{column} is in no record. Correct the connector's contract.",
                    f"{self._place} : {self._stream}/{column} n'est dans aucun enregistrement."
                    " Corrigez le contrat du connecteur.",
                )
        return frame


def _values(values: list[Any], members: tuple[str, ...]) -> list[Any]:
    """One column: member by member over all records, which is five times as fast as record by record."""
    for member in members:
        values = _step(values, member)
    return values


def _step(values: list[Any], member: str) -> list[Any]:
    """That member of each value, as a JSON Pointer has it; None where it is not there."""
    try:
        return [value[member] for value in values]  # the usual case: every record has it
    except (KeyError, TypeError):
        pass
    rank = int(member) if member.isdecimal() else None
    return [
        value.get(member)
        if value.__class__ is dict
        else value[rank]
        if rank is not None and value.__class__ is list and rank < len(value)
        else None
        for value in values
    ]


def _series(name: str, values: list[Any]) -> pl.Series:
    """As text; a column of one kind is written out at once, and only a mixed one value by value."""
    kinds = set(map(type, values)) - {type(None)}
    if kinds <= {str}:
        return pl.Series(name, values, dtype=pl.String)
    if kinds == {bool}:
        return pl.Series(name, values, dtype=pl.Boolean).cast(pl.String)
    if kinds == {msgspec.Raw}:  # numbers with a fraction, digits as written
        return pl.Series(name, [value and str(value, "ascii") for value in values], dtype=pl.String)
    if kinds == {int}:
        try:
            return pl.Series(name, values, dtype=pl.Int64).cast(pl.String)
        except (OverflowError, TypeError):  # longer than 64 bits
            pass
    return pl.Series(name, [wire_json.text(value) for value in values], dtype=pl.String)


def _members(column: Column) -> tuple[str, ...]:
    """The members that lead to a column."""
    return tuple(
        part.replace("~1", "/").replace("~0", "~") for part in column.named.removeprefix("/").split("/")
    )
