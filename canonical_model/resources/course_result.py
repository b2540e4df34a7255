"""CourseResult: one mark of one pupil in one course at one step.

A result field holds numbers *and* codes; empty is not zero and not a failure
(facts/quebec-education.md §6.2). A retake stands beside the regular result, never over it.
"""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, StringConstraints

from canonical_model.base import Section, Text
from canonical_model.codings import Coding, InSystem
from canonical_model.elements import Element
from canonical_model.identifiers import CourseCode, OrganizationCode
from canonical_model.marks import Mark
from canonical_model.subjects import Resource


class CourseResult(Resource):
    """`step` is the position of the step in the year (1 to 30), as the school numbers them."""

    SECTION: ClassVar[Section] = "results_local"

    resource_type: Annotated[
        Literal["CourseResult"], Element("Ressource", "Resource", "Name of this kind of record in the model.")
    ] = "CourseResult"
    school: Annotated[
        OrganizationCode, Element("École", "School", "Official six-digit code of the organization.")
    ]
    school_year: Annotated[
        int,
        Field(ge=1990, le=2100),
        Element("Année scolaire", "School year", "Named by its starting year: 2025 is 2025-2026."),
    ]
    course: Annotated[CourseCode, Element("Cours", "Course", "Ministry or local code: 132506, FRA600.")]
    course_title: Annotated[
        Text | None, Element("Titre du cours", "Course title", "As the school writes it.")
    ] = None
    group: Annotated[
        str,
        StringConstraints(min_length=1, max_length=10),
        Element("Groupe", "Group", "The school's own number of the course group."),
    ]
    step: Annotated[
        int,
        Field(ge=1, le=30),
        Element("Étape", "Step", "Position in the year, 1 to 30, as the school numbers its steps."),
    ]
    mark: Annotated[
        Mark, Element("Résultat", "Mark", "A number on 100 or a code of the yearly list; never both.")
    ]
    course_state: Annotated[
        Annotated[Coding, InSystem("course_state")] | None,
        Element(
            "État du cours",
            "Course state",
            "Of the pupil's place in the course (`etat`); absent: not stated.",
        ),
    ] = None
    units: Annotated[
        Annotated[int, Field(ge=0, le=30)] | None,
        Element("Unités", "Units", "Credits toward a diploma, when the course carries some."),
    ] = None
    is_retake: Annotated[
        bool,
        Element(
            "Reprise", "Retake", "Whether the result is that of a retake; it stands beside the regular one."
        ),
    ] = False
