"""One round of the outbox, between two days: send what may go now, read the returns of the lots that left.

For Airflow (`dags/hub_outbox.py`). Names nobody and hands over counts only; what may not go yet stays where
it is. Called twice, or killed and called again, nothing is sent twice.
"""

from collections.abc import Callable
from datetime import datetime

import sqlalchemy as sa

from canonical_model.errors import HubError, RetryableError
from gateway import day, ministry, outbox
from gateway.ministry.exchange import ROUTE
from gateway.senders import SENDERS
from gateway.settings import Settings
from gateway.store.hub import Hub, open_hub
from gateway.store.schema import exchange


def send_waiting(*, run_id: str) -> list[str]:  # noqa: ARG001 - every step takes the run
    """Serve every partner that is open and answers. Returns ``acknowledged:2``, ``collected:1``, ``waiting:0``.

    A partner that does not answer is no failure of the round: its delivery waits, and the next round asks
    again. Once all are served, raises the first error that time does not mend: a refusal, a wrong secret, a
    receipt or a return that does not add up.
    """
    with open_hub(Settings()) as hub:
        sent, lasting = _sent(hub, day.moment)
        collected, unread = _collected(hub, day.moment)
        with hub.transaction() as connection:
            now = day.moment()
            queues = outbox.standing(connection, hub.settings.site_folder, moment=now)
    for error in (*lasting, *unread):
        raise error
    waiting = sum(item.deliveries for item in queues)
    return [f"acknowledged:{sent}", f"collected:{collected}", f"waiting:{waiting}"]


def _sent(hub: Hub, now: Callable[[], datetime]) -> tuple[int, list[HubError]]:
    """How many were acknowledged, and the errors that a person must look at."""
    with outbox.Courier(hub, SENDERS) as courier:
        steps = courier.work(now=now)
    lasting = [
        step.error
        for step in steps
        if step.error is not None and (step.moved or not isinstance(step.error, RetryableError))
    ]
    return sum(step.state == "acknowledged" for step in steps), lasting


def _collected(hub: Hub, now: Callable[[], datetime]) -> tuple[int, list[HubError]]:
    """How many returns of lots were read: a lot that left in the morning has no day that waits for its return."""
    query = sa.select(exchange.c.id).where(exchange.c.route == ROUTE, exchange.c.state == "sent")
    with hub.transaction() as connection:
        lots = connection.scalars(query.order_by(exchange.c.id)).all()
    collected, errors = 0, list[HubError]()
    for lot in lots:
        try:
            ministry.collect(hub, lot, moment=now())
            collected += 1
        except RetryableError:
            continue  # the ministry has it in hand: the next round asks again
        except HubError as error:
            errors.append(error)
    return collected, errors
