"""A source of files by the manifest alone. Refuses a stream whose `file:` is not declared.

    streams:
      eleves:
        key: [fiche]
        file: {name: "ELEVES_{day}.csv", format: csv, separator: ";", complete: marker}

The source reads the newest whole file up to the window's day. Once the rows are kept, the caller says so
(`settle`): the file is then remembered and moved to ``archive``; one that cannot be read is moved to ``erreur``
(`set_aside`). Options of the installed system: ``state``, ``archive``, ``errors``, ``stable_seconds``, ``contract``.
"""

import logging
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import polars as pl

from canonical_model.errors import ConfigurationError
from connectors.kit import contract
from connectors.kit.files.complete import PAUSE_SECONDS, Completeness
from connectors.kit.files.inbox import ARCHIVE, ERRORS, Inbox
from connectors.kit.files.ledger import Read
from connectors.kit.files.names import NamePattern
from connectors.kit.files.opening import ledger, shared_folder
from connectors.kit.files.rows import contract_frames
from connectors.kit.formats import Format
from connectors.kit.installation import Installation
from connectors.kit.manifest import FileDeclaration, Manifest
from connectors.kit.protocol import Source, Window

_LOG = logging.getLogger(__name__)


class FileSource(Source):
    """One shared folder. `read` and `count` of one pull speak of the same file; `close` ends the pull.

    `state`: folder where what was read is remembered; else the option ``state``; without either the newest
    file is read each time, and nothing is moved unless `settle` is called.
    """

    def __init__(
        self,
        installation: Installation,
        manifest: Manifest,
        *,
        state: Path | None = None,
        completeness: Completeness | None = None,
    ) -> None:
        super().__init__(installation)
        self._manifest = manifest
        self._streams = contract.of(installation, manifest.contract.path)
        self._completeness = completeness
        self._inbox = Inbox(
            shared_folder(installation),
            ledger(installation, state),
            archive=installation.options.get("archive", ARCHIVE),
            errors=installation.options.get("errors", ERRORS),
        )
        self._names: dict[tuple[str, date], str] = {}
        self._read: dict[tuple[str, date], Read] = {}

    def read(self, stream: str, window: Window) -> Iterator[pl.DataFrame]:
        """The rows of the newest whole file, in its order; a faulty line says so in ``_fault``.

        Raises RetryableError at the end when the file changed meanwhile: the rows given must be dropped.
        """
        told = self._declared(stream)
        name = self._name(stream, window)
        layout = Format.from_text(told.format, place=f"{self.installation.connector}/{stream}")
        with self._inbox.take(stream, name, self._way(told)) as taken:
            if taken.same_as is not None:
                _LOG.warning(
                    "%s: %s has the content of %s, read before.",
                    self.installation.system,
                    name,
                    taken.same_as,
                )
            yield from contract_frames(
                taken.path, self._streams[stream], layout, system=self.installation.system
            )
        self._read[stream, window.day] = taken.read

    def count(self, stream: str, window: Window) -> int | None:
        """How many rows the marker says; None when it does not."""
        way = self._way(self._declared(stream))
        if way.way != "marker":  # nothing else says it, and looking twice takes its time
            return None
        return way.of(self._inbox.folder, self._name(stream, window)).rows

    def settle(self, stream: str, window: Window) -> None:
        """The rows that `read` gave to its end are kept: never read that file again, and archive it."""
        read = self._read.pop((stream, window.day), None)
        if read is None:
            raise ConfigurationError(
                f"{self.installation.system}/{stream}: it was not read to its end. Read it before settling.",
                f"{self.installation.system}/{stream} : le fichier n'a pas été lu jusqu'au bout. Lisez-le"
                " d'abord.",
            )
        self._inbox.settle(read, self._pattern(stream, window))
        self._names.pop((stream, window.day), None)

    def set_aside(self, stream: str, window: Window) -> None:
        """The file cannot be read: move it to the folder of errors, for the partner to correct."""
        self._inbox.set_aside(self._name(stream, window))
        self._names.pop((stream, window.day), None)

    def close(self) -> None:
        """Forget the files and let go of the connection: the next pull looks again."""
        self._names.clear()
        self._read.clear()
        self._inbox.folder.close()

    def _name(self, stream: str, window: Window) -> str:
        key = (stream, window.day)
        if key not in self._names:
            self._names[key] = self._inbox.newest(stream, self._pattern(stream, window), window.day)
        return self._names[key]

    def _pattern(self, stream: str, window: Window) -> NamePattern:
        values = {
            "organization": self.installation.organization, "school_year": str(window.school_year),
        }  # fmt: skip
        return NamePattern(self._declared(stream).name, f"{self.installation.connector}/{stream}", values)

    def _way(self, told: FileDeclaration) -> Completeness:
        if self._completeness is not None:
            return self._completeness
        text = self.installation.options.get("stable_seconds", str(PAUSE_SECONDS))
        try:
            pause = float(text)
        except ValueError:
            pause = -1.0
        if not 0 < pause <= 600:
            raise ConfigurationError(
                f"{self.installation.system}: options.stable_seconds must be above 0, at most 600. Correct"
                " systems.yaml.",
                f"{self.installation.system} : options.stable_seconds doit dépasser 0, sans dépasser 600."
                " Corrigez systems.yaml.",
            )
        return Completeness(told.complete, pause)

    def _declared(self, stream: str) -> FileDeclaration:
        found = self._manifest.streams.get(stream)
        if found is None or found.file is None or stream not in self._streams:
            raise ConfigurationError(
                f"{self.installation.connector}/{stream}: manifest and contract do not both declare its file."
                " Write `file:` in the manifest and the columns in the contract.",
                f"{self.installation.connector}/{stream} : manifeste et contrat ne déclarent pas tous deux son"
                " fichier. Écrivez `file:` dans le manifeste et les colonnes dans le contrat.",
            )
        return found.file
