"""Invented days, contracts and lines that the tests of billing share. Nobody in them exists."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

from gateway.billing import site_files
from gateway.billing.allocation import Paid
from gateway.billing.charges import Line
from gateway.billing.records import CareDay, Child, Contract, Payment
from gateway.billing.slips import ChildLine, Identity, Slip
from gateway.billing.tariff import Tariff

SITE = Path(__file__).parents[3] / "gateway" / "operations" / "demo_site"
BOARD = "762000"
SIN = "046454286"  # the usual published dummy
OTHER_SIN = "000000018"


def tariff() -> Tariff:
    """The demonstration's prices: at the caps, 20.00 a break day, 15.00 an outing."""
    return site_files.board_tariff(SITE, BOARD)


def care(
    day: date,
    kind: str = "class_day",
    *,
    child: str = "c1",
    status: str = "regular",
    hours: str = "0",
    outing: bool = False,
) -> CareDay:
    return CareDay(child, "101", day, kind, status, Decimal(hours), outing)


def contract(
    payer: str = "P1", share: str = "100", *, child: str = "c1", year: int = 2025, **changed: object
) -> Contract:
    values: dict[str, object] = {
        "child": child,
        "daycare": "101",
        "year": year,
        "payer": payer,
        "share": Decimal(share),
        "family_name": f"Invention-{payer}",
        "given_name": "Zoé",
        "street": "12, rue de l'Exemple",
        "city": "Amqui",
        "postal_code": "G5J1A1",
        "social_insurance_number": SIN,
    }
    return Contract(**(values | changed))  # type: ignore[arg-type]


def payment(amount: str, *, payer: str = "P1", number: str = "R1", on: date = date(2025, 12, 1)) -> Payment:
    return Payment(number, payer, on, Decimal(amount), "bank")


def line(
    total: str,
    non_eligible: str,
    *,
    fee: str = "class_day",
    since: date = date(2025, 1, 7),
    days: int = 1,
    child: str = "c1",
) -> Line:
    return Line(child, "P1", since.replace(day=1), fee, since, days, Decimal(total), Decimal(non_eligible))


def paid(item: Line) -> Paid:
    """A line paid in full."""
    return Paid(item, item.total, item.non_eligible)


def child(number: str = "c1") -> Child:
    return Child(number, "Invention", f"Ève-{number}", date(2018, 5, 4))


def slip(
    c: str,
    d: str,
    *,
    sin: str = SIN,
    name: str = "Invention",
    street: str = "12, rue de l'Exemple",
    days: int = 10,
) -> Slip:
    identity = Identity(sin, name, "Zoé", street, "Amqui", "G5J1A1")
    return Slip(2025, "P1", identity, (ChildLine(child(), days, Decimal(c), Decimal(d), Decimal(0)),))


def regular_child() -> tuple[CareDay, ...]:
    """Vector V1: 100 class days, 6 pedagogical, 4 of the break, 10 extra hours, three outings of 15.00."""
    day = date(2025, 1, 7)
    kinds = ("class_day",) * 100 + ("pedagogical_day",) * 6 + ("break_day",) * 4
    found = []
    for number, kind in enumerate(kinds):
        hours = "2" if number < 5 else "0"
        found.append(care(day + timedelta(days=number), kind, hours=hours, outing=number in (100, 101, 102)))
    return tuple(found)


def total(items: Sequence[Line]) -> tuple[Decimal, Decimal]:
    """(C, D) of lines."""
    return sum((i.total for i in items), Decimal(0)), sum((i.non_eligible for i in items), Decimal(0))
