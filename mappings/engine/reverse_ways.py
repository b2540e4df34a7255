"""Which way back each field of a mapping has, and what each loses. Looks at no document.

A way is *exact* when the text that it gives says all that the cell said, in one spelling: the spaces around a
text, the comma of a number, the writing of a day say nothing. Everything else is a loss, and has a reason.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache

from mappings.engine.code_maps import CodeMap
from mappings.engine.functions import FUNCTIONS
from mappings.engine.language import Field, Mapping, Reference, Test

SLOT = Reference("context", "$slot")

Reason = tuple[str, str]  # in English and in French, for a finding


@dataclass(frozen=True, slots=True)
class Way:
    """One field backwards. `number`: its place among the fields. `gives`: what it can give, columns of the main
    stream or of the slot, and ``$slot``. `loss`: why it is not exact; None when it is.
    """

    number: int
    field: Field
    gives: tuple[Reference, ...]
    loss: Reason | None

    @property
    def exact(self) -> bool:
        """Whether nothing is lost on this way."""
        return self.loss is None


@dataclass(frozen=True, slots=True)
class Ways:
    """All that is known before a document: `fields` as they are read backwards, the `ways` of those that have one,
    the columns that hold one text in every row that is used (`fixed`; None: blank), and what comes back whole
    (`settled`).
    """

    fields: tuple[Field, ...]
    ways: tuple[Way, ...]
    fixed: tuple[tuple[str, str | None], ...]
    settled: frozenset[Reference]

    def giving(self, reference: Reference) -> tuple[Way, ...]:
        """The ways that can give that, in the order of the fields."""
        return tuple(way for way in self.ways if reference in way.gives)

    @property
    def given(self) -> frozenset[Reference]:
        """Everything that some way gives."""
        return frozenset(reference for way in self.ways for reference in way.gives)


@lru_cache(maxsize=128)
def of(mapping: Mapping) -> Ways:
    """The ways of a mapping that has no other finding."""
    fields = tuple(
        replace(field, reads=tuple(_own(mapping, item) for item in field.reads)) for field in mapping.fields
    )
    ways = tuple(way for number, field in enumerate(fields) if (way := _way(mapping, number, field)).gives)
    fixed = _fixed(mapping)
    settled = {Reference("column", name, mapping.stream) for name in fixed}
    for reference in {reference for way in ways for reference in way.gives}:
        held = [way.field.when for way in ways if way.exact and reference in way.gives]
        if held and _every_cell(held) and shown(mapping, reference):
            settled.add(reference)
    return Ways(fields, ways, tuple(fixed.items()), frozenset(settled))


def columns(mapping: Mapping, reference: Reference) -> tuple[str, ...]:
    """The columns of the main stream that it stands for: itself, or one of each slot; none for a context."""
    if reference.kind == "column":
        return (reference.name,) if reference.stream == mapping.stream else ()
    slots = mapping.unpivot.slots if mapping.unpivot and reference.kind == "slot" else ()
    return tuple(dict(slot.columns)[reference.name] for slot in slots)


def shown(mapping: Mapping, reference: Reference) -> bool:
    """Whether a filled cell makes its slot exist; one that `present` does not name may stand in no record."""
    return mapping.unpivot is None or reference.kind != "slot" or reference.name in mapping.unpivot.present


def restored(mapping: Mapping) -> frozenset[str]:
    """The columns of the main stream that come back whole."""
    return frozenset(name for reference in of(mapping).settled for name in columns(mapping, reference))


def written(mapping: Mapping) -> frozenset[str]:
    """The columns of the main stream that are written at all; those that are not stay blank."""
    held = of(mapping)
    return frozenset(name for item in held.given | held.settled for name in columns(mapping, item))


def _own(mapping: Mapping, reference: Reference) -> Reference:
    """A joined stream's key that every used row has found is the main column that found it."""
    for join in mapping.joins:
        for main, other in join.on:
            if join.rule is not None and (reference.stream, reference.name) == (join.stream, other):
                return Reference("column", main, mapping.stream)
    return reference


