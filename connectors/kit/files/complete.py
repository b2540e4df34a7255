"""Whether a dropped file is whole: by its marker, by a list of checksums, or by two looks that agree.

A file that is not whole yet is a RetryableError, never a file read in part.

    marker     <file>.sha256, written last: "<SHA-256>  <file>", and perhaps "# rows: 198"
    checksum   a list in the format of sha256sum, SHA256SUMS or any *.sha256, that names the file
    stable     the partner writes neither: size and time are the same at two looks, a pause apart
"""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

from canonical_model.errors import ConfigurationError, RetryableError
from connectors.kit.files.folder import Entry, Folder

Way = Literal["marker", "checksum", "stable"]

MARKER = ".sha256"
LIST = "SHA256SUMS"
PAUSE_SECONDS = 5.0
_LARGEST_LIST = 1024 * 1024
_LINE = re.compile(r"^(?P<digest>[0-9a-f]{64}) [ *](?P<file>[^/\\]+)$")
_ROWS = re.compile(r"^# rows: (?P<rows>\d{1,12})$")


@dataclass(frozen=True, slots=True)
class Whole:
    """A file that its partner says is whole. `digests`: one of these is its SHA-256; empty: nobody said."""

    entry: Entry
    digests: frozenset[str]
    rows: int | None


@dataclass(frozen=True, slots=True)
class Completeness:
    """How a stream's files are known to be whole. `wait` sleeps; a test gives its own."""

    way: Way = "marker"
    pause_seconds: float = PAUSE_SECONDS
    wait: Callable[[float], None] = time.sleep

    def of(self, folder: Folder, name: str) -> Whole:
        """What is said of a file. Raises RetryableError while it is being written."""
        entry = folder.look(name)
        if entry is None:
            raise unfinished(folder.place, name)
        if self.way == "stable":
            self.wait(self.pause_seconds)
            if not entry.size or folder.look(name) != entry:
                raise unfinished(folder.place, name)
            return Whole(entry, frozenset(), None)
        lines = [line for held in self._lists(folder, name) for line in _lines(folder, held)]
        found = [match for line in lines if (match := _LINE.match(line)) and match["file"] == name]
        if not found:
            raise unfinished(folder.place, name)
        rows = [int(match["rows"]) for line in lines if (match := _ROWS.match(line))]
        one = rows[0] if rows and self.way == "marker" else None
        return Whole(entry, frozenset(match["digest"] for match in found), one)

    def _lists(self, folder: Folder, name: str) -> tuple[str, ...]:
        if self.way == "marker":
            return (name + MARKER,)
        return tuple(entry.name for entry in folder.list() if entry.name.endswith((MARKER, LIST)))


def way_of(place: str, text: str) -> Way:
    """One of the ways. Raises ConfigurationError naming them."""
    for way in get_args(Way):
        if way == text:
            return way  # type: ignore[no-any-return] # get_args is untyped
    raise ConfigurationError(
        f"{place}: complete must be one of {', '.join(get_args(Way))}. Correct the manifest.",
        f"{place} : complete doit être l'un de {', '.join(get_args(Way))}. Corrigez le manifeste.",
    )


def marker(name: str, digest: str, rows: int | None) -> bytes:
    """The content of the marker of a file."""
    told = "" if rows is None else f"# rows: {rows}\n"
    return f"{digest}  {name}\n{told}".encode()


def unfinished(place: str, name: str) -> RetryableError:
    """The error of a file that is not whole, or not the one that was announced."""
    return RetryableError(
        f"{place}: {name} and its marker do not agree; it is still being written. Try again.",
        f"{place} : {name} et son témoin diffèrent ; il est en cours d'écriture. Réessayez.",
    )


def _lines(folder: Folder, name: str) -> list[str]:
    entry = folder.look(name)
    if entry is None:
        return []
    if entry.size > _LARGEST_LIST:
        raise ConfigurationError(
            f"{folder.place}: {name} is no list of checksums: it is far too large. Ask the partner.",
            f"{folder.place} : {name} n'est pas une liste d'empreintes : trop gros. Demandez au partenaire.",
        )
    with folder.open(name) as file:
        return file.read(_LARGEST_LIST).decode("utf-8", "replace").splitlines()
