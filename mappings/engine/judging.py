"""Holds whole columns of records against the pydantic resource, and writes each as canonical JSON.

Every part of the resource is judged once for each *different* value of a batch, by the resource's own
pydantic validators: nothing of the model is said a second time. What a whole document would be refused
for, its parts are refused for, and the other way round (tests/mappings/test_judging.py proves it against
`validation.validated`). A resource that cannot be taken apart is judged whole.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl
from annotated_types import MaxLen, MinLen
from pydantic import BaseModel

from canonical_model.elements import Element
from mappings.engine.cross import Cross
from mappings.engine.expressions import Node, content, document, read, tree
from mappings.engine.held import Held
from mappings.engine.language import Field
from mappings.engine.parts import Part, Verdict, adapter_of, judged_alone, surely_right
from mappings.engine.pieces import NOTHING_CODED, Coded, Piece, Told, leaf_columns, plain, text_of
from mappings.engine.result import RECORD
from mappings.engine.streams import FEW_ROWS
from mappings.engine.targets import Target, peeled, resource_target
from mappings.engine.validation import Fault, validated


@dataclass(frozen=True, slots=True)
class _Need:
    """A place that must be filled wherever `where` holds, by at least `least` of `filled`.

    `shown`: leaf columns any one of which, without a null, shows that it is.
    """

    path: str
    where: pl.Expr | None
    filled: tuple[pl.Expr, ...]
    least: int
    rule: str
    shown: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Folded:
    """An object that one joined stream says whole: its canonical JSON can be made before the join.

    `leaves`: the leaf columns it is made of; `column`: where its text then stands.
    """

    column: str
    leaves: tuple[str, ...]
    _sources: tuple[pl.Expr, ...]
    _text: pl.Expr

    def write(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The frame with the text in the place of the leaves."""
        text = frame.select(self._sources).select(self._text)
        return frame.drop(self.leaves).hstack(text)


