"""The language as Polars expressions: cells, conditions, values, faults, and the JSON of a document.

Pure columnar: no Python runs per row. A value is made as JSON text at once; null means absent, and an
object in which nothing was read is absent too, so that the model says `missing` where it must.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import TypeAlias

import polars as pl

from canonical_model import codings, resources
from mappings.engine.code_maps import TEXT, UNMAPPED, CodeMap
from mappings.engine.function_numbers import is_counted, is_numeric, percent
from mappings.engine.functions import FUNCTIONS
from mappings.engine.language import ChildList, Condition, Field, Mapping, Reference, Test

SLOT = "?slot"

Leaf: TypeAlias = tuple[Field, pl.Expr]
Node: TypeAlias = "dict[str, Node] | Leaf"  # a leaf, or members by name

_CONTROL = [chr(number) for number in range(32)] + ['"', "\\"]
_ESCAPED = [json.dumps(character)[1:-1] for character in _CONTROL]
UNCOUNTED = "not-a-number"
_NEEDS_QUOTES = ("text", "date", "decimal")


@dataclass(frozen=True, slots=True)
class Value:
    """One field compiled. `json`: its JSON text, null when absent. `fault`: the rule it breaks, or null;
    None when it can break none. `dated`: what gives the day by which its codes are read, when the record has one.
    """

    number: int
    field: Field
    json: pl.Expr
    fault: pl.Expr | None
    dated: tuple[Reference, ...] = ()
    listed: bool = False
    sources: tuple[str, ...] = ()  # the columns whose texts something is done to, and nothing else

    @property
    def per_slot(self) -> bool:
        """Whether it reads a slot, and so can be known only after the unpivot."""
        return any(reference.per_slot for reference in self.field.reads)

    @property
    def alone(self) -> str:
        """The one stream whose row says it all, so that it is blank wherever there is no such row; or nothing."""
        reads = self.field.reads
        streams = {item.stream for item in reads if item.kind == "column"}
        plain = len(streams) == 1 and all(item.kind == "column" for item in reads)
        said = plain and self.field.default is None and not (self.dated or self.listed)
        return streams.pop() if said else ""


@dataclass(frozen=True, slots=True)
class _Days:
    """The business day of the run, and the record's own day as ISO text where there is one, with what it reads."""

    business: date
    own: pl.Expr | None
    reads: tuple[Reference, ...]


def values(mapping: Mapping, *, organization: str, day: date) -> tuple[Value, ...]:
    """Every field of the mapping, and every list of child rows.

    Code maps and code lists are those in force on the record's own day, when the resource has one and the
    mapping fills it; else, and for codes in a list, on `day`.
    """
    days = _own_day(mapping, organization, day)
    found = [_value(mapping, field, organization, days, n) for n, field in enumerate(mapping.fields)]
    for number, item in enumerate(mapping.lists, start=len(mapping.fields)):
        found.append(
            Value(number, item.whole, pl.col(leaf_column(number)), pl.col(f"?f{number}"), listed=True)
        )
    return tuple(found)


def child_values(mapping: Mapping, item: ChildList, *, organization: str, day: date) -> tuple[Value, ...]:
    """The fields of one item of a list, over the frame of its stream."""
    days = _Days(day, None, ())
    return tuple(
        _value(mapping, field, organization, days, number, main=item.stream)
        for number, field in enumerate(item.fields)
    )


def _own_day(mapping: Mapping, organization: str, day: date) -> "_Days":
    """The record's own day as ISO text where there is one; one that a slot holds is known too late to be used."""
    nothing = _Days(day, None, ())
    way = None if mapping.form else getattr(resources.resource(mapping.resource), "CODED_ON", None)
    field = next((field for field in mapping.fields if field.path == way), None)
    if field is None:
        return nothing
    made = _value(mapping, field, organization, nothing, 0)
    return nothing if made.per_slot else _Days(day, made.json.str.strip_chars('"'), field.reads)


def column(mapping: Mapping, reference: Reference, main: str = "") -> str:
    """How a plan names a cell: main columns as they are, others with their stream or as slots."""
    if reference.kind == "slot":
        return slot_column(reference.name)
    plain = reference.stream == (main or mapping.stream)
    return reference.name if plain else f"{reference.stream}.{reference.name}"


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


def leaf_column(number: int) -> str:
    """How a plan names the JSON of the mapping's field of that number."""
    return f"?v{number}"


def tree(fields: Sequence[Field]) -> dict[str, Node]:
    """The fields of a mapping, each with its leaf column, nested as their paths say."""
    return nested((field, pl.col(leaf_column(number))) for number, field in enumerate(fields))


def nested(leaves: Iterable[Leaf]) -> dict[str, Node]:
    """Fields with the JSON of their values, nested as their paths say."""
    return _tree((field.parts, (field, value)) for field, value in leaves)


def document(members: dict[str, Node]) -> pl.Expr:
    """The JSON of a record from the JSON of its values, members in the order of the mapping."""
    written = [_member(name, node) for name, node in members.items()]
    return pl.concat_str([pl.lit("{"), _joined(written), pl.lit("}")])


def _value(
    mapping: Mapping, field: Field, organization: str, days: _Days, number: int, *, main: str = ""
) -> Value:
    if field.constant is not None:
        constant = field.constant.replace("$organization", organization)
        held = mapping.code_map(field.code_map) if field.code_map else None
        written = _coded(pl.lit(constant), held, days) if held else pl.lit(json.dumps(constant))
        return Value(number, field, written, None, days.reads if held and _moves(held, days) else ())
    cells = _cells(mapping, field, organization, main)
    text = _combined(field, cells)
    faults = [_uncounted(cells, text)] if field.combine == "percent" else []
    made_of = text.meta.root_names()
    sources = tuple(dict.fromkeys(made_of)) if field.do or field.code_map else ()
    if field.default is not None:
        text = text.fill_null(field.default)
    if field.when is not None:
        text = pl.when(_test(text, field.when)).then(text)
    kind = "text"
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
    dated = days.reads if code_map and kind != "list" and _moves(code_map, days) else ()
    return Value(
        number,
        field,
        written,
        pl.coalesce(faults) if faults else None,
        dated,
        sources=() if dated else sources,
    )


