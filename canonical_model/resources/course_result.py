"""CourseResult: one mark of one pupil in one course at one step.

A result field holds numbers *and* codes; empty is not zero and not a failure
(facts/quebec-education.md §6.2). A retake stands beside the regular result, never over it.
"""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, StringConstraints

from canonical_model.base import Section, Text
from canonical_model.identifiers import CourseCode, OrganizationCode
from canonical_model.marks import Mark
from canonical_model.subjects import Resource


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
