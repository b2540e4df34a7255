"""The table outbox: who waits for which partner, in which order. Holds no content and no person.

A row names the exchange that its content is made from at the moment of sending, under a decision of
that moment. One worker sends to one destination: it holds the lock on the destination's row for as
long as it sends, and a worker that is killed lets go of it at once.
"""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from connectors.kit.protocol import Receipt
from gateway.evidence.chain import Entry, append
from gateway.outbox.patience import GIVE_UP_AFTER
from gateway.store.schema import outbox, outbox_destination

OPEN = ("waiting", "sending")
GIVEN_UP = ("refused", "dead")


def put(
    connection: sa.Connection, destination: str, key: str, *, exchange: str, route: str, moment: datetime
) -> None:
    """Queue a delivery, once for its destination and key; one that was given up waits again, in its place.

    Call it last in a transaction, the one that makes what is to be delivered: it writes evidence.
    """
    connection.execute(insert(outbox_destination).values(destination=destination).on_conflict_do_nothing())
    fresh = {
        "exchange": exchange,
        "route": route,
        "state": "waiting",
        "tries": 0,
        "queued_at": moment,
        "first_try_at": None,
        "last_try_at": None,
        "next_try_at": moment,
        "deadline_at": moment + GIVE_UP_AFTER,
    }
    statement = insert(outbox).values(destination=destination, key=key, **fresh)
    queued = connection.execute(
        statement.on_conflict_do_update(
            index_elements=["destination", "key"], set_=fresh, where=outbox.c.state.in_(GIVEN_UP)
        ).returning(outbox.c.id)
    ).one_or_none()
    if queued is not None:
        facts = {"exchange": exchange, "destination": destination, "route": route, "key": key}
        append(connection, moment, Entry("delivery.queued", None, facts))


def find(connection: sa.Connection, destination: str, key: str) -> sa.Row[Any]:
    """The delivery of that destination and key. Raises sqlalchemy's NoResultFound: it was put first."""
    query = sa.select(outbox).where(outbox.c.destination == destination, outbox.c.key == key)
    return connection.execute(query).one()


def destinations(connection: sa.Connection, only: str | None = None) -> list[str]:
    """Every destination that something waits for, in the order of names."""
    query = sa.select(outbox.c.destination).where(outbox.c.state.in_(OPEN)).distinct()
    if only is not None:
        query = query.where(outbox.c.destination == only)
    return sorted(connection.scalars(query))


def claim(connection: sa.Connection, destination: str, *, wait: bool) -> sa.Row[Any] | None:
    """The destination, held until the end of the transaction; None when another worker holds it.

    With `wait` the other one is waited for, up to a minute; then PostgreSQL's lock_not_available is raised.
    """
    if wait:
        connection.execute(sa.text("set local lock_timeout = '60s'"))
    query = sa.select(outbox_destination).where(outbox_destination.c.destination == destination)
    return connection.execute(query.with_for_update(skip_locked=not wait)).one_or_none()


def head(connection: sa.Connection, destination: str) -> sa.Row[Any] | None:
    """The first delivery that waits for the destination; the others wait behind it."""
    query = sa.select(outbox).where(outbox.c.destination == destination, outbox.c.state.in_(OPEN))
    return connection.execute(query.order_by(outbox.c.id).limit(1)).one_or_none()


def sending(connection: sa.Connection, row: sa.Row[Any], *, wire_key: str, moment: datetime) -> None:
    """It is about to leave under that key: written down first, for it may have left when one is killed."""
    connection.execute(
        sa.update(outbox)
        .where(outbox.c.id == row.id)
        .values(
            state="sending",
            tries=outbox.c.tries + 1,
            first_try_at=sa.func.coalesce(outbox.c.first_try_at, moment),
            last_try_at=moment,
            next_try_at=moment,
        )
    )
    facts = {
        "exchange": row.exchange, "destination": row.destination, "key": wire_key, "attempt": row.tries + 1,
    }  # fmt: skip
    append(connection, moment, Entry("delivery.sent", None, facts))


def acknowledged(connection: sa.Connection, row: sa.Row[Any], receipt: Receipt) -> None:
    """The partner has it: its receipt is kept by number and digest. The evidence is the route's."""
    _change(
        connection,
        row,
        state="acknowledged",
        receipt_number=receipt.number,
        receipt_digest=hashlib.sha256(receipt.raw).digest(),
        failure=None,
    )


def postponed(connection: sa.Connection, row: sa.Row[Any], *, until: datetime, failure: str) -> None:
    """It stays first in its queue, and is tried again from that moment on."""
    _change(connection, row, state="waiting", next_try_at=until, failure=failure)


def given_up(
    connection: sa.Connection, row: sa.Row[Any], *, state: str, failure: str, moment: datetime
) -> None:
    """It leaves the queue unsent or refused, and a person looks; the next one goes on."""
    _change(connection, row, state=state, failure=failure)
    facts = {
        "exchange": row.exchange, "destination": row.destination, "key": row.key, "reason": failure,
    }  # fmt: skip
    kind = "delivery.refused" if state == "refused" else "delivery.given-up"
    append(connection, moment, Entry(kind, None, facts))


def remember(connection: sa.Connection, destination: str, values: Mapping[str, Any]) -> None:
    """What the next one to send there must know: failures in a row, until when to keep away, the pace."""
    connection.execute(
        sa.update(outbox_destination).where(outbox_destination.c.destination == destination).values(**values)
    )


def listing(
    connection: sa.Connection, *, destination: str | None = None, states: Sequence[str] = ()
) -> list[sa.Row[Any]]:
    """Deliveries in the order in which they go, by destination; of these states when some are named."""
    query = sa.select(outbox, outbox_destination.c.blocked_until).join(
        outbox_destination, outbox_destination.c.destination == outbox.c.destination
    )
    if destination is not None:
        query = query.where(outbox.c.destination == destination)
    if states:
        query = query.where(outbox.c.state.in_(states))
    return list(connection.execute(query.order_by(outbox.c.destination, outbox.c.id)))


def _change(connection: sa.Connection, row: sa.Row[Any], **values: Any) -> None:
    connection.execute(sa.update(outbox).where(outbox.c.id == row.id).values(**values))
