"""The files that a partner drops in a folder, and those that a person names. Refuses one still being written.

A dropped file is read when its marker ``<file>.sha256`` agrees with it; until then it is still being
written. How a file's rows are read stands in ``formats/``: every line is accounted for, and one that is
faulty says so in ``_fault``.
"""

import difflib
import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from urllib.parse import unquote, urlsplit

import polars as pl

from canonical_model.errors import ConfigurationError, RetryableError
from connectors.kit.contract import Stream
from connectors.kit.formats import Format, open_batches
from connectors.kit.formats.frames import FAULT
from connectors.kit.installation import Installation

BATCH_ROWS = 50_000

_MARKER = re.compile(r"^(?P<digest>[0-9a-f]{64}) [ *](?P<file>\S+)$")
_MARKED_ROWS = re.compile(r"^# rows: (?P<rows>\d+)$")


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
    named = re.compile(rf"{re.escape(stream.named)}_(\d{{4}}-\d{{2}}-\d{{2}})\.csv")
    matches = (named.fullmatch(path.name) for path in folder(installation).iterdir())
    days = [match[1] for match in matches if match and match[1] <= day.isoformat()]
    place = f"{installation.system}/{stream.name}"
    if not days:
        raise RetryableError(
            f"{place}: no file was dropped up to this day. Ask the partner, then try again.",
            f"{place} : aucun fichier déposé jusqu'à ce jour. Demandez au partenaire, puis réessayez.",
        )
    path = folder(installation) / f"{stream.named}_{max(days)}.csv"
    return Dropped(path, _complete(path, place))


def frames(dropped: Dropped, stream: Stream, *, system: str, separator: str) -> Iterator[pl.DataFrame]:
    """The rows of a dropped file, one line a row, columns of the contract and ``_fault``; at least one frame.

    Columns may stand in any order; those the contract does not name are left alone. Raises
    ConfigurationError naming a column that is missing and the one that looks like it.
    """
    told = Format("csv", separator=separator, line_breaks=False)
    places: list[str] = []
    for batch in open_batches(dropped.path, told, rows=BATCH_ROWS):
        places = places or [
            _place(batch.columns, column.named, f"{system}/{stream.name}") for column in stream.columns
        ]
        yield batch.select(*map(pl.col, places), FAULT).rename(dict(zip(places, stream.names, strict=True)))


def read_any(path: Path, told: Format | None = None) -> pl.DataFrame:
    """A whole file as text, names in lower case, with ``_row`` and ``_fault``; of the format its name says.

    Raises ConfigurationError for another kind of file, one that is absent or unreadable, and two
    columns of the same name.
    """
    return pl.concat(open_batches(path, told or Format.guessed(path)))


def _complete(path: Path, place: str) -> int | None:
    """The marker's number of rows, once its digest is the file's. Raises RetryableError until then."""
    marker = path.with_name(f"{path.name}.sha256")
    try:
        said = marker.read_text("utf-8").splitlines()
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except (FileNotFoundError, UnicodeDecodeError):
        said, digest = [], ""
    except OSError as error:
        raise ConfigurationError(
            f"{place}: {path.name} cannot be opened. Give this account the right to read the folder.",
            f"{place} : {path.name} ne s'ouvre pas. Donnez à ce compte le droit de lire le dossier.",
        ) from error
    match = next((m for m in map(_MARKER.match, said) if m and m["file"] == path.name), None)
    if match is None or match["digest"] != digest:
        raise RetryableError(
            f"{place}: {path.name} and its marker do not agree; it is still being written. Try again.",
            f"{place} : {path.name} et son témoin diffèrent ; il est en cours d'écriture. Réessayez.",
        )
    return next((int(m["rows"]) for m in map(_MARKED_ROWS.match, said) if m), None)


def _place(header: Sequence[str], named: str, place: str) -> str:
    if named.lower() in header:
        return named.lower()
    near = difflib.get_close_matches(named.lower(), header, n=1)
    english = f"; {near[0]} looks like it" if near else ""
    french = f" ; {near[0]} lui ressemble" if near else ""
    raise ConfigurationError(
        f"{place}: the column {named} is missing{english}. Correct the file's header or the contract.",
        f"{place} : la colonne {named} manque{french}. Corrigez l'en-tête du fichier ou le contrat.",
    )