class Judge:
    """The judge of the records that one mapping makes. It remembers what it has seen.

    `before`: frames of joined streams with the leaf columns that they alone make, some of them coded. What is
    in them is judged once, and an object that is sound in all of a frame is written there: `folded` says which,
    and those leaf columns need not come any further. `constants`: the JSON of leaf columns that never change.
    """

    def __init__(
        self,
        model: type[BaseModel],
        fields: Sequence[Field],
        *,
        constants: Mapping[str, str] | None = None,
        before: Sequence[tuple[pl.DataFrame, Coded]] = (),
    ) -> None:
        self._model = model
        self._parts: list[Part] = []
        self._needs: list[_Need] = []
        self._before = [frame for frame, _ in before]
        self._coded_before = {name: values for _, coded in before for name, (_, values) in coded.items()}
        self._constants = constants or {}
        self._made = 0
        self._moved: dict[str, str] = {}
        self.folded: list[Folded] = []
        nested = tree(fields)
        self._loose = document(nested)
        self._members: dict[str, pl.Expr] = {}
        self._pieces: list[Piece] = []
        self._transparent = False
        self._told = Told()
        if _transparent(model, root=True):
            self._pieces = self._object(resource_target(model), nested, None)
            self._transparent = True
            self._cross = Cross(model, self._members)

    def judged(
        self, records: pl.DataFrame, coded: Coded = NOTHING_CODED
    ) -> tuple[list[str | None] | pl.Series, list[Fault]]:
        """The canonical JSON of each record, None where the model refuses it; and what it refuses.

        `records` has the leaf columns of `expressions.leaf_column`, as JSON text or null, but for those that
        are `coded`: (the column that says which value, the values).
        """
        if not self._transparent or (records.height < FEW_ROWS and not self.folded):
            loose = plain(records, coded).select(self._loose.alias("?"))["?"]
            whole, refused = validated(self._model, loose)
            if not refused or not self._transparent:
                return whole, refused
            # pydantic counts the items of a list that are there: the place of a fault is that of the mapping
        held = Held(records, coded, self._parts)
        faults: list[Fault] = []
        for part in self._parts:
            bad, other = part.fixed or part.judged(held.different(part))
            if bad:
                faults += _placed(held.frame_with(part.column), part, bad)
            if changed := {text: new for text, new in other.items() if text not in bad}:
                held.replace(part, changed)
        faults += self._missing(held)
        faulty = {fault.index for fault in faults}
        crossed = self._cross.judged(held, faulty)
        faults += crossed
        faulty |= {fault.index for fault in crossed}
        written = held.written(self._pieces, self._told)
        if faulty:
            sound = pl.Series(
                values=[index not in faulty for index in range(records.height)], dtype=pl.Boolean
            )
            written = written.to_frame("?").select(pl.when(sound).then(pl.col("?")))["?"]
        return written, _in_order(faults, self._model)

    def _missing(self, held: Held) -> Iterator[Fault]:
        for need in self._needs:
            if any(held.whole(column) for column in need.shown):
                continue
            held_there = [item.is_not_null().cast(pl.UInt32) for item in need.filled]
            lacks = [pl.sum_horizontal([pl.lit(0, pl.UInt32), *held_there]) < need.least]
            if need.where is not None:
                lacks.append(need.where)
            marked = held.all().with_columns(pl.all_horizontal(lacks).fill_null(value=False).alias("?"))["?"]
            for index in marked.arg_true():
                yield Fault(index, need.path, need.rule)

    def _object(self, place: Target, below: dict[str, Node], present: pl.Expr | None) -> list[Piece]:
        """The canonical JSON of an object that can be taken apart, in pieces, members in the model's order.

        A piece is null where the object cannot be written: then it has a fault.
        """
        certain: list[Piece] = []  # members that are there in every sound object
        loose: list[pl.Expr] = []
        for name, child, required in place.children():
            default = _default(peeled(place.annotation)[0], name)
            node = below.get(name)
            pieces: list[Piece] = [] if default is None else [default]
            if node is not None:
                pieces = self._place(child, node, present, required=required)
                if default is not None:
                    pieces = [text_of(pieces).fill_null(default)]
            if required and not (node is not None and all(isinstance(piece, str) for piece in pieces)):
                shown = () if node is None else self._shown(node)
                filled = () if node is None else (self._there(node, pieces),)
                self._needs.append(_Need(child.path, present, filled, 1, "missing", shown))
            if not place.path:
                self._members[name] = text_of(pieces) if pieces else pl.lit(None, pl.String)
            if not pieces:
                continue
            if loose or not (required or default is not None):
                loose.append(text_of([f'"{name}":', *pieces]))
            else:
                certain += ["," if certain else "", f'"{name}":', *pieces]
        if not loose:
            return ["{", *certain, "}"]
        if certain:
            return ["{", *certain, *(text_of([",", item]).fill_null("") for item in loose), "}"]
        return ["{", pl.concat_str(loose, separator=",", ignore_nulls=True), "}"]

    def _there(self, node: Node, pieces: list[Piece]) -> pl.Expr:
        """What is null where a place is absent: of an object, one that lacks a member is there all the same."""
        here = None if isinstance(node, tuple) or {*leaf_columns(node)} & {*self._moved} else read(node)
        return text_of(pieces) if here is None else pl.when(here).then(pl.lit(value=True))

    def _place(
        self, place: Target, below: Node, present: pl.Expr | None, *, required: bool = False
    ) -> list[Piece]:
        """The canonical JSON of one place, null when it is absent."""
        if isinstance(below, tuple):
            return [self._leaf(place, below[1])]
        bare, metadata = peeled(place.annotation)
        here = read(below)
        inside = present if here is None else here
        if place.kind == "object" and _described(metadata) and _transparent(bare):
            marks = len(self._parts), len(self._needs)
            pieces = self._object(place, below, inside)
            folded = self._fold(pieces, marks, leaf_columns(below)) if present is None else None
            if folded is not None:
                return [folded]
            if here is None or (required and _needs_one(bare, below)):
                return pieces
            return [pl.when(here).then(text_of(pieces))]
        if place.kind == "objects" and all(isinstance(item, (Element, MinLen, MaxLen)) for item in metadata):
            most = min((item.max_length for item in metadata if isinstance(item, MaxLen)), default=len(below))
            if len(below) <= most:
                return [self._list(place, below, inside, here)]
        return [self._whole(place, content(below))]

    def _leaf(self, place: Target, value: pl.Expr) -> Piece:
        """A leaf; one that never changes is judged here and now, and is a plain text."""
        leaf = value.meta.output_name()
        text = self._constants.get(leaf)
        verdict = None if text is None else judged_alone(adapter_of(place.annotation), text)
        return self._whole(place, value, leaf) if verdict is None or verdict.faults else verdict.text

    def _fold(self, pieces: list[Piece], marks: tuple[int, int], leaves: tuple[str, ...]) -> pl.Expr | None:
        """The column of an object that a joined stream says whole and soundly, or None."""
        frame = next((item for item in self._before if {*leaves} <= {*item.columns}), None)
        parts, needs = self._parts[marks[0] :], self._needs[marks[1] :]
        if frame is None or not leaves or any(frame[name].null_count() for name in leaves):
            return None
        if any(not need.shown for need in needs):
            return None
        if any(part.leaf is None or part.fixed is None or any(part.fixed) for part in parts):
            return None
        del self._parts[marks[0] :], self._needs[marks[1] :]
        column = f"?o{len(self.folded)}"
        self._moved |= dict.fromkeys(leaves, column)
        sources = tuple(part.source.alias(part.column) for part in parts)
        self.folded.append(Folded(column, leaves, sources, text_of(pieces).alias(column)))
        return pl.col(column)

    def _shown(self, node: Node) -> tuple[str, ...]:
        """The columns any one of which shows, by having no null, that the place is there in every record."""
        return tuple(dict.fromkeys(self._moved.get(name, name) for name in leaf_columns(node)))

    def _list(
        self, place: Target, below: dict[str, Node], present: pl.Expr | None, here: pl.Expr | None
    ) -> pl.Expr:
        items = []
        for position, node in below.items():
            child = place.child(position)
            if child is not None:  # it is: the checker passed the path
                items.append(text_of(self._place(child, node, present)))
        least = max((i.min_length for i in peeled(place.annotation)[1] if isinstance(i, MinLen)), default=0)
        if least:
            shown = self._shown(below) if least == 1 else ()
            self._needs.append(_Need(place.path, present, tuple(items), least, "too-short", shown))
        inner = items[0] if len(items) == 1 else pl.concat_str(items, separator=",", ignore_nulls=True)
        whole = pl.concat_str([pl.lit("["), inner, pl.lit("]")])
        return whole if here is None else pl.when(here).then(whole)

    def _whole(self, place: Target, source: pl.Expr, leaf: str | None = None) -> pl.Expr:
        """A part that is judged as it is; a leaf that a joined stream made is judged here and now."""
        column = f"?u{self._made}"
        self._made += 1
        part = Part(
            place.path, column, source, adapter_of(place.annotation), surely_right(place.annotation), leaf
        )
        frame = next((item for item in self._before if leaf in item.columns), None)
        if leaf in self._coded_before:
            part.fixed = part.judged(self._coded_before[leaf])
        elif frame is not None and leaf is not None:
            part.fixed = part.judged(frame[leaf])
        self._parts.append(part)
        return pl.col(column)


