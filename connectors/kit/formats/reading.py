"""Opens a file as batches of text, whatever its kind; each iteration reads it again from its start.

Every batch has the same columns: text or null, names in lower case, then ``_row`` and ``_fault``.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import polars as pl

from connectors.kit.formats import delimited, fixed_width, json_lines, parquet, workbook, xml_records
from connectors.kit.formats.format import Format, Kind
from connectors.kit.formats.frames import FAULT, ROW

ROWS = 100_000

_Read = Callable[[Path, Format, Sequence[str] | None, int], Iterator[pl.DataFrame]]
_READERS: Mapping[Kind, _Read] = MappingProxyType({
    "csv": delimited.read,
    "tsv": delimited.read,
    "fixed_width": fixed_width.read,
    "jsonl": json_lines.read,
    "parquet": parquet.read,
    "xlsx": workbook.read,
    "xml": xml_records.read,
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Batches:
    """The rows of a file, in its order, at least one frame; iterate again to read again."""

    path: Path
    format: Format
    only: tuple[str, ...] | None = None
    rows: int = ROWS

    def __iter__(self) -> Iterator[pl.DataFrame]:
        return _READERS[self.format.kind](self.path, self.format, self.only, self.rows)

    @property
    def columns(self) -> tuple[str, ...]:
        """The file's own columns, without `_row` and `_fault`. Reads the beginning of the file."""
        return tuple(name for name in next(iter(self)).columns if name not in (ROW, FAULT))


def open_batches(path: Path, told: Format, *, only: Sequence[str] | None = None, rows: int = ROWS) -> Batches:
    """The rows of a file of a declared format, `rows` at most a batch.

    `only` keeps these columns, those that the file has; `_row` and `_fault` always come. Raises
    ConfigurationError while iterating: the file is absent, has no header, is unsafe or unreadable.
    """
    told.check(path.name)
    return Batches(path, told, None if only is None else tuple(only), rows)
