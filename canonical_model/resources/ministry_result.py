"""MinistryResult: what the Ministry returned for one course at one sitting: five marks side by side.

School raw, school moderated, exam raw, exam converted, final (facts/quebec-education.md §6.1). The hub
stores them all and computes none of them: canonical_model.exam_marks compares and warns.
"""

from datetime import date
from typing import Annotated, ClassVar, Literal

from pydantic import AwareDatetime, Field, StringConstraints

from canonical_model.base import Section, StartingYear, Text
from canonical_model.codings import Coding, InSystem
from canonical_model.elements import Element
from canonical_model.identifiers import CourseCode, OrganizationCode
from canonical_model.marks import Mark
from canonical_model.subjects import Resource


class MinistryResult(Resource):
    """A mark that is absent is no result: not zero, not a failure. The same result may arrive several
    times: the latest `retrieved_at` counts.
    """

    SECTION: ClassVar[Section] = "results_ministry"
    CODED_ON: ClassVar[str | None] = "obtained_on"

    resource_type: Annotated[
        Literal["MinistryResult"],
        Element("Ressource", "Resource", "Name of this kind of record in the model."),
    ] = "MinistryResult"
    school: Annotated[
        OrganizationCode,
        Element("École", "School", "Official six-digit code; may be of a former board of the pupil."),
    ]
    school_year: Annotated[
        StartingYear,
        Element(
            "Année scolaire",
            "School year",
            "Named by its starting year. A January row whose raw school mark is RIN or empty is of the year before.",
        ),
    ]
    course: Annotated[
        CourseCode, Element("Cours", "Course", "Six characters; a part of an exam ends in 0 (132520).")
    ]
    competency: Annotated[
        Annotated[str, StringConstraints(pattern=r"^[0-9A-Z]{1,4}$")] | None,
        Element("Compétence", "Competency", "The one assessed, when the exam is not of the whole course."),
    ] = None
    group: Annotated[
        Annotated[str, StringConstraints(min_length=1, max_length=10)] | None,
        Element("Groupe", "Group", "As known to the Ministry; marks are moderated by group."),
    ] = None
    sitting_year: Annotated[
        int, Field(ge=1990, le=2101), Element("Année de la session", "Sitting year", "Calendar year.")
    ]
    sitting_month: Annotated[
        int,
        Field(ge=1, le=12),
        Element("Mois de la session", "Sitting month", "1 January, 6 June, 8 August."),
    ]
    school_raw: Annotated[
        Mark | None, Element("Note école brute", "School mark, raw", "As the school sent it.")
    ] = None
    school_moderated: Annotated[
        Mark | None,
        Element(
            "Note école modérée",
            "School mark, moderated",
            "Moderated by group, on mean and spread; may go up or down.",
        ),
    ] = None
    exam_raw: Annotated[Mark | None, Element("Note d'épreuve brute", "Exam mark, raw")] = None
    exam_converted: Annotated[
        Mark | None,
        Element("Note d'épreuve convertie", "Exam mark, converted", "Conversion only raises a mark."),
    ] = None
    final: Annotated[
        Mark | None, Element("Note finale", "Final mark", "As the Ministry returned it; pass mark 60.")
    ] = None
    outcome: Annotated[
        Annotated[Coding, InSystem("ministry_outcome")] | None,
        Element("Indicateur de réussite", "Outcome", "R or RE: passed. None: the Ministry did not say."),
    ] = None
    units: Annotated[
        Annotated[int, Field(ge=0, le=30)] | None,
        Element("Unités", "Units", "None for a part of an exam or a competency."),
    ] = None
    regime: Annotated[
        Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{1,4}$")] | None,
        Element("Régime de sanction", "Certification regime", "J5 for the secondary diploma of youth."),
    ] = None
    sector: Annotated[
        Annotated[Coding, InSystem("enrolment_type")] | None,
        Element("Secteur", "Sector", "Youth, adult or vocational; none: the source does not say."),
    ] = None
    obtained_on: Annotated[date | None, Element("Date d'obtention", "Obtained on")] = None
    retrieved_at: Annotated[
        AwareDatetime, Element("Récupéré le", "Retrieved at", "When the board received it.")
    ]
    name_at_ministry: Annotated[
        Text | None,
        Element(
            "Nom connu du Ministère",
            "Name known to the Ministry",
            "As in Ariane; kept beside the board's own.",
            section="identity",
        ),
    ] = None
