"""One board's account on a day: charged, received, paid and owed. Refuses figures that do not balance.

The receivable is the payer's, not the child's: all receipts of a payer pay all his lines, oldest first.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from canonical_model.errors import IntegrityError
from gateway.billing.allocation import Allocation, Paid, allocate
from gateway.billing.charges import Line, charge_lines
from gateway.billing.records import Payment, Records
from gateway.billing.tariff import Tariff

_NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True)
class Statement:
    """`payers`: payer number → lines as paid. Amounts are dollars; charged = received + owed."""

    payers: Mapping[str, Allocation]
    payments: tuple[Payment, ...]
    days: int
    set_aside: Mapping[str, int]

    @property
    def lines(self) -> tuple[Line, ...]:
        """Every charge line of the board."""
        return tuple(item.line for account in self.payers.values() for item in account.lines)

    @property
    def charged(self) -> Decimal:
        """Σ of all lines."""
        return sum((line.total for line in self.lines), _NOTHING)

    @property
    def received(self) -> Decimal:
        """Σ of what receipts paid of them."""
        return sum((account.received for account in self.payers.values()), _NOTHING)

    @property
    def owed(self) -> Decimal:
        """Σ of what is not paid (arrears)."""
        return sum((account.owed for account in self.payers.values()), _NOTHING)

    @property
    def credit(self) -> Decimal:
        """Σ of what was paid beyond the lines."""
        return sum((account.credit for account in self.payers.values()), _NOTHING)

    def paid_in(self, year: int) -> Mapping[str, tuple[Paid, ...]]:
        """Payer → lines of services of that year of which something is paid."""
        found = {
            payer: tuple(item for item in account.lines if item.line.year == year and item.paid)
            for payer, account in self.payers.items()
        }
        return {payer: items for payer, items in found.items() if items}


def statement(records: Records, tariff: Tariff) -> Statement:
    """The account of those records. Raises IntegrityError when charges and money do not add up."""
    charges = charge_lines(records.days, records.contracts, tariff)
    set_aside = dict(charges.set_aside)
    by_payer: dict[str, list[Line]] = defaultdict(list)
    for line in charges.lines:
        by_payer[line.payer].append(line)
    received: dict[str, Decimal] = defaultdict(Decimal)
    taken = tuple(payment for payment in records.payments if payment.amount > 0)
    for payment in taken:
        received[payment.payer] += payment.amount
    if refused := len(records.payments) - len(taken):
        set_aside["payment-not-positive"] = refused
    found = Statement(
        payers={
            payer: allocate(by_payer.get(payer, ()), received.get(payer, _NOTHING))
            for payer in sorted(by_payer.keys() | received.keys())
        },
        payments=taken,
        days=len(records.days),
        set_aside=set_aside,
    )
    in_hand = sum((payment.amount for payment in taken), _NOTHING)
    charged = sum((line.total for line in charges.lines), _NOTHING)
    if charged != found.received + found.owed or in_hand != found.received + found.credit:
        raise IntegrityError(
            "billing: charges, receipts and arrears do not add up. Keep the database and report this.",
            "facturation : frais, encaissements et arriérés diffèrent. Gardez la base et signalez-le.",
        )
    return found
