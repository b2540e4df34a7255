"""Holds the frames against the contract of the streams. A missing or undeclared column is refused by name."""

from collections.abc import Mapping as Frames

import polars as pl

from canonical_model.errors import ConfigurationError
from mappings.engine.language import Mapping, Stream
from mappings.engine.reading import near

ROW, FAULT = "_row", "_fault"
PLACE = "?place"  # the column that the fault is about, when one is known
CONTROL = "control-character"
UNWRITABLE = r"[\x00-\x08\x0b\x0c\x0e-\x1f]"  # NUL above all: no database keeps it in a text

_OWN = (ROW, FAULT)  # the hub's own columns, never a system's

_NONE = pl.lit(None, dtype=pl.String)


def admitted(mapping: Mapping, frames: Frames[str, pl.DataFrame], *, system: str) -> dict[str, pl.DataFrame]:
    """The declared streams, only the columns that are read, with `_row`, `_fault` and `?place`.

    Blank cells are null. A cell with a control character is a fault of its row.

    Raises ConfigurationError for a stream that was not given, a missing column (with the near name), an
    undeclared one where the contract says `freeze`, and a column that is not text.
    """
    read = {(stream, column) for stream, column, _ in mapping.columns_read()}
    return {
        stream.name: _admit(stream, frames, {c for s, c in read if s == stream.name}, system)
        for stream in mapping.streams
    }


def _admit(stream: Stream, frames: Frames[str, pl.DataFrame], read: set[str], system: str) -> pl.DataFrame:
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
    fault = _text(FAULT) if FAULT in frame.columns else _NONE
    unwritable = [pl.when(_text(name).str.contains(UNWRITABLE)).then(pl.lit(name)) for name in columns]
    broken = pl.when(fault.is_null()).then(pl.coalesce([_NONE, *unwritable]))
    row = pl.col(ROW) if ROW in frame.columns else pl.int_range(1, pl.len() + 1)
    return frame.select(
        row.cast(pl.UInt32).alias(ROW),
        pl.coalesce(fault, pl.when(broken.is_not_null()).then(pl.lit(CONTROL))).alias(FAULT),
        broken.alias(PLACE),
        *(_text(column) for column in columns),
    )


def _text(column: str) -> pl.Expr:
    """The cell; null when it is empty or holds only spaces."""
    text = pl.col(column).cast(pl.String)
    return pl.when(text.str.strip_chars().str.len_bytes() > 0).then(text)
