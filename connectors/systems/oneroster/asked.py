"""What a OneRoster request asks of a collection: `filter`, `sort`, `orderBy`, `fields`. Refuses what is unknown.

Written from the specification (REST binding 1.2), for the sandbox alone. A comparison is of moments where the member
is one, else of texts; a list holds a value when one of its items is it.
"""

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

Body = dict[str, Any]

_TERM = re.compile(r"\s*([A-Za-z0-9.]+)\s*(!=|>=|<=|=|>|<|~)\s*'([^']*)'\s*")
_LOGIC = re.compile(r" (AND|OR) (?=[A-Za-z0-9.]+\s*(?:!=|>=|<=|=|>|<|~))")
_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq, "!=": operator.ne, ">": operator.gt, ">=": operator.ge, "<": operator.lt,
    "<=": operator.le, "~": lambda held, said: said in held,
}  # fmt: skip


class RefusedError(Exception):
    """`code`: the code minor of the refusal, as the binding names it."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def answered(bodies: Sequence[Body], query: Mapping[str, str]) -> list[Body]:
    """The bodies that the query asks for, in its order; without one, by sourcedId. Raises RefusedError."""
    known = {name for body in bodies for name in body} | {"sourcedId", "status", "dateLastModified"}
    found = [body for body in bodies if _holds(body, query.get("filter", ""), known)]
    sort, order = query.get("sort", "sourcedId"), query.get("orderBy", "asc")
    if sort.partition(".")[0] not in known or order not in ("asc", "desc"):
        raise RefusedError("invalid_filter_field")
    found.sort(key=lambda body: (_values(body, sort), body["sourcedId"]), reverse=order == "desc")
    fields = [name for name in query.get("fields", "").split(",") if name]
    if not fields:
        return found
    if set(fields) - known:
        raise RefusedError("invalid_selection_field")
    return [{name: body[name] for name in body if name in fields} for body in found]


def _holds(body: Body, asked: str, known: set[str]) -> bool:
    """Whether a body passes the filter: one term, or two with AND or OR between, as the binding allows."""
    if not asked:
        return True
    parts = _LOGIC.split(asked)
    if len(parts) > 3:
        raise RefusedError("invalid_filter_field")
    held = [_term(body, text, known) for text in parts[::2]]
    return any(held) if parts[1:2] == ["OR"] else all(held)


def _term(body: Body, text: str, known: set[str]) -> bool:
    match = _TERM.fullmatch(text)
    if match is None or match[1].partition(".")[0] not in known:
        raise RefusedError("invalid_filter_field")
    compare = _COMPARE[match[2]]
    if match[1] != "dateLastModified":
        return any(compare(value, match[3]) for value in _values(body, match[1]))
    try:
        asked = datetime.fromisoformat(match[3])
        return compare(datetime.fromisoformat(body["dateLastModified"]), asked)
    except (ValueError, TypeError) as error:
        raise RefusedError("invalid_filter_field") from error


def _values(body: Any, path: str) -> list[str]:
    """The texts at a dotted path; of a list, those of its items."""
    held = [body]
    for name in path.split("."):
        held = [item[name] for item in held if isinstance(item, dict) and name in item]
        held = [one for item in held for one in (item if isinstance(item, list) else [item])]
    return [value for value in held if isinstance(value, str)]
