"""A simulated flow to SDS: it takes the whole sets of a folder. Refuses a set whose list does not agree.

Written from README.md. SDS is Microsoft's service and is not simulated: `take` gives what it would be given.
"""

import csv
import hashlib
import io
from pathlib import Path
from typing import Any, ClassVar

from connectors.kit.sandbox_system import SandboxSystem


class Sandbox(SandboxSystem):
    """One board's folder ``depot``."""

    demonstrated: ClassVar[bool] = False

    @property
    def drop(self) -> Path:
        """The folder that the flow looks at."""
        return self.folder / "depot"

    def prepare(self, postgres: str) -> None:  # noqa: ARG002 - it needs no database
        """Make the folder."""
        self.drop.mkdir(exist_ok=True)

    def entry(self, base_url: str, postgres: str) -> dict[str, Any]:  # noqa: ARG002 - it is a folder
        """The folder as a ``file://`` URI; no secret."""
        address = self.drop.resolve().as_uri()
        return {"system": self.system, "address": address, "secrets": {}, "options": {}}

    def take(self) -> dict[str, dict[str, list[dict[str, str]]]]:
        """The records of every whole set, by key and file; what was taken leaves the folder, its list stays."""
        taken: dict[str, dict[str, list[dict[str, str]]]] = {}
        for listed in sorted(self.drop.glob("*.sha256")):
            lines = (line.partition("  ") for line in listed.read_text().splitlines())
            told = {name: digest for digest, _, name in lines}
            paths = [self.drop / name for name in told]
            if not all(path.is_file() for path in paths):
                continue
            contents = {path: path.read_bytes() for path in paths}
            digests = [hashlib.sha256(content).hexdigest() for content in contents.values()]
            if digests != list(told.values()):
                continue
            taken[listed.name.removesuffix(".sha256")] = {
                path.name: list(csv.DictReader(io.StringIO(content.decode("utf-8"), newline="")))
                for path, content in contents.items()
            }
            for path in paths:
                path.unlink()
        return taken
