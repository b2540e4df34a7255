"""Holds the frames against the contract of the streams. A missing or undeclared column is refused by name.

A stream of canonical documents becomes columns here, by the paths that the mapping gives it.
"""

import re
from collections.abc import Container
from collections.abc import Mapping as Frames

import polars as pl

from canonical_model.errors import ConfigurationError
from mappings.engine import paths
from mappings.engine.functions import FUNCTIONS
from mappings.engine.language import Mapping, Stream
from mappings.engine.reading import near

ROW, FAULT, DOCUMENT = "_row", "_fault", "document"
PLACE = "?place"  # the column that the fault is about, when one is known
CONTROL = "control-character"
NOT_JSON = "not-json"
UNWRITABLE = r"[\x00-\x08\x0b\x0c\x0e-\x1f]"  # NUL above all: no database keeps it in a text

_CONTROLS = re.compile(UNWRITABLE)
_SIGN = re.compile(r"[^\s]|[\x1c-\x1f]")  # what a blank cell lacks; these four are no spaces to Polars
FEW_ROWS = 64  # below, as on the request path, rows are looked at one by one, sooner than a plan is made

_OWN = (ROW, FAULT)  # the hub's own columns, never a system's

_NONE = pl.lit(None, dtype=pl.String)


def admitted(
    mapping: Mapping, name: str, frame: pl.DataFrame, *, system: str, sound: Container[str] = ()
) -> pl.DataFrame:
    """A declared stream, only the columns that are read, with `_row`, `_fault` and `?place`.

    Blank cells are null. A cell with a control character, or that cannot be read as the type that its
    column declares, is a fault of its row. `sound`: columns known to hold neither.

    Raises ConfigurationError for a missing column (with the near name), an undeclared one where the contract
    says `freeze`, and a column that is not text.
    """
    stream = next(item for item in mapping.streams if item.name == name)
    held = _from_documents(stream, frame, f"{system}/{name}") if stream.resource else frame
    _refuse_other_columns(stream, held, f"{system}/{name}")
    read = {column for of, column, _ in mapping.columns_read() if of == name}
    columns = [column for column in stream.columns if column in read]
    if held.height < FEW_ROWS and not stream.types:
        return _admitted_one_by_one(held, columns)
    fault = _text(FAULT) if FAULT in held.columns else _NONE
    marked = _unwritable(held, [column for column in columns if column not in sound]) + _untyped(stream)
    row = pl.col(ROW) if ROW in held.columns else pl.int_range(1, pl.len() + 1)
    return held.select(
        row.cast(pl.UInt32).alias(ROW),
        pl.coalesce(fault, *(pl.when(wrong).then(pl.lit(rule)) for _, wrong, rule in marked)).alias(FAULT),
        pl.when(fault.is_null())
        .then(pl.coalesce(_NONE, *(pl.when(wrong).then(pl.lit(column)) for column, wrong, _ in marked)))
        .alias(PLACE),
        *(
            pl.col(column).cast(pl.String)
            if column in sound or not _may_be_blank(held[column])
            else _text(column)
            for column in columns
        ),
    )


def _admitted_one_by_one(frame: pl.DataFrame, columns: list[str]) -> pl.DataFrame:
    """The same for a few rows, as the request path has them: cell by cell, sooner than a plan is made."""
    height = frame.height
    rows = frame[ROW].to_list() if ROW in frame.columns else list(range(1, height + 1))
    faults = frame[FAULT].to_list() if FAULT in frame.columns else [None] * height
    faults = [fault if fault and fault.strip() else None for fault in faults]
    places: list[str | None] = [None] * height
    cells: dict[str, list[str | None]] = {}
    for column in columns:
        texts = frame[column].to_list()
        cells[column] = [text if text is not None and _SIGN.search(text) else None for text in texts]
        for at, text in enumerate(texts):
            if text is not None and faults[at] is None and _CONTROLS.search(text):
                faults[at], places[at] = CONTROL, column
    own = {ROW: rows, FAULT: faults, PLACE: places}
    schema = {ROW: pl.UInt32, FAULT: pl.String, PLACE: pl.String, **dict.fromkeys(columns, pl.String)}
    return pl.DataFrame({**own, **cells}, schema=schema)


def _may_be_blank(column: pl.Series) -> bool:
    """Whether a cell may be empty or hold only spaces: no such text stands between ``!`` and ``~``."""
    least, most = column.min(), column.max()
    return not (isinstance(least, str) and isinstance(most, str) and least >= "!" and most < "\x7f")


