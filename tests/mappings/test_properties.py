"""Over random frames: accounts balance, documents are valid, and no frame raises anything."""

import json
from datetime import date
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from canonical_model.resources import resource
from mappings.engine import compiler, expressions, loader
from mappings.engine.language import Mapping

# what real columns hold, and what they should not
CELLS = st.one_of(
    st.none(),
    st.sampled_from(
        (
            "1", "2", "3", "0001002", "4110", "762000", "762110", "2025", "A", "F", "M", "132506", "78",
            "82,5", "ABS", "2025-08-28", "2025-02-30", "P0001201", "S010", "C", "R", "O", "N", "ADM", "50.00",
            "H2X 1Y4", "identite,resultats", "ROYZ10550601", "Côté", "O'Neil", "", "  ", "\u0000", '"},{"',
            "\\", "\n", "x" * 201, "NaN",
        )
    ),
    st.text(max_size=8),
)  # fmt: skip
FAULTS = st.sampled_from((None, None, None, None, "not-utf-8", "ragged-row"))


@st.composite
def _invented(draw: st.DrawFn, mapping: Mapping) -> dict[str, pl.DataFrame]:
    """Frames of any cells; few different ones in a stream, so that joins and keys meet."""
    made = {}
    for stream in mapping.streams:
        few = draw(st.lists(CELLS, min_size=1, max_size=4))
        rows = draw(st.integers(0, 8))
        cells = {
            column: draw(st.lists(st.one_of(st.sampled_from(few), CELLS), min_size=rows, max_size=rows))
            for column in stream.columns
        }
        frame = pl.DataFrame(cells, schema=dict.fromkeys(stream.columns, pl.String))
        if draw(st.booleans()):
            faults = draw(st.lists(FAULTS, min_size=rows, max_size=rows))
            frame = frame.with_columns(pl.Series("_fault", faults, dtype=pl.String))
        made[stream.name] = frame
    return made


@st.composite
def _damaged(draw: st.DrawFn, mapping: Mapping) -> dict[str, pl.DataFrame]:
    """The samples with rows taken out, repeated and damaged in a few cells."""
    made = {}
    for stream in mapping.streams:
        path = loader.ROOT / mapping.system / "samples" / f"{stream.name}.csv"
        rows = pl.read_csv(path, infer_schema=False).select(stream.columns).to_dicts()
        taken = [dict(row) for row in draw(st.lists(st.sampled_from(rows), max_size=12))]
        for row in taken:
            if draw(st.booleans()):
                row[draw(st.sampled_from(stream.columns))] = draw(CELLS)
        made[stream.name] = pl.DataFrame(taken, schema=dict.fromkeys(stream.columns, pl.String))
    return made


@pytest.mark.parametrize("identifier", loader.ids())
def test_any_frame_balances_and_gives_valid_documents(identifier: str) -> None:
    mapping = loader.load(identifier)
    model = resource(mapping.resource)

    @settings(max_examples=40, deadline=None, suppress_health_check=tuple(HealthCheck))
    @given(st.one_of(_invented(mapping), _damaged(mapping)))
    def check(streams: dict[str, pl.DataFrame]) -> None:
        mapped = compiler.run(
            mapping, streams, system="any@762000", organization="762000", day=date(2026, 2, 16)
        )
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

    check()


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
