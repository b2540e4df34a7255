"""Who a resource is about: identifiers that the door in matches to one person. Holds no hub id."""

from typing import Annotated

from pydantic import Field, StringConstraints

from canonical_model.base import Model, Record
from canonical_model.codings import Coding, InSystem
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
    """A canonical object about one person, who is named by identifiers and matched by the door in."""

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
