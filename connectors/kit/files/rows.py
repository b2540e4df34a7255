"""The rows of a file as frames: by a stream's contract, or of any file that a person names.

Every line is accounted for, and one that is faulty says so in ``_fault`` (formats/). Refuses a file without a
column that the contract names.
"""

import difflib
from collections.abc import Iterator, Sequence
from pathlib import Path

import polars as pl

from canonical_model.errors import ConfigurationError
from connectors.kit.contract import Stream
from connectors.kit.formats import Format, open_batches
from connectors.kit.formats.frames import FAULT

BATCH_ROWS = 50_000


def contract_frames(
    path: Path, stream: Stream, told: Format, *, system: str, rows: int = BATCH_ROWS
) -> Iterator[pl.DataFrame]:
    """The rows of a file, `rows` a frame: columns of the contract and ``_fault``; at least one frame.

    Columns may stand in any order; those the contract does not name are left alone. Raises
    ConfigurationError naming a column that is missing and the one that looks like it.
    """
    places: list[str] = []
    for batch in open_batches(path, told, rows=rows):
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
