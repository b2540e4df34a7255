"""What the hub keeps between two pulls of a system: landings in progress, cursors, digests of keys.

All of it is sealed by the hub's keys, below ``<home>/pull`` and in the raw store. A pull counts as done in the
transaction that says its batch landed: killed before, the landing is taken up; after, the next pull begins there.
"""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import sqlalchemy as sa
from filelock import FileLock, Timeout

from canonical_model.errors import RetryableError
from connectors.kit.manifest import Manifest
from connectors.kit.protocol import Source, Window
from connectors.kit.pull import Digests, Landing, Pulled, pull
from gateway.keys import Keys, seal, unseal
from gateway.store.raw import RawStore
from gateway.store.schema import exchange


@dataclass(frozen=True, slots=True)
class LastPull:
    """Where the last pull of a system ended. `number`: how many were done; `keys`: id in the raw store.

    `school_year`: of its window; what another year held is not compared with this one's. `memory`: what the source
    wants to be told by the next pull, of whatever year: files that were read, ETags.
    """

    number: int = 0
    school_year: int | None = None
    cursors: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    keys: str | None = None
    memory: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    def of_year(self, school_year: int) -> "LastPull":
        """What the pull of that year begins from: nothing, when this one was of another."""
        return self if self.school_year == school_year else LastPull(number=self.number, memory=self.memory)

    def digests(self, raw: RawStore) -> dict[str, Digests]:
        """By stream, the digests of the rows it gave. Raises ConfigurationError when they are gone or altered."""
        return (
            {} if self.keys is None else {name: Digests(*told) for name, told in raw.keys(self.keys).items()}
        )

    def receipt(self) -> dict[str, Any]:
        """As it is kept with the exchange."""
        return {
            "number": self.number,
            "school_year": self.school_year,
            "cursors": dict(self.cursors),
            "keys": self.keys,
            "memory": dict(self.memory),
        }


def last(connection: sa.Connection, system: str) -> LastPull:
    """The last pull of a system whose batch landed; an empty one when there is none."""
    told = exchange.c.receipt["pull"]
    found = connection.execute(
        sa.select(told)
        .where(
            exchange.c.system == system, exchange.c.state.in_(("landed", "mapped", "done")), told.is_not(None)
        )
        .order_by(told["number"].as_integer().desc())
        .limit(1)
    ).scalar()
    return LastPull() if found is None else LastPull(**found)


def of_exchange(row: sa.Row[Any]) -> LastPull:
    """The pull that an exchange kept; an empty one when its batch has not landed."""
    told = (row.receipt or {}).get("pull")
    return LastPull() if told is None else LastPull(**told)


def following(
    before: LastPull,
    raw: RawStore,
    *,
    system: str,
    school_year: int,
    pulled: Mapping[str, Pulled],
    memory: Mapping[str, str],
) -> LastPull:
    """What the next pull will begin from: the cursors now, the digests kept in the raw store, the memory."""
    digests = {name: found.digests for name, found in pulled.items() if found.digests is not None}
    return LastPull(
        number=before.number + 1,
        school_year=school_year,
        cursors={name: found.cursor for name, found in pulled.items() if found.cursor is not None},
        keys=raw.keep_keys(system, {name: held.parts() for name, held in digests.items()})
        if digests
        else None,
        memory=memory,
    )


class Landings:
    """The landings of one system's streams, one folder each, held by one process."""

    def __init__(self, home: Path, keys: Keys, system: str) -> None:
        self._folder = home / "pull" / system
        self._system = system
        self._key = keys.derived("pull")
        self._digest_key = keys.derived("pull-keys")

    @contextmanager
    def held(self) -> Iterator[None]:
        """Nobody else pulls this system meanwhile. Raises RetryableError when somebody does."""
        self._folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(self._folder.with_name(f"{self._system}.lock"), timeout=0)
        try:
            lock.acquire()
        except Timeout:
            raise RetryableError(
                f"{self._system}: another run pulls this system. Wait for it, then try again.",
                f"{self._system} : une autre exécution lit ce système. Attendez-la, puis réessayez.",
            ) from None
        try:
            yield
        finally:
            lock.release()

    def pull(
        self,
        source: Source,
        manifest: Manifest,
        window: Window,
        before: LastPull,
        *,
        partly: frozenset[str],
        raw: RawStore,
        asked_by: str,
    ) -> dict[str, Pulled]:
        """Pull every stream, those of `partly` from their cursor on; what this exchange landed is taken up.

        Raises as `connectors.kit.pull.pull`.
        """
        before = before.of_year(window.school_year)
        digests = before.digests(raw)
        source.recall(before.memory)
        return {
            stream: pull(
                source,
                manifest,
                stream,
                window,
                landing=self.of(stream),
                since=before.cursors.get(stream) if stream in partly else None,
                previous=digests.get(stream),
                asked_by=asked_by,
            )
            for stream in manifest.streams
        }

    def of(self, stream: str) -> Landing:
        """The landing of one stream, sealed by the hub's keys."""
        about = f"pull:{self._system}:{stream}"
        return Landing(
            self._folder / stream,
            protect=lambda plain, name: seal(self._key, plain, f"{about}:{name}"),
            reveal=lambda sealed, name: unseal(self._key, sealed, f"{about}:{name}"),
            digest_key=self._digest_key,
        )

    def discard(self) -> None:
        """Forget them: the batch landed."""
        shutil.rmtree(self._folder, ignore_errors=True)
