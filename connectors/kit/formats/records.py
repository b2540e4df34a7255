"""Frames of records that name their own fields: JSON lines and XML. The names are gathered first.

A first pass over the file says which columns there are, so that every batch has the same ones; it is
remembered while the file does not change. Refuses two names that differ by case only.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import islice
from pathlib import Path

import polars as pl

from connectors.kit.formats.format import Format
from connectors.kit.formats.frames import NOT_UTF8, NUL, Parsed, frame_of, names_of

_SURROGATE = re.compile("[\ud800-\udfff]")  # half a character, which JSON can write and no text holds

Record = tuple[int, Mapping[str, str | None], str | None]  # row, values by name, fault
Records = Callable[[Path, Format], Iterator[Record]]
Names = Callable[[Path, Format], Iterable[Iterable[str]]]


def frames_of(
    path: Path, told: Format, only: Sequence[str] | None, rows: int, *, records: Records, names_in: Names
) -> Iterator[pl.DataFrame]:
    """Frames of at most `rows` rows; at least one. Raises what `records` and `names_in` raise.

    `names_in` gives the names of each record that may bring a new one.
    """
    state = path.stat() if path.exists() else None
    own = _names(path, told, names_in, (state.st_mtime_ns, state.st_size) if state else None)
    names = names_of(path, own) if own else ()
    parsed = (_parsed(record, own) for record in records(path, told))
    batch = list(islice(parsed, rows))
    yield frame_of(batch, names, only)
    while batch := list(islice(parsed, rows)):
        yield frame_of(batch, names, only)


@lru_cache(maxsize=16)
def _names(
    path: Path,
    told: Format,
    names_in: Names,
    state: tuple[int, int] | None,  # noqa: ARG001 - part of the memory's key: a changed file is read anew
) -> tuple[str, ...]:
    """The declared names, as the file writes them, then those that its records add, in their order."""
    found: dict[str, None] = {}
    for names in names_in(path, told):
        found.update(dict.fromkeys(names))
    written = {name.lower(): name for name in found}
    declared = [written.get(name.lower(), name) for name in told.columns]
    return tuple(dict.fromkeys([*declared, *found]))


def _parsed(record: Record, names: Sequence[str]) -> Parsed:
    """The record's values in the order of `names`; what no text can hold is shown as U+FFFD."""
    row, given, fault = record
    values = [given.get(name) for name in names]
    text = "".join(filter(None, values))
    if "\x00" in text:
        values = [value and value.replace("\x00", "\ufffd") for value in values]
        fault = fault or NUL
    if _SURROGATE.search(text):
        values = [value and _SURROGATE.sub("\ufffd", value) for value in values]
        fault = fault or NOT_UTF8
    return row, values, fault
