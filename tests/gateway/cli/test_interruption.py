"""`passerelle demo` as a process: one at a time, ended by Ctrl-C without a trace, done by the next call."""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from connectors.kit.province.generate import generate
from tests.conftest import REPOSITORY
from tests.gateway.cli.conftest import values
from tests.world import DAY

DEMO = ("demo", "--no-airflow", "--students", "30", "--boards", "1", "--seed", "11")


@pytest.fixture
def environment() -> Iterator[dict[str, str]]:
    """A home of its own (where PostgreSQL may be another user) and ports that are free."""
    with tempfile.TemporaryDirectory(prefix="passerelle-", ignore_cleanup_errors=True) as folder:
        yield os.environ | {
            "PYTHONPATH": str(REPOSITORY), "PASSERELLE_HOME": f"{folder}/home", "PASSERELLE_LANG": "en",
            "PASSERELLE_GATEWAY_URL": f"http://127.0.0.1:{free_port()}", "PASSERELLE_SANDBOX_PORT": str(free_port()),
        }  # fmt: skip


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@pytest.fixture
def start(environment: dict[str, str]) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts `passerelle WORDS` with its own terminal group; a failed test leaves none of them."""
    started: list[subprocess.Popen[str]] = []

    def passerelle(*words: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "gateway.cli", *words],
            env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
        )  # fmt: skip
        started.append(process)
        return process

    yield passerelle
    for process in started:
        if process.poll() is None:
            process.terminate()
            process.communicate(timeout=60)


def left_of(environment: dict[str, str]) -> list[str]:
    """What still runs on that home."""
    found = []
    for process in psutil.process_iter():
        try:
            told = f"{process.cmdline()} {process.environ().get('PASSERELLE_HOME')}"
        except psutil.Error:
            continue
        if environment["PASSERELLE_HOME"] in told and process.status() != psutil.STATUS_ZOMBIE:
            found.append(told)
    return found


def test_a_second_demo_is_refused_an_interruption_leaves_nothing_and_the_next_call_succeeds(
    environment: dict[str, str], start: Callable[..., subprocess.Popen[str]]
) -> None:
    first = start(*DEMO)
    assert first.stderr is not None
    said = []
    for line in first.stderr:
        said.append(line)
        if line.startswith("… translate"):
            break
    assert said[-1].startswith("… translate"), said

    second = start(*DEMO)
    out, err = second.communicate(timeout=60)
    assert (2, "") == (second.returncode, out)
    assert f"process {first.pid}" in err
    assert "passerelle down" in err
    assert first.poll() is None

    os.killpg(first.pid, signal.SIGINT)  # as the terminal does: to the whole foreground group
    os.killpg(first.pid, signal.SIGINT)
    out, err = first.communicate(timeout=60)
    assert (3, "") == (first.returncode, out)
    assert "Interrupted: everything was stopped, nothing is half done." in err
    assert "Traceback" not in err
    until = time.monotonic() + 10
    while left_of(environment) and time.monotonic() < until:
        time.sleep(0.1)
    assert [] == left_of(environment)

    report = Path(environment["PASSERELLE_HOME"]) / "report.json"
    done = start(*DEMO, "--json", "--report", str(report))
    out, err = done.communicate(timeout=120)
    assert (0, "") == (done.returncode, err)
    assert json.loads(out) == json.loads(report.read_text("utf-8"))
    assert json.loads(out)["balanced"]
    assert [] == left_of(environment)

    other = start("demo", "--no-airflow", "--students", "31")
    out, err = other.communicate(timeout=60)
    assert (2, "") == (other.returncode, out)
    assert "this home holds 30 students" in err
    assert [] == persons_in_logs(Path(environment["PASSERELLE_HOME"]))


def persons_in_logs(home: Path) -> list[str]:
    """Names of the province that some log holds."""
    logs = "".join(path.read_text("utf-8", "replace") for path in (home / "log").glob("*.log*"))
    assert logs
    return [value for value in values(generate(11, students=30, boards=1, day=DAY)) if value in logs]
