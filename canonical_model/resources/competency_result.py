"""CompetencyResult: one mark of one pupil for one competency of a course, at a step or at the end of the year.

GPI holds them beside the course's own marks (facts/legacy-systems.md §3, `gpm_e_obj`). Empty is not zero.
"""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, StringConstraints

from canonical_model.base import Section, StartingYear, Text
from canonical_model.elements import Element
from canonical_model.identifiers import CourseCode, OrganizationCode
from canonical_model.marks import Mark
from canonical_model.subjects import Resource


class CompetencyResult(Resource):
    """A retake stands beside the regular result, never over it."""

    SECTION: ClassVar[Section] = "results_local"

    resource_type: Annotated[
        Literal["CompetencyResult"],
        Element("Ressource", "Resource", "Name of this kind of record in the model."),
    ] = "CompetencyResult"
    school: Annotated[OrganizationCode, Element("École", "School", "Official six-digit code.")]
    school_year: Annotated[
        StartingYear, Element("Année scolaire", "School year", "Named by its starting year.")
    ]
    course: Annotated[CourseCode, Element("Cours", "Course", "Text: leading zeros count.")]
    competency: Annotated[
        str,
        StringConstraints(pattern=r"^[0-9A-Z]{1,4}(\.[0-9A-Z]{1,4})?$"),
        Element("Compétence", "Competency", "Number within the course; 1.2 is a sub-level of 1."),
    ]
    competency_title: Annotated[Text | None, Element("Titre de la compétence", "Competency title")] = None
    group: Annotated[
        str, StringConstraints(min_length=1, max_length=10), Element("Groupe", "Group", "Local code.")
    ]
    step: Annotated[
        Annotated[int, Field(ge=1, le=30)] | None,
        Element(
            "Étape", "Step", "Position of the step in the year, 1 to 30; none: final mark of the competency."
        ),
    ] = None
    mark: Annotated[Mark, Element("Résultat", "Mark")]
    is_retake: Annotated[
        bool, Element("Reprise", "Retake", "The group's code starts with a letter in GPI.")
    ] = False
