"""What the fields of a model allow, read from the model itself: type inside, items, limits. Guesses nothing."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from inspect import getclosurevars
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import AfterValidator, StringConstraints
from pydantic.fields import FieldInfo

from canonical_model.references import RefersTo

_LIMITS = ("ge", "gt", "le", "lt", "min_length", "max_length", "pattern", "max_digits", "decimal_places")


@dataclass(frozen=True, slots=True)
class Shape:
    """One field or item. `item` is the shape inside a tuple; `limits` has pydantic's own names;
    `identifier` is the kind that identifiers.CHECKS checks it by; `refers_to` the resources that a
    reference may name; `several` says that other types than `kind` are allowed as well.
    """

    kind: Any
    required: bool = True
    optional: bool = False
    choices: tuple[Any, ...] = ()
    item: "Shape | None" = None
    limits: dict[str, Any] = field(default_factory=dict)
    code_system: str | None = None
    identifier: str | None = None
    refers_to: tuple[str, ...] = ()
    several: bool = False


def of_field(info: FieldInfo) -> Shape:
    """The shape of a model's field."""
    return _of(info.annotation, tuple(info.metadata), required=info.is_required())


def _of(
    kind: Any,
    metadata: tuple[Any, ...],
    *,
    required: bool = True,
    optional: bool = False,
    several: bool = False,
) -> Shape:
    if hasattr(kind, "__metadata__"):
        metadata = (*kind.__metadata__, *metadata)
        return _of(kind.__origin__, metadata, required=required, optional=optional, several=several)
    if get_origin(kind) in (Union, UnionType):
        inside = [one for one in get_args(kind) if one is not NoneType]
        optional = optional or len(inside) < len(get_args(kind))
        several = several or len(inside) > 1  # the first will do
        return _of(inside[0], metadata, required=required, optional=optional, several=several)
    limits = _limits(metadata)
    item = _of(get_args(kind)[0], ()) if get_origin(kind) is tuple else None
    literal = get_origin(kind) is Literal
    return Shape(
        kind=tuple if item else str if literal else kind,
        required=required,
        optional=optional,
        choices=get_args(kind) if literal else (),
        item=item,
        limits=limits,
        code_system=next((one.code_system for one in metadata if hasattr(one, "code_system")), None),
        identifier=next(filter(None, map(_identifier, metadata)), None),
        refers_to=next((one.resources for one in metadata if isinstance(one, RefersTo)), ()),
        several=several,
    )


def _limits(metadata: Iterable[Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for one in metadata:
        if isinstance(one, FieldInfo):
            found |= _limits(one.metadata)
        elif not callable(one) or isinstance(one, StringConstraints):
            held = {name: getattr(one, name, None) for name in _LIMITS}
            found |= {name: limit for name, limit in held.items() if limit is not None}
    return found


def _identifier(metadata: Any) -> str | None:
    """The `kind` that identifiers' own validator closes over."""
    if not isinstance(metadata, AfterValidator) or metadata.func.__module__ != "canonical_model.identifiers":
        return None
    kind = getclosurevars(metadata.func).nonlocals.get("kind")
    return kind if isinstance(kind, str) else None
