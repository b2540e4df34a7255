"""Holds whole columns of records against the pydantic resource, and writes each as canonical JSON.

Every part of the resource is judged once for each *different* value of a batch, by the resource's own
pydantic validators: nothing of the model is said a second time. What a whole document would be refused
for, its parts are refused for, and the other way round (tests/mappings/test_judging.py proves it against
`validation.validated`). A resource that cannot be taken apart is judged whole.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import groupby
from types import MappingProxyType
from typing import Any

import polars as pl
from annotated_types import MaxLen, MinLen
from pydantic import BaseModel, ConfigDict, StringConstraints, TypeAdapter, ValidationError
from pydantic.errors import PydanticUserError
from pydantic_core import PydanticCustomError

from canonical_model.base import problems
from canonical_model.elements import Element
from mappings.engine.expressions import Node, content, document, read, tree
from mappings.engine.language import Field
from mappings.engine.result import RECORD
from mappings.engine.targets import Target, peeled, resource_target
from mappings.engine.validation import Fault, validated

_WHOLE = 64  # records; below, judging whole documents is faster than finding different values
_REMEMBERED = 50_000  # different values of one part that are remembered from batch to batch
_FEW = 256  # different values; above, those that a pattern shows to be right are not judged one by one
_TOGETHER = 20_000  # combinations of coded parts that are written beforehand
_RUNS = 64  # of coded parts that are remembered
_STRICT = ConfigDict(strict=True, allow_inf_nan=False, hide_input_in_errors=True)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the model says of one value: its canonical JSON, or (path below, rule) of each fault."""

    text: str
    faults: tuple[tuple[str, str], ...] = ()


@dataclass(slots=True)
class _Part:
    """One part of the resource, judged by `adapter`. `source`: its JSON text from the leaf columns."""

    path: str
    column: str
    source: pl.Expr
    adapter: TypeAdapter[Any]
    certain: Callable[[pl.Expr], pl.Expr] | None
    leaf: str | None = None  # the leaf column that it is
    fixed: tuple[dict[str, Verdict], dict[str, str]] | None = None  # judged before, for all there can be
    known: dict[str, Verdict] = field(default_factory=dict)

    def judged(self, values: pl.Series) -> tuple[dict[str, Verdict], dict[str, str]]:
        """Of the different values: those at fault, and those whose canonical JSON is another text."""
        different = values.drop_nulls().unique()
        if self.certain is not None and different.len() > _FEW:
            different = different.filter(~different.to_frame("?").select(self.certain(pl.col("?")))["?"])
        texts = different.to_list()
        if len(self.known) + len(texts) > _REMEMBERED:
            self.known.clear()
        found = {text: self._verdict(text) for text in texts}
        return (
            {text: verdict for text, verdict in found.items() if verdict.faults},
            {text: verdict.text for text, verdict in found.items() if verdict.text != text},
        )

    def _verdict(self, text: str) -> Verdict:
        held = self.known.get(text)
        if held is None:
            held = self.known[text] = _judge(self.adapter, text)
        return held


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


Piece = str | pl.Expr


def _judge(adapter: TypeAdapter[Any], text: str) -> Verdict:
    try:
        value = adapter.validate_json(text)
    except ValidationError as error:
        return Verdict(text, tuple(problems(error)))
    return Verdict(adapter.dump_json(value, exclude_none=True).decode())


