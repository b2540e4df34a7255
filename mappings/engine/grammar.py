"""A mapping file's words as values of `language`: streams, joins, conditions, slots, lists, fields.

Refuses, with file and line, what is not the language; whether it makes sense is the checker's question.
"""

import re
from collections.abc import Iterator
from datetime import date
from typing import Literal

from mappings.engine.language import (
    Call,
    ChildList,
    Combine,
    Condition,
    Field,
    Join,
    Reference,
    Reversal,
    Slot,
    Stream,
    Test,
    Unpivot,
)
from mappings.engine.reading import Node

_NAME = re.compile(r"^[a-z][a-z0-9_]*$")
_STREAM = re.compile(r"^[A-Za-z][A-Za-z0-9_]*$")  # one of documents may bear the name of its resource
_RANGE = re.compile(r"^(.*)\{(\d+)\.\.(\d+)\}(.*)$")
_TESTS = ("equals", "in", "is", "before", "after", "not")
UNKNOWN_COLUMNS = ("freeze", "discard", "evolve")


class References:
    """What a name means in this mapping."""

    def __init__(self, main: str, unpivot: Unpivot | None) -> None:
        self._main = main
        self._slot_names = unpivot.names if unpivot else ()

    def any(self, node: Node) -> Reference:
        text = node.text()
        if text.startswith("$"):
            return Reference("context", text)
        if text in self._slot_names:
            return Reference("slot", text)
        return self.column(text, node)

    def column(self, text: str, node: Node) -> Reference:
        stream, _, name = text.rpartition(".")
        _named(name, node)
        return Reference("column", name, _named(stream, node, _STREAM) if stream else self._main)


def _named(text: str, node: Node, shape: re.Pattern[str] = _NAME) -> str:
    if not shape.match(text):
        raise node.refuse(
            "a name is small letters, digits and `_`. Correct the line.",
            "un nom est fait de minuscules, de chiffres et de `_`. Corrigez la ligne.",
        )
    return text


def stream(name: str, node: Node) -> Stream:
    """One stream's contract."""
    node.only("columns", "unknown_columns", "types", "resource", "format")
    unknown = node.need("unknown_columns").one_of(*UNKNOWN_COLUMNS)
    types, held, written = (node.get(key) for key in ("types", "resource", "format"))
    declared = node.need("columns")
    if held is None:
        columns = tuple(_named(n, c) for c in declared.items() for n in expanded(c))
        paths: tuple[tuple[str, str], ...] = ()
    else:
        paths = tuple((_named(column, child), child.text()) for column, child in declared.children())
        columns = tuple(column for column, _ in paths)
    return Stream(
        name=_named(name, node, _STREAM if held else _NAME),
        columns=columns,
        unknown_columns="freeze" if unknown == "freeze" else "discard" if unknown == "discard" else "evolve",
        line=node.line,
        types=tuple((_named(column, child), child.text()) for column, child in types.children())
        if types
        else (),
        resource=held.text() if held else "",
        paths=paths,
        format=tuple((key, child.value) for key, child in written.children()) if written else (),
    )


def expanded(node: Node) -> Iterator[str]:
    """``res_etape_{01..30}`` is thirty names."""
    match = _RANGE.match(node.text())
    if match is None:
        yield node.text()
        return
    for slot in _numbers(match[2], match[3]):
        yield f"{match[1]}{slot}{match[4]}"


def _numbers(first: str, last: str) -> tuple[str, ...]:
    return tuple(str(number).zfill(len(first)) for number in range(int(first), int(last) + 1))


def join(node: Node) -> Join:
    """One join."""
    node.only("stream", "on", "missing", "rule")
    refuses = node.need("missing").one_of("refuse", "keep") == "refuse"
    rule = node.get("rule")
    if refuses != (rule is not None):
        raise node.refuse(
            "`missing: refuse` needs a `rule`, `missing: keep` has none. Correct the join.",
            "`missing: refuse` exige une `rule`, `missing: keep` n'en a pas. Corrigez la jointure.",
        )
    return Join(node.need("stream").text(), _on(node), rule.text() if rule else None, node.line)


def child_list(path: str, node: Node, refers: References) -> ChildList:
    """One list made of child rows."""
    node.only("stream", "on", "order", "fields")
    order = node.get("order")
    return ChildList(
        path=path,
        stream=node.need("stream").text(),
        on=_on(node),
        order=order.texts() if order else (),
        fields=tuple(field(below, item, refers) for below, item in node.need("fields").children()),
        line=node.line,
    )


def _on(node: Node) -> tuple[tuple[str, str], ...]:
    return tuple((_named(main, child), child.text()) for main, child in node.need("on").children())


def condition(node: Node, refers: References) -> Condition:
    alternatives = node.get("any")
    if alternatives is not None:
        node.only("any")
        return Condition(tuple(_alternative(item, refers) for item in alternatives.items()), node.line)
    return Condition((_alternative(node, refers),), node.line)


def _alternative(node: Node, refers: References) -> tuple[Reference, Test]:
    node.only("read", *_TESTS)
    read_node = node.need("read")
    return refers.column(read_node.text(), read_node), _test(node)


