"""Charge: what one payer owes for one child and one service of a school daycare.

Refuses an amount that is not the payer's share of quantity × price, and a part without right to the
Québec credit above the amount. Source: facts/billing-rl24.md §3, §12.
"""

from datetime import date
from decimal import Decimal
from typing import Annotated, ClassVar, Literal

from pydantic import Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from canonical_model.base import Section, Text
from canonical_model.codings import Coding, InSystem
from canonical_model.decimals import DecimalText
from canonical_model.elements import Element
from canonical_model.money import CENT, Due, rounded
from canonical_model.subjects import Resource


class Charge(Resource):
    """One line that can be billed; once billed, the invoice holds its own copy. Prices are exempt of sales tax."""

    SECTION: ClassVar[Section] = "finance"
    CODED_ON: ClassVar[str | None] = "service_on"

    resource_type: Annotated[
        Literal["Charge"], Element("Type de ressource", "Resource type", "Always ``Charge``.")
    ] = "Charge"
    number: Annotated[
        str,
        StringConstraints(pattern=r"^[0-9A-Z-]{1,30}$"),
        Element("Numéro du frais", "Charge number", "Unique within the board."),
    ]
    daycare: Annotated[
        str,
        StringConstraints(pattern=r"^[0-9A-Z]{1,10}$"),
        Element("Service de garde", "Daycare", "The board's code of the daycare."),
    ]
    payer: Annotated[
        str,
        StringConstraints(pattern=r"^[0-9A-Z]{1,20}$"),
        Element("Numéro du payeur", "Payer number", "The daycare's number of the payer; never a SIN."),
    ]
    service_on: Annotated[
        date,
        Element("Jour du service", "Day of service", "Its calendar year is the tax year, if it is paid."),
    ]
    fee_class: Annotated[
        Coding,
        InSystem("fee_class"),
        Element("Catégorie de frais", "Fee class", "Decides which part gives right to the Québec credit."),
    ]
    description: Annotated[Text | None, Element("Libellé", "Description", "As the invoice shows it.")] = None
    quantity: Annotated[
        DecimalText,
        Field(gt=0, le=400, decimal_places=2),
        Element("Quantité", "Quantity", "Days, or hours for extra hours."),
    ]
    unit_price: Annotated[Due, Element("Prix unitaire", "Unit price", "For one day or one hour.")]
    share: Annotated[
        DecimalText,
        Field(gt=0, le=100, decimal_places=2),
        Element("Part du payeur", "Payer's share", "Percent of quantity × price."),
    ] = Decimal(100)
    amount: Annotated[
        Due, Element("Montant", "Amount", "What this payer owes; a shared cent goes to the last payer.")
    ]
    non_eligible: Annotated[
        Due,
        Element(
            "Part non admissible",
            "Non-eligible part",
            "Part of the amount without right to the credit: box D.",
        ),
    ]

    @model_validator(mode="after")
    def _amounts_agree(self) -> "Charge":
        whole = rounded(self.quantity * self.unit_price.amount)
        if abs(self.amount.amount - whole * self.share / 100) > CENT:
            raise PydanticCustomError("charge-amount", "the amount is not the share of quantity times price")
        if self.non_eligible.amount > self.amount.amount:
            raise PydanticCustomError(
                "non-eligible-above-amount", "the non-eligible part is above the amount"
            )
        return self
