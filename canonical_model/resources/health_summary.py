"""HealthSummary: the fiche santé of one pupil for one school year: what staff must know to act. No medical record.

A RAMQ number has the shape of a code permanent and is another number: it stands in `subject` under ``ramq``,
by the source's column, never by its shape (facts/quebec-education.md §1.3).
"""

from datetime import date
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from canonical_model.base import Model, Narrative, Section, StartingYear, Text
from canonical_model.elements import Element
from canonical_model.subjects import Resource


class HealthCondition(Model):
    """One thing to know, and what to do."""

    condition: Annotated[Text, Element("Condition", "Condition", "As the family wrote it; opaque.")]
    is_allergy: Annotated[bool, Element("Allergie", "Allergy")] = False
    medication: Annotated[Text | None, Element("Médicament", "Medication")] = None
    instructions: Annotated[
        Narrative | None, Element("Conduite à tenir", "Instructions", "In an emergency.")
    ] = None


class HealthSummary(Resource):
    """No condition means that the family declared none; no resource means that nobody asked."""

    SECTION: ClassVar[Section] = "health"
    CODED_ON: ClassVar[str | None] = "declared_on"

    resource_type: Annotated[
        Literal["HealthSummary"],
        Element("Ressource", "Resource", "Name of this kind of record in the model."),
    ] = "HealthSummary"
    school_year: Annotated[
        StartingYear, Element("Année scolaire", "School year", "Named by its starting year.")
    ]
    declared_on: Annotated[date, Element("Déclaré le", "Declared on", "By the family or the pupil.")]
    conditions: Annotated[
        tuple[HealthCondition, ...], Field(max_length=50), Element("Conditions", "Conditions")
    ] = ()
    emergency_care: Annotated[
        bool | None,
        Element("Soins d'urgence autorisés", "Emergency care allowed", "None: the question had no answer."),
    ] = None
