"""What the systems said, kept as they said it: content-addressed, sealed, written whole or not at all.

A batch is the streams of one pull. Its id is the keyed digest of its content, so the same content
has the same id and one file, and the id tells nothing to who lacks the key. Frames are Arrow IPC, in
blocks of BLOCK_ROWS rows: a stream of any length is written in flat memory.

A file: sealed blocks, then the sealed index of their sizes, then the index's own size (8 bytes).
"""

import hashlib
import io
import os
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import orjson
import polars as pl

from canonical_model.errors import ConfigurationError
from gateway.keys import Keys, seal, unseal

BLOCK_ROWS = 50_000
_SIZE_BYTES = 8

Frames = pl.DataFrame | Iterable[pl.DataFrame]


class RawStore:
    """Sealed files below ``<home>/raw``, by batch id."""

    def __init__(self, home: Path, keys: Keys) -> None:
        self._folder = home / "raw"
        self._keys = keys
        self._key = keys.derived("raw")

    def land(self, system: str, streams: Mapping[str, Frames]) -> str:
        """Keep the streams of one pull of a system; each frame gains `_row`, one-based. Returns the batch id."""
        return self._keep("batch", system, {name: _numbered(_each(told)) for name, told in streams.items()})

    def streams(self, batch: str) -> dict[str, pl.DataFrame]:
        """The frames of a landed batch. Raises ConfigurationError when it is absent or not ours."""
        return self._read("batch", batch)

    def keep_mapped(self, exchange: str, frames: Mapping[str, pl.DataFrame]) -> str:
        """Keep what a mapping made between two tasks of one exchange. Returns its id."""
        return self._keep("mapped", exchange, {name: [frame] for name, frame in frames.items()})

    def mapped(self, id: str) -> dict[str, pl.DataFrame]:  # noqa: A002
        """What `keep_mapped` kept."""
        return self._read("mapped", id)

    def drop_mapped(self, id: str) -> None:  # noqa: A002
        """Forget it once it is stored: the landed batch and the mapping can make it again."""
        self._path("mapped", id).unlink(missing_ok=True)

    def keep_keys(self, system: str, streams: Mapping[str, Iterable[pl.DataFrame]]) -> str:
        """Keep the digests of the rows of one pull, to compare the next one with. Returns their id."""
        return self._keep("keys", system, streams)

    def keys(self, id: str) -> dict[str, tuple[int, Callable[[], Iterator[pl.DataFrame]]]]:  # noqa: A002
        """What `keep_keys` kept: by stream, how many rows, and what gives their frames."""
        with self._opened("keys", id) as file:
            parts = file.index["parts"]
        return {
            name: (rows, lambda part=name: self._blocks("keys", id, part))  # type: ignore[misc]
            for name, rows, _ in parts
        }

    def drop_keys(self, id: str) -> None:  # noqa: A002
        """Forget them: a later pull was stored."""
        self._path("keys", id).unlink(missing_ok=True)

    def _keep(self, kind: str, about: str, parts: Mapping[str, Iterable[pl.DataFrame]]) -> str:
        token = secrets.token_hex(16)
        part = self._folder / kind / f"{token}.part"
        part.parent.mkdir(parents=True, exist_ok=True)
        try:
            with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                account = hashlib.sha256(about.encode())
                index = [
                    self._write_part(file, account, f"{kind}:{token}", *item)
                    for item in sorted(parts.items())
                ]
                name = self._keys.keyed_digest(kind, about, account.hexdigest()).hex()
                told = orjson.dumps({"token": token, "parts": index})
                sealed = seal(self._key, told, f"{kind}:{name}")
                file.write(sealed + len(sealed).to_bytes(_SIZE_BYTES, "big"))
                file.flush()
                os.fsync(file.fileno())  # the database is about to say that it is there
            path = self._path(kind, name)
            if not path.is_file():
                path.parent.mkdir(parents=True, exist_ok=True)
                part.replace(path)
        finally:
            part.unlink(missing_ok=True)
        return name

    def _write_part(
        self, file: BinaryIO, account: Any, context: str, name: str, frames: Iterable[pl.DataFrame]
    ) -> tuple[str, int, list[int]]:
        rows, sizes = 0, []
        account.update(orjson.dumps(["part", name]))
        for number, block in enumerate(_blocks(frames)):
            plain = _packed(block)
            account.update(len(plain).to_bytes(_SIZE_BYTES, "big") + plain)
            sealed = seal(self._key, plain, f"{context}:{name}:{number}")
            file.write(sealed)
            rows += block.height
            sizes.append(len(sealed))
        return name, rows, sizes

    def _read(self, kind: str, id: str) -> dict[str, pl.DataFrame]:  # noqa: A002
        with self._opened(kind, id) as file:
            return {name: pl.concat(file.blocks(name), how="diagonal") for name, _, _ in file.index["parts"]}

    def _blocks(self, kind: str, id: str, part: str) -> Iterator[pl.DataFrame]:  # noqa: A002
        with self._opened(kind, id) as file:
            yield from file.blocks(part)

    @contextmanager
    def _opened(self, kind: str, id: str) -> Iterator["_File"]:  # noqa: A002
        path = self._path(kind, id)
        if not path.is_file():
            raise ConfigurationError(
                f"{kind} {id[:12]}: it is no longer in the home. Pull again (a new run of the day).",
                f"{kind} {id[:12]} : absent du dossier de données. Relancez la journée pour relire la source.",
            )
        with path.open("rb") as file:
            yield _File(file, self._key, kind, id)

    def _path(self, kind: str, name: str) -> Path:
        return self._folder / kind / name[:2] / name


