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
from mappings.engine.streams import ROW, admitted, given

OCCURRENCES = pl.Schema(
    {"row": pl.UInt32, "slot": pl.String, "path": pl.String, "code": pl.String, "day": pl.String}
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
    """Every text that reaches a code map: `row`, `slot`, `path` of its field, `code`, `day` by which it is read.

    The texts are made by the plan of the mapping itself, in which each code map is replaced by one that
    keeps everything: what is trimmed, joined or filtered before the map is so here too.
    """
    fields = _coded(mapping)
    own = _own_day(mapping)
    if not fields:
        return pl.DataFrame(schema=OCCURRENCES)
    frames = contracted(mapping, streams, system=system)
    compiled = plan.compiled(_probe(mapping, fields, own), organization=organization, day=day)
    main = compiled.keyed(frames[mapping.stream])
    sides = {join.stream: compiled.side(join, frames[join.stream]) for join in mapping.joins}
    parts = [pl.DataFrame(schema=OCCURRENCES)]
    for start in range(0, main.height, _SLICE):
        records = compiled.records(compiled.rows(main[start : start + _SLICE], sides))
        dated = pl.lit(None, dtype=pl.String) if own is None else _text(len(fields))
        for number, field in enumerate(fields):
            splits = _splits(field)  # the parts of a list are read on the business day
            part = records.select(
                pl.col(ROW).alias("row"),
                pl.col(SLOT).alias("slot"),
                pl.lit(field.path).alias("path"),
                (_texts(number) if splits else _text(number)).alias("code"),
                (pl.lit(day.isoformat()) if splits else dated.fill_null(day.isoformat())).alias("day"),
            )
            parts.append((part.explode("code") if splits else part).drop_nulls("code"))
    return pl.concat(parts)


def _text(number: int) -> pl.Expr:
    """The text that field `number` of the probe made, out of its JSON."""
    return pl.col(leaf_column(number)).str.json_decode(pl.String)


def _texts(number: int) -> pl.Expr:
    """The texts of a field that splits."""
    return pl.col(leaf_column(number)).str.json_decode(pl.List(pl.String))


def entry_of(code_map: CodeMap, code: str, day: date) -> Entry | None:
    """The entry by which the map reads that code on that day."""
    return next((item for item in code_map.entries if item.source == code and item.holds(day)), None)


def _coded(mapping: Mapping) -> tuple[Field, ...]:
    """The fields that put what they read through a code map."""
    return tuple(
        f for f in mapping.fields if f.code_map and f.constant is None and mapping.code_map(f.code_map)
    )


def _splits(field: Field) -> bool:
    return any(FUNCTIONS[call.function].gives == "list" for call in field.do)


def _own_day(mapping: Mapping) -> Field | None:
    """The field of the record's own day, by which its codes are read; one that a slot holds is not used."""
    name = mapping.resource.partition("@")[0]
    way = getattr(resources.resource(name), "CODED_ON", None) if name in resources.NAMES else None
    found = next((field for field in mapping.fields if field.path == way), None)
    return None if found is None or any(item.per_slot for item in found.reads) else found


def _probe(mapping: Mapping, fields: tuple[Field, ...], own: Field | None) -> Mapping:
    """The mapping that makes of each record only the texts before its code maps, and its own day."""
    all_kept = replace(mapping.code_maps[0][1], to=TEXT, unmapped="keep-source", entries=(_ALL,))
    made = [replace(field, path=f"c{number}", code_map=_MAP) for number, field in enumerate(fields)]
    if own is not None:
        made.append(replace(own, path="day"))
    return replace(mapping, fields=tuple(made), lists=(), code_maps=((_MAP, all_kept),))
