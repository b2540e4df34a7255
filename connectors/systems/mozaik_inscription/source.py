"""Reads the families' answers that Mozaïk-Inscription drops as a file. Refuses a file still being written.

The file of a day is the whole list, so reading it twice harms nothing. When the business day has no file
yet, that of the last day before it is read.
"""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import polars as pl

from connectors.kit import contract, files
from connectors.kit.installation import Installation
from connectors.kit.protocol import Source, Window

CONTRACT = Path(__file__).parent / "contract" / "consentements.yaml"
SEPARATOR = ";"


class MozaikInscriptionSource(Source):
    """One board's drop folder. `read` and `count` of one pull speak of the same file."""

    def __init__(self, installation: Installation) -> None:
        super().__init__(installation)
        self._streams = contract.of(installation, CONTRACT)
        self._found: dict[tuple[str, date], files.Dropped] = {}

    def read(self, stream: str, window: Window) -> Iterator[pl.DataFrame]:
        """The answers of the window's day, in the order of the file; a faulty line says so in ``_fault``."""
        return files.frames(
            self._dropped(stream, window),
            self._streams[stream],
            system=self.installation.system,
            separator=SEPARATOR,
        )

    def count(self, stream: str, window: Window) -> int | None:
        """How many rows the marker says; None when it does not."""
        return self._dropped(stream, window).rows

    def close(self) -> None:
        """Forget the file: the next pull looks again."""
        self._found.clear()

    def _dropped(self, stream: str, window: Window) -> files.Dropped:
        key = (stream, window.day)
        if key not in self._found:
            self._found[key] = files.newest(self.installation, self._streams[stream], window.day)
        return self._found[key]
