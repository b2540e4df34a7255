"""Course: what is taught under a course code in one school year. Source: facts/quebec-education.md §6.1, §6.3, §7.

Refuses the same competency twice. The weight of the ministry exam is a parameter of the year and of the
competency: absent means unknown, and who needs it must refuse to compute.
"""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, StringConstraints, field_validator
from pydantic_core import PydanticCustomError

from canonical_model.base import Model, Record, Section, StartingYear, Text
from canonical_model.codings import Coding, InSystem
from canonical_model.decimals import DecimalText
from canonical_model.elements import Element
from canonical_model.identifiers import CourseCode, OrganizationCode


class Competency(Model):
    """One part of a course that is assessed apart, and may have an exam code of its own (132520)."""

    number: Annotated[
        str,
        StringConstraints(pattern=r"^[0-9A-Z]{1,4}(\.[0-9A-Z]{1,4})?$"),
        Element("Numéro de la compétence", "Competency number", "Within the course."),
    ]
    title: Annotated[Text, Element("Titre", "Title", "In French, as the programme writes it.")]
    english_title: Annotated[Text | None, Element("Titre anglais", "English title")] = None
    exam: Annotated[
        CourseCode | None,
        Element("Code de l'épreuve", "Exam code", "Of the ministry exam of this competency."),
    ] = None
    exam_weight: Annotated[
        Annotated[DecimalText, Field(ge=0, le=1, decimal_places=4)] | None,
        Element(
            "Poids de l'épreuve",
            "Exam weight",
            "Part of the final mark, 0 to 1, that year; absent: unknown, never a default.",
        ),
    ] = None


class Course(Record):
    """One course of one year. About no person: section ``enrolment``, for the reason that Organization gives."""

    SECTION: ClassVar[Section] = "enrolment"

    resource_type: Annotated[
        Literal["Course"], Element("Type de ressource", "Resource type", "Always ``Course``.")
    ] = "Course"
    code: Annotated[
        CourseCode, Element("Code de cours", "Course code", "Text: leading zeros and letters count.")
    ]
    school_year: Annotated[
        StartingYear, Element("Année scolaire", "School year", "The year in which it starts.")
    ]
    organization: Annotated[
        OrganizationCode | None,
        Element("Organisme", "Organization", "Whose own course it is; absent: a course of the ministry."),
    ] = None
    title: Annotated[Text, Element("Titre", "Title", "In French, as the source writes it.")]
    english_title: Annotated[Text | None, Element("Titre anglais", "English title")] = None
    sector: Annotated[
        Coding,
        InSystem("enrolment_type"),
        Element("Secteur", "Sector", "Youth, adult, vocational or college."),
    ]
    level: Annotated[
        Annotated[Coding, InSystem("school_level")] | None,
        Element("Niveau", "Level", "Of the youth sector; absent elsewhere."),
    ] = None
    units: Annotated[
        Annotated[DecimalText, Field(ge=0, le=100, decimal_places=2)] | None,
        Element("Unités", "Units", "Towards the diploma; a college's may have decimals."),
    ] = None
    hours: Annotated[
        Annotated[int, Field(ge=0, le=3000)] | None, Element("Heures", "Hours", "Planned hours of teaching.")
    ] = None
    is_ministry_exam: Annotated[
        bool, Element("Épreuve ministérielle", "Ministry exam", "Whether the course ends with one that year.")
    ] = False
    competencies: Annotated[
        tuple[Competency, ...],
        Field(max_length=20),
        Element("Compétences", "Competencies", "Those that are assessed apart."),
    ] = ()

    @field_validator("competencies")
    @classmethod
    def _each_once(cls, competencies: tuple[Competency, ...]) -> tuple[Competency, ...]:
        if len({item.number for item in competencies}) != len(competencies):
            raise PydanticCustomError("duplicate-item", "a competency is there twice")
        return competencies
