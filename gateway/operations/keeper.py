"""Hold one service of the hub, and leave nothing of it behind. Run as a script; standard library only.

    python -I -S keeper.py SUPERVISOR_PID GRACE_SECONDS COMMAND…
    python -I -S keeper.py SUPERVISOR_PID GRACE_SECONDS --postmaster PID_FILE

The service runs in a session of its own, as a child of this small process, which is also given every
orphan of it. When the service ends, when the supervisor asks (SIGTERM) or when the supervisor dies, even
by kill -9, the whole family is ended: SIGTERM first, SIGKILL after the grace. Linux only (prctl, /proc).

The second form starts nothing: it stops an embedded PostgreSQL whose supervisor died without doing so.
"""

import ctypes
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_LIBC = ctypes.CDLL(None)
_HEARD = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD)
_LOOK_SECONDS = 0.05


def keep(command: list[str], grace: float) -> int:
    """Run `command` until it ends or a signal asks for its end; its exit code (128 + signal when killed)."""
    child = subprocess.Popen(command, start_new_session=True, preexec_fn=_die_with_keeper)  # noqa: PLW1509, S603
    while (code := _reaped(child)) is None:
        if signal.sigwait(_HEARD) is not signal.SIGCHLD:
            code = _asked_to_end(child, grace)
            break
    _end_all()
    return code


def guard_postmaster(pid_file: Path, supervisor: int) -> int:
    """Wait for the end; a supervisor that is still there stops PostgreSQL itself."""
    while signal.sigwait(_HEARD) is signal.SIGCHLD:
        pass
    if os.getppid() == supervisor:
        return 0
    with suppress(OSError, ValueError, IndexError):
        os.kill(int(pid_file.read_text().split()[0]), signal.SIGINT)  # PostgreSQL's fast shutdown
    return 0


def _asked_to_end(child: subprocess.Popen[bytes], grace: float) -> int:
    with suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGTERM)
    until = time.monotonic() + grace
    while (code := _reaped(child)) is None and time.monotonic() < until:
        time.sleep(_LOOK_SECONDS)
    return 128 + signal.SIGKILL if code is None else code


def _reaped(child: subprocess.Popen[bytes]) -> int | None:
    """Bury every dead descendant; the exit code of the service when it is among them."""
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return child.returncode
        if pid == 0:
            return child.returncode
        if pid == child.pid:
            code = os.waitstatus_to_exitcode(status)
            child.returncode = code if code >= 0 else 128 - code


def _end_all() -> None:
    """SIGKILL every descendant until none is left; an orphan of an orphan comes here too."""
    while True:
        for pid in _children():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return
        time.sleep(_LOOK_SECONDS)


def _children() -> list[int]:
    own = Path(f"/proc/self/task/{os.getpid()}/children")
    if own.exists():
        return [int(pid) for pid in own.read_text().split()]
    found = []  # a kernel without that file: ask every process for its parent
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if int((folder / "stat").read_text().rpartition(")")[2].split()[1]) == os.getpid():
                found.append(int(folder.name))
    return found


def _die_with_keeper() -> None:
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _HEARD)
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def main(arguments: list[str]) -> int:
    """Take the place of a keeper; 0 when the supervisor is already gone."""
    supervisor, grace, *command = int(arguments[0]), float(arguments[1]), *arguments[2:]
    signal.pthread_sigmask(signal.SIG_BLOCK, _HEARD)
    _LIBC.prctl(_PR_SET_CHILD_SUBREAPER, 1)
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != supervisor:  # it died before this process could ask to be told
        return 0
    if command[0] == "--postmaster":
        return guard_postmaster(Path(command[1]), supervisor)
    return keep(command, grace)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
