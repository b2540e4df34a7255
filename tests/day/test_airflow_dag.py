"""The day as Airflow reads it: its shape, its weight, its words, and what its tasks let through.

Airflow is loaded in a process of its own, with a home of its own: loading it changes a process for good.
"""

import inspect
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from gateway import day

REPOSITORY = Path(__file__).resolve().parents[2]
DAG = REPOSITORY / "dags" / "hub_day.py"
OUTBOX = REPOSITORY / "dags" / "hub_outbox.py"
HEAVY = (
    "polars",
    "zeep",
    "lxml",
    "psycopg",
    "connectors",
    "mappings",
    "gateway.store",
    "gateway.day",
    "gateway.rounds",
)

READ = """
import json, sys
import airflow.sdk, structlog
from airflow.dag_processing.dagbag import DagBag
from airflow.sdk import dag, task, task_group
from airflow.sdk.exceptions import AirflowException
before = set(sys.modules)
bag = DagBag(sys.argv[1], safe_mode=False)
loaded = sorted(set(sys.modules) - before)
found = bag.dags[sys.argv[2]]
tasks = {
    name: {
        "display": t.task_display_name, "mapped": t.is_mapped,
        "group": bool(t.get_closest_mapped_task_group()),
        "upstream": sorted(t.upstream_task_ids),
        "retries": t.retries, "delay": t.retry_delay.total_seconds(), "rule": t.trigger_rule,
    }
    for name, t in found.task_dict.items()
}
print(json.dumps({
    "errors": bag.import_errors, "loaded": loaded, "tasks": tasks, "dags": sorted(bag.dags),
    "schedule": found.schedule, "paused": found.is_paused_upon_creation,
    "runs": found.max_active_runs, "catchup": found.catchup, "doc": found.doc_md or "",
    "tags": sorted(found.tags),
}))
"""


