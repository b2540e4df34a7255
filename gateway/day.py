"""The steps of the day, as Airflow and the command line call them: ids in, ids out, one door to the clock.

Each step opens the hub, does one keyed transaction's worth of work and closes it. Nothing of a person
passes between two steps. Called twice, or killed and called again, a step ends the same.

    plan_intake → fetch → translate → boards → admit → reconcile_intake
        → prepare_handoff → deliver
        → prepare_declarations → transmit → collect
        → charge → post_journal, issue_slips
        → tell_waiting → close_evidence → report

A partner outside of its opening hours is no error of a step: the delivery waits in the outbox, the day goes on
to its report, and `gateway/rounds.py` sends it once the partner opens.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Protocol

import sqlalchemy as sa
import stamina
from sqlalchemy.dialects.postgresql import insert

from canonical_model.errors import ConfigurationError, IntegrityError, RetryableError
from gateway import handoff, intake, ministry, outbox, plan, site
from gateway import report as reporting
from gateway.billing import service as billing
from gateway.evidence.chain import Entry, append, sign_head
from gateway.settings import Settings
from gateway.store.hub import Hub, open_hub
from gateway.store.schema import day_run


class Progress(Protocol):
    """Told each step that is done, in English and in French."""

    def __call__(self, english: str, french: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Day:
    """One run of the day on an open hub: its id and the business day it was begun for."""

    hub: Hub
    run: str
    day: date
    school_year: int
    tax_year: int

    def keywords(self) -> dict[str, Any]:
        """What every service takes: the run, the business day, and the present moment (UTC)."""
        return {"run": self.run, "day": self.day, "moment": moment()}


def moment() -> datetime:
    """Now, in UTC: the `recorded` axis, evidence and receipts are told in it."""
    return datetime.now(UTC)


@contextmanager
def opened(run_id: str) -> Iterator[Day]:
    """The run of that id on a hub opened from the settings; begun when it is new."""
    with open_hub(Settings()) as hub:
        yield begin(hub, run_id)


def begin(hub: Hub, run_id: str) -> Day:
    """The run of that id, begun for the setting's day (or today) when it is new.

    The tax year is the calendar year before the business day's: its slips are due at the end of February.
    """
    today = hub.settings.day or datetime.now().astimezone().date()
    year = site.school_year(hub.settings.site_folder, today)
    with hub.transaction() as connection:
        connection.execute(
            insert(day_run)
            .values(id=run_id, day=today, school_year=year.year, tax_year=today.year - 1, started_at=moment())
            .on_conflict_do_nothing(index_elements=["id"])
        )
        row = connection.execute(sa.select(day_run).where(day_run.c.id == run_id)).one()
    return Day(hub, row.id, row.day, row.school_year, row.tax_year)


def plan_intake(*, run_id: str) -> list[str]:
    """Begin the run and name the systems to read, as ``gpi@762000``."""
    with opened(run_id) as day:
        return list(plan.inbound(day.hub.settings.site_folder))


def fetch(system: str, *, run_id: str) -> str:
    """Pull one system and land what it said. Returns the exchange."""
    with opened(run_id) as day:
        return intake.fetch(day.hub, system=system, school_year=day.school_year, **day.keywords())


def translate(exchange: str, *, run_id: str) -> str:
    """Map one landed batch and check it against the model. Returns the exchange."""
    with opened(run_id) as day:
        return intake.translate(day.hub, exchange=exchange, moment=moment())


def boards(exchanges: Sequence[str], *, run_id: str) -> list[str]:  # noqa: ARG001 - every step takes the run
    """The boards of those exchanges, each once."""
    return sorted({exchange.rpartition("@")[2] for exchange in exchanges})


def admit(board: str, *, run_id: str) -> str:
    """Match and store what one board's systems said. Returns the board."""
    with opened(run_id) as day:
        intake.admit(day.hub, board=board, run=run_id, moment=moment())
    return board


def reconcile_intake(*, run_id: str) -> str:
    """Refuse to go on when a record is unaccounted for. Returns the run."""
    with opened(run_id) as day, day.hub.transaction() as connection:
        unbalanced = [line for line in reporting.intake_balances(connection, run_id) if not line.holds]
    if unbalanced:
        names = ", ".join(line.name for line in unbalanced)
        raise IntegrityError(
            f"{run_id}: the intake does not balance ({names}). Keep the database and report this.",
            f"{run_id} : la lecture ne balance pas ({names}). Gardez la base de données et signalez-le.",
        )
    return run_id


