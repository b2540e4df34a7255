"""Runs a mapping over a batch: checks, compiles, maps, validates, accounts. Refuses a mapping with findings.

The plan is one and the same for every slice of the main stream; slices keep the memory of a run flat.
"""

from collections.abc import Mapping as Frames
from dataclasses import dataclass
from datetime import date

import polars as pl

from canonical_model.base import Record
from canonical_model.resources import resource
from mappings.engine import checker, lineage, plan
from mappings.engine.expressions import SLOT
from mappings.engine.language import Mapping
from mappings.engine.plan import COLUMN, DOCUMENT, KEY, OUT, RULE, Plan
from mappings.engine.result import DOCUMENTS, RECORD, REJECTS, Mapped
from mappings.engine.streams import ROW, admitted
from mappings.engine.validation import Fault, validated

SLICE = 20_000  # rows of the main stream: a wide row of GPI gives up to thirty records


def run(
    mapping: Mapping, streams: Frames[str, pl.DataFrame], *, system: str, organization: str, day: date
) -> Mapped:
    """Map one batch. `streams`: every declared stream, all columns text or null, `_row` and `_fault` if any.

    `system` is the installation (``gpi@762000``), for messages; `organization` its six digits; `day` the
    business day, by which code maps and code lists are dated. Raises ConfigurationError for a mapping with
    findings and for frames that break the contract; a bad record is a reject, never an exception.
    """
    checker.require(mapping)
    frames = admitted(mapping, streams, system=system)
    main = plan.with_keys(mapping, frames[mapping.stream])
    sides = {join.stream: plan.side(join, frames[join.stream]) for join in mapping.joins}
    compiled = plan.compiled(mapping, organization=organization, day=day)
    model = resource(mapping.resource)
    parts = [
        _part(compiled, model, main[start : start + SLICE], sides) for start in range(0, main.height, SLICE)
    ]
    documents = pl.concat([pl.DataFrame(schema=DOCUMENTS), *(part.documents for part in parts)])
    rejects = pl.concat([pl.DataFrame(schema=REJECTS), *(part.rejects for part in parts)])
    return Mapped(
        mapping=mapping.id,
        documents=documents,
        rejects=rejects,
        rows=main.height,
        filtered=sum(part.filtered for part in parts),
        empty=sum(part.empty for part in parts),
        candidates=sum(part.candidates for part in parts),
        rejected=rejects.select("row", "slot").n_unique() if rejects.height else 0,
    )


@dataclass(frozen=True, slots=True)
class _Part:
    """What one slice gave, counted from the plan and not from the results."""

    documents: pl.DataFrame
    rejects: pl.DataFrame
    filtered: int
    empty: int
    candidates: int


def _part(compiled: Plan, model: type[Record], main: pl.DataFrame, sides: dict[str, pl.DataFrame]) -> _Part:
    rows = compiled.rows(main, sides)
    state, records = pl.collect_all([rows.select(ROW, KEY, RULE, COLUMN, OUT), compiled.records(rows)])
    refused = state.filter(~pl.col(OUT) & pl.col(RULE).is_not_null())
    filtered = int(state[OUT].sum())
    written, faults = validated(model, records[DOCUMENT])
    broken = _field_rejects(compiled, records)
    rejects = pl.concat([_row_rejects(refused), broken, _model_rejects(compiled, records, broken, faults)])
    documents = (
        records.select(KEY, ROW, SLOT)
        .with_columns(pl.Series("document", written, dtype=pl.String))
        .filter(pl.col("document").is_not_null() & ~_faulty(compiled, records))
    )
    return _Part(
        documents=documents.rename({KEY: "key", ROW: "row", SLOT: "slot"}).sort("row", maintain_order=True),
        rejects=rejects.sort("row", "slot", "path", maintain_order=True),
        filtered=filtered,
        empty=main.height - filtered - refused.height - records[ROW].n_unique(),
        candidates=refused.height + records.height,
    )


def _faulty(compiled: Plan, records: pl.DataFrame) -> pl.Series:
    """Whether the plan found a fault, for each record."""
    marks = [pl.col(column).is_not_null() for column in compiled.faults()]
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
    for column, value in compiled.faults().items():
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
    compiled: Plan, records: pl.DataFrame, broken: pl.DataFrame, faults: list[Fault]
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
            column = lineage.place(compiled.mapping, fault.path, slot)
            found.append((row, key, slot, column, fault.path, fault.rule))
    return pl.DataFrame(found, schema=REJECTS, orient="row")


def _related(one: str, other: str) -> bool:
    """Whether one path lies in the other."""
    return f"{one}.".startswith(f"{other}.") or f"{other}.".startswith(f"{one}.")
