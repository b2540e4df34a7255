"""LedgerTransaction: one balanced event for the general ledger, by account. Names no person and no payer.

Refuses debits that do not equal credits, in all and fund by fund. Source: facts/billing-rl24.md §15.
"""

from collections import defaultdict
from datetime import date
from decimal import Decimal
from typing import Annotated, ClassVar, Literal

from pydantic import Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from canonical_model.base import Model, Record, Section
from canonical_model.codings import Coding, InSystem
from canonical_model.elements import Element
from canonical_model.identifiers import OrganizationCode
from canonical_model.money import Due


class LedgerEntry(Model):
    """One side of a transaction on one account: a debit or a credit, never both."""

    account: Annotated[
        str,
        StringConstraints(pattern=r"^[0-9A-Z]{1,20}(-[0-9A-Z]{1,20}){0,9}$"),
        Element("Compte", "Account", "As the board writes it; its segments are the board's own."),
    ]
    fund: Annotated[
        str,
        StringConstraints(pattern=r"^[0-9A-Z]{1,10}$"),
        Element("Fonds", "Fund", "The segment of the account that debits and credits must agree in."),
    ]
    debit: Annotated[Due | None, Element("Débit", "Debit")] = None
    credit: Annotated[Due | None, Element("Crédit", "Credit")] = None

    @model_validator(mode="after")
    def _one_side(self) -> "LedgerEntry":
        if (self.debit is None) == (self.credit is None):
            raise PydanticCustomError("debit-or-credit", "an entry is a debit or a credit")
        return self


class LedgerTransaction(Record):
    """What one event of the sub-ledger makes of the accounts. Sent twice, it is booked once: `batch` and `number`."""

    SECTION: ClassVar[Section] = "finance"

    resource_type: Annotated[
        Literal["LedgerTransaction"],
        Element("Type de ressource", "Resource type", "Always ``LedgerTransaction``."),
    ] = "LedgerTransaction"
    organization: Annotated[
        OrganizationCode, Element("Organisme", "Organization", "Six-digit code of the board.")
    ]
    batch: Annotated[
        str,
        StringConstraints(pattern=r"^[0-9A-Za-z-]{1,64}$"),
        Element("Lot", "Batch", "Unique within the board."),
    ]
    number: Annotated[
        int, Field(ge=1, le=10_000_000), Element("Numéro", "Number", "Position in the batch, from 1.")
    ]
    event: Annotated[Coding, InSystem("ledger_event"), Element("Événement", "Event")]
    booked_on: Annotated[date, Element("Date d'écriture", "Booked on")]
    fiscal_year: Annotated[
        str,
        StringConstraints(pattern=r"^20[0-9]{2}20[0-9]{2}$"),
        Element("Exercice", "Fiscal year", "Both years in eight digits, ``20242025``; it ends on 30 June."),
    ]
    entries: Annotated[
        tuple[LedgerEntry, ...],
        Field(min_length=2, max_length=1000),
        Element("Écritures", "Entries", "Debits and credits; equal in all and in each fund."),
    ]

    @model_validator(mode="after")
    def _balanced(self) -> "LedgerTransaction":
        if int(self.fiscal_year[4:]) != int(self.fiscal_year[:4]) + 1:
            raise PydanticCustomError("fiscal-year", "a fiscal year is two years that follow each other")
        left: defaultdict[str, Decimal] = defaultdict(Decimal)
        for entry in self.entries:
            left[entry.fund] += entry.debit.amount if entry.debit else Decimal(0)
            left[entry.fund] -= entry.credit.amount if entry.credit else Decimal(0)
        if any(left.values()):
            raise PydanticCustomError("debit-equals-credit", "debits and credits of a fund are not equal")
        return self