def prepare_handoff(*, run_id: str) -> list[str]:
    """Decide what may follow the finishing students to their cégep. Returns the exchanges."""
    with opened(run_id) as day:
        return handoff.prepare(day.hub, **day.keywords())


def deliver(exchange: str, *, run_id: str) -> str:
    """Hand one bundle over and keep the cégep's receipt; closed, it waits. Returns the exchange."""
    with opened(run_id) as day, suppress(outbox.ClosedError):
        handoff.deliver(day.hub, exchange, moment=moment())
    return exchange


def prepare_declarations(*, run_id: str) -> list[str]:
    """Write the declarations of the 30 September enrolments, a lot a board. Returns the exchanges."""
    with opened(run_id) as day:
        return ministry.prepare(day.hub, school_year=day.school_year, **day.keywords())


def transmit(exchange: str, *, run_id: str) -> str:
    """Send one lot to the ministry and keep its acknowledgement; closed, it waits. Returns the exchange."""
    with opened(run_id) as day, suppress(outbox.ClosedError):
        ministry.transmit(day.hub, exchange, moment=moment())
    return exchange


def collect(exchange: str, *, run_id: str) -> str:
    """Read the return file of one lot; raises RetryableError while it is not ready. Returns the exchange.

    A lot that waits in the outbox has no return yet: a round reads it once it has left.
    """
    with opened(run_id) as day:
        with day.hub.transaction() as connection:
            waits = outbox.waits(connection, [exchange])
        if not waits:
            ministry.collect(day.hub, exchange, moment=moment())
    return exchange


def charge(board: str, *, run_id: str) -> str:
    """Turn one board's daycare days into charges, and its payments into receipts. Returns the board."""
    with opened(run_id) as day:
        billing.charge(day.hub, organization=board, **day.keywords())
    return board


def post_journal(board: str, *, run_id: str) -> str:
    """Post what the ERP does not have yet, as a balanced journal; closed, it waits. Returns the board."""
    with opened(run_id) as day, suppress(outbox.ClosedError):
        billing.post_journal(day.hub, organization=board, **day.keywords())
    return board


def issue_slips(board: str, *, run_id: str) -> str:
    """Issue the RL-24 slips of the run's tax year that are due and not issued. Returns the board."""
    with opened(run_id) as day:
        billing.issue_slips(day.hub, organization=board, year=day.tax_year, **day.keywords())
    return board


def tell_waiting(*, run_id: str) -> str:
    """Refuse to close the day while deliveries of it wait for a partner that is open. Returns the run."""
    with opened(run_id) as day, day.hub.transaction() as connection:
        queues = outbox.standing(connection, day.hub.settings.site_folder, moment=moment())
    late = {
        item.destination: sum(exchange.startswith(f"{run_id}/") for exchange in item.exchanges)
        for item in queues
        if not item.closed
    }
    if names := ", ".join(f"{destination} ({count})" for destination, count in late.items() if count):
        raise RetryableError(
            f"{run_id}: deliveries wait for {names}. The others are served and nothing is lost:"
            " see `passerelle outbox list`, then go on with this run.",
            f"{run_id} : des envois attendent {names}. Les autres sont servis et rien n'est perdu :"
            " voyez `passerelle outbox list`, puis poursuivez cette journée.",
        )
    return run_id


def close_evidence(*, run_id: str) -> str:
    """Close the run in the evidence chain and sign its head. Returns the run."""
    with opened(run_id) as day, day.hub.transaction() as connection:
        now = moment()
        append(connection, now, Entry("day.closed", None, {"run": run_id, "day": day.day.isoformat()}))
        sign_head(connection, day.hub.keys, now)
    return run_id


def report(*, run_id: str) -> str:
    """Count everything once more, keep the report, and refuse a difference. Returns the run."""
    with opened(run_id) as day:
        with day.hub.transaction() as connection:
            found = reporting.build(connection, day.hub, run_id, moment=moment())
            connection.execute(sa.update(day_run).where(day_run.c.id == run_id).values(report=found))
        if unbalanced := [line["name"] for line in found["balances"] if not line["holds"]]:
            names = ", ".join(unbalanced)
            raise IntegrityError(
                f"{run_id}: the day does not balance ({names}). Keep the database and report this.",
                f"{run_id} : la journée ne balance pas ({names}). Gardez la base de données et signalez-le.",
            )
    return run_id


