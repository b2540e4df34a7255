"""Code work: the codes that a code map lacks, what is near them, what adding one changes, and where a map drifted.

Everything is tried in memory: nothing here changes a map, and a proposal is never applied by itself.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from collections.abc import Mapping as Frames
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Literal

import polars as pl

from canonical_model import codings
from canonical_model.codings import CodeList
from mappings.engine import checker, compiler, lineage
from mappings.engine.code_maps import TEXT, CodeMap, Entry
from mappings.engine.code_proposals import Proposal, nearest
from mappings.engine.code_texts import coded, numbered, occurrences
from mappings.engine.language import Mapping
from mappings.engine.streams import ROW

LONGEST_SHOWN = 12  # characters; what is longer is not a code but somebody's sentence
MOST_DIGITS = 5  # a code permanent, a fiche and a SIN have more
MOST_PROPOSED = 200  # codes for which a near one is looked for, the most frequent first

_LIKE_A_CODE = re.compile(r"[A-Z0-9_-]+")
_MAP = "code_map"

_Key = tuple[str, str]  # code map, code
State = Literal["in-force", "ended", "not-yet", "unknown"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unmapped:
    """A code that reached a code map and is not in it on its day.

    `cells`: (stream, column, how often). `entry`: the entry of that code which does not hold on that day.
    `gain`: how many more records would pass, were this code alone added (`tried`: what it was added as;
    None when the map leads to nothing).
    """

    code_map: str
    file: str
    path: str
    code: str
    count: int
    cells: tuple[tuple[str, str, int], ...]
    policy: str
    entry: Entry | None
    proposal: Proposal | None
    tried: str | None
    gain: int


@dataclass(frozen=True, slots=True)
class EntryState:
    """One entry of a code map: how often its code was seen, and whether it and its canonical code are in force."""

    entry: Entry
    seen: int
    state: State
    canonical: State


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """A code map beside the input and beside the canonical list in force that day.

    `new`: codes that the list in force has and the one before it had not; `unreached`: codes of the list
    to which no entry leads.
    """

    code_map: str
    file: str
    code_list: str | None
    version: str | None
    entries: tuple[EntryState, ...]
    new: tuple[str, ...]
    unreached: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What an analyst has to look at. `hidden`: (code map, path, different values, how often) of what does
    not look like a code and is therefore not repeated. `together`: records that would pass with every proposal.
    """

    unmapped: tuple[Unmapped, ...]
    hidden: tuple[tuple[str, str, int, int], ...]
    together: int
    drift: tuple[Drift, ...]

    @property
    def complete(self) -> bool:
        """Whether every code was in its map."""
        return not self.unmapped and not self.hidden


def work(
    mapping: Mapping, streams: Frames[str, pl.DataFrame], *, system: str, organization: str, day: date
) -> Work:
    """Look at every code of the input. Arguments and errors are those of `compiler.run`."""
    checker.require(mapping)
    if not mapping.code_maps:
        return Work(unmapped=(), hidden=(), together=0, drift=())
    run = _Run(mapping, numbered(mapping, streams), system, organization, day)
    found = occurrences(mapping, run.streams, system=system, organization=organization, day=day).with_columns(
        pl.col("path")
        .replace_strict(
            {path: field.code_map for path, field in coded(mapping).items()}, return_dtype=pl.String
        )
        .alias(_MAP)
    )
    counts = found.group_by(_MAP, "path", "code", "day").agg(pl.len().alias("count"))
    lacking = _lacking(mapping, counts)
    totals = (
        counts.join(lacking, on=[_MAP, "code", "day"], how="semi")
        .group_by(_MAP, "path", "code")
        .agg(pl.col("count").sum(), pl.col("day").min())
        .sort(pl.col("count"), "path", "code", descending=[True, False, False])
    )
    # the names of slots are words of the mapping, not of anybody
    slots = {slot.name for slot in mapping.unpivot.slots} if mapping.unpivot else set()
    wanted = [code in slots or showable(code, n) for code, n in totals.select("code", "count").iter_rows()]
    shown = pl.Series(wanted, dtype=pl.Boolean)
    kept, other = totals.filter(shown), totals.filter(~shown)
    where = found.join(lacking, on=[_MAP, "code", "day"], how="semi").join(
        kept, on=[_MAP, "path", "code"], how="semi"
    )
    tries = {
        (name, code): _try(mapping, name, code, date.fromisoformat(day), near=number < MOST_PROPOSED)
        for number, (name, code, day) in enumerate(kept.select(_MAP, "code", "day").iter_rows())
    }
    gained = run.gained(where, tries)
    proposed = [key for key, (_, proposal) in tries.items() if proposal]
    hidden = other.group_by(_MAP, "path").agg(pl.len().alias("values"), pl.col("count").sum())
    return Work(
        unmapped=tuple(_unmapped(mapping, where, kept, tries, gained)),
        hidden=tuple(
            (f"{mapping.system}/{name}", *rest) for name, *rest in hidden.sort(_MAP, "path").iter_rows()
        ),
        together=sum(count for codes, count in gained.items() if codes <= set(proposed)),
        drift=tuple(_drift(mapping, name, held, counts, day) for name, held in mapping.code_maps),
    )


