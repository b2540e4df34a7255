"""The way back: documents of a mapping as rows of its main stream, each read again before it is kept.

Nothing is trusted: every row is mapped once more, and a document that does not come out the same is a reject,
with the whole row that it stood in. Joined streams are not written. Refuses a mapping that does not say
`reverse`, or that has findings.
"""

import json
from collections.abc import Iterable, Sequence
from collections.abc import Mapping as Named
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from typing import Any

import polars as pl

from canonical_model.errors import ConfigurationError, IntegrityError
from mappings.engine import checker, expressions, plan, reverse_ways, streams
from mappings.engine.expressions import SLOT, leaf_column
from mappings.engine.language import Condition, Field, Mapping, Reference, Slot
from mappings.engine.plan import KEY
from mappings.engine.result import RECORD
from mappings.engine.reverse_cells import NO_WAY_BACK, Reader, Refused
from mappings.engine.reverse_ways import Ways
from mappings.engine.streams import ROW
from mappings.engine.targets import model_of
from mappings.engine.validation import validated

CONSTANT = "constant-differs"  # the mapping always writes something else there
LEFT_OUT = "left-out"  # the mapping's own filter would leave the row out
DISAGREE = "records-disagree"  # two records of one wide row want another cell, or the same slot
NOT_WHOLE = "row-not-whole"  # another record of the row was refused
REJECTS = pl.Schema({"number": pl.UInt32, "path": pl.String, "rule": pl.String})


@dataclass(frozen=True, slots=True, kw_only=True)
class Reversed:
    """The rows of one batch of documents.

    `rows`: every declared column of the main stream in its order, text or null; those that are lost or never
    read are blank, so that the mapping can read the file. `row_of`: for each document the number of its row,
    from 0, or None. `rejects`: one row a refused document: its `number` from 1, the canonical `path`, the `rule`.
    """

    mapping: str
    rows: pl.DataFrame
    row_of: tuple[int | None, ...]
    rejects: pl.DataFrame

    def __post_init__(self) -> None:
        refused = sum(row is None for row in self.row_of)
        if refused != self.rejects.height or {r for r in self.row_of if r is not None} != set(
            range(self.rows.height)
        ):
            raise IntegrityError(
                f"{self.mapping}: documents, rows and rejects do not add up. Report this as a defect of the engine.",
                f"{self.mapping} : documents, lignes et rejets ne concordent pas. Signalez ce défaut du moteur.",
            )


def run(mapping: Mapping, documents: Sequence[str], *, organization: str, day: date) -> Reversed:
    """Turn JSON documents of the mapping's resource or form back into rows.

    `organization` and `day` as for the mapping itself. Raises ConfigurationError for a mapping with findings or
    without a way back; a document that cannot be turned back is a reject, never an exception.
    """
    if mapping.reversal is None or not mapping.reversal.reversible:
        raise ConfigurationError(
            f"{mapping.file}: the mapping is not reversible. Write `reverse: yes`, or what it loses.",
            f"{mapping.file} : la correspondance n'est pas réversible. Écrivez `reverse: yes`, ou ce qu'elle perd.",
        )
    checker.require(mapping)
    return _Batch(mapping, organization, day, documents).reversed()


@dataclass
class _Row:
    """One row: its cells, and the documents that it holds, by the name of their slot."""

    cells: dict[str, str | None]
    documents: dict[str | None, int] = field(default_factory=dict)


