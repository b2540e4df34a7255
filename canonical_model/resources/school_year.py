"""SchoolYear: one school year of one body, named by its starting year. Source: facts/quebec-education.md §4.

An explicit entity, for month rules differ from system to system. Refuses an open year, one that does not
hold its census day, and another census day than 30 September.
"""

from datetime import date
from typing import Annotated, ClassVar, Literal

from pydantic import model_validator
from pydantic_core import PydanticCustomError

from canonical_model.base import Record, Section, StartingYear
from canonical_model.elements import Element
from canonical_model.identifiers import OrganizationCode
from canonical_model.periods import Period

LONGEST = 366  # days


class SchoolYear(Record):
    """2025 is 2025-2026. About no person: section ``enrolment``, for the reason that Organization gives."""

    SECTION: ClassVar[Section] = "enrolment"

    resource_type: Annotated[
        Literal["SchoolYear"], Element("Type de ressource", "Resource type", "Always ``SchoolYear``.")
    ] = "SchoolYear"
    organization: Annotated[
        OrganizationCode, Element("Organisme", "Organization", "The board or college whose year it is.")
    ]
    school_year: Annotated[
        StartingYear, Element("Année scolaire", "School year", "The year in which it starts.")
    ]
    period: Annotated[Period, Element("Période", "Period", "Its first day, and the first day after it.")]
    census_day: Annotated[
        date, Element("Jour du recensement", "Census day", "30 September of the starting year.")
    ]
    forecast: Annotated[
        bool,
        Element("Année de prévision", "Forecast", "A year that a board prepares; never read as current."),
    ] = False

    @model_validator(mode="after")
    def _one_year_around_its_census(self) -> "SchoolYear":
        if self.census_day != date(self.school_year, 9, 30):
            raise PydanticCustomError("census-day", "the census day is 30 September of the starting year")
        start, end = self.period.start, self.period.end
        if end is None or not start <= self.census_day < end or (end - start).days > LONGEST:
            raise PydanticCustomError("outside-school-year", "the period is not one year around the census")
        return self

    def holds(self, day: date) -> bool:
        """Whether `day` is of this school year."""
        return self.period.holds(day)
