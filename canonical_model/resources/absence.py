"""Absence: one pupil, one period of one day (or the whole of it), and how the school counts it. Lateness too.

GPI writes one row a period (facts/legacy-systems.md §3, Absences). Reasons are local codes of one school
and one year: opaque, never compared between boards.
"""

from datetime import date
from typing import Annotated, ClassVar, Literal

from pydantic import Field, StringConstraints

from canonical_model.base import Section, Text
from canonical_model.codings import Coding, InSystem
from canonical_model.elements import Element
from canonical_model.identifiers import CourseCode, OrganizationCode
from canonical_model.subjects import Resource


class Absence(Resource):
    """Periods are kept; whether they make a whole day is for the reader, with the day's timetable."""

    SECTION: ClassVar[Section] = "attendance"
    CODED_ON: ClassVar[str | None] = "day"

    resource_type: Annotated[
        Literal["Absence"], Element("Ressource", "Resource", "Name of this kind of record in the model.")
    ] = "Absence"
    school: Annotated[OrganizationCode, Element("École", "School", "Official six-digit code.")]
    day: Annotated[date, Element("Jour", "Day")]
    timetable_period: Annotated[
        Annotated[int, Field(ge=1, le=20)] | None,
        Element("Période", "Period", "Position in the day's timetable, 1 to 20; none: the whole day."),
    ] = None
    kind: Annotated[
        Annotated[Coding, InSystem("absence_kind")] | None,
        Element("Nature", "Kind", "Justified, unjustified or late; none: the school does not count it."),
    ] = None
    reason: Annotated[
        Annotated[str, StringConstraints(min_length=1, max_length=20)] | None,
        Element("Motif", "Reason", "The school's own code; opaque."),
    ] = None
    reason_label: Annotated[Text | None, Element("Libellé du motif", "Reason label", "The school's.")] = None
    course: Annotated[CourseCode | None, Element("Cours", "Course", "The one missed, when known.")] = None
