"""Provenance: where one resource comes from: source row, mapping, code lists, moment. Holds places, never values.

It answers « Pourquoi cette valeur ? » (design.md, Promise 3); the row itself stays in the landed batch.
"""

from typing import Annotated, ClassVar, Literal

from pydantic import AwareDatetime, Field, StringConstraints

from canonical_model.base import Model, Record, Section
from canonical_model.elements import Element
from canonical_model.provenance import Place
from canonical_model.references import Reference


class CodeListUsed(Model):
    """One version of one vocabulary that gave a code its meaning."""

    system: Annotated[
        str,
        StringConstraints(pattern=r"^[a-z_]{2,40}$"),
        Element("Liste de codes", "Code list", "Name of the vocabulary."),
    ]
    version: Annotated[
        str,
        StringConstraints(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"),
        Element("Version de la liste", "List version", "The day that version came into force."),
    ]


class Provenance(Record):
    """The origin of one version of one resource. Several places when several rows were merged into it."""

    SECTION: ClassVar[Section] = "consent"

    resource_type: Annotated[
        Literal["Provenance"], Element("Type de ressource", "Resource type", "Always ``Provenance``.")
    ] = "Provenance"
    target: Annotated[Reference, Element("Ressource visée", "Target", "The resource that comes from there.")]
    target_version: Annotated[
        int, Field(ge=1, le=1_000_000), Element("Version visée", "Target version", "From 1.")
    ]
    places: Annotated[
        tuple[Place, ...],
        Field(min_length=1, max_length=100),
        Element("Lieux d'origine", "Places", "Rows that it was made of."),
    ]
    code_lists: Annotated[
        tuple[CodeListUsed, ...],
        Field(max_length=100),
        Element("Listes de codes", "Code lists", "Those that gave its codes their meaning."),
    ] = ()
    recorded_at: Annotated[
        AwareDatetime, Element("Inscrit le", "Recorded at", "When the hub came to know it.")
    ]
    digest: Annotated[
        str,
        StringConstraints(pattern=r"^[0-9a-f]{64}$"),
        Element("Empreinte", "Digest", "SHA-256 of the canonical document, hexadecimal."),
    ]
