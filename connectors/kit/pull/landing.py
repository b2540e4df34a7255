"""Where a pull in progress stands on disk: pages that are whole, and how far they reach.

A page counts once the checkpoint says so; a file that the checkpoint does not count is thrown away. Refused:
a second process at the same landing. What another request left, or cannot be opened, is begun anew. That is why
nothing here waits for the disk: a kill loses no page, and what a power failure tore does not open.

    checkpoint.json      request, pages, rows, position, cursor, complete; replaced by rename
    page-000001.arrow    Arrow IPC (lz4): the rows as the source gave them
    keys-000001.arrow    the keyed digests of those rows, when the stream needs them
"""

import io
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Literal

import orjson
import polars as pl
from filelock import FileLock, Timeout

from canonical_model.errors import ConfigurationError, IntegrityError, RetryableError

Sealing = Callable[[bytes, str], bytes]
"""The bytes of a file and the name it is bound to → the bytes to write (protect) or the plain ones (reveal)."""

CHECKPOINT = "checkpoint.json"
LOCK = "lock"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """How far a landing reaches.

    `resumable`: the source has said positions; `keyed`: there are digests; `complete`: the last page is there.
    """

    request: str
    pages: int = 0
    rows: int = 0
    position: str | None = None
    cursor: str | None = None
    resumable: bool = False
    keyed: bool = False
    complete: bool = False


class Landing:
    """One folder for one pull of one stream.

    `protect` and `reveal` seal and open each file, bound to its name; `reveal` raises ConfigurationError for
    bytes that are not its own. `digest_key`: 16 to 64 bytes that key the digests of rows; empty: not keyed.
    """

    def __init__(
        self,
        folder: Path,
        *,
        protect: Sealing = lambda plain, _: plain,
        reveal: Sealing = lambda sealed, _: sealed,
        digest_key: bytes = b"",
    ) -> None:
        self.folder = folder
        self.digest_key = digest_key
        self._protect = protect
        self._reveal = reveal
        self._at = Checkpoint("")

    @property
    def at(self) -> Checkpoint:
        """How far it reaches."""
        return self._at

    @contextmanager
    def held(self) -> Iterator[None]:
        """Nobody else lands here meanwhile. Raises RetryableError when somebody does."""
        self.folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(self.folder / LOCK, timeout=0)
        try:
            lock.acquire()
        except Timeout:
            raise RetryableError(
                f"{self.folder.name}: another process pulls this stream. Wait for it, then try again.",
                f"{self.folder.name} : un autre processus lit ce flux. Attendez qu'il finisse, puis réessayez.",
            ) from None
        try:
            yield
        finally:
            lock.release()

    def begin(self, request: str) -> bool:
        """Take up what an interrupted pull of the same request left; True when there was something.

        Begun anew: another request, files that are missing or do not open, a source that cannot resume there.
        """
        found = self._found()
        usable = (
            found is not None
            and found.request == request
            and found.resumable
            and (found.complete or found.position is not None)
        )
        if found is None or not usable:
            self._at = Checkpoint(request)
            self.begin_anew()
            return False
        self._at = found
        self._clear(beyond=found.pages)
        return True

    def begin_anew(self) -> None:
        """Throw away what landed of this request."""
        self._at = Checkpoint(self._at.request)
        self._clear(beyond=0)

    def look(self) -> bool:
        """Read what stands there, whoever asked for it; False when nothing does."""
        found = self._found()
        self._at = found or Checkpoint("")
        return found is not None

    def add(
        self, frame: pl.DataFrame, keys: pl.DataFrame | None, *, position: str | None, cursor: str | None
    ) -> None:
        """Land one page; when this returns, a kill no longer loses it."""
        number = self._at.pages + 1
        self._write(_page(number), packed(frame))
        if keys is not None:
            self._write(_keys(number), packed(keys, "uncompressed"))  # digests do not compress
        self._check_in(
            replace(
                self._at,
                pages=number,
                rows=self._at.rows + frame.height,
                position=position,
                cursor=self._at.cursor if cursor is None else cursor,
                resumable=self._at.resumable or position is not None,
                keyed=keys is not None,
            )
        )

    def finish(self) -> None:
        """Say that the last page is there."""
        self._check_in(replace(self._at, complete=True))

    def frames(self) -> Iterator[pl.DataFrame]:
        """The landed pages, in order. Raises IntegrityError when a file is gone or altered."""
        return (self._read(_page(number)) for number in range(1, self._at.pages + 1))

    def keys(self) -> Iterator[pl.DataFrame]:
        """The digests of the landed pages, in order. Raises as `frames`."""
        return (self._read(_keys(number)) for number in range(1, self._at.pages + 1))

    def discard(self) -> None:
        """Forget the pull: it is stored elsewhere now, or was wrong."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self._at = Checkpoint("")

    def _found(self) -> Checkpoint | None:
        try:
            plain = self._reveal((self.folder / CHECKPOINT).read_bytes(), CHECKPOINT)
            found = Checkpoint(**orjson.loads(plain))
        except (OSError, ConfigurationError, ValueError, TypeError):
            return None  # nothing is lost: the source still has every row
        return found if self._opens(found) else None

    def _opens(self, found: Checkpoint) -> bool:
        """Whether every page is there and whole."""
        rows = 0
        try:
            for number in range(1, found.pages + 1):
                rows += self._read(_page(number)).height
                if found.keyed:
                    self._read(_keys(number))
        except IntegrityError:
            return False
        return rows == found.rows

    def _clear(self, *, beyond: int) -> None:
        """Delete the files of pages that the checkpoint does not count; all of them, and itself, beyond 0."""
        kept = {LOCK} | ({CHECKPOINT} if beyond else set())
        kept |= {name(number) for number in range(1, beyond + 1) for name in (_page, _keys)}
        for path in self.folder.iterdir():
            if path.name not in kept:
                path.unlink()

    def _check_in(self, checkpoint: Checkpoint) -> None:
        self._write(CHECKPOINT, orjson.dumps(asdict(checkpoint)))
        self._at = checkpoint

    def _write(self, name: str, plain: bytes) -> None:
        part = self.folder / f"{name}.part"
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(self._protect(plain, name))
        part.replace(self.folder / name)

    def _read(self, name: str) -> pl.DataFrame:
        try:
            return unpacked(self._reveal((self.folder / name).read_bytes(), name))
        except (OSError, ConfigurationError, pl.exceptions.PolarsError) as error:
            raise IntegrityError(
                f"{self.folder.name}/{name}: gone or altered since it landed. Delete the folder and pull again.",
                f"{self.folder.name}/{name} : disparu ou modifié depuis la lecture."
                " Supprimez le dossier et relancez.",
            ) from error


def packed(frame: pl.DataFrame, compression: Literal["lz4", "uncompressed"] = "lz4") -> bytes:
    """A frame as an Arrow IPC stream; lz4, for what lands is read once and thrown away: half the time of zstd."""
    buffer = io.BytesIO()
    frame.write_ipc_stream(buffer, compression=compression)
    return buffer.getvalue()


def unpacked(content: bytes) -> pl.DataFrame:
    """The frame again."""
    return pl.read_ipc_stream(io.BytesIO(content))


def _page(number: int) -> str:
    return f"page-{number:06d}.arrow"


def _keys(number: int) -> str:
    return f"keys-{number:06d}.arrow"
