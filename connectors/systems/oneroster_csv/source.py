"""Reads the ZIP of the OneRoster 1.2 CSV binding, in bulk mode. Refuses one whose manifest.csv promises other files.

A set of deltas, or a file that the provider says is absent, looks like a roster and is none: it would empty a school.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import cast

import polars as pl

from canonical_model.errors import ConfigurationError
from connectors.kit import contract
from connectors.kit.files.declared import FileSource
from connectors.kit.installation import Installation
from connectors.kit.manifest import read
from connectors.kit.protocol import Window

_MANIFEST = "manifest"
_VERSION = "1.2"


class OneRosterFiles(FileSource):
    """One provider's drop folder. Each pull looks at manifest.csv once, before any other file is read."""

    def __init__(self, installation: Installation) -> None:
        told = read(Path(__file__).parent)
        super().__init__(installation, told)
        self._files = contract.of(installation, told.contract.path)
        self._promised: dict[Window, dict[str, str]] = {}

    def read(self, stream: str, window: Window) -> Iterator[pl.DataFrame]:
        """The rows of one file of the newest set, as `FileSource.read` gives them.

        Raises ConfigurationError when manifest.csv is not of this version, or does not say that the file is in bulk.
        """
        if stream != _MANIFEST:
            self._look(stream, self._properties(window))
        yield from super().read(stream, window)

    def close(self) -> None:
        """Forget what was promised: the next pull looks again."""
        self._promised.clear()
        super().close()

    def _properties(self, window: Window) -> dict[str, str]:
        if window not in self._promised:
            rows = pl.concat(super().read(_MANIFEST, window)).select("propertyname", "value").drop_nulls()
            self._promised[window] = dict(cast("Iterator[tuple[str, str]]", rows.iter_rows()))
        return self._promised[window]

    def _look(self, stream: str, promised: dict[str, str]) -> None:
        named = self._files[stream].named
        for name, wanted in (("oneroster.version", _VERSION), (f"file.{named}", "bulk")):
            said = promised.get(name, "").strip()
            if said != wanted:
                shown = said if said in ("absent", "delta", "1.0", "1.1") else "-"
                place = f"{self.installation.system}/manifest.csv"
                raise ConfigurationError(
                    f"{place}: {name} is {shown}, not {wanted}. Nothing was read; ask the provider for a bulk set.",
                    f"{place} : {name} vaut {shown}, non {wanted}. Rien n'a été lu; demandez au fournisseur un"
                    " envoi complet (bulk).",
                )