def python(tmp_path: Path, text: str, *arguments: str, **extra: str) -> str:
    """What a process with Airflow says last on its standard output."""
    environment = {
        **os.environ,
        "AIRFLOW_HOME": str(tmp_path / "airflow"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "PYTHONPATH": f"{REPOSITORY}{os.pathsep}{tmp_path}",
        **extra,
    }
    done = subprocess.run(
        [sys.executable, "-c", text, *arguments],
        env=environment, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert 0 == done.returncode, done.stderr[-3000:]
    return done.stdout.strip().splitlines()[-1]


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The DAG file as Airflow sees it."""
    found: dict[str, Any] = json.loads(python(tmp_path_factory.mktemp("airflow"), READ, str(DAG), "hub_day"))
    return found


@pytest.fixture(scope="module")
def outbox(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The other DAG file, the same way."""
    found: dict[str, Any] = json.loads(
        python(tmp_path_factory.mktemp("airflow"), READ, str(OUTBOX), "hub_outbox")
    )
    return found


def test_the_day_is_one_dag_that_airflow_can_read(read: dict[str, Any]) -> None:
    assert {} == read["errors"]
    assert ["hub_day"] == read["dags"]
    assert (1, False, None) == (read["runs"], read["catchup"], read["schedule"])


def test_the_order_of_the_day(read: dict[str, Any]) -> None:
    after = {name: task["upstream"] for name, task in read["tasks"].items()}

    assert {
        "plan_intake": [],
        "fetch": ["plan_intake"],
        "translate": ["fetch"],
        "boards": ["translate"],
        "admit": ["boards"],
        "reconcile_intake": ["admit"],
        "prepare_handoff": ["reconcile_intake"],
        "deliver": ["prepare_handoff"],
        "prepare_declarations": ["reconcile_intake"],
        "transmit": ["prepare_declarations"],
        "collect": ["transmit"],
        "charge": ["boards", "reconcile_intake"],
        "post_journal": ["boards", "charge"],
        "issue_slips": ["boards", "charge"],
        "tell_waiting": ["collect", "deliver", "issue_slips", "post_journal"],
        "close_evidence": ["collect", "deliver", "issue_slips", "post_journal", "tell_waiting"],
        "report": ["close_evidence"],
    } == after


def test_what_there_is_several_of_is_mapped(read: dict[str, Any]) -> None:
    mapped = {name for name, task in read["tasks"].items() if task["mapped"]}

    assert {
        "fetch", "translate", "admit", "deliver", "charge", "post_journal", "issue_slips",
    } == mapped  # fmt: skip
    assert {"transmit", "collect"} == {name for name, task in read["tasks"].items() if task["group"]}


def test_every_task_is_a_function_of_the_day_that_takes_what_it_is_given(read: dict[str, Any]) -> None:
    for name in read["tasks"]:
        parameters = inspect.signature(getattr(day, name)).parameters

        assert "run_id" in parameters, name
        assert len(parameters) <= 2, name


def test_a_day_with_nothing_to_hand_over_goes_on(read: dict[str, Any]) -> None:
    assert {"none_failed"} == {task["rule"] for name, task in read["tasks"].items() if name != "tell_waiting"}


def test_what_waits_is_told_after_a_failed_delivery_too_and_not_when_the_intake_failed(
    read: dict[str, Any],
) -> None:
    assert "all_done_min_one_success" == read["tasks"]["tell_waiting"]["rule"]


def test_the_queue_is_worked_every_five_minutes_and_never_twice_at_once(outbox: dict[str, Any]) -> None:
    assert {} == outbox["errors"]
    assert (["hub_outbox"], ["send_waiting"]) == (outbox["dags"], list(outbox["tasks"]))
    assert ("*/5 * * * *", 1, False) == (outbox["schedule"], outbox["runs"], outbox["catchup"])
    assert outbox["paused"] is None  # as hub_day: it runs as soon as Airflow has read it
    assert 0 == outbox["tasks"]["send_waiting"]["retries"]


def test_a_ministry_return_is_awaited_and_any_step_is_tried_again(read: dict[str, Any]) -> None:
    assert (60, 5.0) == (read["tasks"]["collect"]["retries"], read["tasks"]["collect"]["delay"])
    assert all(task["retries"] >= 3 for name, task in read["tasks"].items() if name != "tell_waiting")


def test_administrators_read_french(read: dict[str, Any]) -> None:
    assert "Une journée complète" in read["doc"]
    assert ["passerelle"] == read["tags"]
    assert all(name not in task["display"] for name, task in read["tasks"].items())


@pytest.mark.parametrize("file", ["read", "outbox"])
def test_reading_a_file_loads_nothing_heavy_and_no_connector(
    file: str, request: pytest.FixtureRequest
) -> None:
    loaded = request.getfixturevalue(file)["loaded"]

    assert [] == [name for name in loaded if name.startswith(HEAVY)]
    assert [] == [name for name in loaded if name.startswith("sqlalchemy")]
    assert len(loaded) < 60, loaded


def test_the_schedule_is_the_setting(tmp_path: Path) -> None:
    found = json.loads(python(tmp_path, READ, str(DAG), "hub_day", PASSERELLE_SCHEDULE="0 5 * * *"))

    assert "0 5 * * *" == found["schedule"]


STEPS = """
from canonical_model.errors import ConfigurationError, RetryableError
def good(board, *, run_id): return f"{board}~{run_id}"
def many(boards, *, run_id): return tuple(boards)
def leaks(*, run_id): return {"nom": "Tremblay"}
def breaks(*, run_id): raise KeyError("Tremblay, Zoé")
def wrong(*, run_id): raise ConfigurationError("rates: none. Add one.", "tarifs : aucun. Ajoutez-en un.")
def later(*, run_id): raise RetryableError("gpi: closed. Wait.", "gpi : fermé. Attendez.")
"""

RUN = """
import json, sys, traceback
from dags.wiring import step
def call(name, per="", of="", **given):
    try:
        return step(f"invented_steps:{name}", "Nom", per=per, of=of).function(**given, run_id="r1")
    except Exception as error:
        text = "".join(traceback.format_exception(error))
        return {"kind": type(error).__name__, "text": text, "context": repr(error.__context__)}
print()
print(json.dumps({
    "good": call("good", per="board", board="762000"),
    "many": call("many", of="boards", boards=(b for b in ("762000", "711000"))),
    **{name: call(name) for name in ("leaks", "breaks", "wrong", "later")},
}))
"""


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the wiring makes of invented steps."""
    folder = tmp_path_factory.mktemp("steps")
    (folder / "invented_steps.py").write_text(STEPS, "utf-8")
    found: dict[str, Any] = json.loads(python(folder, RUN))
    return found


def test_a_step_gets_its_argument_and_the_run_and_hands_over_ids(ran: dict[str, Any]) -> None:
    assert "762000~r1" == ran["good"]
    assert ["762000", "711000"] == ran["many"]


def test_a_step_that_hands_over_a_record_is_refused(ran: dict[str, Any]) -> None:
    assert "AirflowException" == ran["leaks"]["kind"]
    assert "Tremblay" not in ran["leaks"]["text"]


def test_an_error_of_a_library_shows_its_place_and_not_its_text(ran: dict[str, Any]) -> None:
    assert "None" == ran["breaks"]["context"]
    assert "KeyError, " in ran["breaks"]["text"]
    assert "Tremblay" not in ran["breaks"]["text"].replace("raise KeyError", "")


def test_only_an_error_that_time_may_mend_is_tried_again(ran: dict[str, Any]) -> None:
    assert "AirflowFailException" == ran["wrong"]["kind"]
    assert "tarifs : aucun. Ajoutez-en un." in ran["wrong"]["text"]
    assert "AirflowException" == ran["later"]["kind"]
    assert "gpi : fermé. Attendez." in ran["later"]["text"]
