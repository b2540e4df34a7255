"""CourseResult: one mark of one pupil in one course at one step.

A result field holds numbers *and* codes; empty is not zero and not a failure
(facts/quebec-education.md §6.2). A retake stands beside the regular result, never over it.
"""

from decimal import Decimal
from typing import Annotated, ClassVar, Literal

from pydantic import Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from canonical_model.base import Model, Resource, Section, Text
from canonical_model.codings import Coding, InSystem
from canonical_model.identifiers import CourseCode, OrganizationCode


class Mark(Model):
    """A number on the scale of 100, or a code of the yearly list: exactly one of the two."""

    number: Annotated[Decimal, Field(ge=0, le=100, decimal_places=2)] | None = None
    code: Annotated[Coding, InSystem("result_code")] | None = None

    @model_validator(mode="after")
    def _one_of_two(self) -> "Mark":
        if (self.number is None) == (self.code is None):
            raise PydanticCustomError("mark-number-or-code", "a mark is a number or a code")
        return self


class CourseResult(Resource):
    """`step` is the position of the step in the year (1 to 30), as the school numbers them."""

    SECTION: ClassVar[Section] = "results_local"

    resource_type: Literal["CourseResult"] = "CourseResult"
    school: OrganizationCode
    school_year: Annotated[int, Field(ge=1990, le=2100)]
    course: CourseCode
    course_title: Text | None = None
    group: Annotated[str, StringConstraints(min_length=1, max_length=10)]
    step: Annotated[int, Field(ge=1, le=30)]
    mark: Mark
    units: Annotated[int, Field(ge=0, le=30)] | None = None
    is_retake: bool = False
