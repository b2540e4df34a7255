"""Prepare and deliver the dossiers of Secondary 5 pupils to a cégep. Sends nobody twice, nor undecided.

One exchange is one board and one cégep. It is decided when prepared and again when delivered, for a
consent may be withdrawn between the two. On every exchange

    population = released + unchanged + withheld

A delivery is keyed by its exchange and the digest of its documents: sent again after a kill, it is the
same one to the cégep; made of other documents, it is another.
"""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import orjson
import sqlalchemy as sa

from canonical_model.errors import HubError, IntegrityError
from canonical_model.released import Released
from connectors.kit import load
from connectors.kit.protocol import Delivery, Receipt
from gateway import release as door
from gateway import site
from gateway.evidence.chain import Entry, append
from gateway.handoff.document import render, signer
from gateway.keys import Keys
from gateway.settings import Settings
from gateway.store import dossier, exchanges
from gateway.store.hub import Hub
from gateway.store.schema import decision as decision_table

ROUTE = "handoff"
PURPOSE = "admission"
SECTIONS = frozenset({"identity", "results_local"})
LEVEL = "SECONDARY5"


@dataclass(frozen=True, slots=True)
class Route:
    """From one board to one cégep; `system` is the installation that takes the delivery."""

    board: str
    recipient: str
    system: str

    @property
    def suffix(self) -> str:
        """The end of the id of each of its exchanges."""
        return f"/{ROUTE}/{self.board}-{self.recipient}"


@dataclass(frozen=True, slots=True)
class _Handoff:
    """One exchange at work: where it stands, and when it is looked at."""

    hub: Hub
    id: str
    route: Route
    day: date
    moment: datetime


def prepare(hub: Hub, *, run: str, day: date, moment: datetime) -> list[str]:
    """Decide for every route of the site. Returns the ids of its exchanges, to be delivered one by one."""
    made = []
    for route in routes(hub.settings):
        id = run + route.suffix  # noqa: A001 - the word of the table
        with hub.transaction() as connection:
            state = exchanges.begin(
                connection, id, run=run, route=ROUTE, system=route.system, direction="out", day=day,
                moment=moment,
            )  # fmt: skip
            if state != "done":
                counts, _ = _decided(connection, _Handoff(hub, id, route, day, moment))
                exchanges.record(connection, id, state="prepared", counts=counts, moment=moment)
        made.append(id)
    return made


def deliver(hub: Hub, exchange_id: str, *, moment: datetime) -> Mapping[str, Any]:
    """Decide again, hand over what may leave, keep the receipt. Returns the exchange's counts.

    Raises ConfigurationError or RetryableError as the connector does; the exchange then says so, and
    calling again continues. Done already, it is not done again.
    """
    with hub.transaction() as connection:
        held = _locked(connection, exchange_id)
        if held.state == "done":
            return dict(held.counts)
        handoff = _Handoff(hub, exchange_id, _route(held), held.day, moment)
        counts, released = _decided(connection, handoff)
        signing = signer(hub.keys)
        ready = [
            item.with_document(render(signing, item, issuer=handoff.route.board, issued_on=held.day))
            for item in sorted(released, key=lambda item: item.subject)
        ]
        digest = hashlib.sha256(b"\n".join(item.document or b"" for item in ready)).digest()
        exchanges.record(
            connection, exchange_id, state="sending", counts=counts, digest=digest, moment=moment
        )
    delivery = Delivery(f"{exchange_id.replace('/', '.')}.{digest.hex()[:16]}", ready, None)
    try:
        receipt = _send(hub.settings, handoff.route, delivery) if ready else None
    except HubError as error:
        with hub.transaction() as connection:
            if _locked(connection, exchange_id).state != "done":  # another worker may have been luckier
                exchanges.record(connection, exchange_id, state="failed", failure=error, moment=moment)
        raise
    return _close(handoff, delivery, receipt)


def routes(settings: Settings) -> tuple[Route, ...]:
    """Board and cégep of every admission agreement whose target is installed here, in force or not.

    An agreement not yet in force has its route too: its pupils are counted, and withheld with the reason.
    """
    installed = {item.system for item in site.installations(settings.site_folder)}
    found = {
        Route(board, recipient, f"{agreement.transport}@{recipient}")
        for agreement in door.agreements(settings)
        if agreement.purpose == PURPOSE
        for board in agreement.senders
        for recipient in agreement.recipients
    }
    kept = [route for route in found if route.system in installed]
    return tuple(sorted(kept, key=lambda route: (route.board, route.recipient, route.system)))


