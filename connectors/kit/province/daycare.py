"""Invents daycare: calendar, days used, who pays, what they paid. Carries no rule of taxation.

Families pay what their statement said, computed here with the amounts of `PRICES`; the hub computes the
true charges from its own dated rates.
"""

import random
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from itertools import groupby
from typing import Literal

from connectors.kit.province.model import Care, CareDay, CarePayment
from connectors.kit.province.people import Family

# first day: class day, pedagogical day, break day, extra hour, outing (dollars)
PRICES = (
    (date(1900, 1, 1), ("9.50", "16.20", "20.00", "3.15", "15.00")),
    (date(2025, 7, 1), ("9.70", "16.55", "20.00", "3.20", "15.00")),
)
_Kind = Literal["class_day", "pedagogical_day", "break_day"]
_Channel = Literal["bank", "counter", "cheque", "preauthorized"]
_KINDS: tuple[_Kind, ...] = ("class_day", "pedagogical_day", "break_day")
_CHANNELS: tuple[_Channel, ...] = ("bank", "bank", "preauthorized", "preauthorized", "counter", "cheque")
_NOTHING = Decimal(0)
_CENT = Decimal("0.01")


class Receipts:
    """The daycare's two counters: payers and receipts. One for each board."""

    def __init__(self) -> None:
        self._payers = 1200
        self._receipts = 50_000

    def payer(self) -> str:
        """The next payer number."""
        self._payers += 1
        return f"P{self._payers:07d}"

    def receipt(self) -> str:
        """The next receipt number."""
        self._receipts += 1
        return f"R{self._receipts:07d}"


def care(
    rng: random.Random, receipts: Receipts, family: Family, *, daycare: str, year: int, level: str, day: date
) -> Care:
    """One child's daycare of the calendar year `year`, and what the family paid before `day`."""
    regular = rng.random() < 0.71
    weekdays = frozenset(rng.sample(range(5), rng.choice((3, 4, 5, 5, 5)) if regular else rng.choice((1, 2))))
    was_here = level.startswith("PRIMARY") and rng.random() < 0.9
    first = date(year, 1, 1) if was_here else date(year, 8, 25)
    days = tuple(_days(rng, year, first, weekdays, regular=regular))
    payers = _payers(rng, receipts, family)
    payments = tuple(_payments(rng, receipts, days, payers, day))
    return Care(daycare, "regular" if regular else "sporadic", payers, days, payments)


@cache
def calendar(year: int) -> tuple[tuple[date, _Kind], ...]:
    """The school days of a calendar year, with their kind, as every invented board keeps it."""
    easter = _easter(year)
    closed = {
        easter - timedelta(days=2),
        easter + timedelta(days=1),
        _monday(year, 5, 18),  # the Monday before 25 May
        _monday(year, 9, 1),
        _monday(year, 10, 8),
    }
    start_of_break = _monday(year, 3, 1)
    spring = {start_of_break + timedelta(days=n) for n in range(5)}
    pedagogical = {_friday(year, month) for month in (1, 2, 4, 5, 9, 10, 11)} | {date(year, 12, 1)}
    pedagogical |= {day + timedelta(days=3) for day in (_friday(year, 2), _friday(year, 11))}
    found = []
    for start, end in ((date(year, 1, 7), date(year, 6, 20)), (date(year, 8, 28), date(year, 12, 19))):
        for number in range((end - start).days + 1):
            day = start + timedelta(days=number)
            if day.weekday() < 5 and day not in closed:
                kind = _KINDS[2] if day in spring else _KINDS[1] if day in pedagogical else _KINDS[0]
                found.append((day, kind))
    return tuple(found)


def prices(day: CareDay) -> tuple[Decimal, ...]:
    """What the statement asks for one day, fee by fee, before it is shared between payers."""
    amounts = [amounts for since, amounts in PRICES if since <= day.day][-1]
    base = Decimal(amounts[_KINDS.index(day.kind)])
    extra = (day.extra_hours * Decimal(amounts[3])).quantize(_CENT, ROUND_HALF_UP)
    return base, extra, Decimal(amounts[4]) if day.outing else _NOTHING


