"""The sub-ledger: charges and receipts, as entries that are only added. Refuses to differ from the statement.

An entry says what it is about by a key; what a key holds is the sum of its entries. A changed charge
or a corrected receipt therefore adds the difference, and a run without news adds nothing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

import sqlalchemy as sa

from canonical_model.errors import IntegrityError
from gateway.billing.charges import Line
from gateway.billing.journal import Posting
from gateway.billing.records import Payment
from gateway.billing.statement import Statement
from gateway.store.schema import journal, ledger_entry

CENTS = Decimal(100)
_CHARGES = ("invoice", "credit_note")  # what adds to a key's sum, and what takes from it
_RECEIPTS = ("payment", "reversal")
_LOCK = 0x42696C6C


@dataclass(frozen=True, slots=True)
class Standing:
    """What a board's ledger holds in all, in cents.

    `charges`, `receipts`: net of credit notes and reversals. `turnover`: all entries, each way added.
    `posted`: journals that the ERP has receipted; `posted_cents`: their debits, which are the
    turnover once everything is posted.
    """

    charges: int
    receipts: int
    turnover: int
    posted: int
    posted_cents: int

    @property
    def receivable(self) -> int:
        """The control total: what the ledger's receivable account must show."""
        return self.charges - self.receipts


def cents(amount: Decimal) -> int:
    """Dollars to cents."""
    return int(amount * CENTS)


def dollars(amount: int) -> Decimal:
    """Cents to dollars."""
    return (Decimal(amount) / CENTS).quantize(Decimal("0.01"))


def lock(connection: sa.Connection, organization: str) -> None:
    """One billing step of a board at a time, until the transaction ends."""
    connection.execute(
        sa.text("select pg_advisory_xact_lock(:lock, :board)"), {"lock": _LOCK, "board": int(organization)}
    )


def bring_up_to(connection: sa.Connection, found: Statement, *, organization: str, exchange: str) -> int:
    """Add the entries that make the ledger equal to the statement. Returns how many were added."""
    wanted = _wanted(found)
    held = _held(connection, organization)
    rows = []
    for key in sorted(wanted.keys() | held.keys()):
        difference = wanted.get(key, 0) - held.get(key, 0)
        if difference:
            adds, takes = _CHARGES if key.startswith("charge|") else _RECEIPTS
            rows.append(
                {
                    "organization": organization,
                    "key": key,
                    "event": adds if difference > 0 else takes,
                    "detail": key.rpartition("|")[2],
                    "cents": abs(difference),
                    "exchange": exchange,
                }
            )
    if rows:
        connection.execute(sa.insert(ledger_entry), rows)
    return len(rows)


def pending(connection: sa.Connection, organization: str) -> list[Posting]:
    """Entries that no journal holds yet, oldest first."""
    query = (
        sa.select(ledger_entry)
        .where(ledger_entry.c.organization == organization, ledger_entry.c.journal.is_(None))
        .order_by(ledger_entry.c.id)
    )
    return [Posting(row.event, row.detail, dollars(row.cents)) for row in connection.execute(query)]


def standing(connection: sa.Connection, organization: str) -> Standing:
    """What the board's ledger and journals hold now."""
    totals = (
        sa.select(ledger_entry.c.event, sa.cast(sa.func.sum(ledger_entry.c.cents), sa.BigInteger))
        .where(ledger_entry.c.organization == organization)
        .group_by(ledger_entry.c.event)
    )
    sums: dict[str, int] = {row[0]: row[1] for row in connection.execute(totals)}
    posted, posted_cents = connection.execute(
        sa.select(
            sa.func.count(),
            sa.cast(sa.func.coalesce(sa.func.sum(journal.c.debit_cents), 0), sa.BigInteger),
        ).where(journal.c.organization == organization, journal.c.receipt.is_not(None))
    ).one()
    return Standing(
        charges=sums.get("invoice", 0) - sums.get("credit_note", 0),
        receipts=sums.get("payment", 0) - sums.get("reversal", 0),
        turnover=sum(sums.values()),
        posted=posted,
        posted_cents=posted_cents,
    )


def check(connection: sa.Connection, found: Statement, organization: str) -> None:
    """Raises IntegrityError unless ledger and statement agree, and each journal with what it was made of."""
    held = standing(connection, organization)
    in_hand = found.received + found.credit
    made_of = (
        sa.select(sa.func.coalesce(sa.func.sum(ledger_entry.c.cents), 0))
        .where(ledger_entry.c.journal == journal.c.number)
        .scalar_subquery()
    )
    altered = sa.select(sa.func.count()).where(
        journal.c.organization == organization, journal.c.debit_cents != made_of
    )
    if (held.charges, held.receipts) != (cents(found.charged), cents(in_hand)) or connection.scalar(altered):
        raise IntegrityError(
            f"billing/{organization}: the ledger differs from charges, receipts or journals."
            " Keep the database and report this.",
            f"facturation/{organization} : le grand livre diffère des frais, encaissements ou journaux."
            " Gardez la base et signalez-le.",
        )


def _wanted(found: Statement) -> Mapping[str, int]:
    return _summed([*map(_line, found.lines), *map(_payment, found.payments)])


def _line(line: Line) -> tuple[str, int]:
    return f"charge|{line.child}|{line.payer}|{line.month:%Y-%m}|{line.fee}", cents(line.total)


def _payment(payment: Payment) -> tuple[str, int]:
    return f"receipt|{payment.number}|{payment.channel}", cents(payment.amount)


def _summed(pairs: Iterable[tuple[str, int]]) -> dict[str, int]:
    found: dict[str, int] = {}
    for key, amount in pairs:
        found[key] = found.get(key, 0) + amount
    return found


def _held(connection: sa.Connection, organization: str) -> Mapping[str, int]:
    adds = ledger_entry.c.event.in_((_CHARGES[0], _RECEIPTS[0]))
    signed = sa.case((adds, ledger_entry.c.cents), else_=-ledger_entry.c.cents)
    query = (
        sa.select(ledger_entry.c.key, sa.cast(sa.func.sum(signed), sa.BigInteger))
        .where(ledger_entry.c.organization == organization)
        .group_by(ledger_entry.c.key)
    )
    return {row[0]: row[1] for row in connection.execute(query)}