def showable(code: str, count: int) -> bool:
    """Whether a value may be repeated: short, seen twice or written as codes are, and no person's number."""
    short = len(code) <= LONGEST_SHOWN and sum(map(str.isdigit, code)) <= MOST_DIGITS
    return short and (count >= 2 or _LIKE_A_CODE.fullmatch(code) is not None)


_Tries = dict[_Key, tuple[str | None, Proposal | None]]  # what each code is added as, and its proposal


@dataclass(frozen=True, slots=True)
class _Run:
    """A mapping, its input, and how it is run."""

    mapping: Mapping
    streams: dict[str, pl.DataFrame]
    system: str
    organization: str
    day: date

    def gained(self, where: pl.DataFrame, tries: _Tries) -> Counter[frozenset[_Key]]:
        """How many records pass, with every code added in memory, that did not: by the codes that they hold.

        A record that holds one of the codes alone passes because of that one: two runs answer for all of them.
        """
        rows = where["row"].unique().to_list()
        added = [(*key, target) for key, (target, _) in tries.items() if target is not None]
        more = self._records(rows, extended(self.mapping, added)).join(
            self._records(rows, self.mapping), on=("row", "slot"), how="anti", nulls_equal=True
        )
        held = where.join(more, on=("row", "slot"), how="semi", nulls_equal=True)
        grouped = held.group_by("row", "slot").agg(pl.struct(_MAP, "code").unique().alias("codes"))
        return Counter(
            frozenset((item[_MAP], item["code"]) for item in codes) for codes in grouped["codes"].to_list()
        )

    def _records(self, rows: list[int], mapping: Mapping) -> pl.DataFrame:
        """The records (row, slot) of these rows that pass."""
        main = self.streams[self.mapping.stream]
        return compiler.run(
            mapping,
            {**self.streams, self.mapping.stream: main.filter(pl.col(ROW).is_in(rows))},
            system=self.system,
            organization=self.organization,
            day=self.day,
        ).documents.select("row", "slot")


def extended(mapping: Mapping, added: Iterable[tuple[str, str, str]]) -> Mapping:
    """The mapping with entries (code map, code, canonical code) that hold on every day. No file changes."""
    more: dict[str, list[Entry]] = {}
    for name, code, target in added:
        more.setdefault(name, []).append(Entry(code, target, None, None, 0))
    maps = (
        (name, replace(held, entries=(*held.entries, *more.get(name, ()))))
        for name, held in mapping.code_maps
    )
    return replace(mapping, code_maps=tuple(maps)) if more else mapping


def _lacking(mapping: Mapping, counts: pl.DataFrame) -> pl.DataFrame:
    """(code map, code, day) of what its map does not hold that day."""
    held = dict(mapping.code_maps)
    asked = counts.select(_MAP, "code", "day").unique()
    known = {
        (name, day): held[name].on(date.fromisoformat(day)).keys()
        for name, day in asked.select(_MAP, "day").unique().iter_rows()
    }
    lacks = [code not in known[name, day] for name, code, day in asked.iter_rows()]
    return asked.filter(pl.Series(lacks, dtype=pl.Boolean))


def _try(
    mapping: Mapping, name: str, code: str, day: date, *, near: bool
) -> tuple[str | None, Proposal | None]:
    """(what the code is added as, the proposal); any target of the map stands in where nothing is near."""
    held = dict(mapping.code_maps)[name]
    proposal = nearest(held, code, day) if near else None
    return proposal.code if proposal else next(iter(held.on(day).values()), None), proposal


def _unmapped(
    mapping: Mapping,
    where: pl.DataFrame,
    kept: pl.DataFrame,
    tries: _Tries,
    gained: Counter[frozenset[_Key]],
) -> Iterator[Unmapped]:
    """Each code that may be shown, the most frequent first, with its cells, its proposal and its effect."""
    places = (
        where.group_by("path", "code", "slot").len().sort("slot").partition_by("path", "code", as_dict=True)
    )
    for name, path, code, count in kept.select(_MAP, "path", "code", "count").iter_rows():
        held = dict(mapping.code_maps)[name]
        target, proposal = tries[name, code]
        yield Unmapped(
            code_map=f"{mapping.system}/{name}",
            file=held.file,
            path=path,
            code=code,
            count=count,
            cells=_cells(mapping, path, places[path, code]),
            policy=held.unmapped,
            entry=next((entry for entry in held.entries if entry.source == code), None),
            proposal=proposal,
            tried=target,
            gain=gained[frozenset([(name, code)])],
        )


