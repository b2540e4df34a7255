"""Events of the sub-ledger to a balanced journal by account. Names no person; refuses an unmapped account.

An event debits one role and credits another; the site's accounts.yaml gives each role its account.
Debits and credits of one account are not netted: the journal shows both, so its total is the turnover.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from canonical_model.errors import ConfigurationError, IntegrityError

_NOTHING = Decimal(0)

# event → (debited role, credited role); a role in capitals has one account for each detail
# (fee class or payment channel).
EVENTS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "invoice": ("receivable", "REVENUE"),
        "credit_note": ("REVENUE", "receivable"),
        "payment": ("BANK", "receivable"),
        "reversal": ("receivable", "BANK"),  # a receipt taken back: NSF, or corrected by the daycare
        "refund": ("receivable", "BANK"),
        "write_off": ("bad_debt", "receivable"),
    }
)


@dataclass(frozen=True, slots=True)
class Accounts:
    """One board's accounts: role → account, or role.detail → account (``revenue.class_day``)."""

    board: str
    by_role: Mapping[str, str]
    fund_segment: int

    def account(self, role: str, detail: str) -> str:
        """The account of a role. Raises ConfigurationError when the site gives none."""
        name = f"{role.lower()}.{detail}" if role.isupper() else role
        if name not in self.by_role:
            raise ConfigurationError(
                f"accounts.yaml/{self.board}: no account for {name}. Add it; nothing was posted.",
                f"accounts.yaml/{self.board} : aucun compte pour {name}. Ajoutez-le; rien n'a été inscrit.",
            )
        return self.by_role[name]

    def fund(self, account: str) -> str:
        """The fund of an account: one of its segments."""
        return account.split("-")[self.fund_segment]


@dataclass(frozen=True, slots=True)
class Posting:
    """One event of the sub-ledger. `detail`: fee class or channel. `amount`: dollars, above zero."""

    event: str
    detail: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class JournalLine:
    """What one account is debited or credited: exactly one of the two is above zero."""

    account: str
    debit: Decimal
    credit: Decimal


@dataclass(frozen=True, slots=True)
class Journal:
    """A balanced journal, ready for the ERP."""

    number: str
    organization: str
    day: date
    lines: tuple[JournalLine, ...]

    @property
    def debit(self) -> Decimal:
        """Σ of debits."""
        return sum((line.debit for line in self.lines), _NOTHING)

    @property
    def credit(self) -> Decimal:
        """Σ of credits."""
        return sum((line.credit for line in self.lines), _NOTHING)

    def document(self) -> dict[str, Any]:
        """As a target takes it: amounts are text, days ISO."""
        return {
            "number": self.number,
            "organization": self.organization,
            "fiscal_year": fiscal_year(self.day),
            "day": self.day.isoformat(),
            "currency": "CAD",
            "total_debit": f"{self.debit:.2f}",
            "total_credit": f"{self.credit:.2f}",
            "lines": [
                {"account": line.account, "debit": f"{line.debit:.2f}", "credit": f"{line.credit:.2f}"}
                for line in self.lines
            ],
        }


def fiscal_year(day: date) -> str:
    """Both years of the budget year that ends on 30 June, in eight characters: ``20252026``."""
    start = day.year if day.month >= 7 else day.year - 1
    return f"{start}{start + 1}"


def build(
    postings: Iterable[Posting], accounts: Accounts, *, number: str, organization: str, day: date
) -> Journal:
    """The journal of those events. Raises ConfigurationError for a missing account or two funds mixed."""
    debits: dict[str, Decimal] = defaultdict(Decimal)
    credits_: dict[str, Decimal] = defaultdict(Decimal)
    for posting in postings:
        debit_role, credit_role = EVENTS[posting.event]
        debit = accounts.account(debit_role, posting.detail)
        credit = accounts.account(credit_role, posting.detail)
        if accounts.fund(debit) != accounts.fund(credit):
            what = f"{posting.event}.{posting.detail}"
            raise ConfigurationError(
                f"accounts.yaml/{accounts.board}: {what} mixes two funds. Correct its accounts.",
                f"accounts.yaml/{accounts.board} : {what} mêle deux fonds. Corrigez ses comptes.",
            )
        debits[debit] += posting.amount
        credits_[credit] += posting.amount
    lines = (
        *(JournalLine(account, debits[account], _NOTHING) for account in sorted(debits)),
        *(JournalLine(account, _NOTHING, credits_[account]) for account in sorted(credits_)),
    )
    found = Journal(number, organization, day, lines)
    check(found)
    return found


def check(journal: Journal) -> None:
    """Raises IntegrityError unless Σ debit = Σ credit and every line has exactly one side above zero."""
    sides = [sorted((line.debit, line.credit)) for line in journal.lines]
    one_sided = all(low == 0 < high for low, high in sides)
    if journal.debit != journal.credit or not one_sided:
        raise IntegrityError(
            f"journal {journal.number}: it does not balance. Nothing was posted; report this.",
            f"journal {journal.number} : il n'est pas équilibré. Rien n'a été inscrit; signalez-le.",
        )
