"""A stream mapped in parts gives what it gives whole: records, rejects, accounts; and joins made before the rows."""

import re
from itertools import pairwise
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mappings.engine import compiler, plan
from mappings.engine.compiler import Run
from mappings.engine.language import Mapping
from mappings.engine.result import Mapped
from tests.mappings.conftest import (
    DAY,
    JOINED,
    PARENTS,
    PUPIL,
    REMOVE,
    SLOT,
    Workshop,
    changed,
    documents,
    faults,
    frame,
    pupil,
    rules_of,
    schools,
)

KNOWN = schools(("s1", "ROYZ10550601"), ("s2", None), ("s3", "A"), ("s3", "B"))
CELLS = {
    "id": ("1", "2", "3", " 3", "x", None, "a|b", "y" * 210, "4\x00"),
    "name": ("Roy", "Ng", None),
    "first": ("Zoé", " "),
    "born": ("2010-05-06", "2010-02-30"),
    "sex": ("F", "M", "?", None),
    "school": ("s1", "s1", "s2", "s3", "s9", None),
    "_fault": (None, None, None, "ragged-row"),
}
ROWS = st.lists(
    st.fixed_dictionaries({column: st.sampled_from(cells) for column, cells in CELLS.items()}), max_size=25
)
FILTERED = changed(
    JOINED, where=[{"read": "sex", "not": {"equals": "M"}}, {"read": "schools.code", "not": {"equals": "Z"}}]
)


COUNTS = ("rows", "filtered", "empty", "candidates", "rejected")


def _ready(mapping: Mapping) -> Run:
    return Run(mapping, {"schools": KNOWN}, system="test@762000", organization="762000", day=DAY)


def _together(parts: list[Mapped]) -> tuple[Any, ...]:
    return (
        [row for part in parts for row in part.documents.iter_rows()],
        [row for part in parts for row in part.rejects.iter_rows()],
        *(sum(getattr(part, name) for part in parts) for name in COUNTS),
    )


@settings(max_examples=60, deadline=None, suppress_health_check=tuple(HealthCheck))
@given(
    ROWS,
    st.lists(st.integers(0, 25), max_size=4),
    st.sampled_from((JOINED, FILTERED, changed(JOINED, key=["$row"]))),
)
def test_parts_give_what_the_whole_gives(
    workshop: Workshop, rows: list[dict[str, str | None]], cuts: list[int], data: dict[str, Any]
) -> None:
    mapping = workshop.mapping(data)
    main = pl.DataFrame(rows, schema=dict.fromkeys(CELLS, pl.String)).with_row_index("_row", offset=1)
    edges = [0, *sorted(min(cut, main.height) for cut in cuts), main.height]
    parts = [main[start:end] for start, end in pairwise(edges)]
    ready = _ready(mapping)
    keys = pl.concat([ready.keys(part) for part in parts])
    twice = keys.filter(keys.is_duplicated()).unique()

    whole = compiler.run(
        mapping, {"pupils": main, "schools": KNOWN}, system="t@1", organization="762000", day=DAY
    )

    assert _together([whole]) == _together([ready.mapped(part, twice) for part in parts])


def test_a_key_repeated_in_another_part_is_refused_in_both(workshop: Workshop) -> None:
    ready = _ready(workshop.mapping(JOINED))
    one, other = (frame(pupil(id=f"{key}", school="s1")) for key in ("7 ", "7"))
    twice = pl.Series(["7"])

    assert ["7", "7"] == [ready.keys(part).item() for part in (one, other)]
    for part in (one, other):
        assert [plan.DUPLICATE_KEY] == rules_of(ready.mapped(part, twice))
    assert [] == rules_of(ready.mapped(one, pl.Series([], dtype=pl.String)))


