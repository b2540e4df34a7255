"""The one lazy plan of a mapping: rows joined and judged, slots unpivoted, records as leaves with their faults.

A row is filtered, rejected or used, never two of these. A join finds at most one row, so it never
multiplies: two different rows that match are a reject, two equal ones are one row. What reads only a
joined stream is made once for each of its rows, before the join.
"""

from collections.abc import Mapping as Frames
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property

import polars as pl

from mappings.engine import expressions
from mappings.engine.expressions import SLOT, Value, leaf_column
from mappings.engine.language import ChildList, Condition, Join, Mapping, Unpivot
from mappings.engine.making import Making, expressions_of
from mappings.engine.pieces import Coded, places_of
from mappings.engine.sides import Side, hashes, key_columns, keys_of
from mappings.engine.streams import FAULT, FEW_ROWS, PLACE, ROW, UNWRITABLE

KEY, RULE, COLUMN, OUT = "?key", "?rule", "?column", "?out"
ITEM = "?item"
BLANK_KEY, LONG_KEY, DUPLICATE_KEY = "blank-key", "key-too-long", "duplicate-key"
AMBIGUOUS = "ambiguous-match"
LONGEST_KEY = 200  # canonical_model.provenance.Place.key
_INDEX = "?index"

_AS_WRITTEN = pl.QueryOptFlags.none()  # to better the plan of a few rows takes longer than it saves

_NO_TEXT = pl.lit(None, dtype=pl.String)