def _way(mapping: Mapping, number: int, field: Field) -> Way:
    inverted = all(FUNCTIONS[call.function].inverse for call in field.do)
    ours = [item for item in field.reads if item.kind != "column" or item.stream == mapping.stream]
    if field.combine == "percent" or not inverted or len(ours) < len(field.reads):
        return Way(number, field, (), None)
    gives = tuple(item for item in field.reads if item.name != "$organization")
    return Way(number, field, gives, _loss(mapping, field))


def _loss(mapping: Mapping, field: Field) -> Reason | None:  # noqa: PLR0911 - one reason a line
    inexact = next((call.function for call in field.do if not FUNCTIONS[call.function].exact), None)
    if inexact:
        return f"`{inexact}` loses something", f"`{inexact}` perd quelque chose"
    if field.default is not None:
        return "`default` hides which cells were blank", "`default` cache quelles cases étaient vides"
    if field.combine == "first":
        return "`first` hides which column was read", "`first` cache quelle colonne a été lue"
    if field.combine == "between" and (field.when is not None or not _splits(field)):
        return "the parts put together cannot be told apart", "les parties réunies ne se distinguent plus"
    if field.code_map is not None and not _one_to_one(mapping.code_map(field.code_map)):
        return (
            f"the code map {field.code_map} gives one code for several",
            f"la table {field.code_map} donne un seul code pour plusieurs",
        )
    if not _placed(mapping, field):
        return (
            f"no constant tells which position {field.path} had",
            f"aucune constante ne dit quelle position avait {field.path}",
        )
    return None


def _splits(field: Field) -> bool:
    """Whether a text of parts is either cut again as it was put together, or refused: then a sign that no part
    holds stands between them. A function would take away the spaces of blank parts at the ends.
    """
    return len(field.between) == 1 and not (field.between.isspace() and field.do)


def _one_to_one(code_map: CodeMap | None) -> bool:
    """Whether each code has one source, on every day. A source kept as it is must not look like a code."""
    if code_map is None or code_map.unmapped == "default":
        return False
    for day in (date.min, *code_map.changes()):
        held = code_map.on(day)
        codes = list(held.values())
        if len(codes) > len(set(codes)) or (
            code_map.unmapped == "keep-source" and not set(codes) <= held.keys()
        ):
            return False
    return True


def _placed(mapping: Mapping, field: Field) -> bool:
    """Whether constants tell the items of each list on the path apart: a blank item lets the next one move up."""
    for depth, part in enumerate(field.parts):
        if not part.isdecimal():
            continue
        above = field.parts[:depth]
        items: dict[str, set[tuple[object, ...]]] = {}
        for other in mapping.fields:
            if other.parts[:depth] == above and len(other.parts) > depth:
                said = items.setdefault(other.parts[depth], set())
                if other.constant is not None and (
                    not other.code_map or _one_to_one(mapping.code_map(other.code_map))
                ):
                    said.add((other.parts[depth + 1 :], other.code_map, other.constant))
        mine = {(way, code_map): text for way, code_map, text in items[part]}
        for position, said in items.items():
            theirs = {(way, code_map): text for way, code_map, text in said}
            if position != part and not any(theirs.get(key, text) != text for key, text in mine.items()):
                return False
    return True


def _fixed(mapping: Mapping) -> dict[str, str | None]:
    """What a filter leaves no choice about."""
    found: dict[str, str | None] = {}
    for condition in mapping.where:
        (reference, test), *others = condition.alternatives
        if others or test.negated or reference.stream != mapping.stream:
            continue
        if test.kind == "blank":
            found[reference.name] = None
        elif test.kind in ("equals", "in") and len(test.values) == 1:
            found[reference.name] = test.values[0]
    return found


def _every_cell(tests: Iterable[Test | None]) -> bool:
    """Whether each filled cell meets one of these tests; None is met by all."""
    held = list(tests)
    if None in held:
        return True
    named = [test for test in held if test is not None]
    for test in named:
        if test.kind == "blank" and test.negated:
            return True
        if test.negated and replace(test, negated=False) in named:
            return True
    met = {
        value for test in named if test.kind in ("equals", "in") and not test.negated for value in test.values
    }
    return any(test.negated and test.kind in ("equals", "in") and set(test.values) <= met for test in named)
