"""Transmission: the lot as it was prepared, decided again, to the ministry. Nobody refused since is sent.

The lot's number and content do not change between two tries: killed after sending and called again, the
ministry gives the same acknowledgement. A person whom a decision now refuses is taken out before anything
leaves; if the lot had left already, the ministry refuses the smaller one (LOT_DIFFERENT) and a person looks.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from canonical_model.errors import HubError
from canonical_model.released import Decision, Released
from connectors.kit.protocol import Delivery, Receipt
from gateway import release as door
from gateway.evidence.chain import Entry, append
from gateway.ministry import content
from gateway.ministry import exchange as ministry_exchange
from gateway.ministry.exchange import PURPOSE, SECTIONS
from gateway.store import exchanges
from gateway.store.hub import Hub
from gateway.store.schema import decision as decision_table
from gateway.store.schema import declaration


def transmit(hub: Hub, exchange_id: str, *, moment: datetime) -> Mapping[str, Any]:
    """Send a prepared lot and keep its acknowledgement. Returns the exchange's counts; done once.

    Raises ConfigurationError, RetryableError or IntegrityError as the connector does: the exchange says
    so, stays prepared, and calling again sends the same lot.
    """
    with hub.transaction() as connection:
        held = ministry_exchange.locked(connection, exchange_id)
        if held.state != "prepared":
            return dict(held.counts)
        delivery = _delivery(connection, hub, held, moment)
    if delivery is None:
        return _counts(hub, exchange_id)
    try:
        receipt = _sent(hub, held.system, delivery)
    except HubError as error:
        with hub.transaction() as connection:
            if ministry_exchange.locked(connection, exchange_id).state == "prepared":
                exchanges.record(connection, exchange_id, state="prepared", failure=error, moment=moment)
        raise
    _close(hub, exchange_id, delivery, receipt, moment)
    return _counts(hub, exchange_id)


def _delivery(connection: sa.Connection, hub: Hub, held: sa.Row[Any], moment: datetime) -> Delivery | None:
    """The lot under decisions of now; None when nobody is left in it."""
    query = sa.select(declaration).where(declaration.c.exchange == held.id).order_by(declaration.c.number)
    rows = connection.execute(query).all()
    decisions = _decisions(connection, hub, held, sorted({str(row.person) for row in rows}))
    kept = [row for row in rows if decisions[str(row.person)].fields >= SECTIONS]
    if len(kept) < len(rows):
        gone = [row for row in rows if row not in kept]
        reasons = Counter(_reason(decisions[str(row.person)]) for row in gone)
        _take_out(connection, hub, held, gone, reasons=reasons, moment=moment)
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
    connection: sa.Connection, hub: Hub, held: sa.Row[Any], persons: Sequence[str]
) -> Mapping[str, Decision]:
    found = door.decide_for(
        connection,
        hub.keys,
        hub.settings,
        persons=persons,
        recipient=held.system.partition("@")[2],
        purpose=PURPOSE,
        sections=SECTIONS,
        day=held.day,
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
        day=held.day,
        moment=moment,
        organization=held.id.rpartition("/")[2],
    )


def _reason(decision: Decision) -> str:
    """Why a person may not leave, or only in part: a declaration needs all its sections."""
    return decision.reason if not decision.permits else next(iter(decision.withheld))[1]


def _sent(hub: Hub, system: str, delivery: Delivery) -> Receipt:
    target = ministry_exchange.connected(hub, system)
    try:
        return target.deliver(delivery)
    finally:
        target.close()


def _close(hub: Hub, exchange_id: str, delivery: Delivery, receipt: Receipt, moment: datetime) -> None:
    """Keep the acknowledgement, mark who left, and write it down: one transaction."""
    with hub.transaction() as connection:
        held = ministry_exchange.locked(connection, exchange_id)
        if held.state != "prepared":  # another worker was told the same
            return
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


def _counts(hub: Hub, exchange_id: str) -> Mapping[str, Any]:
    with hub.transaction() as connection:
        return dict(ministry_exchange.locked(connection, exchange_id).counts)
