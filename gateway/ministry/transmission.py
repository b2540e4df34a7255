"""Transmission: the lot as it was prepared, decided again, to the ministry. Nobody refused since is sent.

The lot's number and content do not change between two tries: killed after sending and called again, the
ministry gives the same acknowledgement. A person whom a decision now refuses is taken out before anything
leaves; if the lot had left already, the ministry refuses the smaller one (LOT_DIFFERENT) and a person looks.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from types import MappingProxyType
from typing import Any

import sqlalchemy as sa

from canonical_model.errors import HubError
from canonical_model.released import Decision, Released
from connectors.kit.protocol import Delivery, Receipt
from gateway import outbox
from gateway import release as door
from gateway.evidence.chain import Entry, append
from gateway.ministry import content
from gateway.ministry import exchange as ministry_exchange
from gateway.ministry.exchange import PURPOSE, ROUTE, SECTIONS
from gateway.outbox.patience import days_waited
from gateway.store import exchanges
from gateway.store.hub import Hub
from gateway.store.schema import decision as decision_table
from gateway.store.schema import declaration


def transmit(hub: Hub, exchange_id: str, *, moment: datetime) -> Mapping[str, Any]:
    """Queue a prepared lot, send what waits before it and then it. Returns the exchange's counts; done once.

    Raises ConfigurationError, RetryableError or IntegrityError as the connector does, WaitingError when the
    ministry is closed: the exchange says so, stays prepared, and calling again sends the same lot.
    """
    with hub.transaction() as connection:
        held = ministry_exchange.locked(connection, exchange_id)
        if held.state != "prepared":
            return dict(held.counts)
        lot = held.receipt["lot"]
        outbox.put(connection, held.system, lot, exchange=exchange_id, route=ROUTE, moment=moment)
    with outbox.Courier(hub, SENDERS) as courier:
        courier.bring(held.system, lot, moment=moment)
    with hub.transaction() as connection:
        return dict(ministry_exchange.locked(connection, exchange_id).counts)


class _LotSender:
    """What the outbox asks about a lot of declarations."""

    def content(
        self, connection: sa.Connection, hub: Hub, row: sa.Row[Any], *, moment: datetime
    ) -> Delivery | None:
        """The lot as it was prepared, without those whom a decision of now refuses."""
        held = ministry_exchange.locked(connection, row.exchange)
        return _delivery(connection, hub, held, moment) if held.state == "prepared" else None

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
        """Keep the acknowledgement and mark who left."""
        _close(connection, row.exchange, delivery, receipt, moment)

    def failed(
        self,
        connection: sa.Connection,
        hub: Hub,  # noqa: ARG002 - the outbox gives it to every route
        row: sa.Row[Any],
        *,
        error: HubError,
        moment: datetime,
    ) -> None:
        """The exchange says what stopped it, and stays prepared."""
        exchanges.record(connection, row.exchange, state="prepared", failure=error, moment=moment)


SENDERS: Mapping[str, outbox.Sender] = MappingProxyType({ROUTE: _LotSender()})


def _delivery(connection: sa.Connection, hub: Hub, held: sa.Row[Any], moment: datetime) -> Delivery | None:
    """The lot under decisions of now; None when nobody is left in it."""
    sent_on = held.day + days_waited(held.started_at, moment)
    query = sa.select(declaration).where(declaration.c.exchange == held.id).order_by(declaration.c.number)
    rows = connection.execute(query).all()
    decisions = _decisions(
        connection, hub, held, persons=sorted({str(row.person) for row in rows}), day=sent_on
    )
    kept = [row for row in rows if decisions[str(row.person)].fields >= SECTIONS]
    if len(kept) < len(rows):
        gone = [row for row in rows if row not in kept]
        reasons = Counter(_reason(decisions[str(row.person)]) for row in gone)
        _take_out(connection, hub, held, gone, reasons=reasons, day=sent_on, moment=moment)
    if not kept:
        return None
    contents = [content.opened(hub.keys, row.number, row.sealed) for row in kept]
    # The door redacted these records when the lot was prepared; they leave under the decision of now.
    released = {
        str(row.person): Released(
            decisions[str(row.person)],
            subject=str(row.person),
            resource={section: tuple(records) for section, records in said["resource"].items()},
        )
        for row, said in zip(kept, contents, strict=True)
    }
    return Delivery(
        held.receipt["lot"],
        tuple(released.values()),
        {
            "school_year": held.receipt["school_year"],
            "organization": held.id.rpartition("/")[2],
            "code_lists": held.receipt["code_lists"],
            "transactions": [{"kind": item["kind"], "fields": item["fields"]} for item in contents],
        },
    )


def _decisions(
    connection: sa.Connection, hub: Hub, held: sa.Row[Any], *, persons: Sequence[str], day: date
) -> Mapping[str, Decision]:
    found = door.decide_for(
        connection,
        hub.keys,
        hub.settings,
        persons=persons,
        recipient=held.system.partition("@")[2],
        purpose=PURPOSE,
        sections=SECTIONS,
        day=day,
        organization=held.id.rpartition("/")[2],
    )
    return {item.subject: item for item in found}


def _take_out(
    connection: sa.Connection,
    hub: Hub,
    held: sa.Row[Any],
    gone: Sequence[sa.Row[Any]],
    *,
    reasons: Counter[str],
    day: date,
    moment: datetime,
) -> None:
    """Those refused since the lot was prepared are withheld: counted so, and written down by the door."""
    persons = sorted({str(row.person) for row in gone})
    connection.execute(sa.delete(declaration).where(declaration.c.number.in_([row.number for row in gone])))
    counts = dict(held.counts)
    counts["declared"] -= len(gone)
    counts["withheld"] = dict(sorted((Counter(counts["withheld"]) + reasons).items()))
    empty = counts["declared"] == 0
    content.check(held.id, counts, answered=empty)
    exchanges.record(
        connection,
        held.id,
        state="done" if empty else "prepared",
        counts=counts,
        moment=moment,
    )
    door.release(
        connection,
        hub.keys,
        hub.settings,
        exchange=held.id,
        persons=persons,
        recipient=held.system.partition("@")[2],
        purpose=PURPOSE,
        sections=SECTIONS,
        day=day,
        moment=moment,
        organization=held.id.rpartition("/")[2],
    )


def _reason(decision: Decision) -> str:
    """Why a person may not leave, or only in part: a declaration needs all its sections."""
    return decision.reason if not decision.permits else next(iter(decision.withheld))[1]


def _close(
    connection: sa.Connection, exchange_id: str, delivery: Delivery, receipt: Receipt, moment: datetime
) -> None:
    """Keep the acknowledgement, mark who left, and write it down."""
    held = ministry_exchange.locked(connection, exchange_id)
    mine = declaration.c.exchange == exchange_id
    digests = connection.scalars(
        sa.select(declaration.c.content_digest).where(mine).order_by(declaration.c.number)
    ).all()
    persons = [item.subject for item in delivery.released]
    connection.execute(
        sa.update(decision_table)
        .where(
            decision_table.c.exchange == exchange_id,
            decision_table.c.person == sa.func.any(sa.cast(persons, sa.ARRAY(sa.Uuid()))),
        )
        .values(delivered_at=moment)
    )
    digest = content.digest_of(digests)
    exchanges.record(
        connection,
        exchange_id,
        state="sent",
        digest=bytes.fromhex(digest),
        receipt={**held.receipt, "acknowledgement": receipt.number},
        moment=moment,
    )
    facts = {
        "exchange": exchange_id,
        "lot": delivery.key,
        "system": held.system,
        "acknowledgement": receipt.number,
        "transactions": receipt.accepted,
        "content": digest,
    }
    append(connection, moment, Entry("ministry.lot-sent", None, facts))
