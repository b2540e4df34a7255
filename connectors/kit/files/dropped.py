"""The newest whole file of a local drop folder, for a connector that reads it itself. Refuses an unfinished one.

A declared connector has more: an archive, a ledger, SFTP (``declared.py``).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from urllib.parse import unquote, urlsplit

import polars as pl

from canonical_model.errors import ConfigurationError
from connectors.kit.contract import Stream
from connectors.kit.files.complete import Completeness, unfinished
from connectors.kit.files.folder import LocalFolder
from connectors.kit.files.inbox import Inbox, digest_of
from connectors.kit.files.ledger import Ledger
from connectors.kit.files.names import NamePattern
from connectors.kit.files.rows import contract_frames
from connectors.kit.formats import Format
from connectors.kit.installation import Installation


@dataclass(frozen=True, slots=True)
class Dropped:
    """A complete file of a drop folder. `rows`: how many its marker says it has, without the header."""

    path: Path
    rows: int | None


def folder(installation: Installation) -> Path:
    """The drop folder of an installed system: a path, or a ``file://`` URI, that exists here."""
    address = installation.address
    found = Path(unquote(urlsplit(address).path) if address.startswith("file:") else address)
    if not address or not found.is_dir():
        raise ConfigurationError(
            f"{installation.system}: the drop folder is absent. Correct the address in systems.yaml.",
            f"{installation.system} : le dossier de dépôt est absent. Corrigez l'adresse dans systems.yaml.",
        )
    return found


def newest(installation: Installation, stream: Stream, day: date) -> Dropped:
    """The file ``<stream>_<day>.csv`` of `day`, or of the last day before it that has one.

    Raises RetryableError when there is none yet, or when it is still being written.
    """
    place = LocalFolder(folder(installation), installation.system)
    pattern = NamePattern(f"{stream.named}_{{day}}.csv", f"{place.place}/{stream.name}", {})
    name = Inbox(place, Ledger()).newest(stream.name, pattern, day)
    whole = Completeness("marker").of(place, name)
    with place.local(name) as path:
        if digest_of(path) not in whole.digests:
            raise unfinished(place.place, name)
    return Dropped(path, whole.rows)


def frames(dropped: Dropped, stream: Stream, *, system: str, separator: str) -> Iterator[pl.DataFrame]:
    """The rows of a dropped CSV, one line a row, as `contract_frames` gives them."""
    told = Format("csv", separator=separator, line_breaks=False)
    return contract_frames(dropped.path, stream, told, system=system)
