"""What holds for all money, not for examples: no cent lost, oldest first, 0 ≤ D ≤ C, debits equal credits."""

from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.billing.allocation import allocate
from gateway.billing.charges import Line, charge_lines, shared
from gateway.billing.journal import EVENTS, Accounts, Posting, build
from gateway.billing.records import CareDay, Contract, Records
from gateway.billing.slips import Issued, changes, due, opened
from gateway.billing.statement import statement
from gateway.billing.summary import Amounts, valid
from tests.gateway.billing.invented import care, child, contract, line, payment, slip, tariff

_CENTS = st.integers(0, 500_000).map(lambda number: Decimal(number) / 100)
_TARIFF = tariff()
_unhurried = settings(deadline=None)  # the machine is shared


@st.composite
def boxes(draw: st.DrawFn) -> tuple[Decimal, Decimal]:
    """(C, D) with 0 ≤ D ≤ C."""
    pair = sorted((draw(_CENTS), draw(_CENTS)))
    return pair[1], pair[0]


@st.composite
def percents(draw: st.DrawFn) -> tuple[Decimal, ...]:
    """One to five shares that add to 100."""
    cuts = sorted(draw(st.sets(st.integers(1, 9999), max_size=4)))
    ends = [0, *cuts, 10_000]
    return tuple(Decimal(b - a) / 100 for a, b in pairwise(ends))


@_unhurried
@given(boxes(), percents())
def test_a_split_loses_no_cent_and_keeps_d_within_c_for_every_payer(
    pair: tuple[Decimal, Decimal], shares: tuple[Decimal, ...]
) -> None:
    parts = shared(*pair, shares)

    assert pair == (sum(c for c, _ in parts), sum(d for _, d in parts))
    assert all(0 <= d <= c for c, d in parts)
    assert len(shares) == len(parts)


@st.composite
def lines(draw: st.DrawFn) -> tuple[Line, ...]:
    """Some lines of one payer, in no order."""
    found = []
    for number, (total, non_eligible) in enumerate(draw(st.lists(boxes(), max_size=8))):
        if total:
            since = date(2025, 1, 1) + timedelta(days=draw(st.integers(0, 360)))
            found.append(line(f"{total}", f"{non_eligible}", since=since, child=f"c{number}"))
    return tuple(found)


@_unhurried
@given(lines(), _CENTS)
def test_an_allocation_keeps_the_sum_and_pays_the_oldest_line_first(
    owed: tuple[Line, ...], received: Decimal
) -> None:
    found = allocate(owed, received)

    assert received == found.received + found.credit
    assert sum(item.total for item in owed) == found.received + found.owed
    assert sorted(item.order for item in owed) == [item.line.order for item in found.lines]
    whole = [item.paid == item.line.total for item in found.lines]
    assert all(before for before, after in zip(whole, found.lines[1:], strict=False) if after.paid)
    assert not found.credit or all(whole)
    assert all(0 <= item.non_eligible <= item.paid for item in found.lines)


@st.composite
def families(draw: st.DrawFn) -> tuple[tuple[CareDay, ...], tuple[Contract, ...]]:
    """Days of up to three children, each with one to three payers."""
    contracts: list[Contract] = []
    for number in range(draw(st.integers(1, 3))):
        shares = draw(percents())[:3]
        rest = Decimal(100) - sum(shares, Decimal(0))
        for payer, share in enumerate((shares[0] + rest, *shares[1:])):
            contracts.append(contract(f"P{payer}", f"{share}", child=f"c{number}"))
    days = draw(
        st.dictionaries(
            st.tuples(st.sampled_from(sorted({c.child for c in contracts})), st.integers(0, 364)),
            st.builds(
                lambda kind, status, hours, outing: (kind, status, hours, outing),
                st.sampled_from(("class_day", "pedagogical_day", "break_day")),
                st.sampled_from(("regular", "sporadic")),
                st.sampled_from(("0", "0.25", "0.5", "1", "1.75")),
                st.booleans(),
            ),
            max_size=25,
        )
    )
    cared = tuple(
        care(
            date(2025, 1, 1) + timedelta(days=offset),
            kind,
            child=who,
            status=status,
            hours=hours,
            outing=outing,
        )
        for (who, offset), (kind, status, hours, outing) in days.items()
    )
    return cared, tuple(contracts)


