"""Charge one board: care days and receipts to the sub-ledger. Done again it adds only what changed."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from gateway.billing import ledger, reading, site_files
from gateway.billing.ledger import cents
from gateway.billing.statement import Statement, statement
from gateway.billing.tariff import Tariff
from gateway.evidence.chain import Entry, append
from gateway.store import exchanges
from gateway.store.hub import Hub

ROUTE = "charge"


def charge(hub: Hub, *, run: str, day: date, moment: datetime, organization: str) -> str:
    """Charge every care day up to `day`, and take in every receipt. Returns the exchange's id.

    Counts of the exchange: charges, receipts (allocated), arrears and credit in cents;
    charges = receipts + arrears. Raises ConfigurationError for a price, a rate or a file that is
    wrong, IntegrityError when ledger and statement differ; nothing is then stored.
    """
    id = f"{run}/{ROUTE}/billing@{organization}"  # noqa: A001 - the word of the table
    tariff = site_files.board_tariff(hub.settings.site_folder, organization)
    with hub.transaction() as connection:
        ledger.lock(connection, organization)
        state = exchanges.begin(
            connection, id, run=run, route=ROUTE, system=f"billing@{organization}", direction="in", day=day,
            moment=moment,
        )  # fmt: skip
        records = reading.records(connection, hub.keys, organization=organization, day=day)
        found = statement(records, tariff)
        added = ledger.bring_up_to(connection, found, organization=organization, exchange=id)
        ledger.check(connection, found, organization)
        if state != "done" or added:
            counts = {**_counts(found, tariff), "ledger_entries_added": added}
            exchanges.record(connection, id, state="done", counts=counts, moment=moment)
            append(connection, moment, Entry("billing.charged", None, {"exchange": id, "counts": counts}))
    return id


def _counts(found: Statement, tariff: Tariff) -> dict[str, Any]:
    lines = found.lines
    unverified = sum((line.total for line in lines if tariff.unverified(line.since)), Decimal(0))
    return {
        "days": found.days,
        "lines": len(lines),
        "payers": len(found.payers),
        "set_aside": dict(found.set_aside),
        "charges_cents": cents(found.charged),
        "receipts_cents": cents(found.received),
        "arrears_cents": cents(found.owed),
        "credit_cents": cents(found.credit),
        "unverified_rate_cents": cents(unverified),
    }
