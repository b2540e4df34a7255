"""The language as Polars expressions: cells, conditions, values, faults, and the JSON of a document.

Pure columnar: no Python runs per row. A value is made as JSON text at once; null means absent, and an
object in which nothing was read is absent too, so that the model says `missing` where it must.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import TypeAlias

import polars as pl

from canonical_model import codings, resources
from mappings.engine.code_maps import TEXT, UNMAPPED, CodeMap
from mappings.engine.functions import FUNCTIONS, is_numeric
from mappings.engine.language import Condition, Field, Mapping, Reference, Test

SLOT = "?slot"

_Leaf: TypeAlias = tuple[Field, pl.Expr]
_Node: TypeAlias = "dict[str, _Node] | _Leaf"  # a leaf, or members by name

_CONTROL = [chr(number) for number in range(32)] + ['"', "\\"]
_ESCAPED = [json.dumps(character)[1:-1] for character in _CONTROL]
_NEEDS_QUOTES = ("text", "date", "decimal")


@dataclass(frozen=True, slots=True)
class Value:
    """One field compiled. `json`: its JSON text, null when absent. `fault`: the rule it breaks, or null;
    None when it can break none.
    """

    field: Field
    json: pl.Expr
    fault: pl.Expr | None

    @property
    def per_slot(self) -> bool:
        """Whether it reads a slot, and so can be known only after the unpivot."""
        return any(reference.per_slot for reference in self.field.reads)


@dataclass(frozen=True, slots=True)
class _Days:
    """The business day of the run, and the record's own day as ISO text where there is one."""

    business: date
    own: pl.Expr | None


def values(mapping: Mapping, *, organization: str, day: date) -> tuple[Value, ...]:
    """Every field of the mapping.

    Code maps and code lists are those in force on the record's own day, when the resource has one and the
    mapping fills it; else, and for codes in a list, on `day`.
    """
    days = _Days(day, _own_day(mapping, organization, day))
    return tuple(_value(mapping, field, organization, days) for field in mapping.fields)


def _own_day(mapping: Mapping, organization: str, day: date) -> pl.Expr | None:
    """The record's own day as ISO text, or None; one that a slot holds is known too late to be used."""
    way = getattr(resources.resource(mapping.resource), "CODED_ON", None)
    field = next((field for field in mapping.fields if field.path == way), None)
    if field is None:
        return None
    made = _value(mapping, field, organization, _Days(day, None))
    return None if made.per_slot else made.json.str.strip_chars('"')


def column(mapping: Mapping, reference: Reference) -> str:
    """How a plan names a cell: main columns as they are, others with their stream or as slots."""
    if reference.kind == "slot":
        return slot_column(reference.name)
    return reference.name if reference.stream == mapping.stream else f"{reference.stream}.{reference.name}"


def slot_column(name: str) -> str:
    """How a plan names a column of the slot: as no stream's column and no column of the plan's own."""
    return f"slot:{name}"


def holds(mapping: Mapping, conditions: Iterable[Condition]) -> pl.Expr:
    """Whether all the conditions hold; never null."""
    found = [
        pl.any_horizontal([_test(pl.col(column(mapping, read)), test) for read, test in item.alternatives])
        for item in conditions
    ]
    return pl.all_horizontal([pl.lit(value=True), *found])


def document(leaves: Iterable[tuple[Field, pl.Expr]]) -> pl.Expr:
    """The JSON of a record from the JSON of its values, nested as the paths say."""
    tree = _tree((field.parts, (field, value)) for field, value in leaves)
    members = [_member(name, node) for name, node in tree.items()]
    return pl.concat_str([pl.lit("{"), _joined(members), pl.lit("}")])


def _value(mapping: Mapping, field: Field, organization: str, days: _Days) -> Value:
    if field.constant is not None:
        constant = field.constant.replace("$organization", organization)
        held = mapping.code_map(field.code_map) if field.code_map else None
        written = _coded(pl.lit(constant), held, days) if held else pl.lit(json.dumps(constant))
        return Value(field, written, None)
    text = _read(mapping, field, organization)
    if field.default is not None:
        text = text.fill_null(field.default)
    if field.when is not None:
        text = pl.when(_test(text, field.when)).then(text)
    kind, faults = "text", []
    for call in field.do:
        function = FUNCTIONS[call.function]
        made = function.build(text, *call.arguments)
        if function.rule is not None:
            faults.append(_lost(text, made, function.rule))
        text, kind = made, function.gives
    code_map = mapping.code_map(field.code_map) if field.code_map else None
    if code_map is None:
        written = _written(text, kind)
    elif kind == "list":
        parts = text.list.eval(_coded_on(pl.element(), code_map, days.business))
        unknown = parts.list.eval(pl.element().is_null()).list.any()
        faults.append(pl.when(unknown).then(pl.lit(UNMAPPED)))
        written = _list(pl.when(~unknown).then(parts))
    else:
        written = _coded(text, code_map, days)
        faults.append(_lost(text, written, UNMAPPED))
    return Value(field, written, pl.coalesce(faults) if faults else None)


