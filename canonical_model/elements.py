"""What a field means, in French and English, and how sensitive it is: written once, beside its type.

    family_name: Annotated[Text, Element("Nom de famille", "Family name", "As the board's register writes it.")]

Section and sensitivity are the resource's unless the field says otherwise; a value inside a datatype has
those of the field that holds it. A test proves that no field of any resource is without.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from canonical_model.base import SENSITIVITY, Section, Sensitivity

VERSIONS = (1, 2)  # of the model, oldest first: canonical_model/CHANGELOG.md says what each changed
LATEST = VERSIONS[-1]


@dataclass(frozen=True, slots=True)
class Element:
    """Labels in French and English, and the meaning when they do not say it all.

    `sensitivity`, `section`: only where they differ from the resource's. `since`, `until`: the first and
    the last version of the model that has the field (versions.py).
    """

    french: str
    english: str
    meaning: str = ""
    sensitivity: Sensitivity | None = None
    section: Section | None = None
    since: int = 1
    until: int | None = None

    def stands_in(self, version: int) -> bool:
        """Whether that version of the model has the field."""
        return self.since <= version and (self.until is None or version <= self.until)


@dataclass(frozen=True, slots=True)
class Described:
    """One field, flat: its path (``period.start``, ``subject[].value``) and all that is known of it."""

    path: str
    type: str
    required: bool
    many: bool
    french: str
    english: str
    meaning: str
    code_system: str | None
    section: Section
    sensitivity: Sensitivity


def described(resource: type[BaseModel], section: Section) -> tuple[Described, ...]:
    """Every field of a resource, datatypes opened, in the order of the class.

    Raises LookupError for a field without labels: it names resource and path.
    """
    return tuple(_walk(resource, "", section, SENSITIVITY[section]))


def _walk(
    model: type[BaseModel], path: str, section: Section, sensitivity: Sensitivity
) -> Iterator[Described]:
    for name, field in model.model_fields.items():
        element = element_of(model, name)
        inner, many, system = opened(field)
        own = f"{path}{name}{'[]' if many else ''}"
        found = Described(
            path=own,
            type=getattr(inner, "__name__", str(inner)),
            required=field.is_required(),
            many=many,
            french=element.french,
            english=element.english,
            meaning=element.meaning,
            code_system=system,
            section=element.section or section,
            sensitivity=element.sensitivity or sensitivity,
        )
        yield found
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            yield from _walk(inner, f"{own}.", found.section, found.sensitivity)


def element_of(model: type[BaseModel], name: str) -> Element:
    """What is said of one field. Raises LookupError when it has no labels: it names model and field."""
    found = [item for item in model.model_fields[name].metadata if isinstance(item, Element)]
    if not found:
        raise LookupError(f"{model.__name__}.{name}: no Element. Give it French and English labels.")
    return found[0]


def opened(field: FieldInfo) -> tuple[Any, bool, str | None]:
    """(type inside, whether many, code list) of a field: `X | None` and `tuple[X, ...]` are opened."""
    system = _code_system(field.metadata, None)
    return _opened(field.annotation, many=False, system=system)


def _code_system(metadata: Iterable[Any], otherwise: str | None) -> str | None:
    """The list that codings.InSystem names, which knows this file and is therefore not imported here."""
    return next((item.code_system for item in metadata if hasattr(item, "code_system")), otherwise)


def _opened(kind: Any, *, many: bool, system: str | None) -> tuple[Any, bool, str | None]:
    origin = get_origin(kind)
    if hasattr(kind, "__metadata__"):  # Annotated inside an optional or a tuple
        marked = _code_system(kind.__metadata__, system)
        return _opened(kind.__origin__, many=many, system=marked)
    if origin in (Union, UnionType):
        inside = [item for item in get_args(kind) if item is not NoneType]
        return _opened(inside[0], many=many, system=system) if len(inside) == 1 else (kind, many, system)
    if origin is tuple:
        return _opened(get_args(kind)[0], many=True, system=system)
    if origin is Literal:
        return str, many, system
    return kind, many, system
