"""DiplomaProgress: a check list towards the secondary diploma on one day. It shows progress; it awards nothing.

Made by canonical_model.diploma from ministry results and the dated requirements of a regime
(facts/quebec-education.md §6.4). Only a Credential says that a diploma was granted.
"""

from datetime import date
from typing import Annotated, ClassVar, Literal

from pydantic import Field, StringConstraints

from canonical_model.base import Model, Section, Text
from canonical_model.codings import Coding, InSystem
from canonical_model.elements import Element
from canonical_model.identifiers import CourseCode
from canonical_model.subjects import Resource

Units = Annotated[int, Field(ge=0, le=500)]

ProgressWarning = Literal["part-below-floor", "units-unknown", "vocational-year-unknown"]


class DiplomaRequirement(Model):
    """One line of the check list."""

    requirement: Annotated[
        str,
        StringConstraints(pattern=r"^[a-z0-9_]{1,40}$"),
        Element("Exigence", "Requirement", "Its name in the parameters of the regime."),
    ]
    french: Annotated[Text, Element("Libellé français", "French label")]
    english: Annotated[Text, Element("Libellé anglais", "English label")]
    units_required: Annotated[Units, Element("Unités exigées", "Units required")]
    units_obtained: Annotated[Units, Element("Unités obtenues", "Units obtained", "Of passed courses.")]
    courses: Annotated[
        tuple[CourseCode, ...],
        Field(max_length=500),
        Element("Cours réussis", "Courses passed", "Those that count for this line."),
    ] = ()
    met: Annotated[bool, Element("Satisfaite", "Met", "Units obtained reach the units required.")]


class DiplomaProgress(Resource):
    """`complete` means that every line is met on `as_of`; the diploma is still the Ministry's to grant."""

    SECTION: ClassVar[Section] = "results_ministry"

    resource_type: Annotated[
        Literal["DiplomaProgress"],
        Element("Ressource", "Resource", "Name of this kind of record in the model."),
    ] = "DiplomaProgress"
    kind: Annotated[Coding, InSystem("credential_type"), Element("Diplôme visé", "Diploma aimed at")]
    regime: Annotated[
        str, StringConstraints(pattern=r"^[A-Z0-9]{1,4}$"), Element("Régime de sanction", "Regime")
    ]
    parameters: Annotated[
        str,
        StringConstraints(pattern=r"^\d{4}-\d{2}-\d{2}$"),
        Element("Version des exigences", "Version of the requirements", "Day they come into force."),
    ]
    as_of: Annotated[date, Element("En date du", "As of", "Results known on that day.")]
    requirements: Annotated[
        tuple[DiplomaRequirement, ...],
        Field(min_length=1, max_length=50),
        Element("Exigences", "Requirements", "One line each."),
    ]
    warnings: Annotated[
        tuple[ProgressWarning, ...],
        Field(max_length=50),
        Element(
            "Avertissements",
            "Warnings",
            "part-below-floor: an exam part of French 5 is under its floor. units-unknown: a passed course came "
            "without units and was not counted. vocational-year-unknown: vocational units are in the total only.",
        ),
    ] = ()
    complete: Annotated[bool, Element("Liste complète", "Complete", "Every line is met. Awards nothing.")]
