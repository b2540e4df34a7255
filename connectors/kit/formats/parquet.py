"""Reads Parquet batch by batch as text. Refuses lists and structures: a column is one value a row."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import polars as pl

from connectors.kit.formats.format import Format
from connectors.kit.formats.frames import FAULT, ROW, cannot_read, finished, names_of


def read(
    path: Path,
    told: Format,  # noqa: ARG001 - a Parquet file says itself all that a format would
    only: Sequence[str] | None,
    rows: int,
) -> Iterator[pl.DataFrame]:
    """Frames of at most `rows` rows, at least one, numbered from 1."""
    if not path.is_file():
        raise cannot_read(path, "the file is absent", "le fichier est absent")
    try:
        source = pl.scan_parquet(path, glob=False)
        schema = source.collect_schema()
    except (pl.exceptions.PolarsError, OSError) as error:
        raise _not_flat(path) from error
    if any(kind.is_nested() or kind.is_object() for kind in schema.dtypes()):
        raise _not_flat(path)
    names = names_of(path, schema.names())
    own = {old: name for old, name in zip(schema.names(), names, strict=True) if name != ROW}
    texts = source.select(
        pl.col(old).cast(pl.String).replace("", None).alias(name) for old, name in own.items()
    )
    first = 1
    try:
        for batch in texts.collect_batches(chunk_size=rows, maintain_order=True):
            for part in batch.iter_slices(rows) if batch.height else ():
                yield _numbered(part, first, names, only)
                first += part.height
    except pl.exceptions.PolarsError as error:
        raise _not_flat(path) from error
    if first == 1:
        yield _numbered(texts.head(0).collect(), first, names, only)


def _numbered(
    part: pl.DataFrame, first: int, names: Sequence[str], only: Sequence[str] | None
) -> pl.DataFrame:
    numbers = pl.int_range(first, first + part.height, dtype=pl.UInt32, eager=True).alias(ROW)
    said = pl.col(FAULT) if FAULT in part.columns else pl.lit(None, pl.String).alias(FAULT)
    return finished(part.with_columns(numbers, said), names, only)


def _not_flat(path: Path) -> Exception:
    return cannot_read(path, "it is not a flat Parquet file", "ce n'est pas un Parquet plat")
