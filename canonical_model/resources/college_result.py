"""CollegeResult: one course of one student at one college, one term: a result, a remark, or both.

Pass mark 60 %. Remark codes (EQ, DI, SU, IN, IT …) have no public meaning: opaque. The cote R needs
statistics of the group: it is transported, never computed (facts/quebec-education.md §7).
"""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from canonical_model.base import Section, Text
from canonical_model.codings import Coding, InSystem
from canonical_model.decimals import DecimalText
from canonical_model.elements import Element
from canonical_model.identifiers import OrganizationCode
from canonical_model.subjects import Resource

Percent = Annotated[DecimalText, Field(ge=0, le=100, decimal_places=2)]


class CollegeResult(Resource):
    """`year` is the calendar year of the term."""

    SECTION: ClassVar[Section] = "results_local"

    resource_type: Annotated[
        Literal["CollegeResult"],
        Element("Ressource", "Resource", "Name of this kind of record in the model."),
    ] = "CollegeResult"
    college: Annotated[
        OrganizationCode, Element("Collège", "College", "Six digits; never rolled up by prefix.")
    ]
    year: Annotated[
        int, Field(ge=1990, le=2100), Element("Année", "Year", "Calendar year in which the term starts.")
    ]
    term: Annotated[Coding, InSystem("college_term"), Element("Session", "Term")]
    course: Annotated[
        str,
        StringConstraints(pattern=r"^[0-9]{3}-[0-9A-Z]{3}-[A-Z]{2}$"),
        Element("Cours", "Course", "PPP-CCC-XX: discipline, course, college or MQ."),
    ]
    course_title: Annotated[Text | None, Element("Titre du cours", "Course title")] = None
    group: Annotated[
        Annotated[str, StringConstraints(min_length=1, max_length=10)] | None, Element("Groupe", "Group")
    ] = None
    units: Annotated[
        Annotated[DecimalText, Field(ge=0, le=30, decimal_places=2)] | None,
        Element("Unités", "Units", "One unit is 45 hours of learning."),
    ] = None
    result: Annotated[Percent | None, Element("Note", "Result", "On 100; pass mark 60.")] = None
    remark: Annotated[
        Annotated[str, StringConstraints(pattern=r"^[A-Z]{1,4}$")] | None,
        Element("Remarque", "Remark", "Code of the college network (EQ, DI …); opaque."),
    ] = None
    remark_in_list: Annotated[
        Annotated[Coding, InSystem("result_remark_college")] | None,
        Element(
            "Remarque de la liste",
            "Remark of the list",
            "The same remark, where the site's list has it; the list alone says whether it counts as success.",
        ),
    ] = None
    group_mean: Annotated[Percent | None, Element("Moyenne du groupe", "Group mean", "On 100.")] = None
    cote_r: Annotated[
        Annotated[DecimalText, Field(ge=0, le=50, decimal_places=3)] | None,
        Element("Cote R", "Cote R", "0 to 50, as received. The hub never computes it."),
    ] = None

    @model_validator(mode="after")
    def _says_something(self) -> "CollegeResult":
        if self.result is None and self.remark is None and self.remark_in_list is None:
            raise PydanticCustomError("result-or-remark", "a college result has a result or a remark")
        if self.remark and self.remark_in_list and self.remark_in_list.code != self.remark:
            raise PydanticCustomError("remark-disagrees", "the remark and its code in the list differ")
        return self