class Judge:
    """The judge of the records that one mapping makes. It remembers what it has seen.

    `before`: frames of joined streams with the leaf columns that they alone make. What is in them is judged
    once, and an object that is sound in all of a frame is written there: `folded` says which, and those
    leaf columns need not come any further. `constants`: the JSON of leaf columns that never change.
    """

    def __init__(
        self,
        model: type[BaseModel],
        fields: Sequence[Field],
        *,
        constants: Mapping[str, str] | None = None,
        before: Sequence[pl.DataFrame] = (),
    ) -> None:
        self._model = model
        self._parts: list[_Part] = []
        self._needs: list[_Need] = []
        self._before = before
        self._constants = constants or {}
        self._made = 0
        self._moved: dict[str, str] = {}
        self.folded: list[Folded] = []
        nested = tree(fields)
        self._loose = document(nested)
        self._members: dict[str, pl.Expr] = {}
        self._pieces: list[Piece] = []
        self._transparent = False
        self._told = _Told()
        if _transparent(model, root=True):
            self._pieces = self._object(resource_target(model), nested, None)
            self._transparent = True
            self._cross = _Cross(model, self._members)

    def judged(
        self, records: pl.DataFrame, coded: Mapping[str, tuple[str, pl.Series]] = MappingProxyType({})
    ) -> tuple[list[str | None] | pl.Series, list[Fault]]:
        """The canonical JSON of each record, None where the model refuses it; and what it refuses.

        `records` has the leaf columns of `expressions.leaf_column`, as JSON text or null, but for those that
        are `coded`: (the column that says which value, the values).
        """
        if not self._transparent or (records.height < _WHOLE and not self.folded):
            leaves = (values[records[place]].alias(leaf) for leaf, (place, values) in coded.items())
            return validated(self._model, records.with_columns(leaves).select(self._loose.alias("?"))["?"])
        held = _Held(records, coded, self._parts)
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
            sound = pl.Series(values=[index not in faulty for index in range(records.height)], dtype=pl.Boolean)
            written = written.to_frame("?").select(pl.when(sound).then(pl.col("?")))["?"]
        return written, _in_order(faults, self._model)

    def _missing(self, held: "_Held") -> Iterator[Fault]:
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
                    pieces = [_text(pieces).fill_null(default)]
            if required and not (node is not None and all(isinstance(piece, str) for piece in pieces)):
                shown = () if node is None else self._shown(node)
                filled = () if node is None else (self._there(node, pieces),)
                self._needs.append(_Need(child.path, present, filled, 1, "missing", shown))
            if not place.path:
                self._members[name] = _text(pieces) if pieces else pl.lit(None, pl.String)
            if not pieces:
                continue
            if loose or not (required or default is not None):
                loose.append(_text([f'"{name}":', *pieces]))
            else:
                certain += ["," if certain else "", f'"{name}":', *pieces]
        if not loose:
            return ["{", *certain, "}"]
        if certain:
            return ["{", *certain, *(_text([",", item]).fill_null("") for item in loose), "}"]
        return ["{", pl.concat_str(loose, separator=",", ignore_nulls=True), "}"]

    def _there(self, node: Node, pieces: list[Piece]) -> pl.Expr:
        """What is null where a place is absent: of an object, one that lacks a member is there all the same."""
        here = None if isinstance(node, tuple) or {*_columns(node)} & {*self._moved} else read(node)
        return _text(pieces) if here is None else pl.when(here).then(pl.lit(value=True))

    def _place(
        self, place: Target, below: Node, present: pl.Expr | None, *, required: bool = False
    ) -> list[Piece]:
        """The canonical JSON of one place, null when it is absent."""
        if isinstance(below, tuple):
            leaf = below[1].meta.output_name()
            text = self._constants.get(leaf)
            if text is not None and not (verdict := _judge(_adapter(place.annotation), text)).faults:
                return [verdict.text]
            return [self._whole(place, below[1], leaf)]
        bare, metadata = peeled(place.annotation)
        here = read(below)
        inside = present if here is None else here
        if place.kind == "object" and _described(metadata) and _transparent(bare):
            marks = len(self._parts), len(self._needs)
            pieces = self._object(place, below, inside)
            folded = self._fold(pieces, marks, _columns(below)) if present is None else None
            if folded is not None:
                return [folded]
            if here is None or (required and _needs_one(bare, below)):
                return pieces
            return [pl.when(here).then(_text(pieces))]
        if place.kind == "objects" and all(isinstance(item, (Element, MinLen, MaxLen)) for item in metadata):
            most = min((item.max_length for item in metadata if isinstance(item, MaxLen)), default=len(below))
            if len(below) <= most:
                return [self._list(place, below, inside, here)]
        return [self._whole(place, content(below))]

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
        self.folded.append(Folded(column, leaves, sources, _text(pieces).alias(column)))
        return pl.col(column)

    def _shown(self, node: Node) -> tuple[str, ...]:
        """The columns any one of which shows, by having no null, that the place is there in every record."""
        return tuple(dict.fromkeys(self._moved.get(name, name) for name in _columns(node)))

    def _list(
        self, place: Target, below: dict[str, Node], present: pl.Expr | None, here: pl.Expr | None
    ) -> pl.Expr:
        items = []
        for position, node in below.items():
            child = place.child(position)
            assert child is not None  # the checker passed the path
            items.append(_text(self._place(child, node, present)))
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
        part = _Part(place.path, column, source, _adapter(place.annotation), _certain(place.annotation), leaf)
        frame = next((item for item in self._before if leaf in item.columns), None)
        if frame is not None and leaf is not None:
            part.fixed = part.judged(frame[leaf])
        self._parts.append(part)
        return pl.col(column)


