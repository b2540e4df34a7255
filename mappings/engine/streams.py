"""Holds the frames against the contract of the streams. A missing or undeclared column is refused by name."""

from collections.abc import Mapping as Frames

import polars as pl

from canonical_model.errors import ConfigurationError
from mappings.engine.language import Mapping, Stream
from mappings.engine.reading import near

ROW, FAULT = "_row", "_fault"
_OWN = (ROW, FAULT)  # the hub's own columns, never a system's


def admitted(mapping: Mapping, frames: Frames[str, pl.DataFrame], *, system: str) -> dict[str, pl.DataFrame]:
    """The declared streams, only the columns that are read, with `_row` and `_fault`; blank cells are null.

    Raises ConfigurationError for a stream that was not given, a missing column (with the near name), an
    undeclared one where the contract says `freeze`, and a column that is not text.
    """
    read = {(stream, column) for stream, column, _ in mapping.columns_read()}
    return {
        stream.name: _admit(stream, frames, {c for s, c in read if s == stream.name}, system)
        for stream in mapping.streams
    }


def _admit(
    stream: Stream, frames: Frames[str, pl.DataFrame], read: set[str], system: str
) -> pl.DataFrame:
    place = f"{system}/{stream.name}"
    if stream.name not in frames:
        raise ConfigurationError(
            f"{place}: the stream was not given. Read it before this mapping runs.",
            f"{place} : le flux n'a pas été fourni. Lisez-le avant cette correspondance.",
        )
    frame = frames[stream.name]
    given = tuple(name for name in frame.columns if name not in _OWN)
    for column in stream.columns:
        if column not in given:
            english, french = near(column, tuple(set(given) - set(stream.columns)))
            raise ConfigurationError(
                f"{place}: the column {column} is missing{english}. Correct the source, or the mapping.",
                f"{place} : la colonne {column} manque{french}. Corrigez la source, ou la correspondance.",
            )
    unknown = sorted(set(given) - set(stream.columns))
    if unknown and stream.unknown_columns == "freeze":
        raise ConfigurationError(
            f"{place}: the column {unknown[0]} is not declared. Declare it in the mapping, or write "
            "`unknown_columns: discard`.",
            f"{place} : la colonne {unknown[0]} n'est pas déclarée. Déclarez-la dans la correspondance, ou "
            "écrivez `unknown_columns: discard`.",
        )
    columns = [column for column in stream.columns if column in read]
    for column in columns:
        if frame.schema[column] not in (pl.String, pl.Null):
            raise ConfigurationError(
                f"{place}: the column {column} is not text. The connector must give every cell as text.",
                f"{place} : la colonne {column} n'est pas du texte. Le connecteur doit tout donner en texte.",
            )
    fault = _text(FAULT) if FAULT in frame.columns else pl.lit(None, dtype=pl.String)
    row = pl.col(ROW) if ROW in frame.columns else pl.int_range(1, pl.len() + 1)
    return frame.select(
        row.cast(pl.UInt32).alias(ROW), fault.alias(FAULT), *(_text(column) for column in columns)
    )


def _text(column: str) -> pl.Expr:
    """The cell; null when it is empty or holds only spaces."""
    text = pl.col(column).cast(pl.String)
    return pl.when(text.str.strip_chars().str.len_bytes() > 0).then(text)
