"""What waits, in Airflow itself (`dag.test()`): partners closed at night, and one that is down.

Each call of Airflow is a process of its own, whose clock the test sets.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import yaml

from gateway import day as steps
from gateway.cli import report_tables
from gateway.cli.output import Output
from tests.conftest import REPOSITORY
from tests.world import World

pytestmark = pytest.mark.timeout(600)  # Airflow in processes of its own, several times

NIGHT = datetime(2026, 2, 16, 8, 0, tzinfo=UTC)  # 3:00 in Montréal
MORNING = datetime(2026, 2, 16, 13, 0, tzinfo=UTC)
PARTNERS = ("clara@916000", "charlemagne@000001", "mozaik_finances@762000")

RUN = """
import json, sys
from datetime import datetime
from importlib import import_module
from gateway import day
moment = datetime.fromisoformat(sys.argv[2])
day.moment = lambda: moment
name = sys.argv[1]
run = getattr(import_module(f"dags.{name}"), name)().test(logical_date=moment)
print()
print(json.dumps({"state": run.state, "tasks": [
    [task.task_id, task.map_index, task.state, task.xcom_pull(task.task_id, map_indexes=task.map_index)]
    for task in run.get_task_instances()
]}))
"""


class Airflow:
    """Airflow on a home of its own, on SQLite, in processes that end."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._environment = {
            "AIRFLOW_HOME": str(folder / "airflow"),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__DAGS_FOLDER": str(REPOSITORY / "dags"),
            "PYTHONPATH": str(REPOSITORY),
        }
        self._run("-m", "airflow", "db", "migrate")

    def test(self, dag: str, moment: datetime) -> Mapping[str, Any]:
        """One run of the DAG at that moment: its state and its tasks."""
        found: dict[str, Any] = json.loads(self._run("-c", RUN, dag, moment.isoformat()).splitlines()[-1])
        return found

    def _run(self, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, *arguments],
            env=os.environ | self._environment, cwd=self._folder,
            capture_output=True, text=True, check=False, timeout=250,
        )  # fmt: skip
        assert 0 == done.returncode, (done.stdout + done.stderr)[-3000:]
        return done.stdout.strip()


@pytest.fixture
def airflow(tmp_path: Path) -> Airflow:
    return Airflow(tmp_path)


def systems_of(world: World) -> Path:
    return world.hub.settings.site_folder / "systems.yaml"


def close_at_night(world: World) -> None:
    """The three partners are open from 7 to 19, every day."""
    path = systems_of(world)
    found = yaml.safe_load(path.read_text("utf-8"))
    hours = {
        f"opening_hours.{day}": "07:00-19:00"
        for day in ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
    }
    for item in found:
        if item["system"] in PARTNERS:
            item["options"] = item.get("options", {}) | {"opening_hours.time_zone": "America/Toronto"} | hours
    path.write_text(yaml.safe_dump(found, default_style='"', allow_unicode=True), "utf-8")


def count(world: World, table: str) -> int:
    with world.hub.transaction() as connection:
        return int(connection.scalar(sa.text(f"select count(*) from {table}")) or 0)


def outcome(world: World) -> tuple[set[str], int, int, int]:
    """States in the outbox; decisions delivered, declarations answered, journals receipted."""
    with world.hub.transaction() as connection:
        states = set(connection.scalars(sa.text("select state from outbox")))
    return (
        states,
        count(world, "decision where delivered_at is not null"),
        count(world, "declaration where state <> 'prepared'"),
        count(world, "journal where receipt is not null"),
    )


