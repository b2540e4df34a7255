"""A cégep that is closed at night: dossiers wait, and leave in the morning only if they still may."""

import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
import yaml

from gateway import handoff, release
from gateway.outbox import Courier, Step, WaitingError
from gateway.senders import SENDERS
from gateway.store import exchanges
from gateway.store.schema import outbox
from tests.conftest import REPOSITORY
from tests.gateway.handoff.test_handoff import CLARA, EXCHANGE, Evening
from tests.school import DAY, School

NIGHT = datetime(2026, 2, 17, 2, 0, tzinfo=UTC)  # 21:00 of the 16th in Montréal
NEXT_DAY = datetime(2026, 2, 17, 14, 0, tzinfo=UTC)


@pytest.fixture
def evening(hub: object, tmp_path: Path) -> Iterator[Evening]:
    """The college is open on weekdays from 7 to 19."""
    with ExitStack() as stack:
        made = Evening(hub, tmp_path / "sandbox", stack, School(hub))  # type: ignore[arg-type]
        made.open()
        systems = made.hub.settings.site_folder / "systems.yaml"
        found = yaml.safe_load(systems.read_text())
        found[0]["options"] |= {"opening_hours.time_zone": "America/Toronto"} | {
            f"opening_hours.{day}": "07:00-19:00"
            for day in ("monday", "tuesday", "wednesday", "thursday", "friday")
        }
        systems.write_text(yaml.safe_dump(found, default_style='"'))
        yield made


def closed_at(evening: Evening, moment: datetime) -> None:
    """The exchange is queued at night: it waits, and nothing reaches the college."""
    handoff.prepare(evening.hub, run="run-1", day=DAY, moment=moment)
    with pytest.raises(WaitingError):
        handoff.deliver(evening.hub, EXCHANGE, moment=moment)
    assert () == evening.college.deliveries()


def morning(evening: Evening, moment: datetime = NEXT_DAY) -> tuple[Step, ...]:
    with Courier(evening.hub, SENDERS) as courier:
        return courier.work(now=lambda: moment)


def test_what_waited_overnight_is_received_in_the_morning_and_the_exchange_is_done(evening: Evening) -> None:
    evening.school.pupil(1)
    evening.school.answer(1)
    closed_at(evening, NIGHT)

    assert ["acknowledged"] == [step.state for step in morning(evening)]

    assert ["Élève1"] == evening.received()
    with evening.hub.transaction() as connection:
        held = exchanges.find(connection, EXCHANGE)
    assert held is not None
    assert ("done", 1) == (held.state, held.counts["received"])


def test_a_consent_withdrawn_in_the_night_takes_out_exactly_that_pupil(evening: Evening) -> None:
    people = {}
    for fiche in (1, 2, 3):
        people[fiche] = evening.school.pupil(fiche)
        key = evening.school.answer(fiche)
    closed_at(evening, NIGHT)

    release.withdraw_consent(evening.hub, key, day=DAY + timedelta(days=1), moment=NIGHT)
    morning(evening)

    assert ["Élève1", "Élève2"] == evening.received()
    counts = evening.deliver()
    assert (3, 2, 2) == (counts["population"], counts["released"], counts["received"])
    assert {"consent-withdrawn": 1} == counts["withheld"]
    assert "release.refused:consent-withdrawn" in evening.codes(people[3])


def test_a_consent_that_ended_in_the_night_holds_back_that_pupil(evening: Evening) -> None:
    evening.school.pupil(1)
    evening.school.answer(1)
    late = evening.school.pupil(2)
    evening.school.answer(2, period={"start": date(2025, 11, 3), "end": DAY + timedelta(days=1)})
    closed_at(evening, NIGHT)

    morning(evening)

    assert ["Élève1"] == evening.received()
    counts = evening.deliver()
    assert (2, 1, 1) == (counts["population"], counts["released"], sum(counts["withheld"].values()))
    assert evening.codes(late)[-1].startswith("release.refused:")


def test_when_everybody_withdrew_in_the_night_nothing_leaves_and_the_exchange_is_closed(
    evening: Evening,
) -> None:
    evening.school.pupil(1)
    key = evening.school.answer(1)
    closed_at(evening, NIGHT)

    release.withdraw_consent(evening.hub, key, day=DAY, moment=NIGHT)
    morning(evening)

    assert () == evening.college.deliveries()
    with evening.hub.transaction() as connection:
        held = exchanges.find(connection, EXCHANGE)
        (row,) = connection.execute(sa.select(outbox)).all()
    assert held is not None
    assert ("done", "dead", "nothing-to-send") == (held.state, row.state, row.failure)


def test_the_queue_keeps_nothing_of_a_person(evening: Evening) -> None:
    person = evening.school.pupil(1, code_permanent="EXEE76530901")
    evening.school.answer(1)
    closed_at(evening, NIGHT)

    with evening.hub.transaction() as connection:
        said = str(connection.execute(sa.select(outbox)).all())
    assert not any(word in said for word in (person, "Élève1", "EXEE76530901", "0000001"))


def test_killed_by_the_system_between_sending_and_writing_down_nothing_is_sent_twice(
    evening: Evening,
) -> None:
    evening.school.pupil(1)
    evening.school.answer(1)
    handoff.prepare(evening.hub, run="run-1", day=DAY, moment=NEXT_DAY)
    program = f"""
        import os, signal
        from datetime import datetime
        from gateway import handoff
        from gateway.handoff import sending
        from gateway.settings import Settings
        from gateway.store.hub import open_hub
        sending._close = lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL)
        with open_hub(Settings()) as hub:
            handoff.deliver(hub, {EXCHANGE!r}, moment=datetime.fromisoformat({NEXT_DAY.isoformat()!r}))
    """
    settings = evening.hub.settings
    process = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        env=os.environ | {
            "PYTHONPATH": str(REPOSITORY), "PASSERELLE_HOME": str(settings.home),
            "PASSERELLE_DATABASE_URL": settings.database_url,
        },
        timeout=60, check=False,
    )  # fmt: skip
    assert -signal.SIGKILL == process.returncode
    (taken,) = evening.college.deliveries()

    counts = handoff.deliver(evening.hub, EXCHANGE, moment=NEXT_DAY)

    assert ((taken,), 1) == (evening.college.deliveries(), counts["received"])
    with evening.hub.transaction() as connection:
        (row,) = connection.execute(sa.select(outbox)).all()
    assert ("acknowledged", 2, "MAI-000001") == (row.state, row.tries, row.receipt_number)
    assert CLARA == row.destination