@dataclass(frozen=True)
class Plan:
    """A mapping compiled for one organisation and one day; it runs over any part of the main stream."""

    mapping: Mapping
    values: tuple[Value, ...]
    lists: tuple[tuple[Value, ...], ...]
    gone: frozenset[str] = frozenset()
    folded: tuple[str, ...] = ()
    made: Making = field(default_factory=Making)

    def keyed(self, main: pl.DataFrame, twice: pl.Series | None = None) -> pl.DataFrame:
        """The main stream with its key, whether a main filter leaves it out, and the fault of the row.

        `twice`: the keys that several rows of the whole stream bear; None when `main` is the whole stream.
        A row whose key is incomplete is named by what there is of it and its row number.
        """
        first, then = self._first(twice)
        return main.lazy().with_columns(first).with_columns(then).collect()

    def _first(self, twice: pl.Series | None) -> tuple[list[pl.Expr], list[pl.Expr]]:
        """What `keyed` adds, in two steps; kept, when no key is known to come twice."""
        if twice is not None and not twice.len():
            return self._first_of_parts
        kept = expressions.holds(self.mapping, self._conditions(joined=False))
        key, faults, place = self._numbered() if self.mapping.numbered else self._key(twice)
        broken = pl.col(FAULT).is_not_null()
        return [key.alias(KEY), (~broken & ~kept).alias(OUT)], [
            pl.when(~pl.col(OUT)).then(pl.coalesce(pl.col(FAULT), *faults)).alias(RULE),
            pl.when(broken).then(pl.col(PLACE).fill_null("")).otherwise(place).alias(COLUMN),
        ]

    @cached_property
    def _first_of_parts(self) -> tuple[list[pl.Expr], list[pl.Expr]]:
        return self._first(pl.Series([""], dtype=pl.String))

    def side(self, join: Join, frame: pl.DataFrame) -> tuple[pl.DataFrame, Coded]:
        """The joined stream, one row for each key, with what reads nothing else, ready to be joined."""
        on = key_columns(join)
        columns = [column for column in frame.columns if column not in (ROW, FAULT, PLACE)]
        fault = f"{join.stream}?fault"
        twice = f"{join.stream}?twice"
        rows = frame.select(
            *keys_of(join),
            *(pl.col(column).alias(f"{join.stream}.{column}") for column in columns),
            pl.col(FAULT).alias(fault),
        )
        if any(rows[name].null_count() for name in on):
            rows = rows.drop_nulls(on)
        if not hashes(rows.select(on)).is_duplicated().any():
            once = rows.with_columns(pl.lit(value=False).alias(twice))
        else:
            counted = rows.unique(maintain_order=True).with_columns((pl.len().over(on) > 1).alias(twice))
            once = counted.unique(subset=on, keep="first", maintain_order=True)
        hoisted = self._hoisted[join.stream]
        made, coded = self.made.over(once, hoisted)
        leaves = [leaf_column(number) for number in hoisted if leaf_column(number) not in coded]
        faults = [f"?f{number}" for number, value in hoisted.items() if value.fault is not None]
        return made.select(*on, fault, twice, *self._kept(join), *leaves, *faults, *places_of(coded)), coded

    def children(self, child: ChildList, frame: pl.DataFrame) -> pl.DataFrame:
        """The child rows of each main row as the JSON of one list, with the first fault among them."""
        values = self.lists[self.mapping.lists.index(child)]
        number = len(self.mapping.fields) + self.mapping.lists.index(child)
        faults = [pl.col(FAULT), *(pl.col(f"?f{v.number}") for v in values if v.fault is not None)]
        nested = expressions.nested((v.field, pl.col(leaf_column(v.number))) for v in values)
        return (
            self._listed(child, frame)
            .with_columns(expressions.document(nested).alias(ITEM), pl.coalesce(faults).alias("?fault"))
            .group_by(key_columns(child), maintain_order=True)
            .agg(pl.col(ITEM).str.join(","), pl.col("?fault").drop_nulls().first().alias(f"?f{number}"))
            .with_columns(pl.concat_str([pl.lit("["), ITEM, pl.lit("]")]).alias(leaf_column(number)))
            .drop(ITEM)
            .collect()
        )

    def items(self, child: ChildList, frame: pl.DataFrame, main: pl.DataFrame) -> pl.DataFrame:
        """The child rows of each main row, one by one: the main `_row`, the place `?item` from 0, the leaves."""
        names = key_columns(child)
        mine = [
            pl.col(column).str.strip_chars().alias(name)
            for (column, _), name in zip(child.on, names, strict=True)
        ]
        items = self._listed(child, frame).with_columns(pl.int_range(pl.len()).over(names).alias(ITEM))
        wanted = main.lazy().select(ROW, *mine)
        return wanted.join(items, on=names, maintain_order="left_right").drop(*names, FAULT).collect()

    def _listed(self, child: ChildList, frame: pl.DataFrame) -> pl.LazyFrame:
        """The child rows that a main row may find, in the order of their list, with the leaves of each."""
        values = self.lists[self.mapping.lists.index(child)]
        order = [pl.col(column) for column in child.order] or [pl.col(ROW)]
        made = expressions_of({value.number: value for value in values})
        return (
            frame.lazy()
            .sort(order, nulls_last=True, maintain_order=True)
            .select(*keys_of(child), FAULT, *made)
            .drop_nulls(key_columns(child))
        )

    def rows(self, main: pl.DataFrame, sides: Frames[str, Side]) -> tuple[pl.DataFrame, Coded]:
        """Each row of `keyed` with its joins, its state (`?out`, `?rule`, `?column`) and the values without slot."""
        frame, before = self._joined(main, sides)
        made, coded = self.made.over(self._judged(frame.lazy()).collect(), self._plain)
        return made, {**before, **coded}

    def few_rows(
        self, main: pl.DataFrame, sides: Frames[str, Side], twice: pl.Series | None
    ) -> tuple[pl.DataFrame, Coded]:
        """`rows` of `keyed`, in one go: for a few rows, to make a plan takes longer than to run it."""
        frame, coded = self._joined(main, sides)
        first, then = self._first(twice)
        keyed = frame.lazy().with_columns(first).with_columns(then)
        made = self._judged(keyed).with_columns(self.made.all_of(self._plain))
        return made.collect(optimizations=_AS_WRITTEN, engine="in-memory"), coded

    def _joined(self, main: pl.DataFrame, sides: Frames[str, Side]) -> tuple[pl.DataFrame, Coded]:
        frame = main
        coded: dict[str, tuple[str, pl.Series]] = {}
        for join in self.mapping.joined:
            frame = frame.hstack(sides[join.stream].found(main, join))
            coded |= sides[join.stream].coded
        return frame, coded

    def _judged(self, joined: pl.LazyFrame) -> pl.LazyFrame:
        """The rows with what the joins say of their state."""
        if not self.mapping.joins:
            return joined
        judgements, kept = self._state
        return joined.with_columns(judgements).with_columns(kept)

    def records(self, rows: pl.DataFrame, coded: Coded) -> tuple[pl.DataFrame, Coded]:
        """The records of the rows in use: `_row`, `?key`, `?slot`, the JSON of each field, and the faults."""
        whole = rows[RULE].null_count() == rows.height and not rows[OUT].any()
        used = rows if whole else rows.filter(~pl.col(OUT) & pl.col(RULE).is_null())
        unpivot = self.mapping.unpivot
        if unpivot is None:
            frame = used.hstack([pl.repeat(None, used.height, dtype=pl.String, eager=True).alias(SLOT)])
        else:
            carried = [name for name in self._carried if name not in coded]
            places = places_of(coded)
            unpivoted = _unpivoted_one_by_one if used.height < FEW_ROWS else _unpivoted
            frame = unpivoted(used, unpivot, [*carried, *places])
        made, more = self.made.over(frame, self._slotted)
        every = {**coded, **more}
        if made.height < FEW_ROWS:  # what nobody reads does no harm
            return made, every
        leaves = [name for name in self._leaves if name not in every]
        return made.select(ROW, KEY, SLOT, *leaves, *self.folded, *places_of(every)), every

    @cached_property
    def _state(self) -> tuple[list[pl.Expr], pl.Expr]:
        kept = expressions.holds(self.mapping, self._conditions(joined=True))
        out = (pl.col(OUT) | (pl.col(RULE).is_null() & ~kept)).alias(OUT)
        return [self._rule().alias(RULE), self._column().alias(COLUMN)], out

    @cached_property
    def faults(self) -> dict[str, Value]:
        """The fault column of each value that can break a rule."""
        faults = {f"?f{value.number}": value for value in self.values if value.fault is not None}
        return {name: value for name, value in faults.items() if name not in self.gone}

    @cached_property
    def _leaves(self) -> list[str]:
        leaves = (leaf_column(value.number) for value in self.values)
        return [*(name for name in leaves if name not in self.gone), *self.faults]

    def constants(self) -> dict[str, str]:
        """The JSON of the leaf columns that are the same in every record."""
        fixed = [v for v in self.values if v.field.constant is not None and not v.dated]
        return {leaf_column(v.number): pl.select(v.json.alias("?"))["?"][0] for v in fixed}

    def lightened(self, gone: frozenset[str], folded: tuple[str, ...]) -> "Plan":
        """The plan when leaf columns were folded into others, or fault columns hold nothing, before the join."""
        return replace(self, gone=gone, folded=folded)

    @cached_property
    def _hoisted(self) -> dict[str, dict[int, Value]]:
        """The values that each joined stream can make alone."""
        held: dict[str, dict[int, Value]] = {join.stream: {} for join in self.mapping.joins}
        for value in self.values:
            if value.alone in held:
                held[value.alone][value.number] = value
        return held

    @cached_property
    def _plain(self) -> dict[int, Value]:
        before = {number for held in self._hoisted.values() for number in held}
        return {v.number: v for v in self.values if not (v.per_slot or v.listed or v.number in before)}

    @cached_property
    def _slotted(self) -> dict[int, Value]:
        return {value.number: value for value in self.values if value.per_slot}

    @cached_property
    def _carried(self) -> list[str]:
        """What the records of a row take from it: the values already made, and what the others read."""
        read = {
            expressions.column(self.mapping, reference)
            for value in self._slotted.values()
            for reference in value.field.reads
            if reference.kind == "column"
        }
        made = [n for v in self.values if not v.per_slot for n in (leaf_column(v.number), f"?f{v.number}")]
        there = {*self._leaves}
        return [ROW, KEY, *(name for name in made if name in there), *self.folded, *sorted(read)]

    def _kept(self, join: Join) -> list[str]:
        """The columns of a joined stream that are still read after the join."""
        values = [*self._plain.values(), *self._slotted.values()]
        read = [reference for value in values for reference in value.field.reads]
        read += [reference for item in self._conditions(joined=True) for reference, _ in item.alternatives]
        read += [reference for value in values if value.dated for reference in value.dated]
        return sorted({expressions.column(self.mapping, item) for item in read if item.stream == join.stream})

    def _conditions(self, *, joined: bool) -> list[Condition]:
        """Those that look at a joined stream, which are asked only of rows that found theirs; or the others."""
        main = self.mapping.stream
        return [
            item
            for item in self.mapping.where
            if any(reference.stream != main for reference, _ in item.alternatives) == joined
        ]

    def _numbered(self) -> tuple[pl.Expr, list[pl.Expr], pl.Expr]:
        return pl.col(ROW).cast(pl.String), [], pl.lit("")

    def _key(self, twice: pl.Series | None) -> tuple[pl.Expr, list[pl.Expr], pl.Expr]:
        """The key, the rules that it may break, and the column at fault."""
        columns = self.mapping.key
        key = key_text(self.mapping)
        whole = pl.all_horizontal([pl.col(column).is_not_null() for column in columns])
        short = key.str.len_chars() <= LONGEST_KEY
        clean = ~key.str.contains(UNWRITABLE)
        partial = key.str.slice(0, LONGEST_KEY - 20).str.replace_all(UNWRITABLE, "?")
        row = pl.format("{}#row {}", partial, pl.col(ROW))
        counted = pl.when(~pl.col(OUT) & pl.col(FAULT).is_null() & whole).then(pl.col(KEY))
        again = counted.is_duplicated() if twice is None else counted.is_in(twice.implode())
        blank = pl.coalesce([pl.when(pl.col(column).is_null()).then(pl.lit(column)) for column in columns])
        faults: list[pl.Expr] = [
            pl.when(~whole).then(pl.lit(BLANK_KEY)),
            pl.when(~short).then(pl.lit(LONG_KEY)),
            pl.when(again).then(pl.lit(DUPLICATE_KEY)),
        ]
        named = pl.when(whole & short & clean).then(key).otherwise(row)
        return named, faults, pl.coalesce(blank, pl.lit(", ".join(columns)))

    def _judgements(self) -> list[tuple[str, pl.Expr]]:
        """(column of the main row, rule or null) of each join, the first that holds counts."""
        found: list[tuple[str, pl.Expr]] = []
        for join in self.mapping.joins:
            place = ", ".join(main for main, _ in join.on)
            twice = pl.col(f"{join.stream}?twice")
            if join.rule is not None:
                found.append((place, pl.when(twice.is_null()).then(pl.lit(join.rule))))
            found.append((place, pl.when(twice).then(pl.lit(AMBIGUOUS))))
            found.append((place, pl.col(f"{join.stream}?fault")))
        return found

    def _rule(self) -> pl.Expr:
        joins = pl.coalesce([_NO_TEXT, *(rule for _, rule in self._judgements())])
        return pl.coalesce(pl.col(RULE), pl.when(~pl.col(OUT)).then(joins))

    def _column(self) -> pl.Expr:
        places = [pl.when(rule.is_not_null()).then(pl.lit(place)) for place, rule in self._judgements()]
        return (
            pl.when(pl.col(RULE).is_not_null())
            .then(pl.col(COLUMN))
            .otherwise(pl.coalesce([_NO_TEXT, *places]))
        )