def _unwritable(frame: pl.DataFrame, columns: list[str]) -> list[tuple[str, pl.Expr, str]]:
    """(column, whether a cell cannot be written, rule); nothing for a frame in which no cell is such."""
    if not columns:
        return []
    texts = [pl.col(column).cast(pl.String) for column in columns]
    found = frame.select(
        text.str.contains(UNWRITABLE).any().alias(f"{at}") for at, text in enumerate(texts)
    ).row(0)
    return [
        (column, pl.col(column).str.contains(UNWRITABLE), CONTROL)
        for column, broken in zip(columns, found, strict=True)
        if broken
    ]


def _untyped(stream: Stream) -> list[tuple[str, pl.Expr, str]]:
    """(column, whether a cell is not of the type that the contract declares, rule)."""
    found = []
    for column, name in stream.types:
        function = FUNCTIONS[name]
        lost = _text(column).is_not_null() & function.build(_text(column)).is_null()
        found.append((column, lost, function.rule or CONTROL))
    return found


def undeclared(mapping: Mapping, name: str, frame: pl.DataFrame) -> tuple[str, ...]:
    """The columns of a stream that its contract does not name; told, where it says `evolve`."""
    stream = next(item for item in mapping.streams if item.name == name)
    if stream.unknown_columns != "evolve" or stream.resource:  # of documents, only its paths are a contract
        return ()
    return tuple(sorted(set(frame.columns) - set(stream.columns) - set(_OWN)))


def given(mapping: Mapping, name: str, frames: Frames[str, pl.DataFrame], *, system: str) -> pl.DataFrame:
    """The frame of a stream. Raises ConfigurationError when it was not given."""
    if name not in frames:
        place = f"{system}/{name}"
        raise ConfigurationError(
            f"{place}: the stream was not given. Read it before {mapping.id} runs.",
            f"{place} : le flux n'a pas été fourni. Lisez-le avant {mapping.id}.",
        )
    return frames[name]


def _refuse_other_columns(stream: Stream, frame: pl.DataFrame, place: str) -> None:
    kinds = frame.schema
    there = tuple(name for name in kinds if name not in _OWN)
    for column in stream.columns:
        if column not in there:
            english, french = near(column, tuple(set(there) - set(stream.columns)))
            raise ConfigurationError(
                f"{place}: the column {column} is missing{english}. Correct the source, or the mapping.",
                f"{place} : la colonne {column} manque{french}. Corrigez la source, ou la correspondance.",
            )
        if kinds[column] not in (pl.String, pl.Null):
            raise ConfigurationError(
                f"{place}: the column {column} is not text. The connector must give every cell as text.",
                f"{place} : la colonne {column} n'est pas du texte. Le connecteur doit tout donner en texte.",
            )
    unknown = sorted(set(there) - set(stream.columns))
    if unknown and stream.unknown_columns == "freeze":
        raise ConfigurationError(
            f"{place}: the column {unknown[0]} is not declared. Declare it in the mapping, or write "
            "`unknown_columns: discard`.",
            f"{place} : la colonne {unknown[0]} n'est pas déclarée. Déclarez-la dans la correspondance, ou "
            "écrivez `unknown_columns: discard`.",
        )


def _from_documents(stream: Stream, frame: pl.DataFrame, place: str) -> pl.DataFrame:
    """The columns of documents (a column `document` of JSON texts), by their paths."""
    if DOCUMENT not in frame.columns:
        raise ConfigurationError(
            f"{place}: documents are expected, in a column `document`. Give JSON lines of {stream.resource}.",
            f"{place} : des documents sont attendus, dans une colonne `document`. Donnez des lignes JSON de "
            f"{stream.resource}.",
        )
    columns, whole = paths.columns(frame[DOCUMENT].cast(pl.String), stream.paths)
    marked = _text(FAULT) if FAULT in frame.columns else _NONE
    broken = pl.when(~whole).then(pl.lit(NOT_JSON))
    row = [ROW] if ROW in frame.columns else []
    return frame.select(*row, pl.coalesce(marked, broken).alias(FAULT)).hstack(columns)


def _text(column: str) -> pl.Expr:
    """The cell; null when it is empty or holds only spaces."""
    text = pl.col(column).cast(pl.String)
    return pl.when(text.str.strip_chars().str.len_bytes() > 0).then(text)
