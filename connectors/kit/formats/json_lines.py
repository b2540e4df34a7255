"""Reads JSON lines. A number keeps its text; a line that is not one object is a fault of its row."""

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import orjson
import polars as pl

from connectors.kit.formats.format import Format
from connectors.kit.formats.frames import MAX_LINE, NOT_JSON, NOT_UTF8, TOO_LONG
from connectors.kit.formats.records import Record, frames_of
from connectors.kit.formats.sources import line_blocks, opened


def read(path: Path, told: Format, only: Sequence[str] | None, rows: int) -> Iterator[pl.DataFrame]:
    """Frames of at most `rows` rows; at least one."""
    return frames_of(path, told, only, rows, records=_records, names_in=_names)


class Number(str):
    """A number as it was written."""

    __slots__ = ()


def text_of(value: Any) -> str | None:
    """The text of one value: a list or an object as JSON, where numbers keep their text too."""
    if value is None or isinstance(value, str):
        return value
    return _written(value)


def _written(value: Any) -> str:
    match value:
        case Number():
            return str(value)
        case dict():
            return (
                "{" + ", ".join(f"{_written(name)}: {_written(held)}" for name, held in value.items()) + "}"
            )
        case list():
            return "[" + ", ".join(map(_written, value)) + "]"
        case _:
            return json.dumps(value, ensure_ascii=False)


def _lines(path: Path, told: Format) -> Iterator[tuple[int, bytes]]:
    """The lines that are not blank, and their numbers."""
    first = 1
    with opened(path, told.member) as file:
        for block in line_blocks(file, told.encoding):
            lines = block.removesuffix(b"\n").split(b"\n")
            yield from ((number, line) for number, line in enumerate(lines, start=first) if line.strip())
            first += len(lines)


def _names(path: Path, told: Format) -> Iterator[Iterable[str]]:
    """The names of each object; orjson finds them many times faster, where it reads what json reads."""
    for number, line in _lines(path, told):
        try:
            found = orjson.loads(line)
        except orjson.JSONDecodeError:
            found = _record(number, line)[1]
        if isinstance(found, dict):
            yield found


def _records(path: Path, told: Format) -> Iterator[Record]:
    return (_record(number, line) for number, line in _lines(path, told))


def _record(number: int, line: bytes) -> Record:
    if len(line) > MAX_LINE:
        return number, {}, TOO_LONG
    try:
        found = json.loads(line.decode(), parse_float=Number, parse_int=Number)
        if isinstance(found, dict):
            return number, {name: text_of(value) for name, value in found.items()}, None
    except UnicodeDecodeError:
        return number, {}, NOT_UTF8
    except (ValueError, RecursionError):
        pass
    return number, {}, NOT_JSON
