"""Post to the ERP what the ledger has not posted yet, as one balanced journal. Never posts an entry twice.

A journal is first written here with its content, then delivered, then receipted: what was sent is
always known, and a journal without a receipt is sent again, under its key, before another one is
made: the ERP then answers the receipt that it gave. A journal
that the ERP refuses as wrong is withdrawn: its entries wait, and are built anew from mended accounts.
"""

import hashlib
from collections.abc import Mapping
from datetime import date, datetime
from types import MappingProxyType
from typing import Any

import orjson
import sqlalchemy as sa

from canonical_model.errors import HubError, IntegrityError
from connectors.kit.errors import PartnerRefusedError
from connectors.kit.protocol import Delivery, Receipt
from gateway import outbox
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
    does not answer, WaitingError when it is closed, IntegrityError when it holds another journal of that
    number. The journal then waits in the outbox; run again.
    """
    last = None
    with outbox.Courier(hub, SENDERS) as courier:
        while (row := _unposted(hub, run=run, day=day, moment=moment, organization=organization)) is not None:
            system = f"{CONNECTOR}@{organization}"
            with hub.transaction() as connection:
                outbox.put(connection, system, row.number, exchange=row.exchange, route=ROUTE, moment=moment)
            courier.bring(system, row.number, moment=moment)
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


class _JournalSender:
    """What the outbox asks about a journal."""

    def content(
        self,
        connection: sa.Connection,
        hub: Hub,  # noqa: ARG002 - the outbox gives it to every route
        row: sa.Row[Any],
        *,
        moment: datetime,  # noqa: ARG002 - a journal is no one's: no decision ages
    ) -> Delivery:
        """The journal as it was written here, under its number."""
        held = _journal(connection, row)
        return Delivery(key=held.number, released=(), content=orjson.loads(held.content))

    def received(
        self,
        connection: sa.Connection,
        hub: Hub,  # noqa: ARG002 - the outbox gives it to every route
        row: sa.Row[Any],
        *,
        delivery: Delivery,
        receipt: Receipt,
        moment: datetime,
    ) -> None:
        """Keep the receipt, when it is about every line."""
        if receipt.refused or receipt.accepted != len(delivery.content["lines"]):
            raise IntegrityError(
                f"{row.destination}: it did not take every line of journal {row.key}. Compare both sides.",
                f"{row.destination} : il n'a pas pris toutes les lignes du journal {row.key}."
                " Comparez les deux côtés.",
            )
        _close(connection, _journal(connection, row), receipt, moment)

    def failed(
        self,
        connection: sa.Connection,
        hub: Hub,  # noqa: ARG002 - the outbox gives it to every route
        row: sa.Row[Any],
        *,
        error: HubError,
        moment: datetime,
    ) -> None:
        """The exchange says what stopped it; a journal that the ERP finds wrong is withdrawn."""
        if isinstance(error, PartnerRefusedError) and error.status == _REFUSED:
            _withdraw(connection, row.key)
        exchanges.record(connection, row.exchange, state="failed", failure=error, moment=moment)


SENDERS: Mapping[str, outbox.Sender] = MappingProxyType({ROUTE: _JournalSender()})


def _journal(connection: sa.Connection, row: sa.Row[Any]) -> sa.Row[Any]:
    """The journal of a delivery, held until the end of the transaction."""
    return connection.execute(sa.select(journal).where(journal.c.number == row.key).with_for_update()).one()


def _close(connection: sa.Connection, held: sa.Row[Any], receipt: Receipt, moment: datetime) -> None:
    connection.execute(
        sa.update(journal).where(journal.c.number == held.number).values(receipt=receipt.number)
    )
    counts = {
        "journals": 1,
        "journal_debit_cents": held.debit_cents,
        "journal_credit_cents": held.credit_cents,
        "journal_lines": receipt.accepted,
    }
    digest = hashlib.sha256(held.content.encode())
    exchanges.record(
        connection, held.exchange, state="done", counts=counts, digest=digest.digest(), moment=moment,
        receipt={"journal": held.number, "number": receipt.number},
    )  # fmt: skip
    facts = {
        "exchange": held.exchange,
        "journal": held.number,
        "receipt": receipt.number,
        "sha256": digest.hexdigest(),
        "counts": counts,
    }
    append(connection, moment, Entry("billing.journal-posted", None, facts))


def _withdraw(connection: sa.Connection, number: str) -> None:
    connection.execute(sa.update(ledger_entry).where(ledger_entry.c.journal == number).values(journal=None))
    connection.execute(sa.delete(journal).where(journal.c.number == number))
