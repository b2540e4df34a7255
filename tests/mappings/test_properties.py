"""Over random frames: accounts balance, documents are valid, and no frame raises anything."""

import json
from datetime import date
from random import Random
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mappings.engine import compiler, expressions, loader
from mappings.engine.language import Mapping, Stream
from mappings.engine.result import Mapped
from mappings.engine.targets import model_of
from tests.mappings import drawn

FAULTS = (None, None, None, None, "not-utf-8", "ragged-row")


def _invented(mapping: Mapping, stream: Stream, draw: Random) -> list[dict[str, str | None]]:
    """Rows of any cells; few different ones in a stream, so that joins and keys meet."""
    count = draw.choice((0, 1, 3, 8, 25))
    if stream.resource:
        held = drawn.documents(mapping, stream, draw)
        return [{"document": drawn.as_text(draw.choice(held), draw)} for _ in range(count)]
    few = [drawn.cell(draw) for _ in range(draw.randint(1, 4))]
    return [
        {column: draw.choice(few) if draw.random() < 0.5 else drawn.cell(draw) for column in stream.columns}
        for _ in range(count)
    ]


def _damaged(mapping: Mapping, stream: Stream, draw: Random) -> list[dict[str, str | None]]:
    """The samples with rows taken out, repeated and damaged in a few cells."""
    if stream.resource:
        held = drawn.sampled(mapping.system, stream.name)
        return [{"document": drawn.as_text(draw.choice(held), draw)} for _ in range(draw.randint(0, 12))]
    path = loader.ROOT / mapping.system / "samples" / f"{stream.name}.csv"
    rows = pl.read_csv(path, infer_schema=False).rename(str.lower).select(stream.columns).to_dicts()
    taken = [dict(draw.choice(rows)) for _ in range(draw.randint(0, 12))]
    for row in taken:
        if draw.random() < 0.5:
            row[draw.choice(stream.columns)] = drawn.cell(draw)
    return taken


def _frames(mapping: Mapping, draw: Random) -> dict[str, pl.DataFrame]:
    made = {}
    rows_of = draw.choice((_invented, _damaged))
    for stream in mapping.streams:
        rows = rows_of(mapping, stream, draw)
        columns = ("document",) if stream.resource else stream.columns
        frame = pl.DataFrame(rows, schema=dict.fromkeys(columns, pl.String))
        if draw.random() < 0.5:
            faults = [draw.choice(FAULTS) for _ in rows]
            frame = frame.with_columns(pl.Series("_fault", faults, dtype=pl.String))
        made[stream.name] = frame
    return made


@pytest.mark.parametrize("mapping", drawn.mappings(), ids=lambda mapping: mapping.id)
@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_any_frame_balances_and_gives_valid_documents(mapping: Mapping, seed: int) -> None:
    model = model_of(mapping)
    streams = _frames(mapping, Random(seed))
    mapped = compiler.run(mapping, streams, system="any@762000", organization="762000", day=date(2026, 2, 16))
    rejected = set(mapped.rejects.select("row", "slot").iter_rows())
    given_back = set(mapped.documents.select("row", "slot").iter_rows())

    assert streams[mapping.stream].height == mapped.rows
    assert mapped.candidates == len(given_back) + len(rejected)
    assert len(given_back) == mapped.documents.height
    assert not given_back & rejected
    assert mapped.rejected == len(rejected)
    in_use = {row for row, _ in given_back | rejected}
    assert mapped.rows == mapped.filtered + mapped.empty + len(in_use)
    assert mapped.rejects.null_count().drop("slot").sum_horizontal().sum() == 0
    assert not any("\u0000" in key for key in mapped.rejects["row_key"])
    for text in mapped.documents["document"]:
        assert "\\u0000" not in text
        model.model_validate_json(text)


def _told(mapped: Mapped, rows: int) -> list[list[tuple[Any, ...]]]:
    """Documents and rejects, a row by its place among the first `rows`; a key may repeat its number."""
    place = (pl.col("row") - 1) % rows
    return [
        frame.select(place.alias("row"), pl.exclude("row", "key", "row_key")).unique().sort(pl.all()).rows()
        for frame in (mapped.documents, mapped.rejects)
    ]


@pytest.mark.parametrize("mapping", drawn.mappings(), ids=lambda mapping: mapping.id)
@settings(max_examples=3, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_a_row_gives_the_same_among_thousands_as_among_few(mapping: Mapping, seed: int) -> None:
    """What is made once for each different cell, or looked up for a few rows, is what is made row by row."""
    frames = _frames(mapping, Random(seed))
    few = frames[mapping.stream]
    if not few.height:
        return
    times = 2_100 // few.height
    many = pl.concat([few] * times)
    nobody = pl.Series([], dtype=pl.String)
    ready = compiler.Run(mapping, frames, system="any@762000", organization="762000", day=date(2026, 2, 16))
    numbered = [frame.with_columns(pl.int_range(1, pl.len() + 1).alias("_row")) for frame in (few, many)]
    alone, among = (ready.mapped(frame, nobody) for frame in numbered)

    assert _told(alone, few.height) == _told(among, few.height)
    assert (among.documents.height, among.rejected, among.filtered, among.empty) == tuple(
        times * count for count in (alone.documents.height, alone.rejected, alone.filtered, alone.empty)
    )


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=30))
def test_any_text_survives_the_document(text: str) -> None:
    frame = pl.DataFrame({"text": [text]}, schema={"text": pl.String})
    mapping = loader.load("gpi/student@1")
    (value,) = [
        item
        for item in expressions.values(mapping, organization="762000", day=date(2026, 2, 16))
        if item.field.path == "given_name"
    ]
    from_cell = frame.rename({"text": "pnom"}).select(value.json.alias("json")).item()
    read: Any = None if from_cell is None else json.loads(from_cell)
    wanted = frame.select(pl.col("text").str.strip_chars().str.normalize("NFC")).item()

    assert (wanted or None) == read
