"""Calendar: what each day of a school year is, for one board, school or timetable grid.

Source: facts/legacy-systems.md §3 (gpm_t_cal, gpm_t_grille). Refuses days out of order, a day written twice,
a period without end, and a day outside it. A day that is not written is unknown, not closed.
"""

from datetime import date
from itertools import pairwise
from typing import Annotated, ClassVar, Literal

from pydantic import Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from canonical_model.base import Model, Record, Section, StartingYear
from canonical_model.codings import Coding, InSystem
from canonical_model.elements import Element
from canonical_model.identifiers import OrganizationCode
from canonical_model.periods import Period

CLASS_DAY = "class_day"


class CalendarDay(Model):
    """One day, and its place in the timetable's cycle when it is a class day."""

    day: Annotated[date, Element("Jour", "Day")]
    kind: Annotated[
        Coding,
        InSystem("school_day_kind"),
        Element("Sorte de jour", "Kind of day", "Class, pedagogical, break or closed."),
    ]
    cycle_day: Annotated[
        Annotated[int, Field(ge=1, le=30)] | None,
        Element("Jour-cycle", "Cycle day", "Day of the timetable's cycle; absent: none."),
    ] = None


class Calendar(Record):
    """One calendar. About no person: section ``enrolment``, for the reason that Organization gives."""

    SECTION: ClassVar[Section] = "enrolment"

    resource_type: Annotated[
        Literal["Calendar"], Element("Type de ressource", "Resource type", "Always ``Calendar``.")
    ] = "Calendar"
    organization: Annotated[
        OrganizationCode, Element("Organisme", "Organization", "The board or college that set it.")
    ]
    school: Annotated[
        OrganizationCode | None,
        Element("Établissement", "School", "Absent: for every school without a calendar of its own."),
    ] = None
    grid: Annotated[
        Annotated[str, StringConstraints(pattern=r"^[0-9A-Z]{1,10}$")] | None,
        Element("Grille-horaire", "Timetable grid", "The school's code; absent: for every grid."),
    ] = None
    school_year: Annotated[
        StartingYear, Element("Année scolaire", "School year", "The year in which it starts.")
    ]
    period: Annotated[Period, Element("Période", "Period", "Every day of it that matters is written.")]
    days: Annotated[
        tuple[CalendarDay, ...],
        Field(min_length=1, max_length=400),
        Element("Jours", "Days", "Each day once, in order."),
    ]

    @model_validator(mode="after")
    def _days_in_order_and_inside(self) -> "Calendar":
        days = [item.day for item in self.days]
        if any(later <= earlier for earlier, later in pairwise(days)):
            raise PydanticCustomError("days-out-of-order", "the days are not in order, each once")
        if self.period.end is None or days[0] < self.period.start or days[-1] >= self.period.end:
            raise PydanticCustomError("outside-school-year", "the period is open, or a day lies outside it")
        return self

    def kind(self, day: date) -> str | None:
        """The kind of `day`, or None when the calendar does not say it."""
        return next((item.kind.code for item in self.days if item.day == day), None)

    def class_days(self) -> int:
        """How many class days it holds."""
        return sum(item.kind.code == CLASS_DAY for item in self.days)
