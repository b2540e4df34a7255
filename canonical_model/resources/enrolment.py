"""Enrolment: a pupil at one school for one school year (a GPI annual file). The census day is 30 September."""

from datetime import date
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from canonical_model.base import Section, Text
from canonical_model.codings import Coding, InSystem
from canonical_model.identifiers import OrganizationCode
from canonical_model.periods import Period
from canonical_model.subjects import Resource


class Enrolment(Resource):
    """`school_year` is named by its starting year. `period` is half-open; no end means still there."""

    SECTION: ClassVar[Section] = "enrolment"

    resource_type: Literal["Enrolment"] = "Enrolment"
    school: OrganizationCode
    school_year: Annotated[int, Field(ge=1990, le=2100)]
    level: Annotated[Coding, InSystem("school_level")]
    period: Period
    home_group: Text | None = None

    def held_on(self, day: date) -> bool:
        """Whether the pupil was enrolled on `day`."""
        return self.period.holds(day)