class _Held:
    """The parts of a batch of records: as columns, or coded as a few values and which of them each record has.

    A coded part becomes a column only when something asks for it.
    """

    def __init__(
        self, records: pl.DataFrame, coded: Mapping[str, tuple[str, pl.Series]], parts: Sequence[_Part]
    ) -> None:
        self._coded = {part.column: coded[part.leaf] for part in parts if part.leaf in coded}
        self._leaves = coded
        plain = [part.source.alias(part.column) for part in parts if part.column not in self._coded]
        read = {name for source in plain for name in source.meta.root_names()}
        leaves = [values[records[place]].alias(leaf) for leaf, (place, values) in coded.items() if leaf in read]
        self._frame = records.with_columns(leaves).with_columns(plain)

    def different(self, part: _Part) -> pl.Series:
        """The values of a part, each at least once."""
        return self._coded[part.column][1] if part.column in self._coded else self._frame[part.column]

    def replace(self, part: _Part, changed: dict[str, str]) -> None:
        """Write values of a part in another way."""
        if part.column in self._coded:
            place, values = self._coded[part.column]
            self._coded[part.column] = (place, values.replace(changed))
            if part.column in self._frame.columns:
                self._frame = self._frame.drop(part.column)
        else:
            self._frame = self._frame.with_columns(pl.col(part.column).replace(changed))

    def frame_with(self, *columns: str) -> pl.DataFrame:
        """The records with these parts as columns."""
        lacking = [name for name in columns if name in self._coded and name not in self._frame.columns]
        if lacking:
            made = (self._coded[name] for name in lacking)
            self._frame = self._frame.with_columns(
                values[self._frame[place]].alias(name)
                for name, (place, values) in zip(lacking, made, strict=True)
            )
        return self._frame

    def all(self) -> pl.DataFrame:
        """The records with every part and every leaf as a column."""
        leaves = [
            values[self._frame[place]].alias(leaf)
            for leaf, (place, values) in self._leaves.items()
            if leaf not in self._frame.columns
        ]
        self._frame = self._frame.with_columns(leaves)
        return self.frame_with(*self._coded)

    def whole(self, leaf: str) -> bool:
        """Whether a leaf column has a value in every record."""
        if leaf not in self._leaves:
            return self._frame[leaf].null_count() == 0
        place, values = self._leaves[leaf]
        return not self._frame[place].is_in(values.is_null().arg_true().implode()).any()

    def written(self, pieces: Sequence[Piece], told: "_Told") -> pl.Series:
        """The pieces put together. Coded parts side by side, with the text between them, are one coded text."""
        found: list[pl.Expr] = []
        names: list[str] = []
        run: list[str | tuple[str, pl.Series]] = []
        extra: list[pl.Series] = []
        for piece in (*pieces, None):
            name = piece.meta.output_name() if isinstance(piece, pl.Expr) and piece.meta.is_column() else ""
            if isinstance(piece, str):
                run.append(piece)
            elif name in self._coded:
                run.append(self._coded[name])
            else:
                for number, whole in enumerate(told.of(run)):
                    if isinstance(whole, str):
                        found.append(pl.lit(whole))
                        continue
                    places, texts = whole
                    extra.append(texts[_combined(self._frame, places)].alias(f"?w{len(extra)}"))
                    found.append(pl.col(extra[-1].name))
                run = []
                if isinstance(piece, pl.Expr):
                    found.append(piece)
                    names += piece.meta.root_names()
        frame = self.frame_with(*names)
        if not {*names} <= {*frame.columns}:
            frame = self.all()
        return frame.with_columns(extra).select(pl.concat_str(found).alias("?"))["?"]


