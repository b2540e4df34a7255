"""Payment: money a payer gave for one child's daycare. A refund is not a payment and has its own kind later."""

from datetime import date
from typing import Annotated, ClassVar, Literal

from pydantic import StringConstraints

from canonical_model.base import Section
from canonical_model.codings import Coding, InSystem
from canonical_model.money import Money
from canonical_model.subjects import Resource


class Payment(Resource):
    """`number`: the daycare's receipt number, unique within the board. The year that counts for tax
    is that of the days it pays, oldest first, not `paid_on`.
    """

    SECTION: ClassVar[Section] = "finance"

    resource_type: Literal["Payment"] = "Payment"
    daycare: Annotated[str, StringConstraints(pattern=r"^[0-9A-Z]{1,10}$")]
    number: Annotated[str, StringConstraints(pattern=r"^[0-9A-Z-]{1,20}$")]
    payer: Annotated[str, StringConstraints(pattern=r"^[0-9A-Z]{1,20}$")]
    paid_on: date
    amount: Money
    channel: Annotated[Coding, InSystem("payment_channel")]
