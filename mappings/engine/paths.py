"""A path into a JSON document, and the column of texts that it gives over many documents.

``family_name``, ``period.start``, ``subject.0.value``; ``subject[system=fiche:*].value`` is the first item
whose member is that text, or begins with it before a ``*``. What is not there is null.
"""

import json
import re
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

import orjson
import polars as pl

_PART = re.compile(r"([A-Za-z_@#][A-Za-z0-9_:@#-]*|[0-9]+)(?:\[([A-Za-z_][A-Za-z0-9_]*)=([^\[\]]+)\])?")
_SPLIT = re.compile(r"\.(?![^\[]*\])")

Step = Callable[[Any], Any]


def columns(documents: pl.Series, wanted: Iterable[tuple[str, str]]) -> tuple[list[pl.Series], pl.Series]:
    """A column for each (name, path), and whether each document is one JSON object; one that is not gives nulls.

    A number or a boolean is its JSON text, an object or a list too.
    """
    held = [(name, steps(path)) for name, path in wanted]
    rows: list[list[str | None]] = [[] for _ in held]
    whole = []
    for text in documents:
        document = _read(text)
        whole.append(document is not None)
        for (_, way), cells in zip(held, rows, strict=True):
            cells.append(_text(_at(document, way)))
    found = [pl.Series(name, cells, pl.String) for (name, _), cells in zip(held, rows, strict=True)]
    return found, pl.Series("whole", whole, pl.Boolean)


@cache
def steps(path: str) -> tuple[Step, ...]:
    """The steps of a path. Raises ValueError for what is not a path."""
    found: list[Step] = []
    for part in _SPLIT.split(path):
        match = _PART.fullmatch(part)
        if match is None:
            msg = f"not a path: {path}"
            raise ValueError(msg)
        name, member, text = match.groups()
        found.append(_item(int(name)) if name.isdecimal() else _member(name))
        if member is not None:
            found.append(_where(member, text))
    return tuple(found)


def chosen_by(path: str) -> tuple[tuple[str, str], ...]:
    """(the list, the member of its items) of each choice among items, the list as `plain` writes it."""
    found, above = [], ""
    for part in _SPLIT.split(path):
        name, choice, rest = part.partition("[")
        above = f"{above}.{name}".lstrip(".")
        if choice:
            found.append((above, rest.partition("=")[0]))
            above += ".0"
    return tuple(found)


def plain(path: str) -> str:
    """The path with each choice among items as its first position: where the model has that place."""
    return re.sub(r"\[[^\]]+\]", ".0", path)


def _read(text: str | None) -> dict[str, Any] | None:
    try:
        document = orjson.loads(text or "")
    except orjson.JSONDecodeError:
        return None
    return document if isinstance(document, dict) else None


def _member(name: str) -> Step:
    return lambda held: held.get(name) if isinstance(held, dict) else None


def _item(position: int) -> Step:
    return lambda held: held[position] if isinstance(held, list) and position < len(held) else None


def _where(member: str, text: str) -> Step:
    start = text.removesuffix("*")

    def chosen(held: Any) -> Any:
        for item in held if isinstance(held, list) else ():
            value = item.get(member) if isinstance(item, dict) else None
            if isinstance(value, str) and (value.startswith(start) if start != text else value == text):
                return item
        return None

    return chosen


def _at(held: Any, way: tuple[Step, ...]) -> Any:
    for step in way:
        if held is None:
            return None
        held = step(held)
    return held


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)
