"""Every worked figure of facts/billing-rl24.md §17: the vectors V1 to V18, as printed there."""

from datetime import date
from decimal import Decimal

import pytest

from canonical_model import identifiers
from canonical_model.errors import ConfigurationError
from gateway.billing import numbers
from gateway.billing.allocation import allocate
from gateway.billing.charges import charge_lines, shared
from gateway.billing.journal import Accounts, Posting, build
from gateway.billing.rates import indexed
from gateway.billing.records import Records
from gateway.billing.slips import FEDERAL, Issued, changes, due
from gateway.billing.statement import statement
from gateway.billing.summary import Amounts, deadline, must_file_online, summarise
from gateway.billing.tariff import non_eligible
from tests.gateway.billing.invented import (
    care,
    child,
    contract,
    line,
    paid,
    payment,
    regular_child,
    slip,
    tariff,
    total,
)

D = Decimal


def test_v1_a_regular_child() -> None:
    lines = charge_lines(regular_child(), [contract()], tariff()).lines
    found = due(
        2025,
        "P1",
        paid=[paid(item) for item in lines],
        billed=lines,
        contracts=[contract()],
        children={"c1": child()},
    ).slip

    assert found is not None
    (only,) = found.children
    assert (D("1203.70"), D("1052.00"), D("151.70")) == (found.c, found.d, found.e)
    assert (110, D("1158.70")) == (only.days, only.federal)


@pytest.mark.parametrize(
    ("price", "d", "e"),
    [("8.00", "8.00", "0.00"), ("9.50", "9.50", "0.00"), ("9.51", "9.50", "0.01"), ("16.20", "9.50", "6.70")],
)
def test_v2_only_the_class_day_cap_of_a_pedagogical_day_is_non_eligible(price: str, d: str, e: str) -> None:
    found = non_eligible(D(price), "above_class_cap", D("9.50"))

    assert (D(d), D(e)) == (found, D(price) - found)


def test_v3_only_class_days_give_no_slip_but_a_federal_receipt() -> None:
    lines = charge_lines([care(date(2025, 2, n)) for n in range(1, 21)], [contract()], tariff()).lines
    found = due(
        2025,
        "P1",
        paid=[paid(item) for item in lines],
        billed=lines,
        contracts=[contract()],
        children={"c1": child()},
    )

    assert (None, FEDERAL) == (found.slip, found.reason)
    assert (D("190.00"), D("190.00")) == (found.c, found.d)


def test_v4_half_and_half_of_v1_and_an_odd_cent() -> None:
    halves = (contract("P1", "50"), contract("P2", "50"))
    lines = charge_lines(regular_child(), halves, tariff()).lines

    for payer in ("P1", "P2"):
        assert (D("601.85"), D("526.00")) == total([item for item in lines if item.payer == payer])
    assert (
        (D("50.51"), D("25.01")),
        (D("50.50"), D("25.00")),
    ) == shared(D("101.01"), D("50.01"), (D(50), D(50)))


def test_v5_sixty_forty_the_second_payer_takes_the_remainder() -> None:
    assert (
        (D("200.00"), D("80.00")),
        (D("133.33"), D("53.33")),
    ) == shared(D("333.33"), D("133.33"), (D(60), D(40)))


V6 = (
    line("190.00", "190.00", since=date(2024, 9, 3), days=20),
    line("16.20", "9.50", fee="pedagogical_day", since=date(2024, 10, 4)),
    line("199.50", "199.50", since=date(2024, 10, 7), days=21),
)


def test_v6_a_part_payment_goes_to_the_oldest_line_first() -> None:
    found = allocate(V6, D("300.00"))

    assert [D("190.00"), D("16.20"), D("93.80")] == [item.paid for item in found.lines]
    assert (D("300.00"), D("293.30")) == (found.received, sum(item.non_eligible for item in found.lines))
    assert (D("105.70"), D(0)) == (found.owed, found.credit)


