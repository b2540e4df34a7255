"""Lineage of one row: every canonical value with its cells, steps, code-map entry and versions. Stores nothing.

The row is run again, and so explains itself as it would be mapped today by these very files: their
digest is given, to be compared with that of the exchange that wrote the value.
"""

import json
from collections.abc import Iterator
from collections.abc import Mapping as Frames
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Literal

import polars as pl

from canonical_model import codings
from canonical_model.errors import ConfigurationError
from mappings.engine import checker, code_texts, code_work, compiler, lineage
from mappings.engine.code_maps import TEXT, Entry
from mappings.engine.difference import leaves
from mappings.engine.language import ChildList, Condition, Field, Join, Mapping
from mappings.engine.result import RECORD, Mapped
from mappings.engine.streams import ROW

State = Literal["document", "rejected", "filtered", "empty"]


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell: stream, column, row number there (None when no row of that stream matched) and its text."""

    stream: str
    column: str
    row: int | None
    text: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeRead:
    """How a code map read a code on `day`: the file and line of the entry; no entry when it has none that holds."""

    code_map: str
    file: str
    entry: Entry | None
    day: date
    code_list: str | None
    list_version: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Traced:
    """One canonical path: `line` of the mapping file that fills it (None: the model's default), and its value."""

    path: str
    line: int | None
    cells: tuple[Cell, ...]
    steps: tuple[str, ...]
    codes: tuple[CodeRead, ...]
    rules: tuple[str, ...]
    value: Any


@dataclass(frozen=True, slots=True)
class Record:
    """One of the records that the row gives. `rules`: what the record as a whole is refused for."""

    slot: str | None
    state: State
    rules: tuple[str, ...]
    values: tuple[Traced, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """A row and its records; none when the row was filtered (`where`: the lines of the conditions) or empty."""

    mapping: Mapping
    row: int
    state: State
    where: tuple[int, ...]
    records: tuple[Record, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Which part of the answer is wanted: a row, and of it one path, one slot; the words of the steps."""

    row: int
    path: str | None = None
    slot: str | None = None
    language: lineage.Language = "fr"


def trace(
    mapping: Mapping,
    streams: Frames[str, pl.DataFrame],
    asked: Asked,
    *,
    system: str,
    organization: str,
    day: date,
) -> Trace:
    """The lineage of one row of the main stream, by its row number.

    Rows of the same key are run with it, so that a duplicate is told. Raises ConfigurationError for a row
    that the stream has not, for a slot that the row does not fill, and as `compiler.run`.
    """
    checker.require(mapping)
    held = code_texts.numbered(mapping, streams)
    frames = code_texts.contracted(mapping, held, system=system)
    rows = frames[mapping.stream]
    main = held[mapping.stream]
    alone = main.filter(pl.col(ROW) == asked.row)
    if not alone.height:
        raise ConfigurationError(
            f"--row {asked.row}: {mapping.stream} has {main.height} rows and none of that number. Correct it.",
            f"--row {asked.row} : {mapping.stream} a {main.height} lignes, aucune de ce numéro. Corrigez-le.",
        )
    run = _Run(mapping, held, system, organization, day)
    mapped = run.of(main.filter(pl.col(ROW).is_in(_same_key(mapping, rows, asked.row))))
    documents = mapped.documents.filter(pl.col("row") == asked.row)
    rejects = mapped.rejects.filter(pl.col("row") == asked.row)
    slots = list(dict.fromkeys([*documents["slot"], *rejects["slot"]]))
    if asked.slot is not None and slots and slots != [None]:
        if asked.slot not in slots:
            raise ConfigurationError(
                f"--slot {asked.slot}: this row fills {', '.join(filter(None, slots))}. Choose one.",
                f"--slot {asked.slot} : cette ligne remplit {', '.join(filter(None, slots))}. Choisissez.",
            )
        slots = [asked.slot]
    if not slots:
        where = run.left_out_by(alone)
        return Trace(
            mapping=mapping, row=asked.row, state="filtered" if where else "empty", where=where, records=()
        )
    codes = code_texts.occurrences(
        mapping, {**held, mapping.stream: alone}, system=system, organization=organization, day=day
    )
    found = _Found(frames, rows.filter(pl.col(ROW) == asked.row), documents, rejects, codes)
    made = tuple(_record(run, asked, slot, found) for slot in sorted(slots, key=str))
    states = {item.state for item in made}
    return Trace(
        mapping=mapping,
        row=asked.row,
        state="document" if "document" in states else "rejected",
        where=(),
        records=made,
    )


@dataclass(frozen=True, slots=True)
class _Run:
    """A mapping, its input, and how it is run."""

    mapping: Mapping
    streams: dict[str, pl.DataFrame]
    system: str
    organization: str
    day: date

    def of(self, rows: pl.DataFrame, mapping: Mapping | None = None) -> Mapped:
        """The result of these rows of the main stream."""
        return compiler.run(
            mapping or self.mapping,
            {**self.streams, self.mapping.stream: rows},
            system=self.system,
            organization=self.organization,
            day=self.day,
        )

    def left_out_by(self, alone: pl.DataFrame) -> tuple[int, ...]:
        """The lines of the conditions that the row does not meet."""
        return tuple(
            condition.line
            for condition in self.mapping.where
            if self.of(alone, _only(self.mapping, condition)).filtered
        )


def _same_key(mapping: Mapping, rows: pl.DataFrame, number: int) -> list[int]:
    """The numbers of the rows that have the key of that one, itself among them."""
    if mapping.numbered:
        return [number]
    key = [pl.col(column).str.strip_chars() for column in mapping.key]
    alone = rows.filter(pl.col(ROW) == number).select(key)
    return rows.select(ROW, *key).join(alone, on=mapping.key, how="semi", nulls_equal=True)[ROW].to_list()


def _only(mapping: Mapping, condition: Condition) -> Mapping:
    """The mapping with one condition; columns that only the others read are named as not read."""
    alone = replace(mapping, where=(condition,))
    still = {(stream, column) for stream, column, _ in alone.columns_read()}
    others = [read for item in mapping.where for read, _ in item.alternatives]
    unread = dict.fromkeys(read for read in others if (read.stream, read.name) not in still)
    return replace(alone, never_read=(*mapping.never_read, *unread))


@dataclass(frozen=True, slots=True)
class _Found:
    """The streams, the row, and what it gave: documents, rejects, and the texts that reached a code map."""

    frames: dict[str, pl.DataFrame]
    row: pl.DataFrame
    documents: pl.DataFrame
    rejects: pl.DataFrame
    codes: pl.DataFrame

    def cells(self, mapping: Mapping, path: str, places: tuple[tuple[str, str], ...]) -> Iterator[Cell]:
        """The cells (stream, column) of the row, or of the row that it joins; of a list, those of the item
        that the path names, or of all its items.
        """
        for stream, column in places:
            rows = self.row if stream == mapping.stream else self._joined(mapping, stream, path)
            for number, text in rows.select(ROW, column).iter_rows():
                yield Cell(stream, column, number, text)
            if not rows.height:
                yield Cell(stream, column, None, None)

    def items(self, child: ChildList) -> pl.DataFrame:
        """The rows that fill a list, in its order."""
        order = child.order or (ROW,)
        return self._matching(child).sort(order, nulls_last=True, maintain_order=True)

    def _joined(self, mapping: Mapping, stream: str, path: str) -> pl.DataFrame:
        child = next((item for item in mapping.lists if item.stream == stream), None)
        if child is None:
            return self._matching(next(item for item in mapping.joins if item.stream == stream))
        first, *_ = path.removeprefix(f"{child.path}.").split(".")
        return self.items(child)[int(first) :][:1] if first.isdecimal() else self.items(child)

    def _matching(self, join: Join | ChildList) -> pl.DataFrame:
        found = self.frames[join.stream]
        for mine, other in join.on:
            wanted = (self.row[mine][0] or "").strip()
            found = found.filter(pl.col(other).str.strip_chars() == wanted)
        return found


def _record(run: _Run, asked: Asked, slot: str | None, found: _Found) -> Record:
    of_slot = pl.col("slot").eq_missing(pl.lit(slot, dtype=pl.String))
    text = found.documents.filter(of_slot)["document"]
    codes = found.codes.filter(of_slot)
    faults = list(found.rejects.filter(of_slot).select("path", "rule").iter_rows())
    whole = tuple(rule for path, rule in faults if path == RECORD)
    if run.mapping.unpivot is not None and slot is None:  # the row itself was refused: it has no slots
        return Record(None, "rejected", whole, ())
    document = dict(leaves(json.loads(text[0]))) if text.len() else {}
    values = []
    filled = _filled(run.mapping, found)
    for path, below in _paths(filled, asked, document, [path for path, _ in faults]):
        fields = lineage.fields_at(run.mapping, path)
        told = lineage.explain(run.mapping, path, slot, language=asked.language)
        values.append(
            Traced(
                path=path,
                line=fields[0].line if fields else None,
                cells=tuple(found.cells(run.mapping, path, lineage.cells_of(run.mapping, fields, slot))),
                steps=told.steps,
                codes=tuple(_codes(run.mapping, path, fields, codes)),
                rules=tuple(rule for place, rule in faults if _within(place, path)),
                value=next(iter(below.values())) if len(below) == 1 else below or None,
            )
        )
    return Record(slot, "document" if document else "rejected", whole, tuple(values))


def _filled(mapping: Mapping, found: _Found) -> list[str]:
    """Every path that the mapping fills, those of the items of its lists included."""
    return [field.path for field in mapping.fields] + [
        f"{child.path}.{number}.{field.path}"
        for child in mapping.lists
        for number in range(found.items(child).height)
        for field in child.fields
    ]


def _paths(
    paths: list[str], asked: Asked, document: dict[str, Any], faulty: list[str]
) -> Iterator[tuple[str, dict[str, Any]]]:
    """(path, what the document holds there) of what was asked, or of all that the record shows, defaults too."""
    told = {path for path in document if not any(_within(path, field) for field in paths)}
    if asked.path is not None:
        below = [path for path in paths if _within(path, asked.path)]  # `mark`: what of it the record shows
        shown = [path for path in below if any(_within(held, path) for held in document)]
        paths = shown or below or [asked.path]
    elif document:
        paths = [path for path in paths if any(_within(held, path) for held in document)] + sorted(told)
    else:
        paths = paths + [
            path for path in faulty if path != RECORD and not any(_within(path, p) for p in paths)
        ]
    for path in dict.fromkeys(paths):
        yield path, {held: value for held, value in document.items() if _within(held, path)}


def _within(path: str, place: str) -> bool:
    return f"{path}.".startswith(f"{place}.")


def _codes(mapping: Mapping, path: str, fields: tuple[Field, ...], codes: pl.DataFrame) -> Iterator[CodeRead]:
    """The codes that were read at the path, then the constants that a code map translates there."""
    calling = code_texts.coded(mapping)
    for held, item, code, day in codes.select("path", "item", "code", "day").iter_rows():
        there = held if item is None else held.replace("[]", f".{item}")
        if _within(there, path) or _within(path, there):
            yield from _read(mapping, calling[held].code_map, code, date.fromisoformat(day))
    for field in fields:
        if field.constant is not None:
            yield from _read(mapping, field.code_map, field.constant, None)


def _read(mapping: Mapping, name: str | None, code: str, day: date | None) -> Iterator[CodeRead]:
    held = mapping.code_map(name) if name else None
    if held is None:
        return
    on = day or date.min
    version = None if held.to == TEXT or day is None else codings.in_force(held.to, day).version
    entry = (
        code_texts.entry_of(held, code, on)
        if day is not None
        else next((item for item in held.entries if item.source == code), None)
    )
    yield CodeRead(
        code_map=f"{mapping.system}/{name}",
        file=held.file,
        entry=entry,
        day=on,
        code_list=None if held.to == TEXT else held.to,
        list_version=version,
    )


def as_document(found: Trace, *, values: bool) -> dict[str, Any]:
    """The whole as one JSON document; texts of cells and values only when they are asked for."""
    mapping = found.mapping
    return {
        "mapping": mapping_document(mapping),
        "stream": mapping.stream,
        "row": found.row,
        "state": found.state,
        "left_out_by": [{"file": mapping.file, "line": line} for line in found.where],
        "records": [
            {
                "slot": record.slot,
                "state": record.state,
                "rules": record.rules,
                "values": [_value_document(item, values=values) for item in record.values],
            }
            for record in found.records
        ],
    }


def mapping_document(mapping: Mapping) -> dict[str, Any]:
    """Which files answered: id, version, file, and the SHA-256 of the mapping with its code maps."""
    name, _, version = mapping.id.partition("@")
    return {
        "id": mapping.id,
        "name": name,
        "version": int(version),
        "file": mapping.file,
        "digest": mapping.digest,
    }


def _value_document(item: Traced, *, values: bool) -> dict[str, Any]:
    return {
        "path": item.path,
        "line": item.line,
        "cells": [
            {"stream": cell.stream, "column": cell.column, "row": cell.row}
            | ({"text": cell.text} if values else {})
            for cell in item.cells
        ],
        "steps": item.steps,
        "codes": [_code_document(code) for code in item.codes],
        "rules": item.rules,
    } | ({"value": item.value} if values else {})


def _code_document(item: CodeRead) -> dict[str, Any]:
    return {
        "code_map": item.code_map, "file": item.file,
        "entry": code_work.entry_document(item.entry) if item.entry else None,
        "day": item.day.isoformat(), "code_list": item.code_list, "list_version": item.list_version,
    }  # fmt: skip
