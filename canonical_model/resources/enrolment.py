"""Enrolment: a pupil at one school for one school year (a GPI annual file). The census day is 30 September."""

from datetime import date
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from canonical_model.base import Section, Text
from canonical_model.codings import Coding, InSystem
from canonical_model.elements import Element
from canonical_model.identifiers import OrganizationCode
from canonical_model.periods import Period
from canonical_model.subjects import Resource


class Enrolment(Resource):
    """`school_year` is named by its starting year. `period` is half-open; no end means still there."""

    SECTION: ClassVar[Section] = "enrolment"
    CODED_ON: ClassVar[str | None] = "period.start"

    resource_type: Annotated[
        Literal["Enrolment"], Element("Ressource", "Resource", "Name of this kind of record in the model.")
    ] = "Enrolment"
    school: Annotated[
        OrganizationCode, Element("École", "School", "Official six-digit code of the organization.")
    ]
    school_year: Annotated[
        int,
        Field(ge=1990, le=2100),
        Element("Année scolaire", "School year", "Named by its starting year: 2025 is 2025-2026."),
    ]
    level: Annotated[
        Coding, InSystem("school_level"), Element("Niveau", "Level", "Preschool to fifth secondary.")
    ]
    period: Annotated[
        Period,
        Element("Période de fréquentation", "Attendance period", "Half-open; no end means still there."),
    ]
    home_group: Annotated[
        Text | None, Element("Groupe-repère", "Home group", "The school's own name of the class.")
    ] = None
    education_order: Annotated[
        Annotated[Coding, InSystem("education_order")] | None,
        Element(
            "Ordre d'enseignement", "Order of teaching", "As the annual file says it; absent: not stated."
        ),
    ] = None
    level_group: Annotated[
        Annotated[Coding, InSystem("level_group")] | None,
        Element(
            "Cycle",
            "Cycle",
            "Order and cycle of the annual file, where a class has several; absent: not stated.",
        ),
    ] = None
    training_path: Annotated[
        Annotated[Coding, InSystem("training_path")] | None,
        Element("Parcours", "Training path", "Prework or semiskilled trade; absent: not stated, or neither."),
    ] = None

    def held_on(self, day: date) -> bool:
        """Whether the pupil was enrolled on `day`."""
        return self.period.holds(day)
