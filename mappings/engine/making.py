"""Makes the leaf columns of a frame: what is done to texts is done once for each different one, where there are few.

A column of a school system repeats itself: courses, groups, marks, days. Such a leaf column is `Coded`: the frame
holds a number for each row, and the few texts stand apart. The texts that were seen are kept from part to part.
"""

from dataclasses import dataclass
from itertools import count

import polars as pl

from mappings.engine.expressions import Value, leaf_column
from mappings.engine.pieces import Coded
from mappings.engine.streams import UNWRITABLE

_MANY = 1_000  # rows; below, looking for different texts costs more than it saves
_FEW = 4  # times: a column has few different texts when each comes so often
_MOST = 20_000  # different texts that are kept
_SLICE = 125_000  # rows whose values are made at once
_NUMBERS = count()


def expressions_of(values: dict[int, Value]) -> list[pl.Expr]:
    """The leaf column of each value, and its fault's."""
    made = []
    for number, value in values.items():
        made.append(value.json.alias(leaf_column(number)))
        if value.fault is not None:
            made.append(value.fault.alias(f"?f{number}"))
    return made


class Making:
    """Makes leaf columns, and remembers the different texts of a column with what was made of them."""

    def __init__(self) -> None:
        self._expressions: dict[tuple[int, ...], list[pl.Expr]] = {}
        self._columns: dict[str, _Texts | None] = {}
        self._made: dict[int, tuple[list[_Texts], dict[str, pl.Series]]] = {}

    def over(self, frame: pl.DataFrame, values: dict[int, Value]) -> tuple[pl.DataFrame, Coded]:
        """The frame with the leaf column of each value and its fault's, but for those that are coded."""
        if not values:
            return frame, {}
        if frame.height < _MANY:
            return frame.with_columns(self.all_of(values)), {}
        others = {number: value for number, value in values.items() if not value.sources}
        found: dict[str, pl.Series] = {}
        coded: dict[str, tuple[str, pl.Series]] = {}
        seen: dict[str, _Numbered | None] = {}
        for number, value in values.items():
            if not value.sources:
                continue
            for name in value.sources:
                if name not in seen:
                    seen[name] = self._numbered(frame, name)
            held = [column for name in value.sources if (column := seen[name]) is not None]
            parts = [column.texts for column in held]
            place = "?p:" + "|".join(value.sources)
            if place not in found and len(parts) == len(value.sources):
                found[place] = _places(held).alias(place)
            made = self._of(number, value, parts) if len(parts) == len(value.sources) else None
            if made is None:
                others[number] = value
                continue
            coded[leaf_column(number)] = (place, made[leaf_column(number)])
            if value.fault is not None:
                fault = made[f"?f{number}"]
                empty = fault.null_count() == fault.len()
                blank = pl.repeat(None, frame.height, dtype=pl.String, eager=True)
                found[fault.name] = (blank if empty else fault[found[place]]).alias(fault.name)
        return _with(frame, expressions_of(others)).with_columns(*found.values()), coded

    def recognized(self, frame: pl.DataFrame) -> dict[str, pl.Series]:
        """Columns of which every cell is a text seen before and sound, as the numbers that `over` looks for.

        Nothing need be asked of their cells any more.
        """
        found: dict[str, pl.Series] = {}
        if frame.height < _MANY:
            return found
        for name, texts in tuple(self._columns.items()):
            if texts is not None and texts.sound and frame.schema.get(name) == pl.String:
                numbers = texts.numbers(frame[name])
                if numbers is not None:
                    found[name] = numbers.alias(texts.column_of(name))
        return found

    def all_of(self, values: dict[int, Value]) -> list[pl.Expr]:
        """The leaf column of each value and its fault's, as expressions; made once."""
        key = tuple(values)
        if key not in self._expressions:
            self._expressions[key] = expressions_of(values)
        return self._expressions[key]

    def _numbered(self, frame: pl.DataFrame, name: str) -> "_Numbered | None":
        """Which text each cell of a column is, of all that were seen; None when they are many."""
        known = self._columns.get(name, _Texts.none())
        if known is None:
            return None
        column = frame[name]
        there = known.column_of(name)
        numbers = frame[there] if there in frame.columns else known.numbers(column)
        if numbers is None:
            different = _few_of(column)
            if different is None:
                self._columns[name] = None
                return None
            both = pl.concat([known.texts, different]).unique(maintain_order=True)
            known = self._columns[name] = _Texts.of(both if both.len() <= _MOST else different)
            numbers = known.numbers(column)
        return None if numbers is None else _Numbered(known, numbers)

    def _of(self, number: int, value: Value, parts: list["_Texts"]) -> dict[str, pl.Series] | None:
        """What a value makes of each combination of texts, the last of each column being blank."""
        sizes = 1
        for texts in parts:
            sizes *= texts.texts.len() + 1
        if sizes > _MOST:
            return None
        before, made = self._made.get(number, ([], {}))
        if before != parts:
            columns = [pl.concat([texts.texts, pl.Series([None], dtype=pl.String)]) for texts in parts]
            frame = pl.DataFrame({value.sources[0]: columns[0]})
            for name, column in zip(value.sources[1:], columns[1:], strict=True):
                frame = frame.join(pl.DataFrame({name: column}), how="cross", maintain_order="left_right")
            made = {column.name: column for column in frame.select(expressions_of({number: value}))}
            self._made[number] = (parts, made)
        return made


