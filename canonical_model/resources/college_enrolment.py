"""CollegeEnrolment: a student at one college for one term, in one programme (facts/quebec-education.md §7).

The layout of the college declaration is not public: funding source and special situations are opaque text.
"""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from canonical_model.base import Section, Text
from canonical_model.codings import Coding, InSystem
from canonical_model.elements import Element
from canonical_model.identifiers import CollegeProgramCode, OrganizationCode
from canonical_model.periods import Period
from canonical_model.subjects import Resource


class CollegeEnrolment(Resource):
    """`year` is the calendar year of the term: the winter term of 2026 is year 2026."""

    SECTION: ClassVar[Section] = "enrolment"
    CODED_ON: ClassVar[str | None] = "period.start"

    resource_type: Annotated[
        Literal["CollegeEnrolment"],
        Element("Ressource", "Resource", "Name of this kind of record in the model."),
    ] = "CollegeEnrolment"
    college: Annotated[
        OrganizationCode,
        Element("Collège", "College", "Six digits; never rolled up by prefix (Granby is 904001)."),
    ]
    year: Annotated[
        int, Field(ge=1990, le=2100), Element("Année", "Year", "Calendar year in which the term starts.")
    ]
    term: Annotated[Coding, InSystem("college_term"), Element("Session", "Term")]
    programme: Annotated[
        CollegeProgramCode,
        Element("Programme", "Programme", "NNN.XN, as 200.B0; attestation codes start with letters."),
    ]
    programme_title: Annotated[Text | None, Element("Titre du programme", "Programme title")] = None
    period: Annotated[
        Period | None, Element("Période", "Period", "When the student is enrolled, if the college says so.")
    ] = None
    funding: Annotated[
        Text | None,
        Element("Source de financement", "Funding source", "The declaration's own code; opaque."),
    ] = None
    mode: Annotated[
        Annotated[Coding, InSystem("study_mode")] | None,
        Element("Mode d'enseignement", "Mode", "In person or at a distance."),
    ] = None
    place: Annotated[
        Annotated[Coding, InSystem("study_place")] | None,
        Element("Lieu d'études", "Place of study", "Québec, elsewhere in Canada, outside Canada."),
    ] = None
    situations: Annotated[
        tuple[Text, ...],
        Field(max_length=50),
        Element("Situations particulières", "Special situations", "Flags of the declaration; opaque."),
    ] = ()
