"""ChildcareDay: one child, one day at a school daycare, and what was used that day. Carries no price."""

from datetime import date
from decimal import Decimal
from typing import Annotated, ClassVar, Literal

from pydantic import Field, StringConstraints

from canonical_model.base import Section
from canonical_model.codings import Coding, InSystem
from canonical_model.decimals import DecimalText
from canonical_model.elements import Element
from canonical_model.subjects import Resource


class ChildcareDay(Resource):
    """`kind`: class day, pedagogical day or break day. `status`: regular or sporadic. `extra_hours`:
    beyond 5 h on a class day, 10 h on a pedagogical day. `outing`: took part in a paid outing.
    """

    SECTION: ClassVar[Section] = "childcare"
    CODED_ON: ClassVar[str | None] = "day"

    resource_type: Annotated[
        Literal["ChildcareDay"], Element("Ressource", "Resource", "Name of this kind of record in the model.")
    ] = "ChildcareDay"
    daycare: Annotated[
        str,
        StringConstraints(pattern=r"^[0-9A-Z]{1,10}$"),
        Element("Service de garde", "School daycare", "The daycare's number within the board."),
    ]
    day: Annotated[date, Element("Jour", "Day", "The day the child was there.")]
    kind: Annotated[
        Coding,
        InSystem("childcare_day_kind"),
        Element("Type de jour", "Kind of day", "Class day, pedagogical day or break day."),
    ]
    status: Annotated[
        Coding, InSystem("childcare_status"), Element("Statut", "Status", "Regular or sporadic.")
    ]
    extra_hours: Annotated[
        DecimalText,
        Field(ge=0, le=14, decimal_places=2),
        Element(
            "Heures supplémentaires",
            "Extra hours",
            "Hours beyond 5 on a class day, beyond 10 on a pedagogical day.",
        ),
    ] = Decimal(0)
    outing: Annotated[bool, Element("Sortie", "Outing", "Whether the child took part in a paid outing.")] = (
        False
    )
