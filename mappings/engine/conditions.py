"""The part of the checker about conditions: one that can never hold is a mistake, and leaves rows out unseen.

It tries a few cells on the tests: those that the tests name, and enough others that differ from all of these.
"""

import re
from collections.abc import Iterator

from mappings.engine.function_numbers import NUMBER
from mappings.engine.language import Condition, Mapping, Reference, Test
from mappings.engine.result import Finding, Line

_DAY = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:$|[ T])")


def findings(mapping: Mapping) -> Iterator[Finding]:
    """Every condition of `where` that no cell can meet, and of a field that no filled cell can."""
    for condition in mapping.where:
        if not any(_possible((test,)) for _, test in condition.alternatives):
            yield _never(mapping, condition.line)
    fields = (*mapping.fields, *(field for item in mapping.lists for field in item.fields))
    for field in fields:
        if field.when is not None and not _possible((field.when,), blank=False):
            yield _never(mapping, field.line)
    for line, tests in _together(mapping.where):
        if all(_possible((test,)) for test in tests) and not _possible(tests):
            yield _never(mapping, line)


def _never(mapping: Mapping, line: int) -> Finding:
    return Line(mapping.file, line).finding(
        "never-holds",
        "no cell can meet this condition and give a value. Correct it, or remove it.",
        "aucune cellule ne peut remplir cette condition et donner une valeur. Corrigez-la, ou retirez-la.",
    )


def _together(where: tuple[Condition, ...]) -> Iterator[tuple[int, tuple[Test, ...]]]:
    """The tests that one cell must all meet, with the line of the last."""
    held: dict[Reference, list[tuple[int, Test]]] = {}
    for condition in where:
        if len(condition.alternatives) == 1:
            cell, test = condition.alternatives[0]
            held.setdefault(cell, []).append((condition.line, test))
    for found in held.values():
        if len(found) > 1:
            yield found[-1][0], tuple(test for _, test in found)


def _possible(tests: tuple[Test, ...], *, blank: bool = True) -> bool:
    """Whether some text, or a blank, meets all of them."""
    named = {value for test in tests if test.kind in ("equals", "in") for value in test.values}
    days = {test.values[0] for test in tests if test.kind in ("before", "after")}
    other = "?" * (1 + max(map(len, named), default=0))  # longer than any that is named
    tried = [*named, other]
    tried += [str(number) for number in range(len(named) + 1)]
    tried += [f"{day} {text}" for day in ("0001-01-01", "9999-12-31", *days) for text in ("", other)]
    return (blank and all(_meets(None, test) for test in tests)) or any(
        all(_meets(text.strip(), test) for test in tests) for text in tried
    )


def _meets(text: str | None, test: Test) -> bool:
    """As `expressions` asks it of a cell, which has no spaces around it."""
    day = _DAY.match(text or "")
    if test.kind == "blank":
        found = text is None
    elif text is None:
        found = False
    elif test.kind == "numeric":
        found = re.match(NUMBER, text) is not None
    elif test.kind in ("before", "after"):
        found = day is not None and (day[1] < test.values[0]) == (test.kind == "before")
    else:
        found = text in test.values
    return found != test.negated
