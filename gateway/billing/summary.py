"""The Sommaire 24: how many slips are valid and their totals. It is paper, signed and mailed: never sent.

Valid is every R or A that no later slip replaced or cancelled. Redone at each amendment or cancellation.
"""

from calendar import isleap
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from gateway.billing.slips import Code

ONLINE_ABOVE = 50  # of RL-24; other slips have another limit
_NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True)
class Amounts:
    """One issued slip by its numbers alone. Dollars."""

    number: str
    code: Code
    replaces: str | None
    c: Decimal
    d: Decimal
    e: Decimal


@dataclass(frozen=True, slots=True)
class Summary:
    """`count` valid slips and the totals of boxes C, D and E, in dollars. `amended`: not the first one."""

    year: int
    count: int
    c: Decimal
    d: Decimal
    e: Decimal
    amended: bool

    def document(self) -> dict[str, Any]:
        """As it is written for people: no line numbers, for they are not public."""
        return {
            "form": "RL-24.S",
            "year": self.year,
            "kind": "amended" if self.amended else "original",
            "slips": self.count,
            "total_c": f"{self.c:.2f}",
            "total_d": f"{self.d:.2f}",
            "total_e": f"{self.e:.2f}",
            "last_day": deadline(self.year).isoformat(),
            "online_filing_compulsory": must_file_online(self.count),
        }


def valid(slips: Iterable[Amounts]) -> tuple[Amounts, ...]:
    """Of all slips of a year, oldest first, those that stand."""
    standing: dict[str, Amounts] = {}
    for slip in slips:
        if slip.code == "D":
            standing.pop(slip.number, None)
        else:
            standing.pop(slip.replaces or "", None)
            standing[slip.number] = slip
    return tuple(standing.values())


def summarise(year: int, slips: Iterable[Amounts], *, amended: bool) -> Summary:
    """The summary of all slips of a year, oldest first, whatever became of them."""
    standing = valid(slips)
    return Summary(
        year=year,
        count=len(standing),
        c=sum((slip.c for slip in standing), _NOTHING),
        d=sum((slip.d for slip in standing), _NOTHING),
        e=sum((slip.e for slip in standing), _NOTHING),
        amended=amended,
    )


def deadline(year: int) -> date:
    """The last day of February after a tax year. A weekend is not moved: the rule for it is not public."""
    return date(year + 1, 2, 29 if isleap(year + 1) else 28)


def must_file_online(count: int) -> bool:
    """Whether so many RL-24 slips may no longer be filed on paper."""
    return count > ONLINE_ABOVE
