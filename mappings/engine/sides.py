"""A joined stream made ready to be looked up again and again: at most one row for each key.

It is looked up by the hashes of its keys, put in order once: a join would make its table of keys again for
each part, and one record of the request path would pay it in full.
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
    def _ordered(self) -> tuple[pl.Series, pl.Series] | None:
        """The hashes of the keys in ascending order, and the row of each; None when two keys have one hash."""
        rows = pl.DataFrame({"hash": hashes(self.keys)}).with_row_index(_INDEX).sort("hash").rechunk()
        return None if rows["hash"].is_duplicated().any() else (rows["hash"], rows[_INDEX])

    def found(self, main: pl.DataFrame, join: Join | ChildList) -> pl.DataFrame:
        """For each main row, the row that it finds; blanks where there is none."""
        columns = [column for column, _ in join.on]
        if main.height < FEW_ROWS:
            wanted = zip(*(main[column].str.strip_chars() for column in columns), strict=True)
            places = pl.Series([self._places.get(row) for row in wanted], dtype=pl.UInt32)
        else:
            names = self.keys.columns
            bare = (pl.col(c).str.strip_chars().alias(n) for c, n in zip(columns, names, strict=True))
            places = self._looked_up(main.select(bare))
        return pl.DataFrame([column[places] for column in self.rest])

    def _looked_up(self, wanted: pl.DataFrame) -> pl.Series:
        """The row of each wanted key, null where there is none."""
        if self._ordered is None or not self.keys.height:
            numbered = self.keys.with_row_index(_INDEX)
            return wanted.join(numbered, on=self.keys.columns, how="left", maintain_order="left")[_INDEX]
        ordered, rows = self._ordered
        near = rows[ordered.search_sorted(hashes(wanted)).clip(upper_bound=rows.len() - 1)]
        same = [wanted[name] == self.keys[name][near] for name in self.keys.columns]
        return pl.select(pl.when(pl.all_horizontal(same)).then(near).alias(_INDEX))[_INDEX]


def hashes(keys: pl.DataFrame) -> pl.Series:
    """A hash of each row: equal rows have equal ones."""
    first, *others = keys
    found = first.hash()
    for column in others:
        found = found * 31 + column.hash()
    return found


def ready(join: Join | ChildList, frame: pl.DataFrame, coded: Coded = NOTHING_CODED) -> Side:
    """A frame of `Plan.side` or `Plan.children`, ready to be looked up."""
    names = key_columns(join)
    whole = frame.rechunk()  # cells are looked up here and there
    return Side(whole.select(names), whole.drop(names), coded)