def _test(node: Node) -> Test:
    found = [(key, child) for key, child in node.children() if key in _TESTS]
    if len(found) != 1:
        raise node.refuse(
            "exactly one of equals, in, is, before, after, not is expected. Correct the condition.",
            "exactement un parmi equals, in, is, before, after, not est attendu. Corrigez la condition.",
        )
    key, child = found[0]
    if key == "not":
        child.only(*_TESTS[:-1])
        inner = _test(child)
        return Test(inner.kind, inner.values, negated=True)
    if key == "is":
        kind: Literal["blank", "numeric"] = (
            "blank" if child.one_of("blank", "numeric") == "blank" else "numeric"
        )
        return Test(kind)
    if key in ("before", "after"):
        return Test("before" if key == "before" else "after", (_day(child),))
    return Test("equals", (child.text(),)) if key == "equals" else Test("in", child.texts())


def _day(node: Node) -> str:
    try:
        return date.fromisoformat(node.text()).isoformat()
    except ValueError:
        raise node.refuse(
            "a day is expected, as 2025-07-01. Correct the line.",
            "un jour est attendu, comme 2025-07-01. Corrigez la ligne.",
        ) from None


def unpivot(node: Node) -> Unpivot:
    node.only("slots", "columns", "groups", "present")
    groups = node.get("groups")
    if groups is not None:
        node.only("groups", "present")
        slots = tuple(_slot(name, child) for name, child in groups.children())
    else:
        span = node.need("slots")
        match = re.fullmatch(r"(\d+)\.\.(\d+)", span.text())
        if match is None:
            raise span.refuse(
                "slots are written first..last, as 01..30. Correct the line.",
                "les cases s'écrivent première..dernière, comme 01..30. Corrigez la ligne.",
            )
        slots = tuple(_slot(name, node.need("columns"), name) for name in _numbers(match[1], match[2]))
    if not slots or any(
        [name for name, _ in slot.columns] != [name for name, _ in slots[0].columns] for slot in slots
    ):
        raise node.refuse(
            "every slot must have the same names in the same order. Correct the groups.",
            "chaque case doit porter les mêmes noms dans le même ordre. Corrigez les groupes.",
        )
    present = node.get("present")
    names = tuple(name for name, _ in slots[0].columns)
    wanted = present.texts() if present else names
    if present is not None and not set(wanted) <= set(names):
        raise present.refuse(
            f"`present` names what the slots have: {', '.join(names)}. Correct the line.",
            f"`present` nomme ce que portent les cases : {', '.join(names)}. Corrigez la ligne.",
        )
    return Unpivot(slots, wanted, node.line)


def _slot(name: str, node: Node, number: str | None = None) -> Slot:
    columns = []
    for alias, child in node.children():
        pattern = child.text() if number is None else child.text().replace("{slot}", number)
        columns.append((_named(alias, child), _named(pattern, child)))
    return Slot(name, tuple(columns))


def field(path: str, node: Node, refers: References) -> Field:
    """How one path is filled."""
    node.only("read", "between", "first", "compute", "const", "default", "when", "do", "code_map")
    constant, source = node.get("const"), node.get("read")
    if constant is not None:
        node.only("const", "code_map")
    elif source is None:
        raise node.refuse(
            "a field has `read` or `const`. Add one.", "un champ a `read` ou `const`. Ajoutez-en un."
        )
    several = source is not None and isinstance(source.value, list)
    between = node.get("between")
    default, when, do, code_map = (node.get(key) for key in ("default", "when", "do", "code_map"))
    if when is not None:
        when.only(*_TESTS)
    return Field(
        path=path,
        reads=() if source is None else tuple(map(refers.any, source.items() if several else (source,))),
        combine=_combine(node, several=several),
        between=between.text() if between else "",
        constant=constant.text() if constant else None,
        default=default.text() if default else None,
        when=_test(when) if when else None,
        do=tuple(_call(item) for item in do.items()) if do else (),
        code_map=_named(code_map.text(), code_map) if code_map else None,
        line=node.line,
    )


def _combine(node: Node, *, several: bool) -> Combine:
    """How several columns become one value: exactly one word says it."""
    said = [(key, child) for key in ("between", "first", "compute") if (child := node.get(key))]
    if len(said) != several:
        raise node.refuse(
            "several columns need one of `between`, `first`, `compute`; one column has none. Correct the field.",
            "plusieurs colonnes exigent un parmi `between`, `first`, `compute` ; une seule n'en a pas. "
            "Corrigez le champ.",
        )
    if not said:
        return "alone"
    word, child = said[0]
    if word == "between":
        return "between"
    child.one_of("filled" if word == "first" else "percent")
    if word == "compute" and len(node.need("read").texts()) != 2:
        raise child.refuse(
            "`percent` reads two columns, the part and the whole. Correct `read`.",
            "`percent` lit deux colonnes, la partie et le tout. Corrigez `read`.",
        )
    return "first" if word == "first" else "percent"


def _call(node: Node) -> Call:
    """``trim``, or ``{digits: "7"}``, or ``{pad_left: ["7", "0"]}``."""
    if isinstance(node.value, str):
        return Call(node.text(), ())
    calls = list(node.children())
    if len(calls) != 1:
        raise node.refuse(
            "one function is written on one line. Correct the list.",
            "une fonction s'écrit sur une ligne. Corrigez la liste.",
        )
    name, child = calls[0]
    return Call(name, child.texts() if isinstance(child.value, list) else (child.text(),))


def reversal(node: Node) -> Reversal:
    """``reverse: no``, or ``reverse: {lossy: {column: reason}}``; ``reverse: yes`` loses nothing."""
    if isinstance(node.value, str):
        return Reversal(node.one_of("yes", "no") == "yes", ())
    node.only("lossy")
    return Reversal(
        reversible=True,
        lossy=tuple((column, child.text()) for column, child in node.need("lossy").children()),
    )
