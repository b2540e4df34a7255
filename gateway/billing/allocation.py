"""Receipts to charge lines, by one policy for the life of a tax year: the oldest line first. Makes no money.

The policy decides the tax result (facts/billing-rl24.md V6): what is paid, and which class it has.
What is left over stays the payer's credit; a write-off or a credit note is not a payment.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from canonical_model.money import rounded
from gateway.billing.charges import Line

_NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True)
class Paid:
    """A line and the dollars paid on it, of which `non_eligible` count in box D."""

    line: Line
    paid: Decimal
    non_eligible: Decimal


@dataclass(frozen=True, slots=True)
class Allocation:
    """One payer's lines as paid, in order, and what was paid beyond all of them."""

    lines: tuple[Paid, ...]
    credit: Decimal

    @property
    def received(self) -> Decimal:
        """What was allocated to lines."""
        return sum((item.paid for item in self.lines), _NOTHING)

    @property
    def owed(self) -> Decimal:
        """What is still to be paid."""
        return sum((item.line.total - item.paid for item in self.lines), _NOTHING)


def allocate(lines: Iterable[Line], received: Decimal) -> Allocation:
    """Pay one payer's lines, oldest first. Of a line paid in part, D is its own proportion, half-up."""
    left = received
    found = []
    for line in sorted(lines, key=lambda item: item.order):
        paid = min(left, line.total)
        left -= paid
        non_eligible = rounded(line.non_eligible * paid / line.total)
        found.append(Paid(line, paid, non_eligible))
    return Allocation(tuple(found), left)