def test_v7_the_year_is_that_of_the_service_if_it_is_paid() -> None:
    january = tuple(care(date(2026, 1, n), hours="0") for n in range(5, 15))
    contracts = (contract(year=2025), contract(year=2026))
    ahead = statement(Records(january, contracts, (payment("95.00", on=date(2025, 12, 18)),)), tariff())

    assert {} == ahead.paid_in(2025)
    assert D("95.00") == sum(item.paid for item in ahead.paid_in(2026)["P1"])

    december = tuple(care(date(2025, 12, n)) for n in range(1, 11))
    for paid_on in (date(2026, 1, 12), date(2026, 3, 20)):
        late = statement(Records(december, contracts, (payment("95.00", on=paid_on),)), tariff())
        assert D("95.00") == sum(item.paid for item in late.paid_in(2025)["P1"])
    (amended,) = changes(Issued("101458755", "R", slip("16.20", "9.50")), slip("111.20", "104.50"))
    assert ("A", "101458755", D("111.20")) == (amended.code, amended.replaces, amended.slip.c)


def test_v8_a_refund_after_filing_makes_an_amended_slip() -> None:
    filed = Issued("101458755", "R", slip("966.20", "959.50"))
    (amended,) = changes(filed, slip("947.20", "940.50"))

    assert ("A", "101458755", None) == (amended.code, amended.replaces, amended.number)
    assert (D("947.20"), D("940.50"), D("6.70")) == (amended.slip.c, amended.slip.d, amended.slip.e)
    assert "101458766" == numbers.numbered(10145876)


@pytest.mark.parametrize(
    ("number", "slip_number"),
    [
        (10145875, "101458755"),
        (10145876, "101458766"),
        (10145881, "101458814"),
        (10145882, "101458825"),
        (10146174, "101461743"),
        (24000001, "240000014"),
        (1, "000000011"),
    ],
)
def test_v9_the_check_digit_is_the_remainder_by_seven(number: int, slip_number: str) -> None:
    assert slip_number == numbers.numbered(number)
    assert () == identifiers.releve_24(slip_number).faults


def test_v9_a_wrong_check_digit_is_refused() -> None:
    assert ("wrong-check-digit",) == identifiers.releve_24("101458756").faults


@pytest.mark.parametrize(
    ("sin", "faults", "warnings"),
    [
        ("046454286", (), ("unusual-first-digit",)),
        ("000000018", (), ("unusual-first-digit",)),
        ("123456789", ("wrong-check-digit",), ()),
        ("046454287", ("wrong-check-digit",), ()),
        ("000000000", ("all-zeros",), ()),
    ],
)
def test_v10_a_social_insurance_number(sin: str, faults: tuple[str, ...], warnings: tuple[str, ...]) -> None:
    found = identifiers.nas(sin)

    assert (faults, warnings) == (found.faults, found.warnings)


@pytest.mark.parametrize(
    ("year", "last_day"),
    [
        (2023, date(2024, 2, 29)),
        (2024, date(2025, 2, 28)),
        (2025, date(2026, 2, 28)),
        (2026, date(2027, 2, 28)),
        (2027, date(2028, 2, 29)),
    ],
)
def test_v11_the_deadline_is_the_last_day_of_february(year: int, last_day: date) -> None:
    assert last_day == deadline(year)


def test_v12_the_name_of_a_file() -> None:
    assert "25123456001.xml" == numbers.file_name(2025, "NP123456", 1)
    assert "25123456042.xml" == numbers.file_name(2025, "NP123456", 42)
    with pytest.raises(ConfigurationError):
        numbers.file_name(2025, "NP123456", 1000)


def test_v13_above_fifty_slips_filing_is_online() -> None:
    assert (False, True) == (must_file_online(50), must_file_online(51))


@pytest.mark.parametrize(
    ("amount", "rounded"),
    [("9.475", "9.50"), ("9.474", "9.45"), ("16.225", "16.25"), ("3.0899", "3.10"), ("9.5249", "9.50")],
)
def test_v14_indexation_is_to_five_cents_a_tie_upward(amount: str, rounded: str) -> None:
    assert D(rounded) == indexed(D(amount))


