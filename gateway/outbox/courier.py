"""Brings what waits to its partners: in order, one at a time each, decided again, with a receipt. Once.

Refuses to send outside the partner's hours, faster than its pace, or to one that keeps failing. What was
sent and not written down, because somebody pulled the plug, is sent again under its key: the partner
answers the receipt that it gave.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import TracebackType
from typing import Any, Literal, Protocol, Self

import sqlalchemy as sa

from canonical_model.errors import ConfigurationError, HubError, RetryableError
from connectors.kit.protocol import Delivery, Receipt, Target
from gateway import site
from gateway.outbox import patience, queue
from gateway.outbox.pacing import Pacing, pacing_of
from gateway.store.hub import Hub

LONGEST_PAUSE = timedelta(seconds=30)  # of the pace; what must wait longer is left to a later call
_LOCK_NOT_AVAILABLE = "55P03"


class WaitingError(RetryableError):
    """The delivery is in the queue, and its turn has not come."""

    code = "waiting"


class ClosedError(WaitingError):
    """The same, because the partner is outside of its opening hours: nothing is wrong anywhere."""

    code = "closed"


class Sender(Protocol):
    """What a route does about its deliveries. Each call is within one transaction, and writes its evidence."""

    def content(
        self, connection: sa.Connection, hub: Hub, row: sa.Row[Any], *, moment: datetime
    ) -> Delivery | None:
        """What may leave now, decided now; None when nobody is left in it, and the exchange is then closed.

        The same exchange and the same dossiers give the same key and the same bytes.
        """

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
        """The partner has it. Raises IntegrityError, and nothing is kept, when the receipt does not add up."""

    def failed(
        self, connection: sa.Connection, hub: Hub, row: sa.Row[Any], *, error: HubError, moment: datetime
    ) -> None:
        """The exchange says what stopped it."""


@dataclass(frozen=True, slots=True)
class Step:
    """What became of a destination's next delivery. `until`: nothing goes there before.

    ``closed``: the partner's opening hours make it wait. ``paced``: only the pace does. ``busy``: another worker
    sends there. ``empty``: nothing waits.
    """

    state: Literal["acknowledged", "refused", "dead", "waiting", "closed", "paced", "busy", "empty"]
    key: str = ""
    until: datetime | None = None
    error: HubError | None = None

    @property
    def moved(self) -> bool:
        """Whether the next in the queue may be looked at."""
        return self.state in ("acknowledged", "refused", "dead")


class Courier:
    """Holds a connection to each partner for as long as it is open. `pause` waits so many seconds."""

    def __init__(
        self, hub: Hub, senders: Mapping[str, Sender], *, pause: Callable[[float], None] = time.sleep
    ) -> None:
        self._hub = hub
        self._senders = senders
        self._pause = pause
        self._targets: dict[str, Target] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for target in self._targets.values():
            target.close()
        self._targets.clear()

    def bring(self, destination: str, key: str, *, moment: datetime) -> None:
        """Send what waits there up to that delivery, whose own back-off is not waited for.

        Raises what stopped it: the connector's error, ClosedError, or WaitingError (kept away from, or behind
        one that waits). It stays in the queue then, unless the partner refused it.
        """
        while True:
            with self._hub.transaction() as connection:
                if queue.find(connection, destination, key).state not in queue.OPEN:
                    return
            step = self.step(destination, moment=moment, urgent=key)
            if step.error is not None and (step.key == key or not step.moved):
                raise step.error
            if step.state == "paced" and step.until is not None and step.until - moment <= LONGEST_PAUSE:
                self._pause((step.until - moment).total_seconds())
                moment = step.until
            elif step.state in ("waiting", "closed", "paced", "busy"):
                raise _waits(destination, step)

    def work(self, *, now: Callable[[], datetime], only: str | None = None) -> tuple[Step, ...]:
        """Send whatever may go now, to every destination in turn, until nothing more may. Returns each try.

        One that fails makes its own queue wait, and no other. What the pace asks to wait for is waited for.
        """
        done: list[Step] = []
        with self._hub.transaction() as connection:
            open_to = queue.destinations(connection, only)
        while open_to:
            steps = {destination: self._safe_step(destination, now()) for destination in open_to}
            done += [step for step in steps.values() if step.moved or step.error is not None]
            open_to = [name for name, step in steps.items() if step.moved or self._soon(step, now())]
            if open_to and not any(step.moved for step in steps.values()):
                first = min(step.until for step in steps.values() if step.state == "paced" and step.until)
                self._pause(max((first - now()).total_seconds(), 0.0))
        return tuple(done)

    @staticmethod
    def _soon(step: Step, moment: datetime) -> bool:
        return step.state == "paced" and step.until is not None and step.until - moment <= LONGEST_PAUSE

    def _safe_step(self, destination: str, moment: datetime) -> Step:
        """A step whose destination cannot even be asked for, as one that was uninstalled, says so and waits."""
        try:
            return self.step(destination, moment=moment)
        except ConfigurationError as error:
            return Step("waiting", error=error)

    def step(self, destination: str, *, moment: datetime, urgent: str | None = None) -> Step:
        """Send the next delivery of a destination, if it may go now. Errors of the partner are in the answer.

        `urgent`: the key of the one that is tried without waiting for its back-off; a worker that sends
        there is then waited for.
        """
        try:
            with self._hub.transaction() as connection:
                held = queue.claim(connection, destination, wait=urgent is not None)
                if held is None:
                    return Step("busy")
                row = queue.head(connection, destination)
                if row is None:
                    return Step("empty")
                pace = self._pace(destination)
                if (waits := _waits_for(held, row, pace, moment, urgent=urgent == row.key)) is not None:
                    return waits
                if (sender := self._senders.get(row.route)) is None:
                    return Step("waiting", row.key, None, _another_route_first(row))
                step = self._attempt(sender, row, moment)
                learned = _learned(held, row, step, moment)
                paced_until = pace.spent(held.paced_until, moment)
                queue.remember(connection, destination, learned | {"paced_until": paced_until})
                return step
        except sa.exc.OperationalError as error:
            if getattr(error.orig, "sqlstate", None) == _LOCK_NOT_AVAILABLE:
                return Step("busy")
            raise

    def _attempt(self, sender: Sender, row: sa.Row[Any], moment: datetime) -> Step:
        """One try: decided and written down, sent, and written down again."""
        try:
            with self._hub.transaction() as connection:
                delivery = sender.content(connection, self._hub, row, moment=moment)
                if delivery is None:
                    queue.given_up(connection, row, state="dead", failure="nothing-to-send", moment=moment)
                    return Step("dead", row.key)
                queue.sending(connection, row, wire_key=delivery.key, moment=moment)
            receipt = self._target(row.destination).deliver(delivery)
            with self._hub.transaction() as connection:
                queue.acknowledged(connection, row, receipt)
                sender.received(connection, self._hub, row, delivery=delivery, receipt=receipt, moment=moment)
        except HubError as error:
            with self._hub.transaction() as connection:
                sender.failed(connection, self._hub, row, error=error, moment=moment)
                return _set_aside(connection, row, error, moment)
        return Step("acknowledged", row.key)

    def _pace(self, destination: str) -> Pacing:
        return pacing_of(self._hub.settings.site_folder, destination)

    def _target(self, destination: str) -> Target:
        if destination not in self._targets:
            folder = self._hub.settings.site_folder
            self._targets[destination] = site.connectors(folder).target(
                site.installation(folder, destination)
            )
        return self._targets[destination]


def _waits_for(
    held: sa.Row[Any], row: sa.Row[Any], pace: Pacing, moment: datetime, *, urgent: bool
) -> Step | None:
    """Why the delivery may not go now, and until when; None when it may."""
    if (opening := pace.opens(moment)) is not None:
        return Step("closed", row.key, opening)
    if held.blocked_until is not None and moment < held.blocked_until:
        return Step("waiting", row.key, held.blocked_until)
    if not urgent and moment < row.next_try_at:
        return Step("waiting", row.key, row.next_try_at)
    if wait := pace.wait(held.paced_until, moment):
        return Step("paced", row.key, moment + wait)
    return None


def _set_aside(connection: sa.Connection, row: sa.Row[Any], error: HubError, moment: datetime) -> Step:
    """What an error means for the delivery: again later, or given up and a person looks."""
    if isinstance(error, RetryableError):
        if moment < row.deadline_at:
            until = moment + patience.back_off(row.key, row.tries + 1, moment - row.queued_at)
            queue.postponed(connection, row, until=until, failure=error.code)
            return Step("waiting", row.key, until, error)
        state: Literal["refused", "dead"] = "dead"
    elif isinstance(error, ConfigurationError) and error.code != "partner-refused":
        # A file of the site is wrong, not the delivery: it goes as soon as a person has mended it.
        queue.postponed(connection, row, until=moment, failure=error.code)
        return Step("waiting", row.key, None, error)
    else:
        state = "refused"
    queue.given_up(connection, row, state=state, failure=error.code, moment=moment)
    return Step(state, row.key, None, error)


def _learned(held: sa.Row[Any], row: sa.Row[Any], step: Step, moment: datetime) -> dict[str, Any]:
    """What a try says about the partner itself: a failure more, or that it answers."""
    if isinstance(step.error, RetryableError):
        failures = held.failures + 1
        away = patience.pause(row.destination, failures, step.error.retry_after)
        return {"failures": failures, "blocked_until": moment + away if away else None}
    if step.state in ("acknowledged", "refused"):
        return {"failures": 0, "blocked_until": None}
    return {}


def _another_route_first(row: sa.Row[Any]) -> WaitingError:
    return WaitingError(
        f"{row.destination}: a delivery of the route {row.route} goes first."
        " Send what waits: `passerelle outbox send`.",
        f"{row.destination} : un envoi de la route {row.route} passe d'abord."
        " Envoyez ce qui attend : `passerelle outbox send`.",
    )


def _waits(destination: str, step: Step) -> WaitingError:
    if step.until is None:
        return WaitingError(
            f"{destination}: another process sends there. Try again later.",
            f"{destination} : un autre processus y envoie. Réessayez plus tard.",
        )
    until = step.until.astimezone().isoformat(timespec="minutes")
    return (ClosedError if step.state == "closed" else WaitingError)(
        f"{destination}: the delivery waits in the queue, nothing goes there before {until}."
        " Send what waits then: `passerelle outbox send`.",
        f"{destination} : l'envoi attend dans la file, rien n'y part avant {until}."
        " Envoyez alors ce qui attend : `passerelle outbox send`.",
    )
