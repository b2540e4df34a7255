"""DifficultyDesignation: difficulty code, plan d'intervention, at-risk: three facts, none deduced from another.

A plan without a code is normal; a pupil at risk is not EHDAA (facts/quebec-education.md §9.1). The board
declares, the Ministry validates. The list of codes is dated; the historic 10 and 12 have no public meaning.
"""

from datetime import date
from typing import Annotated, ClassVar, Literal

from pydantic import model_validator
from pydantic_core import PydanticCustomError

from canonical_model.base import Section, StartingYear
from canonical_model.codings import Coding, InSystem
from canonical_model.elements import Element
from canonical_model.identifiers import OrganizationCode
from canonical_model.periods import Period
from canonical_model.subjects import Resource


class DifficultyDesignation(Resource):
    """None means that nobody said; false means that the board said no."""

    SECTION: ClassVar[Section] = "difficulty"
    CODED_ON: ClassVar[str | None] = "period.start"

    resource_type: Annotated[
        Literal["DifficultyDesignation"],
        Element("Ressource", "Resource", "Name of this kind of record in the model."),
    ] = "DifficultyDesignation"
    school: Annotated[OrganizationCode, Element("École", "School", "Official six-digit code.")]
    school_year: Annotated[
        StartingYear, Element("Année scolaire", "School year", "Named by its starting year.")
    ]
    difficulty: Annotated[
        Annotated[Coding, InSystem("difficulty_code")] | None,
        Element("Code de difficulté", "Difficulty code", "Of the yearly list; 99 is valid."),
    ] = None
    has_plan: Annotated[
        bool | None,
        Element(
            "Plan d'intervention", "Has a plan", "The flag of the annual file; the plan has its own resource."
        ),
    ] = None
    at_risk: Annotated[
        bool | None, Element("À risque", "At risk", "Not a designation: an at-risk pupil is not EHDAA.")
    ] = None
    validated_on: Annotated[
        date | None,
        Element("Validé le", "Validated on", "By the Ministry; none: declared by the board only."),
    ] = None
    period: Annotated[Period | None, Element("Période", "Period", "When it holds, if the board says so.")] = (
        None
    )

    @model_validator(mode="after")
    def _says_something(self) -> "DifficultyDesignation":
        if self.difficulty is None and self.has_plan is None and self.at_risk is None:
            raise PydanticCustomError("designation-empty", "the designation states none of its three facts")
        return self
