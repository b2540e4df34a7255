"""The supervisor: what it starts it stops, whatever the child, the terminal or kill -9 does."""

import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from canonical_model.errors import ConfigurationError, RetryableError
from gateway.operations.supervisor import Service, Supervisor, last_lines

REPOSITORY = Path(__file__).resolve().parents[3]
BOUND = 20.0

STUBBORN = """
import os, signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
if os.fork() == 0:
    os.setsid()  # a grandchild that leaves the group of its parent
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
open(sys.argv[1] + f".{os.getpid()}", "w").close()
time.sleep(600)
"""

PARENT = """
import sys
from pathlib import Path
from gateway.operations.supervisor import Service, Supervisor
folder = Path(sys.argv[1])
command = (sys.executable, "-c", sys.argv[2], str(folder / "alive"))
with Supervisor(folder / "log", grace=0.5) as supervisor:
    supervisor.start(Service("stubborn", command, {}, folder))
    supervisor.watch()
"""


def python(text: str, *arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-c", text, *arguments)


def service(folder: Path, command: tuple[str, ...], **given: object) -> Service:
    return Service("trial", command, {}, folder, **given)  # type: ignore[arg-type]


def until(fact: Callable[[], object], bound: float = BOUND) -> bool:
    """Whether the fact came true in time."""
    end = time.monotonic() + bound
    while time.monotonic() < end:
        if fact():
            return True
        time.sleep(0.02)
    return False


def stubborn_pids(folder: Path) -> list[int]:
    return [int(path.suffix[1:]) for path in folder.glob("alive.*")]


def gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


@pytest.fixture
def parent(tmp_path: Path) -> subprocess.Popen[bytes]:
    """Another process that supervises a child and a grandchild, both deaf to SIGTERM."""
    process = subprocess.Popen(
        python(PARENT, str(tmp_path), STUBBORN), env={**os.environ, "PYTHONPATH": str(REPOSITORY)}
    )
    assert until(lambda: len(stubborn_pids(tmp_path)) == 2)
    return process


def test_a_child_that_ignores_the_request_to_end_is_killed_with_its_grandchild(tmp_path: Path) -> None:
    with Supervisor(tmp_path / "log", grace=0.5) as supervisor:
        supervisor.start(service(tmp_path, python(STUBBORN, str(tmp_path / "alive"))))
        assert until(lambda: len(stubborn_pids(tmp_path)) == 2)
        pids = stubborn_pids(tmp_path)
        assert not any(gone(pid) for pid in pids)

    assert all(gone(pid) for pid in pids)


def test_a_supervisor_that_is_killed_leaves_nothing(tmp_path: Path, parent: subprocess.Popen[bytes]) -> None:
    parent.kill()
    parent.wait()

    assert until(lambda: all(gone(pid) for pid in stubborn_pids(tmp_path)))


def test_a_second_ctrl_c_does_not_cut_the_stopping_short(
    tmp_path: Path, parent: subprocess.Popen[bytes]
) -> None:
    parent.send_signal(signal.SIGINT)
    time.sleep(0.2)  # within the grace: the supervisor is stopping now
    parent.send_signal(signal.SIGINT)
    parent.wait(BOUND)

    assert all(gone(pid) for pid in stubborn_pids(tmp_path))


def test_what_a_finished_service_leaves_behind_is_ended_too(tmp_path: Path) -> None:
    leaves = "import subprocess, sys; subprocess.Popen([sys.executable, '-c', sys.argv[1], sys.argv[2]])"
    sleeper = "import os, sys, time; open(sys.argv[1] + f'.{os.getpid()}', 'w').close(); time.sleep(600)"
    command = python(leaves + "; import time; time.sleep(0.5)", sleeper, str(tmp_path / "alive"))
    with Supervisor(tmp_path / "log") as supervisor:
        supervisor.finish(service(tmp_path, command))

        assert 1 == len(stubborn_pids(tmp_path))
        assert all(gone(pid) for pid in stubborn_pids(tmp_path))


def test_a_service_that_ends_at_once_is_reported_with_its_last_words(tmp_path: Path) -> None:
    with Supervisor(tmp_path / "log") as supervisor:
        supervisor.start(
            service(tmp_path, python("print('no such table'); raise SystemExit(5)"), healthy=lambda: False)
        )
        with pytest.raises(RetryableError) as raised:
            supervisor.wait("trial")

    assert "ended with code 5" in raised.value.english
    assert "no such table" in raised.value.english
    assert "terminé avec le code 5" in raised.value.french


def test_a_service_that_finds_its_configuration_wrong_stops_the_hub(tmp_path: Path) -> None:
    with Supervisor(tmp_path / "log") as supervisor:
        supervisor.start(service(tmp_path, python("raise SystemExit(2)"), healthy=lambda: False))
        with pytest.raises(ConfigurationError):
            supervisor.wait("trial")


def test_a_service_that_never_answers_is_given_up_and_stopped(tmp_path: Path) -> None:
    with Supervisor(tmp_path / "log", grace=0.5) as supervisor:
        supervisor.start(
            service(tmp_path, python("import time; time.sleep(600)"), healthy=lambda: False, within=0.4)
        )
        keeper = supervisor.services[0][1]
        with pytest.raises(RetryableError, match="no answer after"):
            supervisor.wait("trial")

    assert gone(keeper)


def test_a_service_that_died_is_started_again_later_each_time(tmp_path: Path) -> None:
    told: list[str] = []

    class EnoughError(Exception):
        pass

    def progress(english: str, french: str) -> None:
        told.append(english)
        if len(told) == 2:
            raise EnoughError

    with Supervisor(tmp_path / "log", progress=progress) as supervisor:
        supervisor.start(service(tmp_path, python("print('once')")))
        with pytest.raises(EnoughError):
            supervisor.watch()

    assert ["restarted in 1 s", "restarted in 2 s"] == [text.split("; ")[1].split(".")[0] for text in told]
    assert ("once", "once") == last_lines(tmp_path / "log" / "trial.log")


def test_a_command_that_fails_is_not_taken_for_done(tmp_path: Path) -> None:
    with Supervisor(tmp_path / "log") as supervisor, pytest.raises(RetryableError, match="code 3"):
        supervisor.finish(service(tmp_path, python("raise SystemExit(3)")))

    assert () == supervisor.services


def test_what_a_service_says_is_for_its_owner_only_and_the_last_time_is_kept(tmp_path: Path) -> None:
    for word in ("first", "second"):
        with Supervisor(tmp_path / "log") as supervisor:
            supervisor.finish(service(tmp_path, python(f"print({word!r})")))
    log = tmp_path / "log" / "trial.log"

    assert 0o600 == stat.S_IMODE(log.stat().st_mode)
    assert ("second",) == last_lines(log)
    assert ("first",) == last_lines(log.with_name("trial.log.1"))


def test_a_postmaster_is_stopped_when_the_supervisor_was_killed_and_left_alone_otherwise(
    tmp_path: Path,
) -> None:
    text = """
import subprocess, sys, time
from pathlib import Path
from gateway.operations.supervisor import Supervisor
folder = Path(sys.argv[1])
with Supervisor(folder / "log") as supervisor:
    supervisor.guard_postmaster(folder / "postmaster.pid")
    (folder / "guarded").touch()
    time.sleep(600 if sys.argv[2] == "killed" else 0.5)
"""
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    for end, stopped in (("stopped", False), ("killed", True)):
        postmaster = subprocess.Popen(python("import time; time.sleep(600)"), start_new_session=True)
        (tmp_path / "postmaster.pid").write_text(f"{postmaster.pid}\n/data\n")
        (tmp_path / "guarded").unlink(missing_ok=True)
        parent = subprocess.Popen(python(text, str(tmp_path), end), env=environment)
        assert until((tmp_path / "guarded").exists)
        if end == "killed":
            time.sleep(0.3)  # the guard's own start
            parent.kill()
        parent.wait(BOUND)

        assert stopped == until(
            lambda process=postmaster: process.poll() is not None, 5.0 if stopped else 0.5
        )
        postmaster.kill()
        postmaster.wait()
