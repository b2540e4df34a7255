"""What is due to a payer, why something is not, and what a change after issue makes of it."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from gateway.billing.records import Child, Contract
from gateway.billing.slips import FEDERAL, Due, Issued, changes, due
from gateway.billing.summary import Amounts, valid
from tests.gateway.billing.invented import OTHER_SIN, SIN, child, contract, line, paid, slip

BREAK = line("20.00", "0.00", fee="break_day")


def found(*contracts: Contract, children: dict[str, Child] | None = None, **changed: Any) -> Due:
    """What is due to P1 for one paid break day."""
    return due(
        2025,
        "P1",
        paid=[paid(BREAK)],
        billed=[BREAK],
        contracts=contracts,
        children={"c1": child()} if children is None else children,
        **changed,
    )


def test_a_payer_of_two_children_has_one_slip_with_two_lines() -> None:
    second = line("16.20", "9.50", fee="pedagogical_day", child="c2")
    item = due(
        2025,
        "P1",
        paid=[paid(BREAK), paid(second)],
        billed=[BREAK, second],
        contracts=[contract(), contract(child="c2")],
        children={"c1": child("c1"), "c2": child("c2")},
    )

    assert item.slip is not None
    assert [Decimal("20.00"), Decimal("16.20")] == [part.c for part in item.slip.children]
    assert (Decimal("36.20"), Decimal("9.50"), Decimal("26.70")) == (item.slip.c, item.slip.d, item.slip.e)


def test_days_are_those_billed_also_when_part_of_them_is_paid() -> None:
    unpaid = line("190.00", "190.00", since=date(2025, 2, 3), days=20)
    item = due(
        2025,
        "P1",
        paid=[paid(BREAK)],
        billed=[BREAK, unpaid],
        contracts=[contract()],
        children={"c1": child()},
    )

    assert item.slip is not None
    assert (21, Decimal("20.00")) == (item.slip.children[0].days, item.slip.c)


@pytest.mark.parametrize(
    ("contracts", "reason"),
    [
        ([contract(social_insurance_number=None)], "no-sin"),
        ([contract(), contract(child="c2", social_insurance_number=OTHER_SIN)], "payer-ambiguous"),
        ([contract(), contract(child="c2", family_name="Autre")], "payer-ambiguous"),
        ([], "payer-ambiguous"),
        ([contract(family_name="x" * 31)], "name-unfit"),
        ([contract(given_name="a\x01b")], "name-unfit"),
        ([contract(street="x" * 61)], "address-unfit"),
        ([contract(city="x" * 31)], "address-unfit"),
    ],
)
def test_a_slip_that_cannot_be_written_is_set_aside_with_its_reason(
    contracts: list[Contract], reason: str
) -> None:
    item = found(*contracts)

    assert (None, reason, Decimal("20.00")) == (item.slip, item.reason, item.c)


def test_a_child_that_the_board_does_not_know_is_on_no_slip() -> None:
    assert "child-unknown" == found(contract(), children={}).reason
    unfit = Child("c1", "x" * 31, "Ève", date(2018, 5, 4))
    assert "name-unfit" == found(contract(), children={"c1": unfit}).reason


def test_one_contract_with_a_sin_is_enough() -> None:
    item = found(contract(social_insurance_number=None), contract(child="c2"))

    assert item.slip is not None
    assert SIN == item.slip.identity.social_insurance_number


def test_a_sin_that_the_daycare_lost_stays_on_the_slip_that_has_it() -> None:
    item = found(contract(social_insurance_number=None), issued=slip("1.00", "0.00", sin=OTHER_SIN).identity)

    assert item.slip is not None
    assert OTHER_SIN == item.slip.identity.social_insurance_number


def test_an_amount_above_the_box_is_set_aside() -> None:
    item = due(
        2025,
        "P1",
        paid=[paid(line("10000000.00", "0.00", fee="break_day"))],
        billed=[],
        contracts=[contract()],
        children={"c1": child()},
    )

    assert "amount-above-box" == item.reason


def test_nothing_eligible_needs_no_sin_to_be_a_federal_receipt() -> None:
    item = due(
        2025,
        "P1",
        paid=[paid(line("9.50", "9.50"))],
        billed=[],
        contracts=[contract(social_insurance_number=None)],
        children={},
    )

    assert (None, FEDERAL) == (item.slip, item.reason)


FILED = Issued("240000014", "R", slip("36.20", "9.50"))


@pytest.mark.parametrize(
    ("last", "wanted", "codes"),
    [
        (None, slip("36.20", "9.50"), ["R"]),
        (None, None, []),
        (FILED, slip("36.20", "9.50"), []),
        (FILED, slip("36.21", "9.50"), ["A"]),
        (FILED, slip("36.20", "9.49"), ["A"]),
        (FILED, slip("36.20", "9.50", days=11), ["A"]),
        (FILED, slip("36.20", "9.50", street="13, rue de l'Exemple"), ["A"]),
        (FILED, slip("36.20", "9.50", sin=OTHER_SIN), ["D", "R"]),
        (FILED, slip("36.20", "9.50", name="Autre"), ["D", "R"]),
        (FILED, None, ["D"]),
        (FILED, slip("0.00", "0.00"), ["D"]),
        (Issued("240000014", "D", slip("36.20", "9.50")), None, []),
        (Issued("240000014", "D", slip("36.20", "9.50")), slip("36.20", "9.50"), ["R"]),
    ],
)
def test_what_a_change_makes(last: Issued | None, wanted: Any, codes: list[str]) -> None:
    made = changes(last, wanted)

    assert codes == [change.code for change in made]
    for change in made:
        assert (change.number == "240000014") is (change.code == "D")
        assert (change.replaces == "240000014") is (change.code == "A")


def test_an_amended_slip_replaces_the_latest_one_and_not_the_first() -> None:
    history = [
        Amounts("1", "R", None, Decimal(10), Decimal(1), Decimal(9)),
        Amounts("2", "A", "1", Decimal(11), Decimal(1), Decimal(10)),
        Amounts("3", "A", "2", Decimal(12), Decimal(1), Decimal(11)),
    ]

    assert ["3"] == [item.number for item in valid(history)]


def test_no_person_is_shown_by_a_slip() -> None:
    shown = repr(slip("36.20", "9.50")) + repr(contract())

    for value in (SIN, "Invention", "Zoé", "Exemple", "2018"):
        assert value not in shown
