"""What was read of a folder, by name and content. Refuses nothing: it remembers, and the inbox decides.

It is told as text, one text a stream, that the caller keeps at once with the rows (`Source.memory`) and gives back
to the next pull; a text that is not one of ours is an empty memory: those files are read again.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass

MOST_HELD = 400  # files of one stream: a year of days; an older list is never asked for again


@dataclass(frozen=True, slots=True)
class Read:
    """One file that was read to its end and kept. `digest`: its SHA-256."""

    stream: str
    name: str
    digest: str


class Ledger:
    """What one installed system's files were, oldest first."""

    def __init__(self) -> None:
        self._held: list[Read] = []

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

    def of(self, stream: str) -> tuple[Read, ...]:
        """The files read for a stream, oldest first."""
        return tuple(held for held in self._held if held.stream == stream)

    def streams(self) -> tuple[str, ...]:
        """The streams of which something was read."""
        return tuple(dict.fromkeys(held.stream for held in self._held))

    def note(self, read: Read) -> None:
        """Remember a file; a second time changes nothing."""
        if read not in self._held:
            self._held.append(read)

    def written(self) -> dict[str, str]:
        """By stream, the text that `read_back` takes."""
        return {
            stream: json.dumps([[held.name, held.digest] for held in self.of(stream)[-MOST_HELD:]])
            for stream in self.streams()
        }

    def read_back(self, memory: Mapping[str, str]) -> None:
        """Remember what an earlier ledger wrote."""
        for stream, text in memory.items():
            try:
                told = [(str(name), str(digest)) for name, digest in json.loads(text)]
            except (ValueError, TypeError):
                continue
            for name, digest in told:
                self.note(Read(stream, name, digest))
