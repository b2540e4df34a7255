"""A source of files by the manifest alone. Refuses a stream whose `file:` is not declared.

    streams:
      eleves:
        key: [fiche]
        file: {name: "ELEVES_{day}.csv", format: csv, separator: ";", complete: marker}

The source reads the newest whole file up to the window's day, unless its memory says that it was read. Once rows and
memory are kept, the caller says so (`settled`): the files are moved to ``archive``; one that cannot be read is moved
to ``erreur`` (`set_aside`). Options: ``archive``, ``errors``, ``stable_seconds``, ``contract``.
"""

import logging
from collections.abc import Iterator, Mapping
from datetime import date

import polars as pl

from canonical_model.errors import ConfigurationError
from connectors.kit import contract
from connectors.kit.files.complete import PAUSE_SECONDS, Completeness
from connectors.kit.files.inbox import ARCHIVE, ERRORS, Inbox
from connectors.kit.files.ledger import Ledger, Read
from connectors.kit.files.names import NamePattern
from connectors.kit.files.opening import shared_folder
from connectors.kit.files.rows import contract_frames
from connectors.kit.formats import Format
from connectors.kit.installation import Installation
from connectors.kit.manifest import FileDeclaration, Manifest
from connectors.kit.protocol import Source, Window

_LOG = logging.getLogger(__name__)


class FileSource(Source):
    """One shared folder. `read` and `count` of one pull speak of the same file; `close` ends the pull.

    Nothing is moved unless `settled` or `set_aside` is called.
    """

    def __init__(
        self,
        installation: Installation,
        manifest: Manifest,
        *,
        completeness: Completeness | None = None,
    ) -> None:
        super().__init__(installation)
        self._manifest = manifest
        self._streams = contract.of(installation, manifest.contract.path)
        self._completeness = completeness
        self._ledger = Ledger()
        self._inbox = Inbox(
            shared_folder(installation),
            self._ledger,
            archive=installation.options.get("archive", ARCHIVE),
            errors=installation.options.get("errors", ERRORS),
        )
        self._names: dict[tuple[str, date], str] = {}
        self._read: dict[str, tuple[Read, NamePattern]] = {}
        self._unreadable: set[str] = set()

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
            try:
                yield from contract_frames(
                    taken.path, self._streams[stream], layout, system=self.installation.system
                )
            except ConfigurationError:
                self._unreadable.add(name)
                raise
        self._read[stream] = taken.read, self._pattern(stream, window)

    def count(self, stream: str, window: Window) -> int | None:
        """How many rows the marker says; None when it does not."""
        way = self._way(self._declared(stream))
        if way.way != "marker":  # nothing else says it, and looking twice takes its time
            return None
        return way.of(self._inbox.folder, self._name(stream, window)).rows

    def memory(self) -> dict[str, str]:
        """By stream, the files that were read to their end, in this pull and before."""
        told = Ledger()
        told.read_back(self._ledger.written())
        for read, _ in self._read.values():
            told.note(read)
        return told.written()

    def recall(self, memory: Mapping[str, str]) -> None:
        """Those files are not read again."""
        self._ledger.read_back(memory)

    def settled(self) -> None:
        """Move what was read to its end, and the last file that the memory names of a stream, to the archive."""
        last = {stream: (self._ledger.of(stream)[-1], None) for stream in self._ledger.streams()}
        for read, pattern in (last | self._read).values():
            self._inbox.settle(read, pattern)
        self._names.clear()
        self._read.clear()

    def set_aside(self) -> None:
        """Move the files that could not be read to the folder of errors, for the partner to correct."""
        for name in self._unreadable:
            self._inbox.set_aside(name)
        self._names.clear()
        self._unreadable.clear()

    def close(self) -> None:
        """Forget the files and let go of the connection: the next pull looks again."""
        self._names.clear()
        self._read.clear()
        self._unreadable.clear()
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
