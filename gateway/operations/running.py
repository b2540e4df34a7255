"""One hub on one home at a time: who runs there, what it started, how to stop it.

The lock is the truth (it falls with the process that holds it, however that ends); `run.json` beside it
only describes. Both lie in the home.
"""

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Literal

import psutil
from filelock import FileLock, Timeout

from canonical_model.errors import ConfigurationError, HubError, RetryableError
from gateway.operations import private_files
from gateway.operations.progress import Progress, silent
from gateway.operations.supervisor import last_lines
from gateway.settings import Settings

Phase = Literal["starting", "ready", "stopping"]

_STOP_SECONDS = 45.0
_LOCK_SECONDS = 1.0  # longer than a look at the lock by `now` in another process
_LOOK_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Running:
    """What runs on this home. `since`: ISO 8601. `services`: name, process id, address (may be empty).

    `born`: when the process was made, so that a number used again is not taken for it. `english`,
    `french`: the last step told.
    """

    pid: int
    purpose: str
    since: str
    born: float = 0.0
    phase: Phase = "starting"
    services: tuple[tuple[str, int, str], ...] = ()
    english: str = ""
    french: str = ""


_UNKNOWN = Running(0, "?", "?")


class Held:
    """The home, held by this process; what it writes here is what `status` shows."""

    def __init__(self, path: Path, running: Running) -> None:
        self._path, self._running = path, running
        self._write()

    def phase(self, phase: Phase, services: Sequence[tuple[str, int, str]] = ()) -> None:
        """Say how far this process is, and what it started: name, process id, address."""
        self._running = replace(self._running, phase=phase, services=tuple(services))
        self._write()

    def tell(self, english: str, french: str) -> None:
        """Keep the last step, for whoever waits for this process from another one; a Progress."""
        self._running = replace(self._running, english=english, french=french)
        self._write()

    def _write(self) -> None:
        private_files.write(self._path, json.dumps(asdict(self._running)))


@contextmanager
def hold(settings: Settings, purpose: str, *, moment: datetime) -> Iterator[Held]:
    """Keep the home to this process. Raises ConfigurationError when another one has it."""
    settings.root.mkdir(parents=True, exist_ok=True)  # open: under root, PostgreSQL is another user
    try:
        with FileLock(_lock(settings), timeout=_LOCK_SECONDS):
            own = psutil.Process()
            running = Running(own.pid, purpose, moment.isoformat(timespec="seconds"), own.create_time())
            try:
                yield Held(_state(settings), running)
            finally:
                _state(settings).unlink(missing_ok=True)
    except Timeout as error:
        raise _refusal(settings) from error


def now(settings: Settings) -> Running | None:
    """What runs on this home; None when nothing does."""
    if not _lock(settings).exists() or _is_free(settings):
        return None
    with suppress(OSError, ValueError, psutil.Error):
        facts = json.loads(_state(settings).read_text("utf-8"))
        found = Running(**{**facts, "services": tuple((n, p, a) for n, p, a in facts["services"])})
        if psutil.Process(found.pid).create_time() == found.born:
            return found
    return _UNKNOWN  # it holds the lock and has not written yet


def stop(settings: Settings, progress: Progress = silent) -> bool:
    """Ask what runs on this home to end, and see it gone; False when nothing ran.

    What does not end is killed; its services end with it. Raises RetryableError when even that fails.
    """
    found = now(settings)
    if found is None:
        return False
    if found is _UNKNOWN:
        raise RetryableError(
            f"{settings.root}: what runs here is just starting. Try again in a second.",
            f"{settings.root} : ce qui tourne ici démarre à peine. Réessayez dans une seconde.",
        )
    progress(f"{found.purpose}: stopping {found.pid}", f"{found.purpose} : arrêt du processus {found.pid}")
    for number, seconds in ((signal.SIGTERM, _STOP_SECONDS), (signal.SIGKILL, _STOP_SECONDS / 3)):
        with suppress(ProcessLookupError):
            os.kill(found.pid, number)
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if _is_free(settings):
                _state(settings).unlink(missing_ok=True)  # a killed process could not
                return True
            time.sleep(_LOOK_SECONDS)
    raise RetryableError(
        f"process {found.pid}: it does not end. End it yourself, then try again.",
        f"processus {found.pid} : il ne se termine pas. Mettez-y fin vous-même, puis réessayez.",
    )


def launch(
    settings: Settings,
    command: Sequence[str],
    environment: Mapping[str, str],
    *,
    within: float,
    progress: Progress = silent,
) -> Running:
    """Start a process that holds the home after this one has ended, and wait until it is ready.

    Raises ConfigurationError when the home is held already or the process ended with exit code 2,
    RetryableError when it ended otherwise or is not ready in time; the end of `log/hub.log` says why.
    """
    if now(settings) is not None:
        raise _refusal(settings)
    log = settings.root / "log" / "hub.log"
    log.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with open(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as said:  # noqa: PTH123
        process = subprocess.Popen(  # noqa: S603
            command,
            env=dict(environment),
            cwd=settings.root,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            start_new_session=True,
        )
    try:
        return _await_ready(settings, process, log, within=within, progress=progress)
    except BaseException:
        process.terminate()  # it stops its services itself
        with suppress(subprocess.TimeoutExpired):
            process.wait(_STOP_SECONDS)
        raise


def _await_ready(
    settings: Settings, process: subprocess.Popen[bytes], log: Path, *, within: float, progress: Progress
) -> Running:
    until, told = time.monotonic() + within, ""
    while time.monotonic() < until:
        if (code := process.poll()) is not None:
            said = "\n".join(last_lines(log))
            kind = ConfigurationError if code == ConfigurationError.exit_code else RetryableError
            raise kind(
                f"the hub did not start. {log} ends with:\n{said}",
                f"Échec du démarrage. {log} finit par :\n{said}",
            )
        found = now(settings)
        if found is not None and found.pid == process.pid:
            if found.english not in ("", told):
                told = found.english
                progress(found.english, found.french)
            if found.phase == "ready":
                return found
        time.sleep(_LOOK_SECONDS)
    raise RetryableError(
        f"the hub is not ready after {within:.0f} s. Read {log}.",
        f"la passerelle n'est pas prête après {within:.0f} s. Lisez {log}.",
    )


def _is_free(settings: Settings) -> bool:
    try:
        with FileLock(_lock(settings), timeout=0):
            return True
    except Timeout:
        return False


def _refusal(settings: Settings) -> HubError:
    found = now(settings) or _UNKNOWN
    return ConfigurationError(
        f"{settings.root}: {found.purpose} runs here already (process {found.pid}, since {found.since})."
        " Wait for it, stop it with `passerelle down`, or set PASSERELLE_HOME to another folder.",
        f"{settings.root} : {found.purpose} tourne déjà ici (processus {found.pid}, depuis {found.since})."
        " Attendez sa fin, arrêtez-le par `passerelle down`, ou donnez un autre dossier à PASSERELLE_HOME.",
    )


def _lock(settings: Settings) -> Path:
    return settings.root / "run.lock"


def _state(settings: Settings) -> Path:
    return settings.root / "run.json"