def _cells(mapping: Mapping, path: str, here: pl.DataFrame) -> tuple[tuple[str, str, int], ...]:
    """The columns that the code stood in, and how often; a value of several columns counts in each."""
    found: dict[tuple[str, str], int] = {}
    field = coded(mapping)[path]
    for slot, count in here.select("slot", "len").iter_rows():
        for cell in lineage.cells_of(mapping, (field,), slot):
            found[cell] = found.get(cell, 0) + count
    return tuple((stream, column, count) for (stream, column), count in found.items())


def _drift(mapping: Mapping, name: str, held: CodeMap, counts: pl.DataFrame, day: date) -> Drift:
    seen: dict[str, int] = dict(
        counts.filter(pl.col(_MAP) == name).group_by("code").agg(pl.col("count").sum()).iter_rows()
    )
    constants = {field.constant for field in coded(mapping).values() if field.code_map == name}
    lists = codings.versions(held.to) if held.to != TEXT else ()
    now = codings.in_force(held.to, day) if lists else None
    entries = tuple(
        EntryState(
            entry,
            max(seen.get(entry.source, 0), int(entry.source in constants)),
            _standing(entry, day),
            _canonical(lists, now, entry.target),
        )
        for entry in held.entries
    )
    before = [item for item in lists if now is not None and item.version < now.version]
    given = {entry.target for entry in held.entries}
    codes: tuple[str, ...] = tuple(now.codes) if now else ()
    return Drift(
        code_map=f"{mapping.system}/{name}",
        file=held.file,
        code_list=None if held.to == TEXT else held.to,
        version=now.version if now else None,
        entries=entries,
        new=tuple(code for code in codes if before and code not in before[-1].codes),
        unreached=tuple(code for code in codes if code not in given),
    )


def _standing(entry: Entry, day: date) -> State:
    if entry.holds(day):
        return "in-force"
    return "ended" if entry.end is not None and entry.end <= day else "not-yet"


def _canonical(lists: tuple[CodeList, ...], now: CodeList | None, code: str) -> State:
    """Whether the canonical code is in the list in force, was in one before it, or will be."""
    if now is None or code in now.codes:
        return "in-force"
    holding = [item.version for item in lists if code in item.codes]
    if not holding:
        return "unknown"
    return "ended" if min(holding) < now.version else "not-yet"


def as_document(found: Work) -> dict[str, Any]:
    """The whole as one JSON document, the same names as here."""
    return {
        "complete": found.complete,
        "unmapped": [_unmapped_document(item) for item in found.unmapped],
        "hidden": [
            {"code_map": name, "path": path, "values": values, "count": count}
            for name, path, values, count in found.hidden
        ],
        "records_passing_with_all_proposals": found.together,
        "drift": [_drift_document(item) for item in found.drift],
    }


def _unmapped_document(item: Unmapped) -> dict[str, Any]:
    proposal = item.proposal
    return {
        "code_map": item.code_map, "file": item.file, "path": item.path, "code": item.code, "count": item.count,
        "cells": [{"stream": s, "column": c, "count": n} for s, c, n in item.cells],
        "unmapped": item.policy,
        "entry": entry_document(item.entry) if item.entry else None,
        "proposal": proposal and {
            "code": proposal.code, "by": proposal.by, "label": proposal.label, "likeness": proposal.likeness,
        },
        "effect": {"added_as": item.tried, "records_passing": item.gain},
    }  # fmt: skip


def _drift_document(item: Drift) -> dict[str, Any]:
    return {
        "code_map": item.code_map, "file": item.file, "code_list": item.code_list, "version": item.version,
        "never_seen": [entry_document(held.entry) for held in item.entries if not held.seen],
        "not_in_force": [
            {**entry_document(held.entry), "entry": held.state, "canonical": held.canonical}
            for held in item.entries
            if (held.state, held.canonical) != ("in-force", "in-force")
        ],
        "new": item.new,
        "unreached": item.unreached,
    }  # fmt: skip


def entry_document(entry: Entry) -> dict[str, Any]:
    """One entry of a code map, with its line."""
    return {
        "source": entry.source, "code": entry.target, "line": entry.line,
        "from": entry.start and entry.start.isoformat(), "until": entry.end and entry.end.isoformat(),
    }  # fmt: skip
