"""The one lazy plan of a mapping: rows joined and judged, slots unpivoted, records as JSON with their faults.

A row is filtered, rejected or used, never two of these. A join finds at most one row, so it never
multiplies: two different rows that match are a reject, two equal ones are one row.
"""

from dataclasses import dataclass
from datetime import date

import polars as pl

from mappings.engine import expressions
from mappings.engine.expressions import SLOT, Value
from mappings.engine.language import Condition, Join, Mapping, Slot
from mappings.engine.streams import FAULT, PLACE, ROW, UNWRITABLE

KEY, RULE, COLUMN, OUT, DOCUMENT = "?key", "?rule", "?column", "?out", "?document"
BLANK_KEY, LONG_KEY, DUPLICATE_KEY = "blank-key", "key-too-long", "duplicate-key"
AMBIGUOUS = "ambiguous-match"
LONGEST_KEY = 200  # canonical_model.provenance.Place.key

_NO_TEXT = pl.lit(None, dtype=pl.String)


def with_keys(mapping: Mapping, main: pl.DataFrame) -> pl.DataFrame:
    """The main stream with what must be known over the whole batch: key, main filters, faults of the row.

    A row whose key is incomplete is named by what there is of it and its row number.
    """
    key = pl.concat_str([_part(column) for column in mapping.key], separator="|")
    whole = pl.all_horizontal([pl.col(column).is_not_null() for column in mapping.key])
    short = key.str.len_chars() <= LONGEST_KEY
    clean = ~key.str.contains(UNWRITABLE)
    partial = key.str.slice(0, LONGEST_KEY - 20).str.replace_all(UNWRITABLE, "?")
    row = pl.format("{}#row {}", partial, pl.col(ROW))
    kept = expressions.holds(mapping, (item for item in mapping.where if not _joined(mapping, item)))
    twice = pl.when(~pl.col(OUT) & pl.col(FAULT).is_null() & whole).then(pl.col(KEY)).is_duplicated()
    blank = pl.coalesce([pl.when(pl.col(column).is_null()).then(pl.lit(column)) for column in mapping.key])
    rule = pl.coalesce(
        pl.col(FAULT),
        pl.when(~whole).then(pl.lit(BLANK_KEY)),
        pl.when(~short).then(pl.lit(LONG_KEY)),
        pl.when(twice).then(pl.lit(DUPLICATE_KEY)),
    )
    place = (
        pl.when(pl.col(FAULT).is_not_null())
        .then(pl.col(PLACE).fill_null(""))
        .otherwise(pl.coalesce(blank, pl.lit(", ".join(mapping.key))))
    )
    return (
        main.lazy()
        .with_columns(
            pl.when(whole & short & clean).then(key).otherwise(row).alias(KEY),
            (pl.col(FAULT).is_null() & ~kept).alias(OUT),
        )
        .with_columns(pl.when(~pl.col(OUT)).then(rule).alias(RULE), place.alias(COLUMN))
        .collect()
    )


def side(join: Join, frame: pl.DataFrame) -> pl.DataFrame:
    """The joined stream, one row for each key, ready to be joined again and again."""
    on = [_on(join, number) for number in range(len(join.on))]
    columns = [column for column in frame.columns if column not in (ROW, FAULT, PLACE)]
    return (
        frame.lazy()
        .select(
            *(
                pl.col(other).str.strip_chars().alias(name)
                for name, (_, other) in zip(on, join.on, strict=True)
            ),
            *(pl.col(column).alias(f"{join.stream}.{column}") for column in columns),
            pl.col(FAULT).alias(f"{join.stream}?fault"),
        )
        .drop_nulls(on)
        .unique(maintain_order=True)
        .with_columns((pl.len().over(on) > 1).alias(f"{join.stream}?twice"))
        .unique(subset=on, keep="first", maintain_order=True)
        .collect()
    )


