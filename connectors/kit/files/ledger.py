"""What was read of a folder, by name and content. Refuses nothing: it remembers, and the inbox decides.

One line of JSON for each file in ``files-read.jsonl`` of the caller's state folder, written to the disk before
the file is moved. A line that a power cut left unfinished is dropped: that file is read again.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

FILE = "files-read.jsonl"


@dataclass(frozen=True, slots=True)
class Read:
    """One file that was read to its end and kept. `digest`: its SHA-256."""

    stream: str
    name: str
    digest: str


class Ledger:
    """What one installed system's files were. Without a state folder it remembers until it is dropped."""

    def __init__(self, state: Path | None = None) -> None:
        self._path = None if state is None else state / FILE
        self._held = list(self._load())

    def knows(self, read: Read) -> bool:
        """Whether this very file was read: same stream, name and content."""
        return read in self._held

    def same_content(self, read: Read) -> str | None:
        """The other name under which this content was last read, if any."""
        names = [
            held.name
            for held in self._held
            if (held.stream, held.digest) == (read.stream, read.digest) and held.name != read.name
        ]
        return names[-1] if names else None

    def names(self, stream: str) -> tuple[str, ...]:
        """The names of the files read for a stream, oldest first."""
        return tuple(held.name for held in self._held if held.stream == stream)

    def note(self, read: Read) -> None:
        """Remember a file; on the disk when this returns."""
        if self._path is not None:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with self._path.open("ab") as file:
                os.fchmod(file.fileno(), 0o600)
                file.write(b"\n" if _cut_short(self._path) else b"")
                file.write(json.dumps(asdict(read)).encode() + b"\n")
                file.flush()
                os.fsync(file.fileno())
        self._held.append(read)

    def _load(self) -> Iterator[Read]:
        if self._path is None or not self._path.exists():
            return
        for line in self._path.read_bytes().splitlines():
            try:
                yield Read(**json.loads(line))
            except (ValueError, TypeError):
                continue  # cut short by a power failure: that file is read again


def _cut_short(path: Path) -> bool:
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        if not size:
            return False
        file.seek(size - 1)
        return file.read(1) != b"\n"
