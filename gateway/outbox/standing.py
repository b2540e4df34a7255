"""What waits for whom, for the day and its report: counts and moments; no content and no person. Sends nothing."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from pathlib import Path

import sqlalchemy as sa

from canonical_model.errors import ConfigurationError
from gateway.outbox import queue
from gateway.outbox.pacing import pacing_of
from gateway.store.schema import outbox


@dataclass(frozen=True, slots=True)
class Standing:
    """The queue of one destination. `exchanges`: what its deliveries are made from, in their order.

    `since`: when the first of them was queued. `until`: nothing goes there before; None when no moment is
    known. `closed`: only the partner's opening hours make them wait. `failure`: code of the error that
    stopped the first one last.
    """

    destination: str
    exchanges: tuple[str, ...]
    since: datetime
    until: datetime | None
    closed: bool
    failure: str | None

    @property
    def deliveries(self) -> int:
        """How many wait."""
        return len(self.exchanges)


def standing(connection: sa.Connection, site_folder: Path, *, moment: datetime) -> tuple[Standing, ...]:
    """Every queue that holds something at that moment, in the order of names."""
    rows = queue.listing(connection, states=queue.OPEN)
    return tuple(
        _standing(site_folder, destination, tuple(found), moment)
        for destination, found in groupby(rows, key=lambda row: str(row.destination))
    )


def waits(connection: sa.Connection, exchanges: Iterable[str]) -> frozenset[str]:
    """Those of the exchanges that a delivery in the outbox still waits for."""
    wanted = list(exchanges)
    query = sa.select(outbox.c.exchange).where(outbox.c.exchange.in_(wanted), outbox.c.state.in_(queue.OPEN))
    return frozenset(connection.scalars(query))


def _standing(
    site_folder: Path, destination: str, rows: tuple[sa.Row[tuple[object, ...]], ...], moment: datetime
) -> Standing:
    first = rows[0]
    try:
        opening = pacing_of(site_folder, destination).opens(moment)
    except ConfigurationError:  # no longer installed, or wrongly: it waits for a person, and not for an hour
        opening = None
    kept_away = [held for held in (first.next_try_at, first.blocked_until) if held and held > moment]
    return Standing(
        destination,
        tuple(row.exchange for row in rows),
        min(row.queued_at for row in rows),
        opening or max(kept_away, default=None),
        closed=opening is not None,
        failure=first.failure,
    )
