"""Who a resource is about: identifiers that the door in matches to one person. Holds no hub id."""

from datetime import date
from functools import cache
from typing import Annotated, Any, ClassVar, Self, get_args

from pydantic import Field, StringConstraints, model_validator

from canonical_model.base import Model, Record
from canonical_model.codings import Coding, InSystem, refuse_out_of_force
from canonical_model.elements import Element
from canonical_model.extensions import MOST, Extension
from canonical_model.periods import Period


class Identifier(Model):
    """One number of a person in one numbering system."""

    system: Annotated[
        str,
        StringConstraints(pattern=r"^[a-z][a-z-]*(:[0-9]{6})?$"),
        Element(
            "Système de numérotation",
            "Numbering system",
            "``code-permanent``, ``ramq``, or one scoped to an organisation: ``fiche:762000``.",
        ),
    ]
    value: Annotated[
        str,
        StringConstraints(pattern=r"^\S{1,40}$"),
        Element("Numéro", "Number", "The normalised text; leading zeros count."),
    ]
    status: Annotated[
        Annotated[Coding, InSystem("identifier_status")] | None,
        Element("État du numéro", "Status", "Temporary, requested, confirmed, superseded; absent: unknown."),
    ] = None
    period: Annotated[
        Period | None, Element("Période", "Period", "When the number is the person's; absent: unknown.")
    ] = None
    replaced_by: Annotated[
        Annotated[str, StringConstraints(pattern=r"^\S{1,40}$")] | None,
        Element("Remplacé par", "Replaced by", "The number, in the same system, that took its place."),
    ] = None


class Resource(Record):
    """A canonical object about one person, who is named by identifiers and matched by the door in.

    `CODED_ON` is the path of the record's own day: its codes are read by the lists in force on it. A record
    without such a day, as Student, may name any version.
    """

    CODED_ON: ClassVar[str | None] = None

    subject: Annotated[
        tuple[Identifier, ...],
        Field(min_length=1),
        Element("Personne concernée", "Subject", "What the source calls the person."),
    ]
    organization: Annotated[
        str,
        StringConstraints(pattern=r"^[0-9]{6}$"),
        Element("Organisme", "Organization", "Six-digit code of the body that said it."),
    ]
    extensions: Annotated[
        Annotated[tuple[Extension, ...], Field(min_length=1, max_length=MOST)] | None,
        Element("Extensions", "Extensions", "Registered additions, each with its owner."),
    ] = None

    def _day_of_codes(self) -> date | None:
        held: Any = self
        for part in self.CODED_ON.split(".") if self.CODED_ON else ():
            held = getattr(held, part) if held is not None else None
        return None if held is self else held

    @model_validator(mode="after")
    def _codes_in_force(self) -> Self:
        if (day := self._day_of_codes()) is not None:
            for name in _coded(type(self)):
                value = getattr(self, name)
                for item in value if isinstance(value, tuple) else (value,):
                    if isinstance(item, Coding):
                        refuse_out_of_force(item, day)
        return self


@cache
def _coded(resource: type[Record]) -> tuple[str, ...]:
    """The members of a resource that are a Coding or hold several."""
    return tuple(name for name, info in resource.model_fields.items() if _mentions(info.annotation, Coding))


def _mentions(annotation: Any, wanted: type) -> bool:
    return annotation is wanted or any(_mentions(part, wanted) for part in get_args(annotation))