def kept_report(hub: Hub, run_id: str) -> dict[str, Any]:
    """The report of a run that was closed. Raises ConfigurationError when there is none."""
    with hub.transaction() as connection:
        found: dict[str, Any] | None = connection.scalar(
            sa.select(day_run.c.report).where(day_run.c.id == run_id)
        )
    if found is None:
        raise ConfigurationError(
            f"{run_id}: the run has no report. Run the day to its end.",
            f"{run_id} : cette journée n'a pas de bilan. Menez-la jusqu'au bout.",
        )
    return found


def whole(run_id: str, *, until: str = "report", progress: Progress) -> bool:
    """All steps in this process, in the DAG's order; `until` names the last part to do.

    Returns whether the run went to its report. What is not ready yet (the ministry's return) is asked
    again every two seconds, for two minutes. A partner that fails to take a delivery keeps nobody else from
    theirs: the others are served, then RetryableError says what waits, and the day is not closed. The same
    run, called again once the partner has it, goes on to its report. One that is closed at this hour is
    waited for by nobody: the report counts what it will get.
    """
    waiting: list[RetryableError] = []
    parts: dict[str, Callable[[], None]] = {
        "intake": lambda: _intake_part(run_id, progress),
        "handoff": lambda: _handoff_part(run_id, progress, waiting),
        "ministry": lambda: _ministry_part(run_id, progress, waiting),
        "billing": lambda: _billing_part(run_id, progress, waiting),
        "report": lambda: _closing_part(run_id, progress),
    }
    for name, part in parts.items():
        if name == "report":
            _stop_if(waiting, run_id)
        part()
        if name == until:
            break
    _stop_if(waiting, run_id)
    return until == "report"


def _stop_if(waiting: Sequence[RetryableError], run_id: str) -> None:
    """Say what the day waits for, once everybody else is served."""
    if waiting:
        tell_waiting(run_id=run_id)
        raise waiting[0]  # it left meanwhile, by another worker; what follows it here is still to do


def _brought(
    step: Callable[..., str], on: str, run_id: str, progress: Progress, waiting: list[RetryableError]
) -> bool:
    """Whether the partner took what the step brings; if not, it waits in the outbox and is told at the end."""
    try:
        _told(step, on, run_id, progress)
    except RetryableError as error:
        progress(f"{step.__name__} {on}: waits", f"{step.__name__} {on} : en attente")
        waiting.append(error)
        return False
    return True


def _told(step: Callable[..., str], on: str, run_id: str, progress: Progress) -> str:
    found = step(on, run_id=run_id)
    progress(f"{step.__name__} {on}: done", f"{step.__name__} {on} : fait")
    return found


def _each(
    prepare: Callable[..., list[str]], step: Callable[..., str], run_id: str, progress: Progress
) -> list[str]:
    return [_told(step, item, run_id, progress) for item in prepare(run_id=run_id)]


def _intake_part(run_id: str, progress: Progress) -> None:
    landed = _each(plan_intake, fetch, run_id, progress)
    mapped = [_told(translate, exchange, run_id, progress) for exchange in landed]
    for board in boards(mapped, run_id=run_id):
        _told(admit, board, run_id, progress)
    reconcile_intake(run_id=run_id)


def _handoff_part(run_id: str, progress: Progress, waiting: list[RetryableError]) -> None:
    for exchange in prepare_handoff(run_id=run_id):
        _brought(deliver, exchange, run_id, progress, waiting)


def _ministry_part(run_id: str, progress: Progress, waiting: list[RetryableError]) -> None:
    prepared = prepare_declarations(run_id=run_id)
    for exchange in [item for item in prepared if _brought(transmit, item, run_id, progress, waiting)]:
        for attempt in stamina.retry_context(
            on=RetryableError, attempts=60, timeout=120, wait_initial=2, wait_max=2, wait_jitter=0
        ):
            if attempt.num > 1:
                progress(
                    f"collect {exchange}: not ready, asked again",
                    f"collect {exchange} : pas prêt, nouvel essai",
                )
            with attempt:
                _told(collect, exchange, run_id, progress)


def _billing_part(run_id: str, progress: Progress, waiting: list[RetryableError]) -> None:
    with opened(run_id) as day:
        found = plan.boards(day.hub.settings.site_folder)
    for board in found:
        _told(charge, board, run_id, progress)
        _brought(post_journal, board, run_id, progress, waiting)
        _told(issue_slips, board, run_id, progress)


def _closing_part(run_id: str, progress: Progress) -> None:
    close_evidence(run_id=run_id)
    report(run_id=run_id)
    progress("report: done", "report : fait")