def _decided(connection: sa.Connection, handoff: _Handoff) -> tuple[dict[str, Any], tuple[Released, ...]]:
    """The balanced counts of an exchange and what may leave in it."""
    hub, route = handoff.hub, handoff.route
    population = _population(connection, hub.keys, route.board, handoff.day)
    result = door.release(
        connection,
        hub.keys,
        hub.settings,
        exchange=handoff.id,
        persons=population,
        recipient=route.recipient,
        purpose=PURPOSE,
        sections=SECTIONS,
        day=handoff.day,
        moment=handoff.moment,
        organization=route.board,
        delivered=_delivered(connection, route),
    )
    withheld = Counter(item.reason for item in result.refused)
    counts = {
        "population": len(population),
        "released": len(result.released),
        "unchanged": len(result.unchanged),
        "withheld": dict(sorted(withheld.items())),
        "received": 0,
    }
    if len(population) != len(result.released) + len(result.unchanged) + withheld.total():
        raise IntegrityError(
            f"{handoff.id}: {len(population)} pupils, but {counts}. Nothing was sent; report this fault.",
            f"{handoff.id} : {len(population)} élèves, mais {counts}. Rien n'est parti; signalez-le.",
        )
    return counts, result.released


def _population(connection: sa.Connection, keys: Keys, board: str, day: date) -> list[str]:
    """Persons enrolled in Secondary 5 at the board on `day`."""
    found = {
        held.person
        for held in dossier.current(connection, keys, "Enrolment", organization=board)
        if held.document["level"]["code"] == LEVEL and held.holds(day)
    }
    return sorted(found)


def _delivered(connection: sa.Connection, route: Route) -> dict[str, bytes]:
    """The digest of what each person's cégep received last on this route."""
    query = (
        sa.select(decision_table.c.person, decision_table.c.content_digest)
        .where(
            decision_table.c.recipient == route.recipient,
            decision_table.c.purpose == PURPOSE,
            decision_table.c.delivered_at.is_not(None),
            decision_table.c.exchange.endswith(route.suffix, autoescape=True),
        )
        .order_by(decision_table.c.delivered_at)
    )
    return {str(row.person): row.content_digest for row in connection.execute(query)}


def _send(settings: Settings, route: Route, delivery: Delivery) -> Receipt:
    target = load.target(site.installation(settings.site_folder, route.system))
    try:
        return target.deliver(delivery)
    finally:
        target.close()


def _close(handoff: _Handoff, delivery: Delivery, receipt: Receipt | None) -> Mapping[str, Any]:
    """Keep the receipt, mark who was received, and write it down: one transaction."""
    sent = delivery.released
    refused = dict(receipt.refused) if receipt else {}
    with handoff.hub.transaction() as connection:
        held = _locked(connection, handoff.id)
        if held.state == "done":  # another worker closed it: the key is the same, so is the receipt
            return dict(held.counts)
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
            receipt=_kept(receipt, delivery.key) if receipt else None,
            moment=handoff.moment,
        )
        facts = {
            "exchange": handoff.id,
            "recipient": handoff.route.recipient,
            "system": handoff.route.system,
            "delivery": delivery.key,
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


def _kept(receipt: Receipt, key: str) -> dict[str, Any]:
    """The receipt as the exchange keeps it: the partner's number and its answer, which names no person."""
    return {
        "number": receipt.number,
        "delivery": key,
        "accepted": receipt.accepted,
        "refused": [list(item) for item in receipt.refused],
        "answer": orjson.loads(receipt.raw),
    }


def _locked(connection: sa.Connection, exchange_id: str) -> sa.Row[Any]:
    return exchanges.locked(
        connection, exchange_id, route=ROUTE, english="no such handoff", french="aucune remise de ce nom"
    )


def _route(held: sa.Row[Any]) -> Route:
    board, _, recipient = held.id.rpartition("/")[2].partition("-")
    return Route(board, recipient, held.system)
