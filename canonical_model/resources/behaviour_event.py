"""BehaviourEvent: what the school wrote down about one pupil's behaviour on one day. Names no other pupil.

No public list of kinds exists (facts/quebec-education.md §9.3): the school's words stand beside three broad ones.
Bullying and violence have their own, restricted, resource: BullyingReport.
"""

from datetime import date
from typing import Annotated, ClassVar, Literal

from pydantic import StringConstraints

from canonical_model.base import Narrative, Section, Text
from canonical_model.codings import Coding, InSystem
from canonical_model.elements import Element
from canonical_model.identifiers import OrganizationCode
from canonical_model.subjects import Resource


class BehaviourEvent(Resource):
    """`number` is the school's; a Measure taken after the event names it."""

    SECTION: ClassVar[Section] = "behaviour"
    CODED_ON: ClassVar[str | None] = "day"

    resource_type: Annotated[
        Literal["BehaviourEvent"],
        Element("Ressource", "Resource", "Name of this kind of record in the model."),
    ] = "BehaviourEvent"
    school: Annotated[OrganizationCode, Element("École", "School", "Official six-digit code.")]
    number: Annotated[
        str,
        StringConstraints(pattern=r"^[0-9A-Za-z-]{1,30}$"),
        Element("Numéro", "Number", "Unique within the school."),
    ]
    day: Annotated[date, Element("Jour", "Day", "When it happened.")]
    kind: Annotated[Coding, InSystem("behaviour_kind"), Element("Nature", "Kind")]
    local_kind: Annotated[
        Text | None, Element("Nature (école)", "Kind (school)", "The school's own word or code; opaque.")
    ] = None
    place: Annotated[Text | None, Element("Lieu", "Place")] = None
    description: Annotated[Narrative, Element("Description", "Description", "As written; opaque.")]
    reported_by: Annotated[
        Text | None, Element("Signalé par", "Reported by", "The person's function, not the name.")
    ] = None
