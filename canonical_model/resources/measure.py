"""Measure: what the school decided after a pupil's behaviour. Help for a difficulty is a SupportMeasure.

Two resources because they lie in two sections: who may read one need not read the other (design.md, *Sections*).
"""

from typing import Annotated, ClassVar, Literal

from pydantic import StringConstraints

from canonical_model.base import Narrative, Section, Text
from canonical_model.elements import Element
from canonical_model.identifiers import OrganizationCode
from canonical_model.periods import Period
from canonical_model.subjects import Resource


class Measure(Resource):
    """A support or a sanction. `event` is empty when the measure follows no single event."""

    SECTION: ClassVar[Section] = "behaviour"
    CODED_ON: ClassVar[str | None] = "period.start"

    resource_type: Annotated[
        Literal["Measure"], Element("Ressource", "Resource", "Name of this kind of record in the model.")
    ] = "Measure"
    school: Annotated[OrganizationCode, Element("École", "School", "Official six-digit code.")]
    event: Annotated[
        Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z-]{1,30}$")] | None,
        Element("Événement", "Event", "Number of the BehaviourEvent, in the same school."),
    ] = None
    kind: Annotated[Text, Element("Nature", "Kind", "The school's own word or code; opaque.")]
    description: Annotated[Narrative | None, Element("Description", "Description", "As written.")] = None
    period: Annotated[Period, Element("Période", "Period", "A measure of one day ends the day after.")]
