"""Payment: money a payer gave for one child's daycare. A refund is not a payment and has its own kind later."""

from datetime import date
from typing import Annotated, ClassVar, Literal

from pydantic import StringConstraints

from canonical_model.base import Section
from canonical_model.codings import Coding, InSystem
from canonical_model.elements import Element
from canonical_model.money import Money
from canonical_model.subjects import Resource


class Payment(Resource):
    """`number`: the daycare's receipt number, unique within the board. The year that counts for tax
    is that of the days it pays, oldest first, not `paid_on`.
    """

    SECTION: ClassVar[Section] = "finance"
    CODED_ON: ClassVar[str | None] = "paid_on"

    resource_type: Annotated[
        Literal["Payment"], Element("Ressource", "Resource", "Name of this kind of record in the model.")
    ] = "Payment"
    daycare: Annotated[
        str,
        StringConstraints(pattern=r"^[0-9A-Z]{1,10}$"),
        Element("Service de garde", "School daycare", "The daycare's number within the board."),
    ]
    number: Annotated[
        str,
        StringConstraints(pattern=r"^[0-9A-Z-]{1,20}$"),
        Element("Numéro de reçu", "Receipt number", "The daycare's own, unique within the board."),
    ]
    payer: Annotated[
        str,
        StringConstraints(pattern=r"^[0-9A-Z]{1,20}$"),
        Element("Numéro du payeur", "Payer number", "The daycare's own number of who pays."),
    ]
    paid_on: Annotated[
        date, Element("Payé le", "Paid on", "Not what decides the tax year: the days it pays do.")
    ]
    amount: Annotated[Money, Element("Montant", "Amount", "What was paid; a refund is not a payment.")]
    channel: Annotated[
        Coding,
        InSystem("payment_channel"),
        Element("Mode de paiement", "Channel", "Bank, counter, cheque, preauthorized."),
    ]