@dataclass(frozen=True, slots=True)
class Plan:
    """A mapping compiled for one organisation and one day; it runs over any part of the main stream."""

    mapping: Mapping
    values: tuple[Value, ...]

    def rows(self, main: pl.DataFrame, sides: dict[str, pl.DataFrame]) -> pl.LazyFrame:
        """Each row with its joins, its state (`?out`, `?rule`, `?column`) and the values without slot."""
        frame = main.lazy()
        for join in self.mapping.joins:
            keys = [_on(join, number) for number in range(len(join.on))]
            frame = frame.join(
                sides[join.stream].lazy(),
                left_on=[pl.col(column).str.strip_chars() for column, _ in join.on],
                right_on=keys,
                how="left",
                maintain_order="left",
            ).drop(keys, strict=False)
        joined = [item for item in self.mapping.where if _joined(self.mapping, item)]
        kept = expressions.holds(self.mapping, joined)
        return (
            frame.with_columns(self._rule().alias(RULE), self._column().alias(COLUMN))
            .with_columns((pl.col(OUT) | (pl.col(RULE).is_null() & ~kept)).alias(OUT))
            .with_columns(self._made(per_slot=False))
        )

    def records(self, rows: pl.LazyFrame) -> pl.LazyFrame:
        """The records of the rows in use: `_row`, `?key`, `?slot`, `?document`, and the faults."""
        used = rows.filter(~pl.col(OUT) & pl.col(RULE).is_null())
        made = [expr.meta.output_name() for expr in self._made(per_slot=False)]
        read = {
            expressions.column(self.mapping, reference)
            for value in self.values
            for reference in value.field.reads
            if value.per_slot and reference.kind == "column"
        }
        kept = [pl.col(name) for name in (ROW, KEY, *made, *sorted(read))]
        unpivot = self.mapping.unpivot
        if unpivot is None:
            records = used.select(*kept, _NO_TEXT.alias(SLOT))
        else:
            records = pl.concat([_slot(used, kept, slot, unpivot.present) for slot in unpivot.slots])
        leaves = [(value.field, pl.col(f"?v{number}")) for number, value in enumerate(self.values)]
        return records.with_columns(self._made(per_slot=True)).select(
            ROW, KEY, SLOT, expressions.document(leaves).alias(DOCUMENT), *self.faults()
        )

    def faults(self) -> dict[str, Value]:
        """The fault column of each value that can break a rule."""
        return {f"?f{n}": value for n, value in enumerate(self.values) if value.fault is not None}

    def _made(self, *, per_slot: bool) -> list[pl.Expr]:
        made = []
        for number, value in enumerate(self.values):
            if value.per_slot == per_slot:
                made.append(value.json.alias(f"?v{number}"))
                if value.fault is not None:
                    made.append(value.fault.alias(f"?f{number}"))
        return made

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
    return Plan(mapping, expressions.values(mapping, organization=organization, day=day))


def _slot(rows: pl.LazyFrame, kept: list[pl.Expr], slot: Slot, present: tuple[str, ...]) -> pl.LazyFrame:
    """The rows in which the slot is filled, its columns under the names that fields read."""
    filled = [pl.col(column).is_not_null() for name, column in slot.columns if name in present]
    return rows.filter(pl.any_horizontal(filled)).select(
        *kept,
        pl.lit(slot.name).alias(SLOT),
        *(pl.col(column).alias(expressions.slot_column(name)) for name, column in slot.columns),
    )


def _on(join: Join, number: int) -> str:
    """The name of a joined stream's key column, apart from those that fields read."""
    return f"{join.stream}?on{number}"


def _part(column: str) -> pl.Expr:
    r"""One part of a key, in which the separator stays readable: blank is empty, ``|`` is ``\|``."""
    text = pl.col(column).str.strip_chars().fill_null("")
    return text.str.replace_many(["\\", "|"], ["\\\\", "\\|"])


def _joined(mapping: Mapping, condition: Condition) -> bool:
    """Whether it looks at a joined stream: such a condition is asked only of rows that found theirs."""
    return any(reference.stream != mapping.stream for reference, _ in condition.alternatives)
