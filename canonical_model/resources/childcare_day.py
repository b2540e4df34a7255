"""ChildcareDay: one child, one day at a school daycare, and what was used that day. Carries no price."""

from datetime import date
from decimal import Decimal
from typing import Annotated, ClassVar, Literal

from pydantic import Field, StringConstraints

from canonical_model.base import Section
from canonical_model.codings import Coding, InSystem
from canonical_model.subjects import Resource


class ChildcareDay(Resource):
    """`kind`: class day, pedagogical day or break day. `status`: regular or sporadic. `extra_hours`:
    beyond 5 h on a class day, 10 h on a pedagogical day. `outing`: took part in a paid outing.
    """

    SECTION: ClassVar[Section] = "childcare"

    resource_type: Literal["ChildcareDay"] = "ChildcareDay"
    daycare: Annotated[str, StringConstraints(pattern=r"^[0-9A-Z]{1,10}$")]
    day: date
    kind: Annotated[Coding, InSystem("childcare_day_kind")]
    status: Annotated[Coding, InSystem("childcare_status")]
    extra_hours: Annotated[Decimal, Field(ge=0, le=14, decimal_places=2)] = Decimal(0)
    outing: bool = False