def _cells(mapping: Mapping, field: Field, organization: str, main: str) -> list[pl.Expr]:
    found = []
    for reference in field.reads:
        if reference.name == "$organization":
            found.append(pl.lit(organization))
        else:
            found.append(pl.col(SLOT if reference.name == "$slot" else column(mapping, reference, main)))
    return found


def _combined(field: Field, cells: list[pl.Expr]) -> pl.Expr:
    """The one text that the cells make."""
    if field.combine == "alone":
        return cells[0]
    if field.combine == "first":
        return pl.coalesce(cells)
    if field.combine == "percent":
        return percent(*cells)
    together = pl.concat_str([cell.fill_null("") for cell in cells], separator=field.between)
    return pl.when(pl.any_horizontal([cell.is_not_null() for cell in cells])).then(together)


def _uncounted(cells: list[pl.Expr], made: pl.Expr) -> pl.Expr:
    """The rule where a filled cell is no number of a percentage, or the whole of two is not above zero."""
    wrong = [~is_counted(cell).fill_null(value=True) for cell in cells]
    both = pl.all_horizontal([cell.is_not_null() for cell in cells])
    return pl.when(pl.any_horizontal([*wrong, both & made.is_null()])).then(pl.lit(UNCOUNTED))


def _test(cell: pl.Expr, test: Test) -> pl.Expr:
    bare = cell.str.strip_chars()
    if test.kind == "blank":
        found = cell.is_null()
    elif test.kind == "numeric":
        found = is_numeric(cell).fill_null(value=False)
    elif test.kind in ("before", "after"):
        day = bare.str.extract(r"^([0-9]{4}-[0-9]{2}-[0-9]{2})(?:$|[ T])", 1)
        limit = pl.lit(test.values[0])
        found = (day < limit if test.kind == "before" else day >= limit).fill_null(value=False)
    else:
        found = bare.is_in(list(test.values)).fill_null(value=False)
    return ~found if test.negated else found


def _lost(before: pl.Expr, after: pl.Expr, rule: str) -> pl.Expr:
    """The rule where there was a value and there is none any more."""
    return pl.when(before.is_not_null() & after.is_null()).then(pl.lit(rule))


def _coded(text: pl.Expr, code_map: CodeMap, days: _Days) -> pl.Expr:
    """What the map says of a code, on the record's own day where that makes a difference."""
    changes = _moves(code_map, days)
    if days.own is None or not changes:
        return _coded_on(text, code_map, days.business)
    first, *later = sorted(set(changes))
    days_that_begin = (first - timedelta(days=1), first, *later)  # one of each stretch, oldest first
    found = _coded_on(text, code_map, days_that_begin[-1])
    for begins, ends in reversed(list(pairwise(days_that_begin))):
        found = pl.when(days.own < ends.isoformat()).then(_coded_on(text, code_map, begins)).otherwise(found)
    return pl.when(days.own.is_null()).then(_coded_on(text, code_map, days.business)).otherwise(found)


def _moves(code_map: CodeMap, days: _Days) -> list[date]:
    """The days on which what a map says changes, where the record has a day of its own."""
    if days.own is None:
        return []
    return [*code_map.changes(), *(codings.starts(code_map.to) if code_map.to != TEXT else ())]


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
    if code_map.unmapped == "default":
        usual = pl.lit(f"{before}{_escape(code_map.default)}{after}")
        return pl.when(text.is_not_null() & found.is_null()).then(usual).otherwise(found)
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


def _tree(leaves: Iterable[tuple[tuple[str, ...], Leaf]]) -> dict[str, Node]:
    """Leaves by the first part of their path, and so on below it."""
    found: dict[str, Node] = {}
    below: dict[str, list[tuple[tuple[str, ...], Leaf]]] = {}
    for (first, *rest), leaf in leaves:
        if rest:
            below.setdefault(first, []).append((tuple(rest), leaf))
        else:
            found[first] = leaf
    return found | {name: _tree(held) for name, held in below.items()}


def _member(name: str, node: Node) -> pl.Expr:
    """``"name":…`` of one member, null when it is absent."""
    return pl.concat_str([pl.lit(f'"{name}":'), content(node)])


def content(node: Node) -> pl.Expr:
    """The JSON of one place; null when nothing in it was read."""
    if isinstance(node, tuple):
        return node[1]
    if all(name.isdecimal() for name in node):
        inner, edges = _joined([content(child) for child in node.values()]), "[]"
    else:
        inner, edges = _joined([_member(name, child) for name, child in node.items()]), "{}"
    whole = pl.concat_str([pl.lit(edges[0]), inner, pl.lit(edges[1])])
    held = read(node)
    return whole if held is None else pl.when(held).then(whole)


def read(node: Node) -> pl.Expr | None:
    """Whether something of the place was read; None when it is made of constants only."""
    found = [value.is_not_null() for field, value in _leaves(node) if field.constant is None]
    return pl.any_horizontal(found) if found else None


def _leaves(node: Node) -> list[Leaf]:
    if isinstance(node, tuple):
        return [node]
    return [leaf for child in node.values() for leaf in _leaves(child)]


def _joined(parts: list[pl.Expr]) -> pl.Expr:
    """Those that are there, with commas."""
    return pl.concat_str(parts, separator=",", ignore_nulls=True)