@pytest.mark.parametrize(
    ("field", "found"),
    [
        ({"read": "schools.code"}, ["ROYZ10550601", None, None]),
        ({"read": "schools.code", "default": "NGXX10550601"}, ["ROYZ10550601", "NGXX10550601", "NGXX10550601"]),
        ({"read": "schools.code", "when": {"not": {"is": "blank"}}}, ["ROYZ10550601", None, None]),
        ({"read": "schools.code", "when": {"not": {"in": ["ROYZ10550601"]}}}, [None, None, None]),
        ({"read": ["schools.code", "schools.id"], "first": "filled", "when": {"not": {"equals": "s2"}}},
         ["ROYZ10550601", None, None]),
        ({"read": ["schools.code", "code"], "first": "filled"}, ["ROYZ10550601", "ALTX10550601", "ALTX10550601"]),
        ({"read": "schools.code", "do": ["trim", "upper"]}, ["ROYZ10550601", None, None]),
        ({"read": "schools.code", "code_map": "codes"}, ["CAFE10550601", None, None]),
    ],
)  # fmt: skip
def test_what_is_read_of_a_kept_join_is_blank_where_there_is_no_row(
    workshop: Workshop, field: dict[str, Any], found: list[str | None]
) -> None:
    workshop.codes({"code_map": "codes", "to": "text", "codes": {"ROYZ10550601": "CAFE10550601"}})
    keeping = changed(
        JOINED,
        streams__pupils__columns=[*JOINED["streams"]["pupils"]["columns"], "code"],
        join=[{"stream": "schools", "on": {"school": "id"}, "missing": "keep"}],
        fields__code_permanent=field,
        **(
            {}
            if "code" in (field["read"] if isinstance(field["read"], list) else ())
            else {"never_read": ["code"]}
        ),
    )
    rows = [
        pupil(id=str(n), school=school, code="ALTX10550601") for n, school in enumerate(("s1", "s2", None), 1)
    ]
    mapped = workshop.run(keeping, *rows, schools=schools(("s1", "ROYZ10550601"), ("s2", None)))

    assert [] == faults(mapped)
    assert found == [document.get("code_permanent") for document in documents(mapped)]


def test_a_fault_of_a_joined_cell_is_told_of_each_row_that_matches(workshop: Workshop) -> None:
    dated = changed(
        JOINED,
        fields__code_permanent=REMOVE,
        fields__birth_date={"read": "schools.code", "do": ["date_iso"]},
        never_read=["born"],
    )
    mapped = workshop.run(
        dated,
        pupil(id="1", school="s1"),
        pupil(id="2", school="s1"),
        pupil(id="3", school="s2"),
        schools=schools(("s1", "?"), ("s2", "2010-05-06")),
    )

    assert [("schools.code", "birth_date", "not-a-date")] * 2 == faults(mapped)
    assert ["3"] == mapped.documents["key"].to_list()


def test_a_slot_that_reads_a_joined_stream_too(workshop: Workshop) -> None:
    workshop.codes(SLOT)
    data = changed(
        PARENTS,
        streams__pupils__columns=[*PARENTS["streams"]["pupils"]["columns"], "school"],
        streams__schools={"columns": ["id", "code"], "unknown_columns": "freeze"},
        join=[{"stream": "schools", "on": {"school": "id"}, "missing": "keep"}],
        fields__given_name={"read": ["given", "schools.code"], "first": "filled"},
    )
    row = {"id": "1", "dad": "Roy", "dad_first": None, "mum": "Ng", "mum_first": "An"}
    mapped = workshop.run(data, {**row, "school": "s1"}, schools=schools(("s1", "Luc")))

    assert ["Luc", "An"] == [document["given_name"] for document in documents(mapped)]


def test_the_rows_of_a_wide_mapping_are_cut_smaller(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    workshop.codes(SLOT)
    names = {"dad": "Roy", "dad_first": "Luc", "mum": "Ng", "mum_first": "An"}
    rows: list[dict[str, str | None]] = [{"id": str(number), **names} for number in range(7)]
    whole = workshop.run(PARENTS, *rows)
    monkeypatch.setattr(compiler, "_RECORDS", 4)
    cut = workshop.run(PARENTS, *rows)

    assert whole.documents.equals(cut.documents)
    assert (14, 0, 7) == (cut.candidates, cut.rejected, cut.rows)


def test_no_cell_of_a_person_is_in_what_the_accounts_say(workshop: Workshop) -> None:
    mapped = workshop.run(changed(PUPIL, key=["$row"]), pupil(id="?", name="x" * 250))

    assert not re.search(r"xx", str(mapped.rejects.to_dicts()))
