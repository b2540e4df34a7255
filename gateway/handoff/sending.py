"""Bring the dossiers of one exchange to the cégep through the outbox. Nobody leaves on yesterday's decision.

What may leave is decided each time it is about to. A delivery is keyed by its exchange and the digest of
its documents: sent again after a kill, it is the same one to the cégep; made of other documents, it is
another.
"""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any

import orjson
import sqlalchemy as sa

from canonical_model.errors import HubError
from canonical_model.released import Released
from connectors.kit.protocol import Delivery, Receipt
from gateway import outbox
from gateway.evidence.chain import Entry, append
from gateway.handoff import service
from gateway.handoff.document import render, signer
from gateway.handoff.service import ROUTE, Handoff, Route
from gateway.outbox.patience import days_waited
from gateway.store import exchanges
from gateway.store.hub import Hub
from gateway.store.schema import decision as decision_table


def deliver(hub: Hub, exchange_id: str, *, moment: datetime) -> Mapping[str, Any]:
    """Queue the exchange, send what waits before it and then it. Returns its counts, the receipt's among them.

    Raises ConfigurationError or RetryableError as the connector does, WaitingError when the cégep is
    closed: the delivery stays in the outbox, and calling again continues. Done already, it is not done again.
    """
    with hub.transaction() as connection:
        held = _locked(connection, exchange_id)
        if held.state == "done":
            return dict(held.counts)
        if not held.counts["released"]:
            handoff = _handoff(hub, held, moment)
            counts, released = service.decided(connection, handoff)
            if not released:  # nothing to queue, unless a consent came since it was prepared
                exchanges.record(connection, exchange_id, state="sending", counts=counts, moment=moment)
                return _close(connection, handoff, (), None)
        key = _key(exchange_id)
        outbox.put(connection, held.system, key, exchange=exchange_id, route=ROUTE, moment=moment)
    with outbox.Courier(hub, SENDERS) as courier:
        courier.bring(held.system, key, moment=moment)
    with hub.transaction() as connection:
        return dict(_locked(connection, exchange_id).counts)


class _HandoffSender:
    """What the outbox asks about a handoff."""

    def content(
        self, connection: sa.Connection, hub: Hub, row: sa.Row[Any], *, moment: datetime
    ) -> Delivery | None:
        """The signed documents of those who may leave now."""
        held = _locked(connection, row.exchange)
        handoff = _handoff(hub, held, moment)
        counts, released = service.decided(connection, handoff)
        signing = signer(hub.keys)
        ready = [
            item.with_document(render(signing, item, issuer=handoff.route.board, issued_on=held.day))
            for item in sorted(released, key=lambda item: item.subject)
        ]
        digest = hashlib.sha256(b"\n".join(item.document or b"" for item in ready)).digest()
        exchanges.record(connection, held.id, state="sending", counts=counts, digest=digest, moment=moment)
        if not ready:
            _close(connection, handoff, (), None)
            return None
        return Delivery(f"{row.key}.{digest.hex()[:16]}", ready, None)

    def received(
        self,
        connection: sa.Connection,
        hub: Hub,
        row: sa.Row[Any],
        *,
        delivery: Delivery,
        receipt: Receipt,
        moment: datetime,
    ) -> None:
        """Keep the receipt and mark who was received."""
        held = _locked(connection, row.exchange)
        handoff = _handoff(hub, held, moment)
        _close(connection, handoff, delivery.released, receipt, key=delivery.key)

    def failed(
        self,
        connection: sa.Connection,
        hub: Hub,  # noqa: ARG002 - the outbox gives it to every route
        row: sa.Row[Any],
        *,
        error: HubError,
        moment: datetime,
    ) -> None:
        """The exchange says what stopped it."""
        exchanges.record(connection, row.exchange, state="failed", failure=error, moment=moment)


SENDERS: Mapping[str, outbox.Sender] = MappingProxyType({ROUTE: _HandoffSender()})


def _close(
    connection: sa.Connection,
    handoff: Handoff,
    sent: Sequence[Released],
    receipt: Receipt | None,
    *,
    key: str | None = None,
) -> Mapping[str, Any]:
    """Keep the receipt, mark who was received, and write it down. Returns the exchange's counts."""
    refused = dict(receipt.refused) if receipt else {}
    accepted = [item.subject for item in sent if item.decision.marker not in refused]
    connection.execute(
        sa.update(decision_table)
        .where(
            decision_table.c.exchange == handoff.id,
            decision_table.c.person == sa.func.any(sa.cast(accepted, sa.ARRAY(sa.Uuid()))),
        )
        .values(delivered_at=handoff.moment)
    )
    counts = {
        "received": receipt.accepted if receipt else 0,
        "rejected": dict(sorted(Counter(refused.values()).items())),
    }
    exchanges.record(
        connection,
        handoff.id,
        state="done",
        counts=counts,
        receipt=_kept(receipt, key) if receipt else None,
        moment=handoff.moment,
    )
    facts = {
        "exchange": handoff.id,
        "recipient": handoff.route.recipient,
        "system": handoff.route.system,
        "delivery": key,
        "documents": len(sent),
        "decisions": _digest_of_markers(sent),
        "receipt": receipt.number if receipt else None,
        **counts,
    }
    append(connection, handoff.moment, Entry("handoff.delivered", None, facts))
    return dict(_locked(connection, handoff.id).counts)


def _digest_of_markers(sent: Sequence[Released]) -> str:
    """Which decisions went together; each is in evidence by itself, with its person."""
    markers = sorted(item.decision.marker for item in sent)
    return hashlib.sha256("\n".join(markers).encode()).hexdigest()


def _kept(receipt: Receipt, key: str | None) -> dict[str, Any]:
    """The receipt as the exchange keeps it: the partner's number and its answer, which names no person."""
    return {
        "number": receipt.number,
        "delivery": key,
        "accepted": receipt.accepted,
        "refused": [list(item) for item in receipt.refused],
        "answer": orjson.loads(receipt.raw),
    }


def _key(exchange_id: str) -> str:
    return exchange_id.replace("/", ".")


def _handoff(hub: Hub, held: sa.Row[Any], moment: datetime) -> Handoff:
    board, _, recipient = held.id.rpartition("/")[2].partition("-")
    sent_on = held.day + days_waited(held.started_at, moment)
    return Handoff(hub, held.id, Route(board, recipient, held.system), held.day, sent_on, moment)


def _locked(connection: sa.Connection, exchange_id: str) -> sa.Row[Any]:
    return exchanges.locked(
        connection, exchange_id, route=ROUTE, english="no such handoff", french="aucune remise de ce nom"
    )
