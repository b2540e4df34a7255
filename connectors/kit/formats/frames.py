"""Frames of text: what every reader yields. `_row` is the line a person sees, `_fault` what is wrong with it.

Refuses two columns whose names differ by case only. A file may have a column ``_fault`` itself, as
samples do: what it says counts. A column ``_row`` of the file is left out: ours is the file's own line.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

import polars as pl

from canonical_model.errors import ConfigurationError

ROW = "_row"
FAULT = "_fault"

NOT_UTF8 = "not-utf-8"
WRONG_ENCODING = "wrong-encoding"
RAGGED = "ragged-row"
UNCLOSED = "unclosed-quote"
NUL = "nul-byte"
TOO_LONG = "line-too-long"
NOT_JSON = "not-json"

MAX_LINE = 1_000_000  # bytes of a line or of a record; the rest of a longer one is skipped
MAX_RECORD_LINES = 1_000

Parsed = tuple[int, Sequence[str | None], str | None]  # row, values, fault


def cannot_read(path: Path, english: str, french: str) -> ConfigurationError:
    """The file as a whole cannot be read. It is named by its path, its content never."""
    return ConfigurationError(
        f"{path}: {english}. Correct the file, or the format that is declared for it.",
        f"{path} : {french}. Corrigez le fichier, ou le format déclaré pour lui.",
    )


def names_of(path: Path, header: Iterable[str]) -> tuple[str, ...]:
    """The columns' names in lower case. Raises ConfigurationError for a blank, odd or repeated one."""
    names = tuple(name.strip().lower() for name in header)
    if not names or not all(name and name.isprintable() for name in names):
        raise cannot_read(path, "the header line is not readable", "l'en-tête n'est pas lisible")
    first: dict[str, int] = {}
    for place, name in enumerate(names, start=1):
        if name in first:  # not named: a file without a header has a person's values there
            raise cannot_read(
                path,
                f"columns {first[name]} and {place} bear one name",
                f"les colonnes {first[name]} et {place} portent le même nom",
            )
        first[name] = place
    return names


def kept(names: Sequence[str], only: Sequence[str] | None) -> list[str]:
    """The file's columns that a frame has: those of `only`, which the file must have, or all."""
    own = [name for name in names if name not in (ROW, FAULT)]
    if only is None:
        return own
    wanted = {name.lower() for name in only}
    return [name for name in own if name in wanted]


def finished(frame: pl.DataFrame, names: Sequence[str], only: Sequence[str] | None) -> pl.DataFrame:
    """The kept columns, then `_row` and `_fault`; a blank text is null. `frame` has _row and _fault."""
    return frame.select(*kept(names, only), pl.col(ROW).cast(pl.UInt32), FAULT)


def frame_of(
    parsed: Sequence[Parsed], names: Sequence[str], only: Sequence[str] | None = None
) -> pl.DataFrame:
    """Rows that Python parsed, as a frame. A row has at most as many values as there are names; the rest is null."""
    width = len(names)
    own = names.index(FAULT) if FAULT in names else None
    wanted = set(kept(names, only))
    filled = [
        values if len(values) == width else [*values[:width], *[None] * (width - len(values))]
        for _, values, _ in parsed
    ]
    columns = list(zip(*filled, strict=True)) if filled else [()] * width
    faults: list[str | None] = [fault for _, _, fault in parsed]
    if own is not None:
        faults = [fault or said or None for fault, said in zip(faults, columns[own], strict=True)]
    data = {
        name: pl.Series(name, [value or None for value in column], pl.String)
        for name, column in zip(names, columns, strict=True)
        if name in wanted
    }
    data[ROW] = pl.Series(ROW, [row for row, _, _ in parsed], pl.UInt32)
    data[FAULT] = pl.Series(FAULT, faults, pl.String)
    return pl.DataFrame(data)
