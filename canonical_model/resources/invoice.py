"""Invoice: what was asked of one payer on one day. It copies what it shows and cannot change.

A mistake is mended by a credit note, never by another text of the same number. The total is the sum
of the lines. Source: facts/billing-rl24.md §14, §15; child care is exempt of GST and QST.
"""

from datetime import date
from decimal import Decimal
from typing import Annotated, ClassVar, Literal

from pydantic import Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from canonical_model.base import Model, Record, Section, Text
from canonical_model.codings import Coding, InSystem
from canonical_model.decimals import DecimalText
from canonical_model.elements import Element
from canonical_model.identifiers import OrganizationCode, PostalCode
from canonical_model.money import Due
from canonical_model.periods import Period
from canonical_model.subjects import Identifier

_Number = Annotated[str, StringConstraints(pattern=r"^[0-9A-Z-]{1,30}$")]


class InvoiceLine(Model):
    """One charge as it was on the day of the invoice: a copy, not a link."""

    charge: Annotated[_Number, Element("Numéro du frais", "Charge number", "Where the line comes from.")]
    subject: Annotated[
        tuple[Identifier, ...],
        Field(min_length=1, max_length=10),
        Element("Enfant", "Child", "What the source calls the child."),
    ]
    child_name: Annotated[Text, Element("Nom de l'enfant", "Child's name", "As the invoice shows it.")]
    service_on: Annotated[date, Element("Jour du service", "Day of service")]
    fee_class: Annotated[Coding, InSystem("fee_class"), Element("Catégorie de frais", "Fee class")]
    description: Annotated[Text, Element("Libellé", "Description", "As the invoice shows it.")]
    quantity: Annotated[
        DecimalText,
        Field(gt=0, le=400, decimal_places=2),
        Element("Quantité", "Quantity", "Days, or hours for extra hours."),
    ]
    unit_price: Annotated[Due, Element("Prix unitaire", "Unit price", "For one day or one hour.")]
    amount: Annotated[Due, Element("Montant", "Amount", "The payer's share of quantity × price.")]


class Invoice(Record):
    """An invoice or a credit note. The amounts of a credit note are positive: its kind says which way they go."""

    SECTION: ClassVar[Section] = "finance"

    resource_type: Annotated[
        Literal["Invoice"], Element("Type de ressource", "Resource type", "Always ``Invoice``.")
    ] = "Invoice"
    organization: Annotated[
        OrganizationCode, Element("Organisme", "Organization", "Six-digit code of the board that invoices.")
    ]
    number: Annotated[
        _Number, Element("Numéro de facture", "Invoice number", "Unique within the board; never used again.")
    ]
    kind: Annotated[Coding, InSystem("invoice_kind"), Element("Genre", "Kind", "Invoice or credit note.")]
    credited_invoice: Annotated[
        _Number | None,
        Element("Facture créditée", "Credited invoice", "Number of the invoice that a credit note mends."),
    ] = None
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
    payer_name: Annotated[Text, Element("Nom du payeur", "Payer's name", "As the invoice shows it.")]
    street: Annotated[Text, Element("Rue", "Street", "Number, street and flat.")]
    city: Annotated[Text, Element("Ville", "City")]
    postal_code: Annotated[PostalCode, Element("Code postal", "Postal code", "Without the space.")]
    issued_on: Annotated[date, Element("Date de facturation", "Issued on")]
    due_on: Annotated[date, Element("Date d'échéance", "Due on")]
    period: Annotated[Period, Element("Période facturée", "Period billed", "Half-open.")]
    lines: Annotated[
        tuple[InvoiceLine, ...],
        Field(min_length=1, max_length=500),
        Element("Lignes", "Lines", "Copies of the charges."),
    ]
    total: Annotated[Due, Element("Total", "Total", "The sum of the lines.")]

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> "Invoice":
        if self.total.amount != sum((line.amount.amount for line in self.lines), Decimal(0)):
            raise PydanticCustomError("invoice-total", "the total is not the sum of the lines")
        if self.due_on < self.issued_on:
            raise PydanticCustomError("due-before-issued", "the invoice is due before it was issued")
        if (self.kind.code == "credit_note") != (self.credited_invoice is not None):
            raise PydanticCustomError(
                "credited-invoice", "a credit note, and nothing else, names the invoice that it mends"
            )
        return self
