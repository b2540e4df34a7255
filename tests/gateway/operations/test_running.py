"""One hub on one home: a second one is refused, a dead one does not block, `down` ends the right one."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from canonical_model.errors import ConfigurationError, RetryableError
from gateway.operations import running
from gateway.settings import Settings

REPOSITORY = Path(__file__).resolve().parents[3]
MOMENT = datetime(2026, 2, 16, 11, 0, tzinfo=UTC)

HOLDER = """
import sys, time
from datetime import UTC, datetime
from gateway.operations import running
from gateway.settings import Settings
with running.hold(Settings(), "up", moment=datetime.now(UTC)) as held:
    held.tell("airflow: starting", "airflow : démarrage")
    held.phase("ready", [("gateway", 1, "http://127.0.0.1:1")])
    time.sleep(600)
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A home that does not exist yet."""
    return Settings(home=tmp_path / "home")


def environment(settings: Settings) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(REPOSITORY), "PASSERELLE_HOME": str(settings.root)}


@pytest.fixture
def holder(settings: Settings) -> Iterator[subprocess.Popen[bytes]]:
    """Another process that holds the home."""
    process = subprocess.Popen([sys.executable, "-c", HOLDER], env=environment(settings))
    end = time.monotonic() + 20
    while time.monotonic() < end:
        found = running.now(settings)
        if found is not None and found.phase == "ready":
            break
        time.sleep(0.05)
    yield process
    process.kill()
    process.wait()


def test_a_second_run_on_the_same_home_is_refused_and_the_first_goes_on(
    settings: Settings, holder: subprocess.Popen[bytes]
) -> None:
    with pytest.raises(ConfigurationError) as raised, running.hold(settings, "demo", moment=MOMENT):
        pytest.fail("the home was taken twice")

    assert f"process {holder.pid}" in raised.value.english
    assert "passerelle down" in raised.value.french
    assert holder.poll() is None
    assert holder.pid == getattr(running.now(settings), "pid", None)


def test_what_runs_is_told_with_its_services(settings: Settings, holder: subprocess.Popen[bytes]) -> None:
    found = running.now(settings)

    assert found is not None
    assert ("up", "ready", (("gateway", 1, "http://127.0.0.1:1"),)) == (
        found.purpose, found.phase, found.services,
    )  # fmt: skip


def test_down_ends_what_runs_and_says_so(settings: Settings, holder: subprocess.Popen[bytes]) -> None:
    assert running.stop(settings)
    assert holder.wait(10) is not None
    assert running.now(settings) is None
    assert not running.stop(settings)


def test_a_killed_run_does_not_block_the_next(settings: Settings, holder: subprocess.Popen[bytes]) -> None:
    holder.kill()
    holder.wait()

    assert running.now(settings) is None
    with running.hold(settings, "demo", moment=MOMENT):
        assert os.getpid() == getattr(running.now(settings), "pid", None)
    assert not (settings.root / "run.json").exists()


def test_a_process_that_only_has_the_number_of_another_is_never_stopped(settings: Settings) -> None:
    bystander = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    try:
        with running.hold(settings, "up", moment=MOMENT):
            state = settings.root / "run.json"
            facts = json.loads(state.read_text("utf-8"))
            state.write_text(json.dumps({**facts, "pid": bystander.pid}), "utf-8")  # its birth does not fit
            with pytest.raises(RetryableError):
                running.stop(settings)

        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()


def test_a_home_where_nothing_ever_ran_is_not_made_by_asking(settings: Settings) -> None:
    assert running.now(settings) is None
    assert not settings.root.exists()


def test_what_is_launched_goes_on_alone_and_is_stopped_by_down(settings: Settings) -> None:
    told: list[str] = []
    settings.root.mkdir()
    found = running.launch(
        settings,
        [sys.executable, "-c", HOLDER],
        environment(settings),
        within=20,
        progress=lambda english, french: told.append(french),
    )

    assert "ready" == found.phase
    assert ["airflow : démarrage"] == told
    with pytest.raises(ConfigurationError, match="runs here already"):
        running.launch(settings, [sys.executable, "-c", HOLDER], environment(settings), within=20)
    assert running.stop(settings)


def test_what_cannot_start_is_reported_with_its_last_words(settings: Settings) -> None:
    settings.root.mkdir()
    command = [sys.executable, "-c", "print('systems.yaml: absent'); raise SystemExit(2)"]

    with pytest.raises(ConfigurationError, match=r"systems\.yaml: absent"):
        running.launch(settings, command, environment(settings), within=20)
    assert running.now(settings) is None