class _File:
    """One kept file, open: its index, and its blocks when they are asked for."""

    def __init__(self, file: BinaryIO, key: bytes, kind: str, name: str) -> None:
        self._file, self._key, self._kind, self._name = file, key, kind, name
        end = file.seek(0, os.SEEK_END)
        size = int.from_bytes(self._piece(end - _SIZE_BYTES, _SIZE_BYTES), "big")
        plain = self._opened(end - _SIZE_BYTES - size, size, f"{kind}:{name}")
        self.index: dict[str, Any] = orjson.loads(plain)

    def blocks(self, part: str) -> Iterator[pl.DataFrame]:
        """The frames of one part, in order. Raises ConfigurationError when one was altered."""
        at = 0
        for name, _, sizes in self.index["parts"]:
            for number, size in enumerate(sizes):
                if name == part:
                    context = f"{self._kind}:{self.index['token']}:{name}:{number}"
                    yield pl.read_ipc(io.BytesIO(self._opened(at, size, context)))
                at += size

    def _piece(self, at: int, size: int) -> bytes:
        if at < 0:
            return b""  # cut off: what is asked for is before the beginning
        self._file.seek(at)
        return self._file.read(size)

    def _opened(self, at: int, size: int, context: str) -> bytes:
        try:
            return unseal(self._key, self._piece(at, size), context)
        except ConfigurationError as error:
            raise ConfigurationError(
                f"{self._kind} {self._name[:12]}: its file was altered, or another master key sealed it."
                " Restore the file or the key from a copy.",
                f"{self._kind} {self._name[:12]} : son fichier a été modifié, ou une autre clé maîtresse l'a"
                " scellé. Rétablissez le fichier ou la clé d'après une copie.",
            ) from error


def _each(told: Frames) -> Iterable[pl.DataFrame]:
    return [told] if isinstance(told, pl.DataFrame) else told


def _numbered(frames: Iterable[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    rows = 0
    for frame in frames:
        yield frame.with_row_index("_row", offset=rows + 1)
        rows += frame.height


def _blocks(frames: Iterable[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    """The same rows in frames of BLOCK_ROWS rows, whatever they came in; at least one frame."""
    held: list[pl.DataFrame] = []
    rows, yielded = 0, False
    for frame in frames:
        held.append(frame)
        rows += frame.height
        if rows >= BLOCK_ROWS:
            whole = pl.concat(held, how="diagonal")
            while whole.height >= BLOCK_ROWS:
                yield whole[:BLOCK_ROWS]
                whole, yielded = whole[BLOCK_ROWS:], True
            held, rows = [whole], whole.height
    if held and (rows or not yielded):
        yield pl.concat(held, how="diagonal")


def _packed(frame: pl.DataFrame) -> bytes:
    """As Arrow IPC whose bytes depend on the rows alone, not on the pages that they came in."""
    buffer = io.BytesIO()
    copied = frame.rechunk().select(
        pl.all().gather(pl.int_range(pl.len()))
    )  # a slice would keep its parent's buffers
    copied.write_ipc(buffer, compression="zstd", compat_level=pl.CompatLevel.oldest())
    return buffer.getvalue()
