"""A simulated partner that drops a connector's samples in a folder, file first, marker last. For connectors
of files that have no simulator of their own yet: it holds no province, and says nothing that samples/ does not.
"""

import hashlib
from pathlib import Path
from typing import Any, ClassVar

from connectors.kit import manifest as manifests
from connectors.kit.check import samples
from connectors.kit.manifest import FileDeclaration, Manifest
from connectors.kit.sandbox_system import SandboxSystem


class SampleFolder(SandboxSystem):
    """`here`: the connector's folder; its manifest says the files' names, its samples what stands in them."""

    here: ClassVar[Path]
    demonstrated: ClassVar[bool] = False
    known_faults: ClassVar[dict[str, str]] = {
        "down": "nothing was dropped",
        "writing": "the marker is that of another content",
        "missing-column": "the contract's last column has another name in the header",
        "ragged": "the last line is cut short",
    }

    def prepare(self, postgres: str) -> None:  # noqa: ARG002 - it needs no database
        """Drop the file of every stream for the province's day."""
        drop = self.folder / "depot"
        drop.mkdir(exist_ok=True)
        if "down" in self.faults:
            return
        told = manifests.read(self.here)
        for stream in told.streams.values():
            if stream.file is not None:
                content = self._content(told, stream.name, stream.file)
                self._drop(
                    drop / self._name(stream.file), content, header=stream.file.format.get("header") != "no"
                )

    def entry(self, base_url: str, postgres: str) -> dict[str, Any]:  # noqa: ARG002 - it is a folder
        """The folder as a ``file://`` URI; no secret. Looks a moment apart are enough, for nobody writes here."""
        return {
            "system": self.system,
            "address": (self.folder / "depot").resolve().as_uri(),
            "secrets": {},
            "options": {"stable_seconds": "0.05"},
        }

    def _name(self, declared: FileDeclaration) -> str:
        return declared.name.format(
            day=self.province.day.isoformat(),
            organization=self.organization,
            school_year=self.province.school_year,
        )

    def _content(self, told: Manifest, stream: str, declared: FileDeclaration) -> bytes:
        (sample,) = (told.folder / "samples").glob(f"{stream}.*")
        content = sample.read_bytes()
        separator = str(declared.format.get("separator", ";")).replace("tab", "\t").encode()
        lines = content.splitlines(keepends=True)
        if "missing-column" in self.faults:
            lines[0] = self._without_a_column(told, stream, declared, lines[0], separator)
        if "ragged" in self.faults:
            lines[-1] = lines[-1].rstrip(b"\r\n").rpartition(separator)[0] + b"\n"
        return b"".join(lines)

    @staticmethod
    def _without_a_column(
        told: Manifest, stream: str, declared: FileDeclaration, header: bytes, separator: bytes
    ) -> bytes:
        encoding = str(declared.format.get("encoding", "utf-8"))
        gone = samples.contract_streams(told)[stream].columns[-1].named.lower()
        names = [name.strip() for name in header.split(separator)]
        return (
            separator.join(
                b"autre_nom" if name.decode(encoding).strip('\ufeff"').lower() == gone else name
                for name in names
            )
            + b"\n"
        )

    def _drop(self, path: Path, content: bytes, *, header: bool) -> None:
        """The file, then its marker in the format of sha256sum, with the number of its rows."""
        told = content + (b"\n" if "writing" in self.faults else b"")
        rows = len(content.splitlines()) - header
        marker = f"{hashlib.sha256(told).hexdigest()}  {path.name}\n# rows: {rows}\n".encode()
        path.write_bytes(content)
        path.with_name(f"{path.name}.sha256").write_bytes(marker)
