"""What the systems said, kept as they said it: content-addressed, sealed, written whole or not at all.

A batch is the streams of one pull. Its id is the keyed digest of its content, so the same content
has the same id and one file, and the id tells nothing to who lacks the key. Frames are Arrow IPC.
"""

import hashlib
import io
import os
from collections.abc import Mapping
from pathlib import Path

import orjson
import polars as pl

from canonical_model.errors import ConfigurationError
from gateway.keys import Keys, seal, unseal


class RawStore:
    """Sealed files below ``<home>/raw``, by batch id."""

    def __init__(self, home: Path, keys: Keys) -> None:
        self._folder = home / "raw"
        self._keys = keys
        self._key = keys.derived("raw")

    def land(self, system: str, streams: Mapping[str, pl.DataFrame]) -> str:
        """Keep the streams of one pull of a system; each frame gains `_row`, one-based. Returns the batch id."""
        parts = {
            name: _packed(frame.with_row_index("_row", offset=1)) for name, frame in sorted(streams.items())
        }
        return self._keep("batch", system, parts)

    def streams(self, batch: str) -> dict[str, pl.DataFrame]:
        """The frames of a landed batch. Raises ConfigurationError when it is absent or not ours."""
        return self._read("batch", batch)

    def keep_mapped(self, exchange: str, frames: Mapping[str, pl.DataFrame]) -> str:
        """Keep what a mapping made between two tasks of one exchange. Returns its id."""
        return self._keep(
            "mapped", exchange, {name: _packed(frame) for name, frame in sorted(frames.items())}
        )

    def mapped(self, id: str) -> dict[str, pl.DataFrame]:  # noqa: A002
        """What `keep_mapped` kept."""
        return self._read("mapped", id)

    def drop_mapped(self, id: str) -> None:  # noqa: A002
        """Forget it once it is stored: the landed batch and the mapping can make it again."""
        self._path("mapped", id).unlink(missing_ok=True)

    def _keep(self, kind: str, about: str, parts: Mapping[str, bytes]) -> str:
        index = [(name, len(content)) for name, content in parts.items()]
        plain = orjson.dumps({"about": about, "parts": index}) + b"\n" + b"".join(parts.values())
        name = self._keys.keyed_digest(kind, about, hashlib.sha256(plain).hexdigest()).hex()
        path = self._path(kind, name)
        if not path.is_file():
            path.parent.mkdir(parents=True, exist_ok=True)
            part = path.with_name(f"{path.name}.{os.getpid()}.part")
            try:
                part.touch(mode=0o600)
                with part.open("wb") as file:
                    file.write(seal(self._key, plain, f"{kind}:{name}"))
                    file.flush()
                    os.fsync(file.fileno())  # the database is about to say that it is there
                part.replace(path)
            finally:
                part.unlink(missing_ok=True)
        return name

    def _read(self, kind: str, name: str) -> dict[str, pl.DataFrame]:
        path = self._path(kind, name)
        if not path.is_file():
            raise ConfigurationError(
                f"{kind} {name[:12]}: it is no longer in the home. Pull again (a new run of the day).",
                f"{kind} {name[:12]} : absent du dossier de données. Relancez la journée pour relire la source.",
            )
        try:
            plain = unseal(self._key, path.read_bytes(), f"{kind}:{name}")
        except ConfigurationError as error:
            raise ConfigurationError(
                f"{kind} {name[:12]}: its file was altered, or another master key sealed it."
                " Restore the file or the key from a copy.",
                f"{kind} {name[:12]} : son fichier a été modifié, ou une autre clé maîtresse l'a scellé."
                " Rétablissez le fichier ou la clé d'après une copie.",
            ) from error
        head, _, body = plain.partition(b"\n")
        found, at = {}, 0
        for part, size in orjson.loads(head)["parts"]:
            found[part] = pl.read_ipc(io.BytesIO(body[at : at + size]))
            at += size
        return found

    def _path(self, kind: str, name: str) -> Path:
        return self._folder / kind / name[:2] / name


def _packed(frame: pl.DataFrame) -> bytes:
    buffer = io.BytesIO()
    frame.write_ipc(buffer, compression="zstd")
    return buffer.getvalue()