def _combined(frame: pl.DataFrame, places: Sequence[tuple[str, int]]) -> pl.Series:
    """Which combination each record has: columns that number values, each with how many values there are."""
    (name, _), *others = places
    number = frame[name]
    for other, size in others:
        number = number * size + frame[other]
    return number


_Run = Sequence[str | tuple[str, pl.Series]]
_Whole = tuple[tuple[tuple[str, int], ...], pl.Series]


class _Told:
    """The texts of coded parts that stand side by side, put together once for as long as their values stay."""

    def __init__(self) -> None:
        self._known: dict[tuple[object, ...], tuple[_Run, list[str | _Whole]]] = {}

    def of(self, run: _Run) -> list[str | _Whole]:
        """The run as few texts: plain, or (columns that say which, texts) of at most `_TOGETHER` combinations."""
        key = tuple(item if isinstance(item, str) else (item[0], id(item[1])) for item in run)
        held = self._known.get(key)
        if held is None:
            if len(self._known) > _RUNS:
                self._known = {}
            held = self._known[key] = (run, list(_shortened(run)))  # the run is kept: its values keep their id
        return held[1]


def _shortened(run: _Run) -> Iterator[str | _Whole]:
    before = ""
    places: list[tuple[str, int]] = []
    texts = pl.Series([""], dtype=pl.String)
    for item in run:
        if isinstance(item, str):
            before, texts = ("", texts + item) if places else (before + item, texts)
            continue
        place, values = item
        if places and texts.len() * values.len() > _TOGETHER:
            yield tuple(places), texts
            places, texts = [], pl.Series([""], dtype=pl.String)
        left = pl.DataFrame({"left": texts})
        both = left.join(pl.DataFrame({"right": before + values}), how="cross", maintain_order="left_right")
        texts, before = both.select(pl.concat_str("left", "right").alias("?"))["?"], ""
        places.append((place, values.len()))
    if places:
        yield tuple(places), texts
    elif before:
        yield before


class _Cross:
    """The checks of the resource that look at several members, run once for each different combination.

    Which members they look at is learnt by letting them look: one that is not there is added.
    """

    def __init__(self, model: type[BaseModel], members: dict[str, pl.Expr]) -> None:
        self._model = model
        self._members = members
        decorators = model.__pydantic_decorators__.model_validators
        self._names = tuple(decorators)
        self._needs: tuple[str, ...] = ()

    @cached_property
    def _adapters(self) -> dict[str, TypeAdapter[Any]]:
        return {
            name: _adapter(child.annotation) for name, child, _ in resource_target(self._model).children()
        }

    def judged(self, held: _Held, faulty: set[int]) -> list[Fault]:
        """What the checks refuse, of the records that have no fault of their own."""
        while self._names:
            needs = self._needs
            try:
                return self._refused(held, faulty, needs)
            except _Missing as missing:
                self._needs = (*needs, missing.name)
        return []

    def _refused(self, held: _Held, faulty: set[int], needs: tuple[str, ...]) -> list[Fault]:
        index = pl.int_range(pl.len(), dtype=pl.UInt32).alias("?index")
        frame = held.all() if needs else held.frame_with()
        combined = frame.select(index, *(self._members[name].alias(name) for name in needs))
        if faulty:
            combined = combined.filter(~pl.col("?index").is_in(list(faulty)))
        if not combined.height:
            return []
        found = []
        for row in combined.select(needs).unique().iter_rows() if needs else [()]:
            if rule := self._broken(needs, row):
                same = [pl.col(name).eq_missing(pl.lit(text)) for name, text in zip(needs, row, strict=True)]
                hit = combined.filter(pl.all_horizontal([pl.lit(value=True), *same]))["?index"]
                found += [Fault(number, RECORD, rule) for number in hit]
        return found

    def _broken(self, needs: Sequence[str], texts: Sequence[str | None]) -> str | None:
        """The rule that a combination breaks. Raises _Missing for a member that is not in it."""
        values = {
            name: None if text is None else self._adapters[name].validate_json(text)
            for name, text in zip(needs, texts, strict=True)
        }
        record = self._model.__new__(self._model)
        object.__setattr__(record, "__dict__", values)
        object.__setattr__(record, "__pydantic_fields_set__", set(values))
        object.__setattr__(record, "__pydantic_extra__", None)
        object.__setattr__(record, "__pydantic_private__", None)
        for name in self._names:
            try:
                getattr(record, name)()
            except PydanticCustomError as error:
                return error.type.replace("_", "-")
            except AttributeError as error:
                wanted = next((n for n in self._members if n not in values and f"'{n}'" in str(error)), None)
                if wanted is None:
                    raise
                raise _Missing(wanted) from None
        return None


