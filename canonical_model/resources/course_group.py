"""CourseGroup: the pupils who take one course together at one school (facts/legacy-systems.md §3, gpm_t_mat_grp).

Other standards say *section*; here a section is a category of the dossier (design.md, Words). Refuses the
same teacher twice; holds no teacher's name, only the number by which the board knows them.
"""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, StringConstraints, field_validator
from pydantic_core import PydanticCustomError

from canonical_model.base import Record, Section, StartingYear
from canonical_model.elements import Element
from canonical_model.identifiers import CourseCode, OrganizationCode
from canonical_model.subjects import Identifier


class CourseGroup(Record):
    """One group. About no pupil in particular: section ``enrolment``, for the reason that Organization gives."""

    SECTION: ClassVar[Section] = "enrolment"

    resource_type: Annotated[
        Literal["CourseGroup"], Element("Type de ressource", "Resource type", "Always ``CourseGroup``.")
    ] = "CourseGroup"
    organization: Annotated[
        OrganizationCode, Element("Organisme", "Organization", "The board or college that said it.")
    ]
    school: Annotated[OrganizationCode, Element("Établissement", "School", "Where the course is given.")]
    school_year: Annotated[
        StartingYear, Element("Année scolaire", "School year", "The year in which it starts.")
    ]
    course: Annotated[CourseCode, Element("Cours", "Course", "Its code, that year.")]
    group: Annotated[
        str,
        StringConstraints(min_length=1, max_length=10),
        Element("Groupe", "Group", "As the school numbers it; a letter may mean a retake."),
    ]
    teachers: Annotated[
        tuple[Identifier, ...],
        Field(max_length=20),
        Element("Enseignants", "Teachers", "Employee numbers of the board; never a name."),
    ] = ()
    capacity: Annotated[
        Annotated[int, Field(ge=0, le=500)] | None, Element("Places", "Capacity", "Absent: not stated.")
    ] = None

    @field_validator("teachers")
    @classmethod
    def _each_once(cls, teachers: tuple[Identifier, ...]) -> tuple[Identifier, ...]:
        if len({(item.system, item.value) for item in teachers}) != len(teachers):
            raise PydanticCustomError("duplicate-item", "a teacher is named twice")
        return teachers
