"""Takes whole files out of a shared folder, each once. Refuses one that changes while it is read.

A file is taken (its bytes are hashed), read, and then either settled (moved to ``archive``) or set aside (moved to
``erreur``). Settled twice, or killed in between and settled again, it ends the same; what has taken the place of a
file that was read is not settled with it. The same
name with other content is a corrected file: it is read as a new one. The same content under another name is
read too, for a list may be the same on two days, and `Taken.same_as` says so.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from canonical_model.errors import RetryableError
from connectors.kit.files.complete import MARKER, Completeness, unfinished
from connectors.kit.files.folder import Entry, Folder
from connectors.kit.files.ledger import Ledger, Read
from connectors.kit.files.names import NamePattern

ARCHIVE = "archive"
ERRORS = "erreur"


@dataclass(frozen=True, slots=True)
class Taken:
    """A whole file, on this machine while it is read. `rows`: as its marker says, without the header.

    `same_as`: the other name under which this content was read before. `corrected`: this name was read
    before with other content.
    """

    read: Read
    path: Path
    rows: int | None
    same_as: str | None
    corrected: bool


class Inbox:
    """One folder, how its files are known to be whole, and what was read of it."""

    def __init__(
        self, folder: Folder, ledger: Ledger, *, archive: str = ARCHIVE, errors: str = ERRORS
    ) -> None:
        self.folder = folder
        self._ledger = ledger
        self._archive = archive
        self._errors = errors
        self._whole: dict[str, Entry] = {}

    def newest(self, stream: str, pattern: NamePattern, day: date) -> str:
        """The file to read: of `day` or the last day before it. Raises RetryableError when there is none.

        A file older than one that was read is never read: the newer list has taken its place.
        """
        read = [said for held in self._ledger.of(stream) if (said := pattern.day_of(held.name)) is not None]
        last = max(read, default="")
        names = [
            entry.name
            for entry in self.folder.list()
            if (said := pattern.day_of(entry.name)) is not None and said >= last
        ]
        if found := pattern.newest(names, day):
            return found
        raise RetryableError(
            f"{self.folder.place}/{stream}: no file was dropped up to this day. Ask the partner, then try"
            " again.",
            f"{self.folder.place}/{stream} : aucun fichier déposé jusqu'à ce jour. Demandez au partenaire,"
            " puis réessayez.",
        )

    @contextmanager
    def take(self, stream: str, name: str, completeness: Completeness) -> Iterator[Taken]:
        """A whole file to read. Raises RetryableError when it is not whole, changed, or was read before.

        That it changed is known when the reading ends: rows given until then must be dropped by the caller.
        """
        whole = completeness.of(self.folder, name)
        with self.folder.local(name) as path:
            digest = digest_of(path)
            if whole.digests and digest not in whole.digests:
                raise unfinished(self.folder.place, name)
            read = Read(stream, name, digest)
            if self._ledger.knows(read):
                self._move(name, self._archive)  # also what is left to do when `settle` was killed
                raise RetryableError(
                    f"{self.folder.place}: {name} came again unchanged; it was read before. Nothing is to"
                    " be done until the partner drops another.",
                    f"{self.folder.place} : {name} est revenu inchangé ; il a déjà été lu. Rien à faire"
                    " avant le prochain dépôt du partenaire.",
                )
            corrected = name in {held.name for held in self._ledger.of(stream)}
            yield Taken(read, path, whole.rows, self._ledger.same_content(read), corrected)
            if self.folder.look(name) != whole.entry or digest_of(path) != digest:
                raise RetryableError(
                    f"{self.folder.place}: {name} changed while it was read. Nothing of it is kept; try again.",
                    f"{self.folder.place} : {name} a changé pendant la lecture. Rien n'en est gardé ;"
                    " réessayez.",
                )
            self._whole[name] = whole.entry

    def settle(self, read: Read, pattern: NamePattern | None = None) -> None:
        """Move a file that was read and kept, and older ones of its pattern, to the archive.

        One that came under its name meanwhile is left where it is: it is yet to be read.
        """
        self._ledger.note(read)
        entry = self.folder.look(read.name)
        if entry is not None and (entry == self._whole.get(read.name) or self._is(read)):
            self._move(read.name, self._archive)
        if pattern is None or not (said := pattern.day_of(read.name)):
            return
        for older in self.folder.list():
            day = pattern.day_of(older.name)
            if day is not None and day < said:
                self._move(older.name, self._archive)

    def set_aside(self, name: str) -> None:
        """Move a file that cannot be read to the folder of errors; a corrected one may come under its name."""
        if self.folder.look(name) is not None:
            self._move(name, self._errors)

    def _is(self, read: Read) -> bool:
        """Whether the file that stands under that name is the one that was read."""
        with self.folder.local(read.name) as path:
            return digest_of(path) == read.digest

    def _move(self, name: str, below: str) -> None:
        """Move a file and its marker; two of one name are numbered alike, for both begin with the same word."""
        self.folder.move(name, below)
        if self.folder.look(name + MARKER) is not None:
            self.folder.move(name + MARKER, below)


def digest_of(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