def compiled(mapping: Mapping, *, organization: str, day: date) -> Plan:
    """The plan of a mapping that the checker has passed."""
    values = expressions.values(mapping, organization=organization, day=day)
    lists = tuple(
        expressions.child_values(mapping, item, organization=organization, day=day) for item in mapping.lists
    )
    return Plan(mapping, values, lists)


def key_text(mapping: Mapping) -> pl.Expr:
    r"""The parts of a key with ``|`` between; blank is empty, ``|`` in a part is ``\|``."""
    parts = [
        pl.col(column).str.strip_chars().fill_null("").str.replace_many(["\\", "|"], ["\\\\", "\\|"])
        for column in mapping.key
    ]
    return pl.concat_str(parts, separator="|")


def _unpivoted(used: pl.DataFrame, unpivot: Unpivot, carried: list[str]) -> pl.DataFrame:
    """The filled slots of each row, their columns under the names that fields read."""
    indexed = used.lazy().with_row_index(_INDEX)
    slots: list[pl.LazyFrame] = []
    for number, name in enumerate(unpivot.names):
        columns = [slot.columns[number][1] for slot in unpivot.slots]
        named = [f"{at}" for at in range(len(columns))]  # one column may stand in two slots
        cells = indexed.select(_INDEX, *(pl.col(c).alias(n) for c, n in zip(columns, named, strict=True)))
        long = cells.unpivot(
            named, index=_INDEX, variable_name=SLOT, value_name=expressions.slot_column(name)
        )
        slots.append(long if not slots else long.select(expressions.slot_column(name)))
    filled = [pl.col(expressions.slot_column(name)).is_not_null() for name in unpivot.present]
    names = {str(at): slot.name for at, slot in enumerate(unpivot.slots)}
    return (
        pl.concat(slots, how="horizontal")
        .filter(pl.any_horizontal(filled))
        .with_columns(pl.col(SLOT).replace_strict(names))
        .join(indexed.select(_INDEX, *carried), on=_INDEX, how="left", maintain_order="left")
        .collect()
    )


def _unpivoted_one_by_one(used: pl.DataFrame, unpivot: Unpivot, carried: list[str]) -> pl.DataFrame:
    """The same for a few rows, sooner than a plan is made."""
    columns = [used[column].to_list() for slot in unpivot.slots for _, column in slot.columns]
    width, present = len(unpivot.names), [name in unpivot.present for name in unpivot.names]
    places: list[int] = []
    slots: list[tuple[str | None, ...]] = []
    for number, slot in enumerate(unpivot.slots):
        for at in range(used.height):
            cells = [columns[number * width + column][at] for column in range(width)]
            if any(cell is not None and wanted for cell, wanted in zip(cells, present, strict=True)):
                places.append(at)
                slots.append((slot.name, *cells))
    names = [SLOT, *(expressions.slot_column(name) for name in unpivot.names)]
    found = pl.DataFrame(slots, schema=dict.fromkeys(names, pl.String), orient="row")
    taken = pl.Series(places, dtype=pl.UInt32)
    return found.hstack([used[name][taken] for name in carried])