@_unhurried
@given(families(), st.lists(st.tuples(st.sampled_from(("P0", "P1", "P2")), _CENTS), max_size=6))
def test_charges_are_receipts_and_arrears_and_slips_are_what_was_paid(
    family: tuple[tuple[CareDay, ...], tuple[Contract, ...]], receipts: list[tuple[str, Decimal]]
) -> None:
    days, contracts = family
    payments = tuple(
        payment(f"{amount}", payer=payer, number=f"R{n}") for n, (payer, amount) in enumerate(receipts)
    )
    found = statement(Records(days, contracts, payments), _TARIFF)

    price = sum((fee.total for day in days for fee in _TARIFF.fees(day)), Decimal(0))
    assert price == found.charged == found.received + found.owed
    assert sum(p.amount for p in payments) == found.received + found.credit
    people = {c.child: child(c.child) for c in contracts}
    for payer, items in found.paid_in(2025).items():
        own = [c for c in contracts if c.payer == payer]
        item = due(2025, payer, paid=items, billed=[i.line for i in items], contracts=own, children=people)
        assert 0 <= item.d <= item.c == sum(i.paid for i in items)
        assert (item.slip is None) == (item.c == item.d)
        if item.slip is not None:
            assert (item.c, item.d, item.c - item.d) == (item.slip.c, item.slip.d, item.slip.e)
            assert all(0 <= part.d <= part.c and part.e == part.c - part.d for part in item.slip.children)
            assert opened(item.slip.canonical()) == item.slip


@_unhurried
@given(families())
def test_days_in_another_order_give_the_same_charges(
    family: tuple[tuple[CareDay, ...], tuple[Contract, ...]],
) -> None:
    days, contracts = family

    assert charge_lines(days, contracts, _TARIFF) == charge_lines(days[::-1], contracts[::-1], _TARIFF)


_ROLES = {
    "receivable": "762-1-00000-1", "bad_debt": "762-1-00000-2", "revenue.class_day": "762-1-15310-3",
    "bank.class_day": "762-1-00000-4",
}  # fmt: skip


@_unhurried
@given(st.lists(st.tuples(st.sampled_from(sorted(EVENTS)), _CENTS.filter(bool)), min_size=1, max_size=20))
def test_every_journal_balances(events: list[tuple[str, Decimal]]) -> None:
    journal = build(
        [Posting(event, "class_day", amount) for event, amount in events],
        Accounts("762000", _ROLES, 1),
        number="GARDE-1",
        organization="762000",
        day=date(2026, 2, 16),
    )

    assert journal.debit == journal.credit == sum(amount for _, amount in events)


_WANTED = st.one_of(
    st.none(),
    st.builds(
        slip,
        st.sampled_from(("100.00", "120.00")),
        st.sampled_from(("10.00", "20.00")),
        sin=st.sampled_from(("046454286", "000000018")),
        name=st.sampled_from(("Invention", "Autre")),
        street=st.sampled_from(("1, rue de l'Exemple", "2, rue de l'Exemple")),
    ),
)


@_unhurried
@given(st.lists(_WANTED, max_size=6))
def test_after_any_changes_exactly_the_slip_that_is_due_stands(history: list[object]) -> None:
    issued: list[Amounts] = []
    contents: dict[str, object] = {}
    last: Issued | None = None
    for wanted in history:
        for change in changes(last, wanted):  # type: ignore[arg-type]
            number = change.number or f"N{len(issued)}"
            figures = (change.slip.c, change.slip.d, change.slip.e)
            issued.append(Amounts(number, change.code, change.replaces, *figures))
            contents[number] = change.slip
            last = Issued(number, change.code, change.slip)
        assert () == changes(last, wanted)  # type: ignore[arg-type]
        standing = valid(issued)
        assert ([wanted] if wanted else []) == [contents[item.number] for item in standing]