def _placed(held: pl.DataFrame, part: Part, bad: dict[str, Verdict]) -> list[Fault]:
    index = pl.int_range(pl.len(), dtype=pl.UInt32).alias("?index")
    hit = held.select(index, part.column).filter(pl.col(part.column).is_in(list(bad)))
    return [
        Fault(number, part.path if below == RECORD else f"{part.path}.{below}", rule)
        for number, text in hit.iter_rows()
        for below, rule in bad[text].faults
    ]


def _in_order(faults: list[Fault], model: type[BaseModel]) -> list[Fault]:
    """As pydantic tells them: record by record, a short list with a wrong item told once."""
    order = {name: number for number, name in enumerate(model.model_fields)}
    held = {(fault.index, fault.path[:at]) for fault in faults for at, s in enumerate(fault.path) if s == "."}
    kept = [fault for fault in faults if fault.rule != "too-short" or (fault.index, fault.path) not in held]
    return sorted(kept, key=lambda fault: (fault.index, order.get(fault.path.split(".")[0], -1)))


def _transparent(model: type[BaseModel], *, root: bool = False) -> bool:
    """Whether its members can be judged one by one; the root's checks over several are `Cross`'s."""
    told = model.__pydantic_decorators__
    if told.field_validators or told.field_serializers or told.model_serializers or told.root_validators:
        return False
    if told.model_validators:
        return root and all(item.info.mode == "after" for item in told.model_validators.values())
    return True


def _described(metadata: Sequence[Any]) -> bool:
    return all(isinstance(item, Element) for item in metadata)


def _default(model: type[BaseModel], name: str) -> str | None:
    """The canonical JSON of a member that nobody fills; None when it is left out."""
    info = model.model_fields[name]
    if info.is_required():
        return None
    value = info.get_default(call_default_factory=True, validated_data={})
    return None if value is None else json.dumps(adapter_of(info.annotation).dump_python(value, mode="json"))


def _needs_one(model: type[BaseModel], below: dict[str, Node]) -> bool:
    """Whether something that is read is required in the object: null where the object is absent."""
    return any(
        info.is_required() and leaf_columns(below.get(name, {})) for name, info in model.model_fields.items()
    )