def test_what_waited_for_closed_partners_at_night_leaves_in_the_morning_once(
    new_world: Callable[..., World],
    airflow: Airflow,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    world = new_world(students=400, boards=1)
    close_at_night(world)
    monkeypatch.setattr(steps, "moment", lambda: NIGHT)
    world.run("night")  # closed is no failure: the day goes to its report

    report = steps.kept_report(world.hub, "night")
    assert [] == [item for item in report["balances"] if not item["holds"]]
    assert sorted(PARTNERS) == [item["destination"] for item in report["waiting"]]
    assert {(1, True, "2026-02-16T12:00:00+00:00", None)} == {
        (item["deliveries"], item["closed"], item["until"], item["failure"]) for item in report["waiting"]
    }
    for language, words in (("fr", "fermé à cette heure"), ("en", "closed at this hour")):
        report_tables.show(Output(json=False, language=language), report)
        lines = [line for line in capsys.readouterr().out.splitlines() if words in line]
        assert sorted(PARTNERS) == [line.split()[0] for line in lines]
    assert ({"waiting"}, 0, 0, 0) == outcome(world)

    at_night = airflow.test("hub_outbox", NIGHT)
    assert ("success", [["send_waiting", -1, "success", told(0, 0, 3)]]) == (
        at_night["state"],
        at_night["tasks"],
    )
    assert ({"waiting"}, 0, 0, 0) == outcome(world)

    morning = airflow.test("hub_outbox", MORNING)
    assert [["send_waiting", -1, "success", told(3, 0, 0)]] == morning["tasks"]
    left = outcome(world)
    assert ({"acknowledged"}, 0, 1) == (left[0], left[2], left[3])
    assert 0 < left[1]

    later = airflow.test("hub_outbox", MORNING.replace(minute=5))  # the ministry's return is ready by then
    assert [["send_waiting", -1, "success", told(0, 1, 0)]] == later["tasks"]
    complete = (*left[:2], count(world, "declaration"), 1)
    assert complete == outcome(world)

    again = airflow.test("hub_outbox", MORNING.replace(minute=10))
    assert [["send_waiting", -1, "success", told(0, 0, 0)]] == again["tasks"]
    assert complete == outcome(world)


def told(acknowledged: int, collected: int, waiting: int) -> list[str]:
    return [f"acknowledged:{acknowledged}", f"collected:{collected}", f"waiting:{waiting}"]


def test_one_partner_that_is_down_stops_no_other_and_the_day_tells_what_waits(
    new_world: Callable[..., World], airflow: Airflow
) -> None:
    world = new_world(students=400, boards=2)
    path = systems_of(world)
    at_work = path.read_text("utf-8")
    path.write_text(
        re.sub(
            r"http://127\.0\.0\.1:\d+/(clara/916000|mozaik_finances/711000)",
            r"http://127.0.0.1:9/\1",
            at_work,
        )
    )

    first = airflow.test("hub_day", MORNING)

    ended = {(name, state) for name, _, state, _ in first["tasks"]}
    failed = sorted(name for name, _, state, _ in first["tasks"] if state == "failed")
    assert ("failed", {"deliver", "post_journal", "tell_waiting"}) == (first["state"], set(failed))
    assert {("post_journal", "success"), ("collect", "success"), ("issue_slips", "success")} <= ended
    assert {name for name, state in ended if state == "upstream_failed"} == {"close_evidence", "report"}
    states, delivered, answered, posted = outcome(world)
    assert ({"acknowledged", "waiting"}, 1) == (states, posted)
    assert (0, 0) < (answered, count(world, "slip"))
    assert count(world, "declaration") == answered
    assert 2 == count(world, "(select distinct organization from slip) as boards")

    path.write_text(at_work)
    later = MORNING.replace(hour=15)
    assert "success" == airflow.test("hub_outbox", later)["state"]
    (run,) = set(runs(world))
    steps.whole(run, progress=lambda english, french: None)  # the same run goes on
    assert steps.kept_report(world.hub, run)["balanced"]
    assert delivered < outcome(world)[1]
    assert ({"acknowledged"}, 2) == (outcome(world)[0], outcome(world)[3])


def runs(world: World) -> list[str]:
    with world.hub.transaction() as connection:
        return list(connection.scalars(sa.text("select id from day_run")))
