"""DocumentReference: that a document exists in a pupil's file, and where. Holds none of its content.

Three files with their own rules of access: dossier scolaire, dossier d'aide particulière, dossier professionnel
(facts/quebec-education.md §8.1). That a document exists can tell as much as the document: every field that says
what or where is restricted, so that none leaves by a general agreement.
"""

from datetime import date
from typing import Annotated, ClassVar, Literal

from pydantic import Field, StringConstraints

from canonical_model.base import Section, Text
from canonical_model.codings import Coding, InSystem
from canonical_model.elements import Element
from canonical_model.subjects import Resource


class DocumentReference(Resource):
    """`holds` is the section that the content belongs to: reading the document needs a right to that one."""

    SECTION: ClassVar[Section] = "enrolment"

    resource_type: Annotated[
        Literal["DocumentReference"],
        Element("Ressource", "Resource", "Name of this kind of record in the model."),
    ] = "DocumentReference"
    number: Annotated[
        str,
        StringConstraints(pattern=r"^\S{1,60}$"),
        Element("Numéro", "Number", "The keeper's own; unique within the body.", sensitivity="restricted"),
    ]
    file: Annotated[
        Coding,
        InSystem("pupil_file"),
        Element("Dossier", "File", "Which of the pupil's three files.", sensitivity="restricted"),
    ]
    kind: Annotated[
        Coding,
        InSystem("document_kind"),
        Element("Nature", "Kind", sensitivity="restricted"),
    ]
    holds: Annotated[
        Section,
        Element("Section du contenu", "Section of the content", sensitivity="restricted"),
    ]
    title: Annotated[
        Text | None, Element("Titre", "Title", "As filed; opaque.", sensitivity="restricted")
    ] = None
    dated: Annotated[date, Element("Date du document", "Date of the document", sensitivity="restricted")]
    media_type: Annotated[
        str,
        StringConstraints(pattern=r"^[a-z]+/[a-z0-9.+-]{1,80}$"),
        Element("Format", "Media type", "As application/pdf (RFC 6838).", sensitivity="restricted"),
    ]
    size: Annotated[
        Annotated[int, Field(ge=0, le=10**12)] | None,
        Element("Taille", "Size", "In bytes.", sensitivity="restricted"),
    ] = None
    digest: Annotated[
        Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")] | None,
        Element("Empreinte", "Digest", "SHA-256 of the content, hexadecimal.", sensitivity="restricted"),
    ] = None
    kept_by: Annotated[
        Text,
        Element(
            "Conservé par", "Kept by", "Installation that holds it, as gpi@762000.", sensitivity="restricted"
        ),
    ]