@dataclass(frozen=True, slots=True, eq=False)
class _Texts:
    """Different texts of a column, and the type that numbers them."""

    texts: pl.Series
    numbered: pl.Enum
    sound: bool  # none of them is blank or holds a sign that cannot be written
    number: int  # no other texts have it

    @classmethod
    def of(cls, texts: pl.Series) -> "_Texts":
        sound = not (texts.str.contains(UNWRITABLE) | (texts.str.strip_chars() == "")).any()
        return cls(texts.alias("?"), pl.Enum(texts), sound, next(_NUMBERS))

    def column_of(self, name: str) -> str:
        """The column of a frame that holds the numbers of a column by these texts, and no others."""
        return f"?n:{name}:{self.number}"

    @classmethod
    def none(cls) -> "_Texts":
        return cls.of(pl.Series("?", [], dtype=pl.String))

    def numbers(self, column: pl.Series) -> pl.Series | None:
        """Which text each cell is, the number after the last where it is blank; None when one is not among them."""
        found = column.cast(self.numbered, strict=False).to_physical().cast(pl.UInt32)
        if found.null_count() != column.null_count():
            return None
        return found.fill_null(self.texts.len())


@dataclass(frozen=True, slots=True, eq=False)
class _Numbered:
    """A column as the numbers of its texts."""

    texts: _Texts
    numbers: pl.Series


def _with(frame: pl.DataFrame, made: list[pl.Expr]) -> pl.DataFrame:
    """The frame with these columns; of a long one a slice at a time, for what is made on the way is much more."""
    if frame.height <= _SLICE or not made:
        return frame.with_columns(made)
    return frame.hstack(pl.concat(part.select(made) for part in frame.iter_slices(_SLICE)))


def _few_of(column: pl.Series) -> pl.Series | None:
    """The different texts of a column; None when they are many, which its beginning may show already."""
    for part in (column.head(_MOST * _FEW), column):
        different = part.unique().drop_nulls()
        if different.len() > _MOST:
            return None
    return different if different.len() * _FEW <= column.len() else None


def _places(columns: list[_Numbered]) -> pl.Series:
    """Which combination of texts each row has, counted as `_of` writes them."""
    number = columns[0].numbers
    for column in columns[1:]:
        number = number * (column.texts.texts.len() + 1) + column.numbers
    return number.cast(pl.UInt32)
