"""CustodyArrangement: the tie between one child and one guardian, for a time. Never « the parents ».

Two separated parents are two arrangements (facts/quebec-education.md §9.2). Custody tables of the source
systems are not public (facts/legacy-systems.md §18): what a judgment says is kept as opaque text.
"""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from canonical_model.base import Narrative, Section, Text
from canonical_model.codings import Coding, InSystem
from canonical_model.elements import Element
from canonical_model.periods import Period
from canonical_model.references import Reference, RefersTo
from canonical_model.subjects import Resource


class CustodyArrangement(Resource):
    """The child is the subject. Parental authority and custody are two facts: one may be held without the other."""

    SECTION: ClassVar[Section] = "contacts"
    CODED_ON: ClassVar[str | None] = "period.start"

    resource_type: Annotated[
        Literal["CustodyArrangement"],
        Element("Ressource", "Resource", "Name of this kind of record in the model."),
    ] = "CustodyArrangement"
    guardian: Annotated[
        Reference,
        RefersTo("Guardian"),
        Element("Répondant", "Guardian", "The one of this child that the tie is with."),
    ]
    relation: Annotated[
        Coding,
        InSystem("guardian_relation"),
        Element("Lien", "Relation", "What the guardian is to the child."),
    ]
    parental_authority: Annotated[
        Coding,
        InSystem("parental_authority"),
        Element(
            "Autorité parentale",
            "Parental authority",
            "Of this guardian. Under 14, only a holder may consent (A-2.1; facts §8, C3).",
        ),
    ]
    custody: Annotated[
        Coding,
        InSystem("custody_arrangement"),
        Element("Garde", "Custody", "With whom the child lives; `not_stated` when nobody said."),
    ]
    limits: Annotated[
        tuple[Narrative, ...],
        Field(max_length=50),
        Element(
            "Limites",
            "Limits",
            "Restrictions of contact or information, as the board wrote them; opaque.",
            sensitivity="sensitive",
        ),
    ] = ()
    judgment: Annotated[
        Text | None,
        Element(
            "Jugement",
            "Judgment",
            "Number or date of the judgment or agreement, as filed; opaque.",
            sensitivity="sensitive",
        ),
    ] = None
    period: Annotated[Period, Element("Période", "Period", "When the arrangement holds; no end: still.")]
