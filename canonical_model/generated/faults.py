"""One fault of each kind, put into a valid document, with the place and the rule that must name it."""

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from random import Random
from typing import Any, Literal

from pydantic import AwareDatetime, BaseModel

from canonical_model import resources
from canonical_model.base import Record
from canonical_model.codings import Coding
from canonical_model.generated.drawing import documents
from canonical_model.generated.shapes import Shape, of_field

Kind = Literal["type", "code", "missing", "extra", "range"]
KINDS: tuple[Kind, ...] = ("type", "code", "missing", "extra", "range")
_TRIES = 20  # documents drawn for one that has a place for the fault
_REMOVED = object()

# What stands in place of a value of that type, and the rule that refuses it.
_WRONG_TYPES: dict[Any, tuple[Any, str]] = {
    str: (7, "string-type"),
    int: ("7", "int-type"),
    bool: ("true", "bool-type"),
    date: (20_000, "date-type"),
    datetime: (True, "datetime-type"),
    time: (True, "time-type"),
    AwareDatetime: (True, "datetime-type"),
    tuple: (7, "tuple-type"),
}


@dataclass(frozen=True, slots=True)
class Mutation:
    """`document` is wrong at `path` (dots, as base.problems writes it), and `rule` must say so."""

    kind: Kind
    path: str
    rule: str
    document: dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Site:
    """One value that stands in the document, and what its field allows."""

    way: tuple[str | int, ...]
    shape: Shape


@dataclass(frozen=True, slots=True)
class _Fault:
    """`value` written at `way`; the message names `where`, or `way` when it is the same."""

    way: tuple[str | int, ...]
    value: Any
    rule: str
    where: tuple[str | int, ...] | None = None


def mutations(name: str, document: dict[str, Any], seed: int) -> tuple[Mutation, ...]:
    """One mutation of each kind that the document has a place for; the same for the same seed."""
    sites = [_Site((), Shape(resources.resource(name))), *_sites(resources.resource(name), document, ())]
    random = Random(f"{name}:{seed}")  # noqa: S311 - invention, not cryptography
    found = []
    for kind in KINDS:
        faults = list(_faults(kind, sites))
        if faults:
            fault = random.choice(faults)
            where = ".".join(map(str, fault.where or fault.way))
            found.append(Mutation(kind, where, fault.rule, _changed(document, fault)))
    return tuple(found)


def mutated(name: str, count: int, seed: int, kinds: tuple[Kind, ...] = KINDS) -> Iterator[Mutation]:
    """`count` faulty documents, one fault each, the kinds in turn; the same for the same seed.

    A document without a place for the kind whose turn it is gives way to the next one. Raises LookupError when
    too few documents have one.
    """
    given = 0
    for number, document in enumerate(documents(name, count * _TRIES, seed)):
        kind = kinds[given % len(kinds)]
        found = next((one for one in mutations(name, document, number) if one.kind == kind), None)
        if found is not None:
            yield found
            given += 1
        if given == count:
            return
    raise LookupError(f"{name}: too few documents have a place for each of {kinds}. Ask for other kinds.")


def _sites(model: type[BaseModel], document: dict[str, Any], way: tuple[str | int, ...]) -> Iterator[_Site]:
    for name, info in model.model_fields.items():
        if document.get(name) is not None:
            yield from _inside(of_field(info), document[name], (*way, name))


def _inside(shape: Shape, value: Any, way: tuple[str | int, ...]) -> Iterator[_Site]:
    if shape.kind is Record:
        shape = Shape(resources.resource(value["resource_type"]))
    yield _Site(way, shape)
    if shape.item is not None:
        for place, item in enumerate(value):
            yield from _inside(shape.item, item, (*way, place))
    elif _is_model(shape):
        yield from _sites(shape.kind, value, way)


def _is_model(shape: Shape) -> bool:
    return isinstance(shape.kind, type) and issubclass(shape.kind, BaseModel)


def _faults(kind: Kind, sites: list[_Site]) -> Iterator[_Fault]:
    if kind == "code":
        of_lists = [fault for site in sites for fault in _unknown_code(site)]
        of_words = [
            _Fault(s.way, "surprise", "literal-error") for s in sites if s.shape.choices and len(s.way) == 1
        ]
        yield from of_lists or of_words
        return
    for site in sites:
        if kind == "type":
            yield from _wrong_type(site)
        elif kind == "range":
            yield from _out_of_range(site)
        elif _is_model(site.shape):
            if kind == "extra":
                yield _Fault((*site.way, "surprise"), 1, "extra-forbidden")
            else:
                for name, info in site.shape.kind.model_fields.items():
                    if info.is_required():
                        yield _Fault((*site.way, name), _REMOVED, "missing")


def _unknown_code(site: _Site) -> Iterator[_Fault]:
    if site.shape.kind is Coding and site.shape.code_system is not None:
        yield _Fault((*site.way, "code"), "NOT-A-CODE", "unknown-code", site.way)
        yield _Fault((*site.way, "version"), "1999-07-01", "unknown-code", site.way)


def _wrong_type(site: _Site) -> Iterator[_Fault]:
    kind = site.shape.kind
    if not site.way or site.shape.choices or site.shape.several:
        return
    if kind is Decimal:
        money = site.way[-1] == "amount"
        yield _Fault(site.way, True, "money-is-text" if money else "decimal-is-text")
    elif kind in _WRONG_TYPES:
        value, rule = _WRONG_TYPES[kind]
        yield _Fault(site.way, value, rule)
    elif _is_model(site.shape):
        yield _Fault(site.way, 7, "model-type")


def _out_of_range(site: _Site) -> Iterator[_Fault]:
    shape, limits = site.shape, site.shape.limits
    if not site.way or shape.choices or shape.several:
        return
    if shape.kind is date:
        yield _Fault(site.way, "2026-02-30", "date-parsing")
    if shape.kind in (int, Decimal) and "pattern" not in limits:
        yield from _beside(site, int if shape.kind is int else str)
    if shape.kind is str and "pattern" in limits:
        yield _Fault(site.way, "\n", "string-pattern-mismatch")
    elif shape.kind is str and "max_length" in limits:
        yield _Fault(site.way, "é" * (limits["max_length"] + 1), "string-too-long")
    if shape.kind is tuple and limits.get("min_length"):
        yield _Fault(site.way, [], "too-short")


def _beside(site: _Site, written: Any) -> Iterator[_Fault]:
    for limit, rule, step in (
        ("le", "less-than-equal", 1), ("lt", "less-than", 0),
        ("ge", "greater-than-equal", -1), ("gt", "greater-than", 0),
    ):  # fmt: skip
        if limit in site.shape.limits:
            yield _Fault(site.way, written(site.shape.limits[limit] + step), rule)


def _changed(document: dict[str, Any], fault: _Fault) -> dict[str, Any]:
    found = copy.deepcopy(document)
    holder: Any = found
    for key in fault.way[:-1]:
        holder = holder[key]
    if fault.value is _REMOVED:
        holder.pop(fault.way[-1], None)
    else:
        holder[fault.way[-1]] = fault.value
    return found
