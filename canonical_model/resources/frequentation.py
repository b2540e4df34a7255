"""Frequentation: one attendance declared to the Ministry through Jade; several in one year are normal.

``FIN`` is the enrolment counted and financed at 30 September, one per year; ``FRE`` is attended and must
not overlap (facts/legacy-systems.md §5). What contradicts another is listed by canonical_model.frequentations
and kept as it came: this class refuses no frequentation because of another.
"""

from datetime import date
from typing import Annotated, ClassVar, Literal

from pydantic import Field, StringConstraints

from canonical_model.base import Section, StartingYear, Text
from canonical_model.codings import Coding, InSystem
from canonical_model.elements import Element
from canonical_model.identifiers import OrganizationCode
from canonical_model.periods import Period
from canonical_model.subjects import Resource


class Frequentation(Resource):
    """Youth, adult or vocational. `number` tells the frequentations of one pupil in one year apart."""

    SECTION: ClassVar[Section] = "enrolment"
    CODED_ON: ClassVar[str | None] = "period.start"

    resource_type: Annotated[
        Literal["Frequentation"],
        Element("Ressource", "Resource", "Name of this kind of record in the model."),
    ] = "Frequentation"
    school_year: Annotated[
        StartingYear, Element("Année scolaire", "School year", "Named by its starting year.")
    ]
    number: Annotated[
        int,
        Field(ge=1, le=99),
        Element("Numéro", "Number", "Increment inside the year, as Jade gives it (`freq`)."),
    ]
    kind: Annotated[
        Coding,
        InSystem("frequentation_kind"),
        Element("Type", "Kind", "FIN: counted and financed at 30 September. FRE: attended."),
    ]
    period: Annotated[
        Period, Element("Période", "Period", "An empty end in Jade stays open: never today, never 30 June.")
    ]
    school: Annotated[
        OrganizationCode, Element("Établissement", "School or centre", "Official six-digit code.")
    ]
    building: Annotated[
        Text | None, Element("Immeuble", "Building", "May be numbered under another board; opaque.")
    ] = None
    sector: Annotated[
        Annotated[Coding, InSystem("enrolment_type")] | None,
        Element("Secteur", "Sector", "Youth, adult or vocational; none: the source does not say."),
    ] = None
    client: Annotated[
        Annotated[Coding, InSystem("client")] | None,
        Element(
            "Clientèle",
            "Client",
            "Adult general or vocational; the youth code is not public. Absent: not stated.",
        ),
    ] = None
    training_path: Annotated[
        Annotated[Coding, InSystem("training_path")] | None,
        Element("Parcours", "Training path", "Prework or semiskilled trade; absent: not stated, or neither."),
    ] = None
    programme: Annotated[
        Text | None, Element("Programme", "Programme", "The board's programme code; opaque.")
    ] = None
    teaching_service: Annotated[
        Text | None,
        Element("Service d'enseignement", "Teaching service", "Jade list X_ServiceEnseign; opaque."),
    ] = None
    finished_on: Annotated[
        date | None,
        Element(
            "Fin déclarée (SIFCA)",
            "Declared end (SIFCA)",
            "Adult and vocational: empty means in progress, filled means finished.",
        ),
    ] = None
    departure_reason: Annotated[
        Annotated[str, StringConstraints(min_length=1, max_length=10)] | None,
        Element("Motif de départ", "Departure reason", "The board's own code; opaque."),
    ] = None
