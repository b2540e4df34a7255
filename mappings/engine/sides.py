"""A joined stream made ready to be looked up again and again: at most one row for each key.

Many rows are joined, a few are looked up: a join makes its table of keys each time, which one record of the
request path would pay in full.
"""

from dataclasses import dataclass
from functools import cached_property

import polars as pl

from mappings.engine.language import ChildList, Join
from mappings.engine.pieces import NOTHING_CODED, Coded
from mappings.engine.streams import FEW_ROWS

_INDEX = "?index"


def key_columns(join: Join | ChildList) -> list[str]:
    """The names of a joined stream's key columns, apart from those that fields read."""
    return [f"{join.stream}?on{number}" for number in range(len(join.on))]


def keys_of(join: Join | ChildList) -> list[pl.Expr]:
    """The key of each row of a joined stream, without the spaces around its cells."""
    return [
        pl.col(other).str.strip_chars().alias(name)
        for name, (_, other) in zip(key_columns(join), join.on, strict=True)
    ]


@dataclass(frozen=True)
class Side:
    """A joined stream made ready: one row for each key, under `keys`, and what it holds besides.

    Of its `coded` leaf columns, `rest` has the columns that say which.
    """

    keys: pl.DataFrame
    rest: pl.DataFrame
    coded: Coded

    @cached_property
    def _places(self) -> dict[tuple[str, ...], int]:
        return {row: at for at, row in enumerate(self.keys.iter_rows())}

    @cached_property
    def _numbered(self) -> pl.DataFrame:
        return self.keys.with_row_index(_INDEX)

    def found(self, main: pl.DataFrame, join: Join | ChildList) -> pl.DataFrame:
        """For each main row, the row that it finds; blanks where there is none."""
        columns = [column for column, _ in join.on]
        if main.height < FEW_ROWS:
            wanted = zip(*(main[column].str.strip_chars() for column in columns), strict=True)
            places = pl.Series([self._places.get(row) for row in wanted], dtype=pl.UInt32)
        else:
            names = self.keys.columns
            bare = (pl.col(c).str.strip_chars().alias(n) for c, n in zip(columns, names, strict=True))
            joined = main.select(bare).join(self._numbered, on=names, how="left", maintain_order="left")
            places = joined[_INDEX]
        return pl.DataFrame([column[places] for column in self.rest])


def ready(join: Join | ChildList, frame: pl.DataFrame, coded: Coded = NOTHING_CODED) -> Side:
    """A frame of `Plan.side` or `Plan.children`, ready to be looked up."""
    names = key_columns(join)
    return Side(frame.select(names), frame.drop(names), coded)
