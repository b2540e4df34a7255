"""Care days and contracts to charge lines: child, payer, month, fee. Loses no cent; charges nobody unknown.

A day's fee is shared between the payers the day it arises, as the daycare's statement does: the
first payer half-up to the cent, the next ones what is left, so that the parts always add up.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache

from canonical_model import money
from gateway.billing.records import CareDay, Contract
from gateway.billing.tariff import DAY_FEES, FEE_CLASSES, Tariff

_WHOLE = Decimal(100)
_NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True)
class Line:
    """What one payer owes for one child, month and fee class, in dollars.

    `month`: its first day. `since`: the first service of it; the oldest line is paid first. `days`:
    days of care it stands for (0 for hours and outings). `non_eligible`: its part in box D.
    """

    child: str
    payer: str
    month: date
    fee: str
    since: date
    days: int
    total: Decimal
    non_eligible: Decimal

    @property
    def year(self) -> int:
        """The year of the service, which is the year of the slip."""
        return self.month.year

    @property
    def order(self) -> tuple[date, int, str]:
        """Oldest service first; on one day the care before the extras."""
        return self.since, FEE_CLASSES.index(self.fee), self.child


@dataclass(frozen=True, slots=True)
class Charges:
    """The lines, and the days that could not be charged, counted by reason."""

    lines: tuple[Line, ...]
    set_aside: Mapping[str, int]


@dataclass(slots=True)
class _Sum:
    since: date
    days: int = 0
    total: Decimal = _NOTHING
    non_eligible: Decimal = _NOTHING


def charge_lines(days: Iterable[CareDay], contracts: Iterable[Contract], tariff: Tariff) -> Charges:
    """The lines of those days, ordered. A day without contract, or with shares beside 100, is set aside."""
    shares = _shares(contracts)
    sums: dict[tuple[str, str, date, str], _Sum] = {}
    set_aside: dict[str, int] = defaultdict(int)
    for day in sorted(days, key=lambda item: (item.day, item.child, item.daycare)):
        payers = shares.get((day.child, day.daycare, day.day.year))
        if payers is None or sum(share for _, share in payers) != _WHOLE:
            set_aside["no-contract" if payers is None else "shares-not-100"] += 1
            continue
        percents = tuple(share for _, share in payers)
        for fee in tariff.fees(day):
            parts = shared(fee.total, fee.non_eligible, percents)
            for (payer, _), (total, non_eligible) in zip(payers, parts, strict=True):
                key = (day.child, payer, day.day.replace(day=1), fee.fee)
                held = sums.setdefault(key, _Sum(day.day))
                held.days += fee.fee in DAY_FEES
                held.total += total
                held.non_eligible += non_eligible
    lines = (
        Line(child, payer, month, fee, held.since, held.days, held.total, held.non_eligible)
        for (child, payer, month, fee), held in sums.items()
        if held.total
    )
    return Charges(tuple(sorted(lines, key=lambda line: (*line.order, line.payer))), dict(set_aside))


@lru_cache(maxsize=4096)
def shared(
    total: Decimal, non_eligible: Decimal, percents: tuple[Decimal, ...]
) -> tuple[tuple[Decimal, Decimal], ...]:
    """(C, D) of each payer. Both add up to what was shared, and 0 ≤ D ≤ C for every payer.

    One payer is taken off at a time, against all who remain: rounding each part of three or more
    alone could leave the last one a D above its C, or less than nothing.
    """
    first, *others = percents
    if not others:
        return ((total, non_eligible),)
    pair = (first, sum(others, _NOTHING))
    own_total, rest_total = money.split(total, pair)
    own_part, rest_part = money.split(non_eligible, pair)
    return ((own_total, own_part), *shared(rest_total, rest_part, tuple(others)))


def _shares(contracts: Iterable[Contract]) -> dict[tuple[str, str, int], tuple[tuple[str, Decimal], ...]]:
    """(child, daycare, year) → its payers with their percent, in the order of their numbers."""
    found: dict[tuple[str, str, int], list[tuple[str, Decimal]]] = defaultdict(list)
    for contract in contracts:
        found[contract.child, contract.daycare, contract.year].append((contract.payer, contract.share))
    return {key: tuple(sorted(payers)) for key, payers in found.items()}