@dataclass
class _Batch:
    """One batch on its way back; `refused` gathers the first fault of each document."""

    mapping: Mapping
    organization: str
    day: date
    documents: Sequence[str]
    refused: dict[int, tuple[str, str]] = field(default_factory=dict)
    canonical: dict[int, str] = field(default_factory=dict)
    places: dict[int, dict[str, Any]] = field(default_factory=dict)

    def reversed(self) -> Reversed:
        """Read, grouped, read again."""
        rows = self._rows()
        self._read_again(rows)
        whole = []
        for row in rows:
            held = row.documents.values()
            if any(number in self.refused for number in held):
                for number in held:
                    self.refused.setdefault(number, (RECORD, NOT_WHOLE))
            elif row.documents:
                whole.append(row)
        row_of = {number: at for at, row in enumerate(whole) for number in row.documents.values()}
        told = [(number + 1, path, rule) for number, (path, rule) in sorted(self.refused.items())]
        return Reversed(
            mapping=self.mapping.id,
            rows=self._frame(whole),
            row_of=tuple(row_of.get(number) for number in range(len(self.documents))),
            rejects=pl.DataFrame(told, schema=REJECTS, orient="row"),
        )

    def _rows(self) -> list[_Row]:
        """The rows that the documents make; several records of one key are one wide row."""
        reader = Reader(self.mapping, self.organization, self.day)
        written, faults = validated(model_of(self.mapping), self.documents)
        for fault in faults:
            self.refused.setdefault(fault.index, (fault.path, fault.rule))
        rows: list[_Row] = []
        by_key: dict[tuple[str | None, ...], _Row] = {}
        for number, text in enumerate(written):
            if text is None:
                continue
            document = json.loads(text)
            self.canonical[number] = text
            self.places[number] = reader.places(document)
            try:
                cells = reader.cells(document, self.places[number])
                slot = self._slot(cells)
                mine = self._row_cells(cells, slot)
            except Refused as refusal:
                self.refused[number] = (refusal.path, refusal.rule)
                continue
            row = _Row(dict(self._ways.fixed))
            if self.mapping.unpivot is not None:
                row = by_key.setdefault(tuple(mine.get(column) for column in self.mapping.key), row)
            if not row.documents:
                rows.append(row)
            self._put(number, slot, mine, row)
        return rows

    def _put(self, number: int, slot: str | None, mine: Named[str, str | None], row: _Row) -> None:
        """A record into its row. One that wants another cell, or a slot that is taken, spoils the row."""
        differing = [name for name, text in mine.items() if text and row.cells.get(name) not in (None, text)]
        if slot in row.documents or differing:
            self.refused[number] = (self._path_of(differing), DISAGREE)
            slot = f"{slot}?{number}"  # a place of its own, so that the row is refused with it
        row.documents[slot] = number
        if not differing:
            row.cells |= {name: text for name, text in mine.items() if text or name not in row.cells}

    def _path_of(self, names: Iterable[str]) -> str:
        """The path of the first field that gives one of these columns."""
        wanted = set(names)
        for way in self._ways.ways:
            if any(wanted & set(reverse_ways.columns(self.mapping, item)) for item in way.gives):
                return way.field.path
        return RECORD

    def _slot(self, cells: Named[Reference, str | None]) -> str | None:
        if self.mapping.unpivot is None:
            return None
        name = cells.get(reverse_ways.SLOT)
        if name not in {slot.name for slot in self.mapping.unpivot.slots}:
            raise Refused(self._ways.giving(reverse_ways.SLOT)[0].field.path, NO_WAY_BACK)
        return name

    def _row_cells(self, cells: Named[Reference, str | None], slot: str | None) -> dict[str, str | None]:
        """Columns of the main stream by name."""
        slots = self.mapping.unpivot.slots if self.mapping.unpivot else ()
        named = next((dict(item.columns) for item in slots if item.name == slot), {})
        found = {reference.name: text for reference, text in cells.items() if reference.kind == "column"}
        return found | {named[item.name]: text for item, text in cells.items() if item.kind == "slot"}

    def _read_again(self, rows: list[_Row]) -> None:
        """Refuse what the mapping, run over the rows, does not make again."""
        if not rows:
            return
        again = self._again
        admitted = streams.admitted(again, again.stream, self._frame(rows), system=self.mapping.system)
        for row, rule in zip(rows, self._rules(admitted), strict=True):
            found = rule or self._slots_differ(row)
            for number in row.documents.values() if found else ():
                self.refused.setdefault(number, (RECORD, found or ""))
        places = [(at, slot, number) for at, row in enumerate(rows) for slot, number in row.documents.items()]
        named = {name: dict(slot.columns) for name, slot in self._slot_by_name.items()}
        cells = {
            expressions.slot_column(alias): [
                rows[at].cells.get(named[slot][alias]) if slot in named else None for at, slot, _ in places
            ]
            for alias in (self.mapping.unpivot.names if self.mapping.unpivot else ())
        }
        records = admitted[[at for at, _, _ in places]].with_columns(
            pl.Series(SLOT, [slot for _, slot, _ in places], dtype=pl.String),
            *(pl.Series(name, texts, dtype=pl.String) for name, texts in cells.items()),
        )
        values = expressions.values(again, organization=self.organization, day=self.day)
        made = records.select(value.json.alias(leaf_column(value.number)) for value in values)
        self._compare([number for _, _, number in places], made)

    def _rules(self, admitted: pl.DataFrame) -> list[str | None]:
        """The rule that the mapping would refuse each row by, or leave it out by."""
        again = self._again
        filled = (
            [pl.lit(value=True)] if again.numbered else [pl.col(column).is_not_null() for column in again.key]
        )
        key = pl.col(ROW).cast(pl.String) if again.numbered else plan.key_text(again)
        return (
            admitted.with_columns(key.alias(KEY))
            .select(
                pl.coalesce(
                    pl.col(streams.FAULT),
                    pl.when(~expressions.holds(again, again.where)).then(pl.lit(LEFT_OUT)),
                    pl.when(~pl.all_horizontal(filled)).then(pl.lit(plan.BLANK_KEY)),
                    pl.when(pl.col(KEY).str.len_chars() > plan.LONGEST_KEY).then(pl.lit(plan.LONG_KEY)),
                    pl.when(pl.col(KEY).is_duplicated()).then(pl.lit(plan.DUPLICATE_KEY)),
                ).alias("?")
            )["?"]
            .to_list()
        )

    def _slots_differ(self, row: _Row) -> str | None:
        """The rule that a row breaks whose filled slots are not those of its documents."""
        present = self.mapping.unpivot.present if self.mapping.unpivot else ()
        for name, slot in self._slot_by_name.items():
            filled = any((row.cells.get(dict(slot.columns)[alias]) or "").strip() for alias in present)
            if filled != (name in row.documents):
                return DISAGREE if filled else NO_WAY_BACK
        return None

    def _compare(self, numbers: Sequence[int], made: pl.DataFrame) -> None:
        """The documents as they come out, held against those that were given; a place that the main stream alone
        cannot fill is taken from the document.
        """
        at = {number: leaf_column(place) for place, number in enumerate(self._alone)}
        leaves = [
            made[at[number]].alias(leaf_column(number))
            if number in at
            else pl.Series(
                leaf_column(number),
                [_json(self.places[item][leaf.path]) for item in numbers],
                dtype=pl.String,
            )
            for number, leaf in enumerate(self.mapping.leaves)
        ]
        whole = expressions.document(expressions.tree(self.mapping.leaves))
        texts = pl.DataFrame(leaves).select(whole.alias("?"))["?"]
        written, faults = validated(model_of(self.mapping), texts)
        first = {fault.index: fault.path for fault in reversed(faults)}
        for index, (number, text) in enumerate(zip(numbers, written, strict=True)):
            if text != self.canonical[number]:
                path = first.get(index) if text is None else None
                path = (
                    _difference(json.loads(text or texts[index]), json.loads(self.canonical[number]), "")
                    or path
                )
                rule = CONSTANT if _shape(path or RECORD) in self._constants else NO_WAY_BACK
                self.refused.setdefault(number, (path or RECORD, rule))

    def _frame(self, rows: Sequence[_Row]) -> pl.DataFrame:
        stream = next(item for item in self.mapping.streams if item.name == self.mapping.stream)
        cells = {name: [row.cells.get(name) for row in rows] for name in stream.columns}
        return pl.DataFrame(cells, schema=dict.fromkeys(stream.columns, pl.String))

    @cached_property
    def _slot_by_name(self) -> dict[str | None, Slot]:
        return {slot.name: slot for slot in self.mapping.unpivot.slots} if self.mapping.unpivot else {}

    @cached_property
    def _ways(self) -> Ways:
        return reverse_ways.of(self.mapping)

    @cached_property
    def _constants(self) -> frozenset[str]:
        return frozenset(_shape(item.path) for item in self.mapping.fields if item.constant is not None)

    @cached_property
    def _alone(self) -> tuple[int, ...]:
        """The fields that the written columns of the main stream are enough for."""
        return tuple(number for number, item in enumerate(self._ways.fields) if self._enough(item))

    def _enough(self, item: Field) -> bool:
        given = self._ways.given | self._ways.settled
        held = [reference.kind == "context" or reference in given for reference in item.reads]
        return any(held) if item.combine == "first" else all(held)

    @cached_property
    def _again(self) -> Mapping:
        """The mapping over its main stream alone: no join, and only what the written columns are enough for."""
        written = reverse_ways.written(self.mapping)
        stream = next(item for item in self.mapping.streams if item.name == self.mapping.stream)
        return replace(
            self.mapping,
            streams=(replace(stream, resource="", paths=()),),
            joins=(),
            lists=(),
            where=tuple(condition for condition in self.mapping.where if self._asked(condition, written)),
            fields=tuple(self._ways.fields[number] for number in self._alone),
            key=self.mapping.key if set(self.mapping.key) <= written else ("$row",),
        )

    def _asked(self, condition: Condition, written: frozenset[str]) -> bool:
        return all(
            item.stream == self.mapping.stream and item.name in written for item, _ in condition.alternatives
        )


def _json(value: Any) -> str | None:
    return None if value is None else json.dumps(value, ensure_ascii=False)


def _difference(one: Any, other: Any, path: str) -> str | None:
    """The first path at which they differ; None when they do not."""
    if isinstance(one, dict) and isinstance(other, dict):
        pairs = [(str(key), one.get(key), other.get(key)) for key in {**other, **one}]
    elif isinstance(one, list) and isinstance(other, list):
        size = max(len(one), len(other))
        pairs = [
            (str(at), one[at] if at < len(one) else None, other[at] if at < len(other) else None)
            for at in range(size)
        ]
    else:
        return None if one == other else path
    below = (_difference(a, b, f"{path}.{name}".lstrip(".")) for name, a, b in pairs)
    return next((found for found in below if found is not None), None)


def _shape(path: str) -> str:
    """The path with each position of a list as the first."""
    return ".".join("0" if part.isdecimal() else part for part in path.split("."))