class _Missing(Exception):  # noqa: N818  a signal, not an error
    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


def _placed(held: pl.DataFrame, part: _Part, bad: dict[str, Verdict]) -> list[Fault]:
    if not bad:
        return []
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


def _adapter(annotation: Any) -> TypeAdapter[Any]:
    try:
        return TypeAdapter(annotation, config=_STRICT)
    except PydanticUserError:  # a model has its own
        return TypeAdapter(annotation)


def _transparent(model: type[BaseModel], *, root: bool = False) -> bool:
    """Whether its members can be judged one by one; the root's checks over several are `_Cross`'s."""
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
    return None if value is None else json.dumps(_adapter(info.annotation).dump_python(value, mode="json"))


def _certain(annotation: Any) -> Callable[[pl.Expr], pl.Expr] | None:
    """For a text with a pattern and lengths: which JSON texts are surely right as they are."""
    bare, metadata = peeled(annotation)
    rules = [item for item in metadata if not isinstance(item, Element)]
    if bare is not str or not all(isinstance(item, (StringConstraints, MinLen, MaxLen)) for item in rules):
        return None
    if any(isinstance(i, StringConstraints) and (i.strip_whitespace or i.to_lower or i.to_upper) for i in rules):
        return None
    return lambda text: _fits(text, rules)


def _fits(text: pl.Expr, rules: Sequence[Any]) -> pl.Expr:
    inner = text.str.slice(1, text.str.len_chars() - 2)
    length = inner.str.len_chars()
    found = [text.str.starts_with('"'), ~text.str.contains("\\", literal=True)]
    for rule in rules:
        least, most = getattr(rule, "min_length", None), getattr(rule, "max_length", None)
        pattern = getattr(rule, "pattern", None)
        if least is not None:
            found.append(length >= least)
        if most is not None:
            found.append(length <= most)
        if isinstance(pattern, str):
            found.append(inner.str.contains(pattern))
        elif pattern is not None:
            found.append(pl.lit(value=False))
    return pl.all_horizontal(found)


def _needs_one(model: type[BaseModel], below: dict[str, Node]) -> bool:
    """Whether something that is read is required in the object: null where the object is absent."""
    return any(info.is_required() and _columns(below.get(name, {})) for name, info in model.model_fields.items())


def _merged(pieces: Sequence[Piece]) -> list[pl.Expr]:
    """Pieces as expressions, texts that stand side by side as one."""
    found: list[pl.Expr] = []
    for is_text, group in groupby(pieces, lambda piece: isinstance(piece, str)):
        if is_text:
            found.append(pl.lit("".join(str(piece) for piece in group)))
        else:
            found += [piece for piece in group if isinstance(piece, pl.Expr)]
    return found


def _text(pieces: Sequence[Piece]) -> pl.Expr:
    """Pieces put together; null where one of them is."""
    found = _merged(pieces)
    return found[0] if len(found) == 1 else pl.concat_str(found)


def _columns(node: Node) -> tuple[str, ...]:
    """The leaf columns of a place that were read; constants do not show that it is there."""
    if isinstance(node, tuple):
        return (node[1].meta.output_name(),) if node[0].constant is None else ()
    return tuple(name for child in node.values() for name in _columns(child))
