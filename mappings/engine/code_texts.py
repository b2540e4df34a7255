"""The texts that reach the code maps of a mapping, as the mapping itself makes them. Translates nothing."""

from collections.abc import Mapping as Frames
from dataclasses import replace
from datetime import date

import polars as pl

from canonical_model import resources
from mappings.engine import plan
from mappings.engine.code_maps import TEXT, CodeMap, Entry
from mappings.engine.expressions import SLOT, leaf_column
from mappings.engine.functions import FUNCTIONS
from mappings.engine.language import Field, Mapping
from mappings.engine.pieces import plain
from mappings.engine.plan import ITEM
from mappings.engine.sides import ready
from mappings.engine.streams import ROW, admitted, given

OCCURRENCES = pl.Schema(
    {
        "row": pl.UInt32,
        "slot": pl.String,
        "path": pl.String,
        "item": pl.UInt32,
        "code": pl.String,
        "day": pl.String,
    }
)

_SLICE = 20_000  # rows of the main stream at once
_MAP = "kept"
_ALL = Entry("\ufffe", "\ufffe", None, None, 0)  # a map must have an entry; no file holds this character


def numbered(mapping: Mapping, streams: Frames[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """The streams, the main one with its row numbers, so that part of it can be run again."""
    main = streams.get(mapping.stream)
    if main is None or ROW in main.columns:
        return dict(streams)
    return {**streams, mapping.stream: main.with_row_index(ROW, offset=1)}


def contracted(
    mapping: Mapping, streams: Frames[str, pl.DataFrame], *, system: str
) -> dict[str, pl.DataFrame]:
    """Every stream as its contract has it: the columns that are read, blank cells null. Raises as `admitted`."""
    return {
        item.name: admitted(
            mapping, item.name, given(mapping, item.name, streams, system=system), system=system
        )
        for item in mapping.streams
    }


def occurrences(
    mapping: Mapping, streams: Frames[str, pl.DataFrame], *, system: str, organization: str, day: date
) -> pl.DataFrame:
    """Every text that reaches a code map: `row`, `slot`, `path` of its field (as in `coded`), `item` of the
    list from 0 when child rows fill one, `code`, `day` by which it is read.

    The texts are made by the plan of the mapping itself, in which each code map is replaced by one that
    keeps everything: what is trimmed, joined or filtered before the map is so here too.
    """
    if not coded(mapping):
        return pl.DataFrame(schema=OCCURRENCES)
    own = _own_day(mapping)
    frames = contracted(mapping, streams, system=system)
    probe = _probe(mapping, own)
    compiled = plan.compiled(replace(probe, lists=()), organization=organization, day=day)
    listed = plan.compiled(probe, organization=organization, day=day)
    main = compiled.keyed(frames[mapping.stream])
    sides = {join.stream: ready(join, *compiled.side(join, frames[join.stream])) for join in mapping.joins}
    fields = _calling(mapping.fields, mapping)
    business = pl.lit(day.isoformat())
    dated = business if own is None else _text(len(fields)).fill_null(business)
    parts = [pl.DataFrame(schema=OCCURRENCES)]
    for start in range(0, main.height, _SLICE):
        records = plain(*compiled.records(*compiled.rows(main[start : start + _SLICE], sides)))
        for number, field in enumerate(fields):
            on = business if _splits(field) else dated  # the parts of a list are read on the business day
            parts.append(_part(records, number, field, field.path, on))
        used = records.select(ROW, SLOT)
        rows = main.filter(pl.col(ROW).is_in(used[ROW].implode())) if probe.lists else main
        for child in probe.lists:
            items = used.join(listed.items(child, frames[child.stream], rows), on=ROW)
            whole = next(item for item in mapping.lists if item.path == child.path)
            for number, field in enumerate(_calling(whole.fields, mapping)):
                parts.append(_part(items, number, field, f"{child.path}[].{field.path}", business))
    return pl.concat(parts)


def coded(mapping: Mapping) -> dict[str, Field]:
    """The fields that call a code map, by their paths; ``guardians[].relation`` of every item of a list."""
    own = {field.path: field for field in mapping.fields if field.code_map}
    listed = {
        f"{child.path}[].{field.path}": field
        for child in mapping.lists
        for field in child.fields
        if field.code_map
    }
    return own | listed


def _part(records: pl.DataFrame, number: int, field: Field, path: str, on: pl.Expr) -> pl.DataFrame:
    """The texts of one field, and the day on which each is read."""
    splits = _splits(field)
    item = pl.col(ITEM) if ITEM in records.columns else pl.lit(None)
    found = records.select(
        pl.col(ROW).alias("row"),
        pl.col(SLOT).alias("slot"),
        pl.lit(path).alias("path"),
        item.cast(pl.UInt32).alias("item"),
        (_texts(number) if splits else _text(number)).alias("code"),
        on.alias("day"),
    )
    return (found.explode("code") if splits else found).drop_nulls("code")


def _splits(field: Field) -> bool:
    return any(FUNCTIONS[call.function].gives == "list" for call in field.do)


def _text(number: int) -> pl.Expr:
    """The text that field `number` of the probe made, out of its JSON."""
    return pl.col(leaf_column(number)).str.json_decode(pl.String)


def _texts(number: int) -> pl.Expr:
    """The texts of a field that splits."""
    return pl.col(leaf_column(number)).str.json_decode(pl.List(pl.String))


def entry_of(code_map: CodeMap, code: str, day: date) -> Entry | None:
    """The entry by which the map reads that code on that day."""
    return next((item for item in code_map.entries if item.source == code and item.holds(day)), None)


def _calling(fields: tuple[Field, ...], mapping: Mapping) -> tuple[Field, ...]:
    """Those of the fields that put what they read through a code map."""
    return tuple(f for f in fields if f.code_map and f.constant is None and mapping.code_map(f.code_map))


def _own_day(mapping: Mapping) -> Field | None:
    """The field of the record's own day, by which its codes are read; one that a slot holds is not used."""
    way = None if mapping.form else getattr(resources.resource(mapping.resource), "CODED_ON", None)
    found = next((field for field in mapping.fields if field.path == way), None)
    return None if found is None or any(item.per_slot for item in found.reads) else found


def _probe(mapping: Mapping, own: Field | None) -> Mapping:
    """The mapping that makes of each record only the texts before its code maps, and its own day."""
    all_kept = replace(mapping.code_maps[0][1], to=TEXT, unmapped="keep-source", entries=(_ALL,))
    made = _kept(_calling(mapping.fields, mapping))
    if own is not None:
        made = (*made, replace(own, path="day"))
    lists = (replace(child, fields=_kept(_calling(child.fields, mapping))) for child in mapping.lists)
    return replace(
        mapping,
        fields=made,
        lists=tuple(child for child in lists if child.fields),
        code_maps=((_MAP, all_kept),),
    )


def _kept(fields: tuple[Field, ...]) -> tuple[Field, ...]:
    return tuple(replace(field, path=f"c{number}", code_map=_MAP) for number, field in enumerate(fields))
