"""What billing reads from the dossier, as plain values. Holds no rule: the model has checked them."""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class CareDay:
    """`child`: hub id. `kind`: class_day, pedagogical_day, break_day. `status`: regular or sporadic."""

    child: str
    daycare: str
    day: date
    kind: str
    status: str
    extra_hours: Decimal
    outing: bool


@dataclass(frozen=True, slots=True)
class Contract:
    """Who pays which percent (`share`) of a child's daycare in a calendar year. Personal: never shown."""

    child: str
    daycare: str
    year: int
    payer: str
    share: Decimal
    family_name: str = field(repr=False)
    given_name: str = field(repr=False)
    street: str = field(repr=False)
    city: str = field(repr=False)
    postal_code: str = field(repr=False)
    social_insurance_number: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Payment:
    """Money received from a payer, under the daycare's receipt number."""

    number: str
    payer: str
    paid_on: date
    amount: Decimal
    channel: str


@dataclass(frozen=True, slots=True)
class Child:
    """The child as a slip names it."""

    id: str
    family_name: str = field(repr=False)
    given_name: str = field(repr=False)
    birth_date: date = field(repr=False)


@dataclass(frozen=True, slots=True)
class Records:
    """All that one board's dossiers hold about daycare on a day."""

    days: tuple[CareDay, ...]
    contracts: tuple[Contract, ...]
    payments: tuple[Payment, ...]
