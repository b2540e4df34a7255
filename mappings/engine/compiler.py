"""Runs a mapping over frames: checks, compiles, maps, validates, accounts. Refuses a mapping with findings.

`Run` is a mapping made ready once and applied to any number of parts of the main stream, so that memory
stays flat and a single record of the request path costs what it holds; `run` is the whole of it for one batch.
"""

from collections.abc import Mapping as Frames
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date

import polars as pl

from mappings.engine import checker, lineage, plan, streams
from mappings.engine.expressions import SLOT
from mappings.engine.judging import Judge
from mappings.engine.language import Mapping
from mappings.engine.pieces import Coded
from mappings.engine.plan import COLUMN, KEY, OUT, RULE, Plan
from mappings.engine.result import DOCUMENTS, RECORD, REJECTS, Mapped
from mappings.engine.sides import ready
from mappings.engine.streams import FEW_ROWS, ROW
from mappings.engine.targets import model_of
from mappings.engine.validation import Fault

SLICE = 125_000  # rows of the main stream at once
_THREADS = 2  # slices at once: what Polars does not spread over the cores by itself
_RECORDS = 250_000  # of them at once: a wide row of GPI gives up to thirty


def run(
    mapping: Mapping, frames: Frames[str, pl.DataFrame], *, system: str, organization: str, day: date
) -> Mapped:
    """Map one batch. `frames`: every declared stream, all columns text or null, `_row` and `_fault` if any.

    `system` is the installation (``gpi@762000``), for messages; `organization` its six digits; `day` the
    business day, by which code maps and code lists are dated. Raises ConfigurationError for a mapping with
    findings and for frames that break the contract; a bad record is a reject, never an exception.
    """
    ready = Run(mapping, frames, system=system, organization=organization, day=day)
    return ready.mapped(streams.given(mapping, mapping.stream, frames, system=system))


