"""Decide what follows Secondary 5 pupils to their cégep; sending.py sends it. Releases nobody undecided.

One exchange is one board and one cégep. It is decided when prepared and again when delivered, for a
consent may be withdrawn between the two. On every exchange

    population = released + unchanged + withheld

A dossier that waits overnight for a closed cégep must be permitted on the day of its sending too.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from canonical_model.errors import IntegrityError
from canonical_model.released import Released
from gateway import release as door
from gateway import site
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
class Handoff:
    """One exchange at work. `day`: the business day it was prepared for; `sent_on`: the one it leaves on."""

    hub: Hub
    id: str
    route: Route
    day: date
    sent_on: date
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
                counts, _ = decided(connection, Handoff(hub, id, route, day, day, moment))
                exchanges.record(connection, id, state="prepared", counts=counts, moment=moment)
        made.append(id)
    return made


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


def decided(connection: sa.Connection, handoff: Handoff) -> tuple[dict[str, Any], tuple[Released, ...]]:
    """The balanced counts of an exchange and what may leave in it. Call it last in a transaction."""
    population = _population(connection, handoff.hub.keys, handoff.route.board, handoff.day)
    fallen = _fallen(connection, handoff, population)
    results = [_released(connection, handoff, [who for who in population if who not in fallen], handoff.day)]
    if fallen:
        results.append(_released(connection, handoff, sorted(fallen), handoff.sent_on))
    released = tuple(item for result in results for item in result.released)
    unchanged = sum(len(result.unchanged) for result in results)
    withheld = Counter(item.reason for result in results for item in result.refused)
    counts = {
        "population": len(population),
        "released": len(released),
        "unchanged": unchanged,
        "withheld": dict(sorted(withheld.items())),
        "received": 0,
    }
    if len(population) != len(released) + unchanged + withheld.total():
        raise IntegrityError(
            f"{handoff.id}: {len(population)} pupils, but {counts}. Nothing was sent; report this fault.",
            f"{handoff.id} : {len(population)} élèves, mais {counts}. Rien n'est parti; signalez-le.",
        )
    return counts, released


def _fallen(connection: sa.Connection, handoff: Handoff, population: Sequence[str]) -> frozenset[str]:
    """Those permitted less on the day of sending than on the exchange's: an agreement or a consent has ended.

    The others leave under the exchange's day, so that the same dossiers sent again are the same bytes.
    """
    if handoff.sent_on == handoff.day:
        return frozenset()
    before, now = (
        door.decide_for(
            connection,
            handoff.hub.keys,
            handoff.hub.settings,
            persons=population,
            recipient=handoff.route.recipient,
            purpose=PURPOSE,
            sections=SECTIONS,
            day=day,
            organization=handoff.route.board,
        )
        for day in (handoff.day, handoff.sent_on)
    )
    return frozenset(
        late.subject for early, late in zip(before, now, strict=True) if not late.fields >= early.fields
    )


def _released(
    connection: sa.Connection, handoff: Handoff, persons: Sequence[str], day: date
) -> door.ReleaseResult:
    return door.release(
        connection,
        handoff.hub.keys,
        handoff.hub.settings,
        exchange=handoff.id,
        persons=persons,
        recipient=handoff.route.recipient,
        purpose=PURPOSE,
        sections=SECTIONS,
        day=day,
        moment=handoff.moment,
        organization=handoff.route.board,
        delivered=_delivered(connection, handoff.route),
    )


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