def _read(mapping: Mapping, field: Field, organization: str) -> pl.Expr:
    cells = []
    for reference in field.reads:
        if reference.name == "$organization":
            cells.append(pl.lit(organization))
        else:
            cells.append(pl.col(SLOT if reference.name == "$slot" else column(mapping, reference)))
    if len(cells) == 1:
        return cells[0]
    together = pl.concat_str([cell.fill_null("") for cell in cells], separator=field.between)
    return pl.when(pl.any_horizontal([cell.is_not_null() for cell in cells])).then(together)


def _test(cell: pl.Expr, test: Test) -> pl.Expr:
    bare = cell.str.strip_chars()
    if test.kind == "blank":
        found = cell.is_null()
    elif test.kind == "numeric":
        found = is_numeric(cell).fill_null(value=False)
    else:
        found = bare.is_in(list(test.values)).fill_null(value=False)
    return ~found if test.negated else found


def _lost(before: pl.Expr, after: pl.Expr, rule: str) -> pl.Expr:
    """The rule where there was a value and there is none any more."""
    return pl.when(before.is_not_null() & after.is_null()).then(pl.lit(rule))


def _coded(text: pl.Expr, code_map: CodeMap, days: _Days) -> pl.Expr:
    """What the map says of a code, on the record's own day where that makes a difference."""
    changes = [*code_map.changes(), *(codings.starts(code_map.to) if code_map.to != TEXT else ())]
    if days.own is None or not changes:
        return _coded_on(text, code_map, days.business)
    first, *later = sorted(set(changes))
    days_that_begin = (first - timedelta(days=1), first, *later)  # one of each stretch, oldest first
    found = _coded_on(text, code_map, days_that_begin[-1])
    for begins, ends in reversed(list(pairwise(days_that_begin))):
        found = pl.when(days.own < ends.isoformat()).then(_coded_on(text, code_map, begins)).otherwise(found)
    return pl.when(days.own.is_null()).then(_coded_on(text, code_map, days.business)).otherwise(found)


def _coded_on(text: pl.Expr, code_map: CodeMap, day: date) -> pl.Expr:
    """The JSON of what the map says of a code: a coding, or a plain text; null when unmapped."""
    before, after = '"', '"'
    if code_map.to != TEXT:
        held = codings.in_force(code_map.to, day)
        before, after = f'{{"system":"{held.system}","version":"{held.version}","code":"', '"}'
    table = {source: f"{before}{_escape(target)}{after}" for source, target in code_map.on(day).items()}
    found = text.replace_strict(list(table), list(table.values()), default=None, return_dtype=pl.String)
    if code_map.unmapped == "refuse":
        return found
    return found.fill_null(pl.concat_str([pl.lit(before), _escaped(text), pl.lit(after)]))


def _written(text: pl.Expr, kind: str) -> pl.Expr:
    if kind == "boolean":
        return pl.when(text).then(pl.lit("true")).when(~text).then(pl.lit("false"))
    if kind == "list":
        return _list(text.list.eval(_quoted(_escaped(pl.element()))))
    if kind in _NEEDS_QUOTES:
        return _quoted(_escaped(text) if kind == "text" else text)
    return text


def _list(parts: pl.Expr) -> pl.Expr:
    return pl.concat_str([pl.lit("["), parts.list.join(","), pl.lit("]")])


def _quoted(text: pl.Expr) -> pl.Expr:
    return pl.concat_str([pl.lit('"'), text, pl.lit('"')])


def _escaped(text: pl.Expr) -> pl.Expr:
    return text.str.replace_many(_CONTROL, _ESCAPED)


def _escape(text: str) -> str:
    return json.dumps(text)[1:-1]


def _tree(leaves: Iterable[tuple[tuple[str, ...], _Leaf]]) -> dict[str, _Node]:
    """Leaves by the first part of their path, and so on below it."""
    found: dict[str, _Node] = {}
    below: dict[str, list[tuple[tuple[str, ...], _Leaf]]] = {}
    for (first, *rest), leaf in leaves:
        if rest:
            below.setdefault(first, []).append((tuple(rest), leaf))
        else:
            found[first] = leaf
    return found | {name: _tree(held) for name, held in below.items()}


def _member(name: str, node: _Node) -> pl.Expr:
    """``"name":…`` of one member, null when it is absent."""
    return pl.concat_str([pl.lit(f'"{name}":'), _content(node)])


def _content(node: _Node) -> pl.Expr:
    if isinstance(node, tuple):
        return node[1]
    if all(name.isdecimal() for name in node):
        inner, edges = _joined([_content(child) for child in node.values()]), "[]"
    else:
        inner, edges = _joined([_member(name, child) for name, child in node.items()]), "{}"
    whole = pl.concat_str([pl.lit(edges[0]), inner, pl.lit(edges[1])])
    read = [value.is_not_null() for field, value in _leaves(node) if field.constant is None]
    return pl.when(pl.any_horizontal(read)).then(whole) if read else whole


def _leaves(node: _Node) -> list[_Leaf]:
    if isinstance(node, tuple):
        return [node]
    return [leaf for child in node.values() for leaf in _leaves(child)]


def _joined(parts: list[pl.Expr]) -> pl.Expr:
    """Those that are there, with commas."""
    return pl.concat_str(parts, separator=",", ignore_nulls=True)