class Run:
    """A mapping ready to run for one organisation and one day, with the streams that it joins.

    `frames` holds those; the main stream is given in parts. Several threads may map parts at once. Raises as `run`.
    """

    def __init__(
        self,
        mapping: Mapping,
        frames: Frames[str, pl.DataFrame],
        *,
        system: str,
        organization: str,
        day: date,
    ) -> None:
        checker.require(mapping)
        self.mapping = mapping
        self._system = system
        self._evolved: dict[str, tuple[str, ...]] = {}
        compiled = plan.compiled(mapping, organization=organization, day=day)
        sides = {join.stream: compiled.side(join, self._frame(join.stream, frames)) for join in mapping.joins}
        self._judge = Judge(
            model_of(mapping), mapping.leaves, constants=compiled.constants(), before=tuple(sides.values())
        )
        self._plan, light = _lightened(compiled, self._judge, sides)
        self._sides = {
            join.stream: ready(join, light[join.stream], sides[join.stream][1]) for join in mapping.joins
        }
        for item in mapping.lists:
            children = self._plan.children(item, self._frame(item.stream, frames))
            self._sides[item.stream] = ready(item, children)
        slots = len(mapping.unpivot.slots) if mapping.unpivot else 1
        self._slice = max(1, min(SLICE, _RECORDS // slots))

    def mapped(self, part: pl.DataFrame, twice: pl.Series | None = None) -> Mapped:
        """The records of a part of the main stream.

        `twice`: the keys that several rows of the whole stream bear (`repeated_keys`); None when the part is
        the whole stream. Raises ConfigurationError when the part breaks the contract.
        """
        main = self._main(part)
        known = _known(twice, part)
        if 0 < main.height < FEW_ROWS:
            parts = [self._given(*self._plan.few_rows(main, self._sides, known))]
        else:
            keyed = self._plan.keyed(main, known)
            slices = [keyed[start : start + self._slice] for start in range(0, keyed.height, self._slice)]
            if len(slices) > 1:
                with ThreadPoolExecutor(_THREADS) as threads:
                    parts = list(threads.map(self._part, slices))
            else:
                parts = [self._part(part) for part in slices]
        return _together(self.mapping, parts, main.height, self._evolved)

    def keys(self, part: pl.DataFrame) -> pl.Series:
        """The keys of the rows of a part that count: neither filtered, nor at fault, nor incomplete."""
        main = self._plan.keyed(self._main(part), pl.Series([], dtype=pl.String))
        return main.filter(~pl.col(OUT) & pl.col(RULE).is_null())[KEY]

    def _frame(self, name: str, frames: Frames[str, pl.DataFrame]) -> pl.DataFrame:
        return self._admitted(name, streams.given(self.mapping, name, frames, system=self._system))

    def _main(self, part: pl.DataFrame) -> pl.DataFrame:
        recognized = self._plan.made.recognized(part)
        sound = frozenset(recognized)
        return self._admitted(self.mapping.stream, part, sound).hstack(list(recognized.values()))

    def _admitted(self, name: str, frame: pl.DataFrame, sound: frozenset[str] = frozenset()) -> pl.DataFrame:
        if found := streams.undeclared(self.mapping, name, frame):
            self._evolved[name] = found
        return streams.admitted(self.mapping, name, frame, system=self._system, sound=sound)

    def _part(self, keyed: pl.DataFrame) -> "_Part":
        return self._given(*self._plan.rows(keyed, self._sides))

    def _given(self, rows: pl.DataFrame, coded: Coded) -> "_Part":
        records, coded = self._plan.records(rows, coded)
        broken_rows = rows[RULE].null_count() < rows.height
        refused = rows.filter(~pl.col(OUT) & pl.col(RULE).is_not_null()) if broken_rows else rows.clear()
        filtered = int(rows[OUT].sum())
        written, faults = self._judge.judged(records, coded)
        broken = _field_rejects(self._plan, records)
        documents = pl.DataFrame(
            [
                records[KEY].alias("key"),
                records[ROW].alias("row"),
                records[SLOT].alias("slot"),
                pl.Series("document", written, dtype=pl.String),
            ]
        )
        if broken.height:
            documents = documents.filter(~_faulty(self._plan, records))
        if documents["document"].null_count():
            documents = documents.filter(pl.col("document").is_not_null())
        used = records[ROW].n_unique() if self.mapping.unpivot else records.height
        return _Part(
            documents=documents.sort("row", maintain_order=True) if self.mapping.unpivot else documents,
            rejects=_rejects(self.mapping, records, refused, broken, faults),
            filtered=filtered,
            empty=rows.height - filtered - refused.height - used,
            candidates=refused.height + records.height,
        )


def _known(twice: pl.Series | None, part: pl.DataFrame) -> pl.Series | None:
    """A stream of one row has no key twice."""
    return pl.Series([], dtype=pl.String) if twice is None and part.height == 1 else twice


def _rejects(
    mapping: Mapping, records: pl.DataFrame, refused: pl.DataFrame, broken: pl.DataFrame, faults: list[Fault]
) -> pl.DataFrame:
    """All that was refused in a part, in the order of its rows."""
    if not (refused.height or broken.height or faults):
        return broken
    found = [_row_rejects(refused), broken, _model_rejects(mapping, records, broken, faults)]
    return pl.concat(found).sort("row", "slot", "path", maintain_order=True)


def _lightened(
    compiled: Plan, judge: Judge, sides: dict[str, tuple[pl.DataFrame, Coded]]
) -> tuple[Plan, dict[str, pl.DataFrame]]:
    """The joined streams with whole objects in the place of their leaves, and without empty fault columns."""
    gone: set[str] = set()
    light = {}
    for name, (frame, _) in sides.items():
        empty = [c for c in frame.columns if c in compiled.faults and frame[c].null_count() == frame.height]
        held = frame.drop(empty)
        for item in judge.folded:
            if {*item.leaves} <= {*frame.columns}:
                held = item.write(held)
                gone |= {*item.leaves}
        gone |= {*empty}
        light[name] = held
    return compiled.lightened(frozenset(gone), tuple(item.column for item in judge.folded)), light


@dataclass(frozen=True, slots=True)
class _Part:
    """What one slice gave, counted from the plan and not from the results."""

    documents: pl.DataFrame
    rejects: pl.DataFrame
    filtered: int
    empty: int
    candidates: int


def _together(mapping: Mapping, parts: list[_Part], rows: int, evolved: dict[str, tuple[str, ...]]) -> Mapped:
    rejects = _concat(REJECTS, [part.rejects for part in parts])
    return Mapped(
        mapping=mapping.id,
        documents=_concat(DOCUMENTS, [part.documents for part in parts]),
        rejects=rejects,
        rows=rows,
        filtered=sum(part.filtered for part in parts),
        empty=sum(part.empty for part in parts),
        candidates=sum(part.candidates for part in parts),
        rejected=rejects.select("row", "slot").n_unique() if rejects.height else 0,
        undeclared=tuple(f"{stream}.{column}" for stream, columns in evolved.items() for column in columns),
    )


def _concat(schema: pl.Schema, frames: list[pl.DataFrame]) -> pl.DataFrame:
    return frames[0] if len(frames) == 1 else pl.concat([pl.DataFrame(schema=schema), *frames])


def _faulty(compiled: Plan, records: pl.DataFrame) -> pl.Series:
    """Whether the plan found a fault, for each record."""
    marks = [pl.col(column).is_not_null() for column in compiled.faults]
    return records.select(pl.any_horizontal([pl.lit(value=False), *marks]).alias("faulty"))["faulty"]


def _row_rejects(refused: pl.DataFrame) -> pl.DataFrame:
    return refused.select(
        pl.col(ROW).alias("row"),
        pl.col(KEY).alias("row_key"),
        pl.lit(None, dtype=pl.String).alias("slot"),
        pl.col(COLUMN).alias("column"),
        pl.lit(RECORD).alias("path"),
        pl.col(RULE).alias("rule"),
    )


def _field_rejects(compiled: Plan, records: pl.DataFrame) -> pl.DataFrame:
    """The faults that the plan found, each placed to the column it read."""
    found = [pl.DataFrame(schema=REJECTS)]
    for column, value in compiled.faults.items():
        if records[column].null_count() == records.height:
            continue
        held = records.filter(pl.col(column).is_not_null())
        for (slot,), part in held.group_by(SLOT, maintain_order=True) if held.height else ():
            place = lineage.place(compiled.mapping, value.field.path, slot)
            found.append(
                part.select(
                    pl.col(ROW).alias("row"),
                    pl.col(KEY).alias("row_key"),
                    pl.col(SLOT).alias("slot"),
                    pl.lit(place).alias("column"),
                    pl.lit(value.field.path).alias("path"),
                    pl.col(column).alias("rule"),
                )
            )
    return pl.concat(found)


def _model_rejects(
    mapping: Mapping, records: pl.DataFrame, broken: pl.DataFrame, faults: list[Fault]
) -> pl.DataFrame:
    """The faults that the model found, but for those that follow from a fault of the plan: a date that
    could not be read is not missing as well.
    """
    told: dict[tuple[int, str | None], list[str]] = {}
    for row, slot, path in broken.select("row", "slot", "path").iter_rows():
        told.setdefault((row, slot), []).append(path)
    places = records.select(ROW, KEY, SLOT)
    found = []
    for fault in faults:
        row, key, slot = places.row(fault.index)
        if not any(_related(path, fault.path) for path in told.get((row, slot), ())):
            column = lineage.place(mapping, fault.path, slot)
            found.append((row, key, slot, column, fault.path, fault.rule))
    return pl.DataFrame(found, schema=REJECTS, orient="row")


def _related(one: str, other: str) -> bool:
    """Whether one path lies in the other."""
    return f"{one}.".startswith(f"{other}.") or f"{other}.".startswith(f"{one}.")