def _days(
    rng: random.Random, year: int, first: date, weekdays: frozenset[int], *, regular: bool
) -> Iterator[CareDay]:
    on_break = rng.random() < 0.2
    for day, kind in calendar(year):
        if day < first:
            continue
        if kind == "class_day":
            if day.weekday() in weekdays and rng.random() > 0.02:
                extra = Decimal(rng.randrange(1, 7)) / 4 if rng.random() < 0.04 else _NOTHING
                yield CareDay(day, kind, extra, outing=False)
        elif kind == "pedagogical_day":
            if rng.random() < (0.6 if regular else 0.2):
                yield CareDay(day, kind, _NOTHING, outing=rng.random() < 0.4)
        elif on_break and rng.random() < 0.8:
            yield CareDay(day, "break_day", _NOTHING, outing=False)


def _payers(rng: random.Random, receipts: Receipts, family: Family) -> tuple[tuple[str, int, Decimal], ...]:
    """Payer number, guardian index, percent. Brothers and sisters have the same payers."""
    if not family.payers:
        if family.custody == "shared" and len(family.guardians) == 2 and rng.random() < 0.8:
            first = Decimal(rng.choice((50, 50, 60)))
            family.payers = ((receipts.payer(), 0, first), (receipts.payer(), 1, 100 - first))
        else:
            guardian = rng.randrange(len(family.guardians))
            family.payers = ((receipts.payer(), guardian, Decimal(100)),)
    return family.payers


def _payments(
    rng: random.Random,
    receipts: Receipts,
    days: tuple[CareDay, ...],
    payers: tuple[tuple[str, int, Decimal], ...],
    until: date,
) -> Iterator[CarePayment]:
    channels = [rng.choice(_CHANNELS) for _ in payers]
    habits = [_habit(rng) for _ in payers]
    for (year, month), used in groupby(days, key=lambda item: (item.day.year, item.day.month)):
        parts = _statement(tuple(used), tuple(share for _, _, share in payers))
        following = date(year + month // 12, month % 12 + 1, 1)
        for (payer, _, _), channel, (stops, ratio), part in zip(payers, channels, habits, parts, strict=True):
            paid_on = following + timedelta(days=rng.randrange(3, 24))
            amount = (part * ratio).quantize(_CENT, ROUND_HALF_UP)
            if month < stops and amount > 0 and paid_on < until:
                if rng.random() < 0.003:
                    amount += 5  # someone rounds up: a small overpayment
                yield CarePayment(receipts.receipt(), payer, paid_on, amount, channel)


def _habit(rng: random.Random) -> tuple[int, Decimal]:
    """(month from which nothing is paid, part of the statement paid): most pay all, every month."""
    drawn = rng.random()
    if drawn < 0.84:
        return 13, Decimal(1)
    if drawn < 0.94:
        return rng.randrange(2, 13), Decimal(1)
    return 13, Decimal("0.5")


def _statement(days: tuple[CareDay, ...], shares: tuple[Decimal, ...]) -> tuple[Decimal, ...]:
    """Each payer's part of a month: fee by fee, the first half-up to the cent, the second the rest."""
    fees = [fee for day in days for fee in prices(day)]
    total = sum(fees, _NOTHING)
    if len(shares) == 1:
        return (total,)
    first = sum(((fee * shares[0] / 100).quantize(_CENT, ROUND_HALF_UP) for fee in fees), _NOTHING)
    return first, total - first


def _monday(year: int, month: int, from_day: int) -> date:
    """The first Monday on or after that day."""
    day = date(year, month, from_day)
    return day + timedelta(days=-day.weekday() % 7)


def _friday(year: int, month: int) -> date:
    """The third Friday of the month."""
    first = date(year, month, 15)
    return first + timedelta(days=(4 - first.weekday()) % 7)


def _easter(year: int) -> date:
    """Easter Sunday (Gregorian, Meeus)."""
    a, b, c = year % 19, year // 100, year % 100
    d = (19 * a + b - b // 4 - (b - (b + 8) // 25 + 1) // 3 + 15) % 30
    e = (32 + 2 * (b % 4) + 2 * (c // 4) - d - c % 4) % 7
    f = d + e - 7 * ((a + 11 * d + 22 * e) // 451) + 114
    return date(year, f // 31, f % 31 + 1)
