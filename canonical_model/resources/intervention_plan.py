"""InterventionPlan: the plan d'intervention of one pupil, led by the principal (LIP, s. 96.14).

No layout is public (facts/legacy-systems.md §17): dates, participants, objectives, means and reviews, each in
the school's own words. It says nothing of a difficulty code: see DifficultyDesignation.
"""

from datetime import date
from typing import Annotated, ClassVar, Literal

from pydantic import Field, StringConstraints

from canonical_model.base import Model, Narrative, Section, Text
from canonical_model.elements import Element
from canonical_model.identifiers import OrganizationCode
from canonical_model.periods import Period
from canonical_model.subjects import Resource


class PlanParticipant(Model):
    """Somebody who took part in the plan."""

    function: Annotated[Text, Element("Fonction", "Function", "As principal, parent, remedial teacher.")]
    name: Annotated[Text | None, Element("Nom", "Name")] = None


class PlanObjective(Model):
    """What is aimed at, and the means."""

    objective: Annotated[Narrative, Element("Objectif", "Objective")]
    means: Annotated[tuple[Narrative, ...], Field(max_length=50), Element("Moyens", "Means")] = ()
    outcome: Annotated[Narrative | None, Element("Bilan", "Outcome", "At the last review.")] = None


class InterventionPlan(Resource):
    """One version of the plan; a revised plan is a new one, with its own period."""

    SECTION: ClassVar[Section] = "intervention_plan"
    CODED_ON: ClassVar[str | None] = "period.start"

    resource_type: Annotated[
        Literal["InterventionPlan"],
        Element("Ressource", "Resource", "Name of this kind of record in the model."),
    ] = "InterventionPlan"
    school: Annotated[OrganizationCode, Element("École", "School", "Official six-digit code.")]
    number: Annotated[
        str,
        StringConstraints(pattern=r"^[0-9A-Za-z-]{1,30}$"),
        Element("Numéro", "Number", "Unique within the board."),
    ]
    status: Annotated[Text | None, Element("État", "Status", "The system's own word; opaque.")] = None
    period: Annotated[Period, Element("Période", "Period", "From the day it was set up.")]
    participants: Annotated[
        tuple[PlanParticipant, ...], Field(max_length=50), Element("Participants", "Participants")
    ] = ()
    needs: Annotated[Narrative | None, Element("Besoins", "Needs", "Strengths and needs, as written.")] = None
    objectives: Annotated[
        tuple[PlanObjective, ...], Field(min_length=1, max_length=50), Element("Objectifs", "Objectives")
    ]
    adaptations: Annotated[
        tuple[Narrative, ...],
        Field(max_length=50),
        Element("Mesures d'adaptation", "Adaptations", "At school and for examinations, as written."),
    ] = ()
    reviewed_on: Annotated[tuple[date, ...], Field(max_length=50), Element("Révisions", "Reviewed on")] = ()
    next_review_on: Annotated[date | None, Element("Prochaine révision", "Next review on")] = None
