"""Start services, wait until they answer, restart the dead, stop them all. Leaves no process behind.

Each service runs under a keeper (keeper.py), which ends its whole family when this process asks or
dies. Services are started from the main thread: Linux ties "my parent died" to the starting thread.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from canonical_model.errors import ConfigurationError, RetryableError
from gateway.operations.progress import Progress, silent

GUARD = "postgres-guard"
GRACE_SECONDS = 5.0  # a step that is cut off is a transaction that did not happen
FIRST_RESTART_SECONDS = 1.0
LAST_RESTART_SECONDS = 60.0
STEADY_SECONDS = 120.0  # a service that lived so long starts again with the first delay

_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_KEEPER = Path(__file__).with_name("keeper.py")
_LOOK_SECONDS = 0.1
_MARGIN_SECONDS = 3.0  # the keeper's own, after its grace
_LAST_LINES = 8


@dataclass(frozen=True, slots=True)
class Service:
    """One process to run. `healthy` is asked again and again; `address` is for people.

    `within`: seconds after which a service that does not answer is given up.
    """

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(repr=False)
    folder: Path
    healthy: Callable[[], bool] = lambda: True
    address: str = ""
    within: float = 60.0


@dataclass(slots=True)
class _Kept:
    service: Service
    keeper: subprocess.Popen[bytes]
    started: float
    delay: float = FIRST_RESTART_SECONDS
    restart_at: float | None = None


class Supervisor:
    """A context: whatever was started inside is stopped on the way out, last first."""

    def __init__(self, logs: Path, *, progress: Progress = silent, grace: float = GRACE_SECONDS) -> None:
        self.logs, self._progress, self._grace = logs, progress, grace
        self._kept: dict[str, _Kept] = {}

    def __enter__(self) -> Self:
        self.logs.mkdir(parents=True, exist_ok=True, mode=0o700)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def services(self) -> tuple[tuple[Service, int], ...]:
        """Each service with the process id of its keeper."""
        return tuple((kept.service, kept.keeper.pid) for kept in self._kept.values())

    def start(self, service: Service) -> None:
        """Start one service and return at once. What it said the last time is kept in `<name>.log.1`."""
        with suppress(FileNotFoundError):
            self.log(service.name).replace(self.logs / f"{service.name}.log.1")
        self._kept[service.name] = _Kept(service, self._spawn(service), time.monotonic())

    def guard_postmaster(self, pid_file: Path) -> None:
        """Have an embedded PostgreSQL stopped should this process be killed; otherwise leave it alone."""
        self.start(Service(GUARD, ("--postmaster", str(pid_file)), {}, self.logs))

    def wait(self, *names: str) -> None:
        """Wait until each of these services answers.

        Raises ConfigurationError when one ended with exit code 2, RetryableError when one ended
        otherwise or did not answer in time; both with the last lines of its log.
        """
        for kept in [self._kept[name] for name in names]:
            service = kept.service
            self._progress(f"{service.name}: starting", f"{service.name} : démarrage")
            while not service.healthy():
                self.check()
                if time.monotonic() - kept.started > service.within:
                    bound, log = f"{service.within:.0f} s", self.log(service.name)
                    raise RetryableError(
                        f"{service.name}: no answer after {bound}. Read {log}, then try again.",
                        f"{service.name} : pas de réponse après {bound}. Lisez {log}, puis réessayez.",
                    )
                time.sleep(_LOOK_SECONDS)
            seconds = time.monotonic() - kept.started
            self._progress(
                f"{service.name}: ready after {seconds:.1f} s", f"{service.name} : prêt après {seconds:.1f} s"
            )

    def finish(self, service: Service) -> None:
        """Run a command to its end, as a migration. Raises as `wait` does when it fails or takes too long."""
        self.start(service)
        kept = self._kept[service.name]
        while kept.keeper.poll() is None:
            if time.monotonic() - kept.started > service.within:
                self._stop_one(self._kept.pop(service.name))
                raise self._ended(service, 124)
            time.sleep(_LOOK_SECONDS)
        del self._kept[service.name]
        if kept.keeper.returncode != 0:
            raise self._ended(service, kept.keeper.returncode)

    def check(self) -> None:
        """Raise as `wait` does when a service has ended."""
        for kept in self._kept.values():
            if (code := kept.keeper.poll()) is not None:
                raise self._ended(kept.service, code)

    def watch(self) -> None:
        """Restart what died, for ever; what dies again and again is restarted less and less often."""
        while True:
            for kept in self._kept.values():
                self._revive(kept)
            time.sleep(_LOOK_SECONDS * 5)

    def stop(self) -> None:
        """Ask every service to end, last started first, and see it gone. Ctrl-C does not interrupt it."""
        with uninterrupted():
            last_first = list(reversed(self._kept.values()))
            self._kept.clear()
            for kept in last_first:
                kept.keeper.terminate()
            for kept in last_first:
                self._stop_one(kept)

    def log(self, name: str) -> Path:
        """The file that holds what the service said."""
        return self.logs / f"{name}.log"

    def _spawn(self, service: Service) -> subprocess.Popen[bytes]:
        command = [
            sys.executable,
            "-I",
            "-S",
            str(_KEEPER),
            str(os.getpid()),
            str(self._grace),
            *service.command,
        ]
        handle = os.open(self.log(service.name), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            return subprocess.Popen(  # noqa: S603
                command,
                env=dict(service.environment),
                cwd=service.folder,
                stdin=subprocess.DEVNULL,
                stdout=handle,
                stderr=handle,
                start_new_session=True,
                umask=0o077,
            )
        finally:
            os.close(handle)

    def _revive(self, kept: _Kept) -> None:
        name, now = kept.service.name, time.monotonic()
        if kept.restart_at is not None:
            if now >= kept.restart_at:
                kept.keeper, kept.started, kept.restart_at = self._spawn(kept.service), now, None
            return
        if (code := kept.keeper.poll()) is None:
            return
        if now - kept.started > STEADY_SECONDS:
            kept.delay = FIRST_RESTART_SECONDS
        log, delay = self.log(name), f"{kept.delay:.0f} s"
        self._progress(
            f"{name}: ended with code {code}; restarted in {delay}. Read {log}.",
            f"{name} : terminé avec le code {code} ; relancé dans {delay}. Lisez {log}.",
        )
        kept.restart_at = now + kept.delay
        kept.delay = min(kept.delay * 2, LAST_RESTART_SECONDS)

    def _stop_one(self, kept: _Kept) -> None:
        kept.keeper.terminate()
        try:
            kept.keeper.wait(self._grace + _MARGIN_SECONDS)
        except subprocess.TimeoutExpired:
            kept.keeper.kill()  # its children die with it
            kept.keeper.wait()

    def _ended(self, service: Service, code: int) -> ConfigurationError | RetryableError:
        log = self.log(service.name)
        said = "\n".join(f"    {line}" for line in last_lines(log))
        kind = ConfigurationError if code == ConfigurationError.exit_code else RetryableError
        return kind(
            f"{service.name}: ended with code {code}. Read {log}, whose end is:\n{said}",
            f"{service.name} : terminé avec le code {code}. Lisez {log}, qui finit par :\n{said}",
        )


def last_lines(log: Path, count: int = _LAST_LINES) -> tuple[str, ...]:
    """The last lines of a log that say something."""
    if not log.is_file():
        return ()
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - 8192))
        text = file.read().decode("utf-8", "replace")
    return tuple([line.rstrip() for line in text.splitlines() if line.strip()][-count:])


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Ctrl-C and its like are not heard here. Outside of the main thread they never are."""
    try:
        before = {number: signal.signal(number, signal.SIG_IGN) for number in _ENDING}
    except ValueError:
        before = {}
    try:
        yield
    finally:
        for number, handler in before.items():
            with suppress(ValueError):
                signal.signal(number, handler)
