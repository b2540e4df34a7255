"""What the canonical model expects at a path: read from the pydantic classes, so that it is said once."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, time
from decimal import Decimal
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import AwareDatetime, BaseModel, TypeAdapter

from canonical_model.base import problems
from canonical_model.codings import Coding
from canonical_model.resources import resource
from mappings.engine.language import Mapping

_KINDS: dict[type, str] = {
    str: "text", bool: "boolean", int: "integer", Decimal: "decimal", date: "date", Coding: "coding", float: "number",
    time: "text", AwareDatetime: "text",  # no kinds of their own: the model reads them
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Target:
    """One place of a resource. `annotation` carries its checks; `kind` is that of mapping functions,
    ``coding`` (``codings``: a list of such), or ``object`` when it has places of its own (``objects``).
    """

    path: str
    annotation: Any

    @property
    def kind(self) -> str:
        """The kind of value that belongs here."""
        bare = _bare(self.annotation)
        if get_origin(bare) is tuple:
            inner = Target(f"{self.path}.0", get_args(bare)[0])
            return {"object": "objects", "coding": "codings"}.get(inner.kind, "list")
        if get_origin(bare) is Literal:
            return "text"
        if isinstance(bare, type) and issubclass(bare, BaseModel) and bare is not Coding:
            return "object"
        return _KINDS[bare]

    def children(self) -> Iterator[tuple[str, "Target", bool]]:
        """(name, place, required) of each place of an object."""
        model = _bare(self.annotation)
        for name, info in model.model_fields.items():
            annotation = Annotated[(info.annotation, *info.metadata)] if info.metadata else info.annotation
            yield name, Target(f"{self.path}.{name}".lstrip("."), annotation), info.is_required()

    def child(self, name: str) -> "Target | None":
        """The place of that name, or of that position in a list; None when there is none."""
        if self.kind == "objects":
            item = get_args(_bare(self.annotation))[0]
            return Target(f"{self.path}.{name}", item) if name.isdecimal() else None
        if self.kind != "object":
            return None
        return next((place for found, place, _ in self.children() if found == name), None)

    def refusals(self, value: Any) -> tuple[str, ...]:
        """The rules that `value` breaks here."""
        return self.refuser()(value)

    def refuser(self) -> Callable[[Any], tuple[str, ...]]:
        """`refusals`, made once for many values."""
        adapter, listed = TypeAdapter(self.annotation), self.kind in ("list", "codings")

        def refusals(value: Any) -> tuple[str, ...]:
            try:
                adapter.validate_python((value,) if listed else value)
            except ValueError as error:
                return tuple(rule for _, rule in problems(error))
            return ()

        return refusals


def model_of(mapping: Mapping) -> type[BaseModel]:
    """What a mapping makes: the class of its resource, or that of its form."""
    return mapping.form.model if mapping.form else resource(mapping.resource)


def resource_target(model: type[BaseModel]) -> Target:
    """The whole resource as a place."""
    return Target("", model)


def at(root: Target, parts: tuple[str, ...]) -> Target | None:
    """The place that the path leads to; None when the resource lacks it."""
    found: Target | None = root
    for part in parts:
        found = found.child(part) if found else None
    return found


def peeled(annotation: Any) -> tuple[Any, tuple[Any, ...]]:
    """The type without its checks and without ``| None``, and the checks of every layer."""
    if get_origin(annotation) is Annotated:
        inner, *checks = get_args(annotation)
        bare, below = peeled(inner)
        return bare, (*below, *checks)
    if get_origin(annotation) in (Union, UnionType):
        kinds = [item for item in get_args(annotation) if item is not type(None)]
        return peeled(kinds[0]) if len(kinds) == 1 else (annotation, ())
    return annotation, ()


def _bare(annotation: Any) -> Any:
    return peeled(annotation)[0]