def amounts(number: str, code: str, c: str, d: str, e: str) -> Amounts:
    return Amounts(number, code, None, D(c), D(d), D(e))  # type: ignore[arg-type]


def test_v15_the_summary_counts_the_slips_that_stand() -> None:
    slips = [
        amounts("1", "R", "1203.70", "1052.00", "151.70"),
        amounts("2", "R", "300.00", "293.30", "6.70"),
        amounts("3", "R", "50.50", "25.00", "25.50"),
    ]
    first = summarise(2025, slips, amended=False)
    second = summarise(2025, [*slips, amounts("2", "D", "0", "0", "0")], amended=True)

    assert (3, D("1554.20"), D("1370.30"), D("183.90")) == (first.count, first.c, first.d, first.e)
    assert (2, D("1254.20"), D("1077.00"), D("177.20")) == (second.count, second.c, second.d, second.e)
    assert ("original", "amended") == (first.document()["kind"], second.document()["kind"])


@pytest.mark.parametrize(
    ("number", "faults"),
    [
        ("1000000007TQ0001", ()),
        ("1000000008TQ0001", ("wrong-check-digit",)),
        ("1234567892TQ0001", ()),
        ("1234567892TQ0000", ("file-zero",)),
    ],
)
def test_v16_a_sales_tax_number(number: str, faults: tuple[str, ...]) -> None:
    assert faults == identifiers.tvq(number).faults


ACCOUNTS = Accounts(
    "762000",
    {
        "receivable": "762-1-00000-113100",
        "bad_debt": "762-1-00000-590000",
        "revenue.class_day": "762-1-15310-710100",
        "revenue.pedagogical_day": "762-1-15310-710200",
        "bank.bank": "762-1-00000-111100",
    },
    1,
)


def posted(*postings: tuple[str, str, str]) -> tuple[Decimal, dict[str, Decimal]]:
    """(total, account → debits less credits) of a journal, which balances or is refused."""
    journal = build(
        [Posting(event, detail, D(amount)) for event, detail, amount in postings],
        ACCOUNTS,
        number="GARDE-1",
        organization="762000",
        day=date(2026, 2, 16),
    )
    balances: dict[str, Decimal] = {}
    for item in journal.lines:
        balances[item.account] = balances.get(item.account, D(0)) + item.debit - item.credit
    assert journal.debit == journal.credit
    return journal.debit, balances


V17 = (
    ("invoice", "class_day", "389.50"),
    ("invoice", "pedagogical_day", "16.20"),
    ("payment", "bank", "300.00"),
)


def test_v17_the_ledger_of_v6() -> None:
    turnover, balances = posted(*V17)

    assert D("705.70") == turnover
    assert D("105.70") == balances["762-1-00000-113100"]
    assert D("-389.50") == balances["762-1-15310-710100"]
    assert D("-16.20") == balances["762-1-15310-710200"]
    assert D("300.00") == balances["762-1-00000-111100"]


def test_v17_a_refund_of_19_dollars_makes_a_batch_of_743_70() -> None:
    turnover, balances = posted(*V17, ("credit_note", "class_day", "19.00"), ("refund", "bank", "19.00"))

    assert D("743.70") == turnover
    assert (D("105.70"), D("281.00")) == (balances["762-1-00000-113100"], balances["762-1-00000-111100"])


def test_v17_a_write_off_clears_the_receivable_and_is_no_payment() -> None:
    _, balances = posted(*V17, ("write_off", "", "105.70"))

    assert (D(0), D("105.70")) == (balances["762-1-00000-113100"], balances["762-1-00000-590000"])
    assert D("300.00") == allocate(V6, D("300.00")).received


@pytest.mark.parametrize(("body", "digit"), [("0123456", "6"), ("20250001234", "1"), ("00412300056", "6")])
def test_v18_a_payer_s_reference_ends_with_its_luhn_digit(body: str, digit: str) -> None:
    assert body + digit == numbers.reference_number(body)
