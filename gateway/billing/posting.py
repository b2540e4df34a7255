"""Post to the ERP what the ledger has not posted yet, as one balanced journal. Never posts an entry twice.

A journal is first written here with its content, then delivered, then receipted: what was sent is
always known, and a journal without a receipt is sent again, under its key, before another one is
made: the ERP then answers the receipt that it gave. A journal
that the ERP refuses as wrong is withdrawn: its entries wait, and are built anew from mended accounts.
"""

import hashlib
from datetime import date, datetime
from typing import Any

import orjson
import sqlalchemy as sa

from canonical_model.errors import HubError, IntegrityError
from connectors.kit import load
from connectors.kit.protocol import Delivery, Receipt
from connectors.kit.rest import PartnerRefusedError
from gateway import site
from gateway.billing import ledger, site_files
from gateway.billing.journal import build
from gateway.billing.ledger import cents
from gateway.evidence.chain import Entry, append
from gateway.store import exchanges
from gateway.store.hub import Hub
from gateway.store.schema import journal, ledger_entry

ROUTE = "erp"
CONNECTOR = "mozaik_finances"
_REFUSED = 422  # the ERP read the journal, found it wrong, and kept nothing of it


def post_journal(hub: Hub, *, run: str, day: date, moment: datetime, organization: str) -> str | None:
    """Post the board's pending entries. Returns the exchange of the last journal posted, or None.

    Raises ConfigurationError for a missing account or a refused call, RetryableError when the ERP
    does not answer, IntegrityError when it holds another journal of that number; run again then.
    """
    last = None
    while (row := _unposted(hub, run=run, day=day, moment=moment, organization=organization)) is not None:
        _deliver(hub, row, moment)
        last = row.exchange
    return last


def _unposted(hub: Hub, *, run: str, day: date, moment: datetime, organization: str) -> sa.Row[Any] | None:
    """The board's journal without receipt; when there is none, a new one of the pending entries, or None."""
    waiting = sa.select(journal).where(journal.c.organization == organization, journal.c.receipt.is_(None))
    with hub.transaction() as connection:
        ledger.lock(connection, organization)
        if (row := connection.execute(waiting).one_or_none()) is not None:
            return row
        entries = ledger.pending(connection, organization)
        if not entries:
            return None
        accounts = site_files.board_accounts(hub.settings.site_folder, organization)
        count = connection.scalar(
            sa.select(sa.func.count()).select_from(journal).where(journal.c.organization == organization)
        )
        number = f"GARDE-{organization}-{(count or 0) + 1:06d}"
        made = build(entries, accounts, number=number, organization=organization, day=day)
        exchange = f"{run}/{ROUTE}/{number}"
        connection.execute(
            sa.insert(journal).values(
                number=number,
                exchange=exchange,
                organization=organization,
                day=day,
                debit_cents=cents(made.debit),
                credit_cents=cents(made.credit),
                content=orjson.dumps(made.document(), option=orjson.OPT_SORT_KEYS).decode(),
            )
        )
        connection.execute(
            sa.update(ledger_entry)
            .where(ledger_entry.c.organization == organization, ledger_entry.c.journal.is_(None))
            .values(journal=number)
        )
        exchanges.begin(
            connection, exchange, run=run, route=ROUTE, system=f"{CONNECTOR}@{organization}", direction="out",
            day=day, moment=moment,
        )  # fmt: skip
        return connection.execute(waiting).one()


def _deliver(hub: Hub, row: sa.Row[Any], moment: datetime) -> None:
    try:
        receipt = _sent(hub, row)
    except HubError as error:
        with hub.transaction() as connection:
            if isinstance(error, PartnerRefusedError) and error.status == _REFUSED:
                _withdraw(connection, row.number)
            exchanges.record(connection, row.exchange, state="failed", failure=error, moment=moment)
        raise
    with hub.transaction() as connection:
        ledger.lock(connection, row.organization)
        taken = connection.execute(
            sa.update(journal)
            .where(journal.c.number == row.number, journal.c.receipt.is_(None))
            .values(receipt=receipt.number)
        )
        if taken.rowcount == 0:  # another process sent the same journal and recorded it first
            return
        counts = {
            "journals": 1,
            "journal_debit_cents": row.debit_cents,
            "journal_credit_cents": row.credit_cents,
            "journal_lines": receipt.accepted,
        }
        digest = hashlib.sha256(row.content.encode())
        exchanges.record(
            connection, row.exchange, state="done", counts=counts, digest=digest.digest(), moment=moment,
            receipt={"journal": row.number, "number": receipt.number},
        )  # fmt: skip
        facts = {
            "exchange": row.exchange,
            "journal": row.number,
            "receipt": receipt.number,
            "sha256": digest.hexdigest(),
            "counts": counts,
        }
        append(connection, moment, Entry("billing.journal-posted", None, facts))


def _withdraw(connection: sa.Connection, number: str) -> None:
    connection.execute(sa.update(ledger_entry).where(ledger_entry.c.journal == number).values(journal=None))
    connection.execute(sa.delete(journal).where(journal.c.number == number))


def _sent(hub: Hub, row: sa.Row[Any]) -> Receipt:
    content = orjson.loads(row.content)
    installation = site.installation(hub.settings.site_folder, f"{CONNECTOR}@{row.organization}")
    target = load.target(installation)
    try:
        receipt = target.deliver(Delivery(key=row.number, released=(), content=content))
    finally:
        target.close()
    if receipt.refused or receipt.accepted != len(content["lines"]):
        raise IntegrityError(
            f"{installation.system}: it did not take every line of journal {row.number}. Compare both sides.",
            f"{installation.system} : il n'a pas pris toutes les lignes du journal {row.number}."
            " Comparez les deux côtés.",
        )
    return receipt
