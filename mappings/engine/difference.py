"""The blast radius of a change: two versions of a mapping over the same input, record by record. Stores nothing.

A record is known by its key and slot. The paths that changed are counted; values are given only as samples.
"""

import json
from collections import Counter
from collections.abc import Iterator
from collections.abc import Mapping as Frames
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

import polars as pl

from mappings.engine import compiler
from mappings.engine.language import Mapping
from mappings.engine.result import Mapped

Kind = Literal["changed", "only-before", "only-after", "newly-rejected", "newly-accepted"]

_RECORD = ("key", "slot")


@dataclass(frozen=True, slots=True)
class Sample:
    """One record that differs, with its whole documents: for a file on the site's own disk, nowhere else."""

    kind: Kind
    key: str
    slot: str | None
    row: int
    paths: tuple[str, ...]
    rules: tuple[str, ...]
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What would change. Numbers are records.

    `before` and `after` were made; of these, `same` and `changed` are in both. `newly_rejected`: made
    before, refused after; `only_before`: made before, and after neither made nor refused (filtered, or
    another key or slot); the other way round for `newly_accepted` and `only_after`. `paths`: canonical
    paths that changed, most records first. `rejects`: (rule, rejected before, rejected after).
    """

    before: int
    after: int
    same: int
    changed: int
    only_before: int
    only_after: int
    newly_rejected: int
    newly_accepted: int
    paths: tuple[tuple[str, int], ...]
    rejects: tuple[tuple[str, int, int], ...]
    rejected_by: tuple[tuple[str, str, int], ...]
    samples: tuple[Sample, ...]

    @property
    def none(self) -> bool:
        """Whether nothing would change, rejects included."""
        return self.same == self.before == self.after and all(
            before == after for _, before, after in self.rejects
        )


def compare(
    before: Mapping,
    after: Mapping,
    streams: Frames[str, pl.DataFrame],
    *,
    organization: str,
    day: date,
    samples: int = 0,
) -> Difference:
    """Run both over `streams`, which hold what either reads. `samples`: how many of each kind to keep.

    Raises ConfigurationError as `compiler.run` does, for either.
    """
    old, new = (
        compiler.run(
            item,
            {name: streams[name] for name in streams if name in {stream.name for stream in item.streams}},
            system=f"{item.system}@{organization}",
            organization=organization,
            day=day,
        )
        for item in (before, after)
    )
    both = old.documents.join(new.documents, on=_RECORD, how="full", nulls_equal=True, coalesce=True)
    is_same = (pl.col("document") == pl.col("document_right")).fill_null(value=False)
    changed = both.filter(
        pl.col("document").is_not_null() & pl.col("document_right").is_not_null() & ~is_same
    )
    gone = _with_rejects(both.filter(pl.col("document_right").is_null()), new)
    come = _with_rejects(both.filter(pl.col("document").is_null()), old)
    ways = [_paths(*pair) for pair in changed.select("document", "document_right").iter_rows()]
    refused = gone.filter(pl.col("rules").is_not_null())
    kinds: dict[Kind, pl.DataFrame] = {
        "changed": changed.with_columns(pl.lit(None, dtype=pl.List(pl.String)).alias("rules")),
        "newly-rejected": refused,
        "newly-accepted": come.filter(pl.col("rules").is_not_null()),
        "only-before": gone.filter(pl.col("rules").is_null()),
        "only-after": come.filter(pl.col("rules").is_null()),
    }
    return Difference(
        before=old.documents.height,
        after=new.documents.height,
        same=both.select(is_same.sum()).item(),
        changed=changed.height,
        only_before=kinds["only-before"].height,
        only_after=kinds["only-after"].height,
        newly_rejected=refused.height,
        newly_accepted=kinds["newly-accepted"].height,
        paths=_most(Counter(path for way in ways for path in way)),
        rejects=_rules(old, new),
        rejected_by=_causes(refused),
        samples=tuple(_samples(kinds, samples)),
    )


def _with_rejects(records: pl.DataFrame, other: Mapped) -> pl.DataFrame:
    """The records with `rules`: what the other version refuses them for, its row as a whole included."""
    told = other.rejects.select(
        pl.col("row_key").alias("key"), "slot", pl.format("{} {}", "path", "rule").alias("rule")
    )
    of_record = told.group_by(_RECORD).agg(pl.col("rule").unique().sort().alias("rules"))
    of_row = (
        told.filter(pl.col("slot").is_null())
        .group_by("key")
        .agg(pl.col("rule").unique().sort().alias("whole"))
    )
    return (
        records.join(of_record, on=_RECORD, how="left", nulls_equal=True)
        .join(of_row, on="key", how="left")
        .with_columns(pl.coalesce("rules", "whole").alias("rules"))
        .drop("whole")
    )


def _paths(before: str, after: str) -> tuple[str, ...]:
    """The canonical paths at which two documents differ, a path of one only included."""
    old, new = dict(leaves(json.loads(before))), dict(leaves(json.loads(after)))
    return tuple(path for path in sorted(old.keys() | new.keys()) if old.get(path) != new.get(path))


def leaves(value: Any, way: str = "") -> Iterator[tuple[str, Any]]:
    """(path, value) of everything that a document holds; positions of a list are numbers, as in a mapping."""
    if isinstance(value, dict | list) and value:
        for name, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from leaves(inner, f"{way}.{name}".lstrip("."))
    else:
        yield way, value


def _most(counts: Counter[str]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def _rules(old: Mapped, new: Mapped) -> tuple[tuple[str, int, int], ...]:
    """(rule, records rejected by it before, and after), most after first."""
    counts = [
        dict(item.rejects.select("row", "slot", "rule").unique().group_by("rule").len().iter_rows())
        for item in (old, new)
    ]
    found = [
        (rule, counts[0].get(rule, 0), counts[1].get(rule, 0)) for rule in counts[0].keys() | counts[1].keys()
    ]
    return tuple(sorted(found, key=lambda item: (-item[2], -item[1], item[0])))


def _causes(refused: pl.DataFrame) -> tuple[tuple[str, str, int], ...]:
    """(path, rule, records) of what is newly rejected, most records first."""
    causes = Counter(cause for held in refused["rules"].to_list() for cause in held)
    split = ((cause.rsplit(" ", 1), count) for cause, count in _most(causes))
    return tuple((path, rule, count) for (path, rule), count in split)


def _samples(kinds: dict[Kind, pl.DataFrame], most: int) -> Iterator[Sample]:
    for kind, records in kinds.items():
        for held in records.sort("row", "row_right", "slot").head(most).iter_rows(named=True):
            before, after = held["document"], held["document_right"]
            yield Sample(
                kind=kind,
                key=held["key"],
                slot=held["slot"],
                row=held["row"] if held["row"] is not None else held["row_right"],
                paths=_paths(before, after) if kind == "changed" else (),
                rules=tuple(held["rules"] or ()),
                before=before,
                after=after,
            )


def as_document(found: Difference) -> dict[str, Any]:
    """The figures as one JSON document; no sample, for these hold people's values."""
    return {
        "before": found.before, "after": found.after, "same": found.same, "changed": found.changed,
        "only_before": found.only_before, "only_after": found.only_after,
        "newly_rejected": found.newly_rejected, "newly_accepted": found.newly_accepted,
        "paths": [{"path": path, "records": count} for path, count in found.paths],
        "rejects": [{"rule": r, "before": before, "after": after} for r, before, after in found.rejects],
        "newly_rejected_by": [{"path": p, "rule": r, "records": count} for p, r, count in found.rejected_by],
    }  # fmt: skip


def sample_document(item: Sample) -> dict[str, Any]:
    """One sample as a line of the site's own file."""
    return {
        "kind": item.kind, "key": item.key, "slot": item.slot, "row": item.row, "paths": item.paths,
        "rules": item.rules, "before": item.before and json.loads(item.before),
        "after": item.after and json.loads(item.after),
    }  # fmt: skip
