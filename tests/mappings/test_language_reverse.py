"""The sentences of mappings/README.md on the way back, each by its number."""

import json
import re
from typing import Any

import pytest

from mappings.engine import checker, loader, reverse
from mappings.engine.functions import FUNCTIONS
from mappings.engine.reverse import Reversed
from tests.mappings.conftest import (
    DAY,
    JOINED,
    PARENTS,
    PUPIL,
    REMOVE,
    ROW,
    SEX,
    SLOT,
    Workshop,
    changed,
    documents,
    frame,
    pupil,
    schools,
)

BACK = changed(PUPIL, reverse="yes")


def found(workshop: Workshop, data: dict[str, Any]) -> list[tuple[str, str]]:
    """(kind, first word) of each finding."""
    return [(item.kind, item.english.split(" ")[0]) for item in checker.check(workshop.mapping(data))]


def back(workshop: Workshop, data: dict[str, Any], *texts: dict[str, Any]) -> Reversed:
    """Documents turned back."""
    written = [json.dumps(text) for text in texts]
    return reverse.run(workshop.mapping(data), written, organization="762000", day=DAY)


def there(workshop: Workshop, data: dict[str, Any], *rows: dict[str, str | None], **joined: Any) -> Reversed:
    """Rows mapped, and their documents turned back."""
    return back(workshop, data, *documents(workshop.run(data, *rows, **joined)))


def test_s51_rows_have_every_declared_column_and_joined_streams_are_not_written(workshop: Workshop) -> None:
    data = changed(JOINED, streams__pupils__columns=[*ROW, "school", "note"], never_read=["note"])
    lossy = changed(data, reverse={"lossy": {"school": "only its code is kept"}})
    row = pupil(id="0000012", school="s1", note="x")

    given_back = there(workshop, lossy, row, schools=schools(("s1", "ROYZ10550601")))

    assert [{**ROW, "id": "0000012", "school": None, "note": None}] == given_back.rows.to_dicts()


def test_s51_a_key_that_a_joined_stream_repeats_comes_back_where_every_row_finds_it(
    workshop: Workshop,
) -> None:
    data = changed(JOINED, reverse="yes", fields__code_permanent=REMOVE, streams__schools__columns=["id"])
    same = changed(data, **{"fields__subject.1.system": {"const": "code-permanent"}})
    same = changed(same, **{"fields__subject.1.value": {"read": "schools.id"}})
    row = pupil(id="0000012", school="ROYZ10550601")

    assert [("not-reversible", "school")] == found(workshop, data)
    assert [row] == there(workshop, same, row, schools=frame({"id": "ROYZ10550601"})).rows.to_dicts()
    kept = changed(same, join=[{"stream": "schools", "on": {"school": "id"}, "missing": "keep"}])
    assert [("not-reversible", "school")] == found(workshop, kept)


def test_s52_what_would_not_come_back_is_found_unless_it_is_declared_lossy(workshop: Workshop) -> None:
    capitals = changed(BACK, fields__family_name__do=["upper"])
    declared = changed(capitals, reverse={"lossy": {"name": "small letters become capitals"}})

    (finding,) = checker.check(workshop.mapping(capitals))
    assert "not-reversible" == finding.kind
    assert finding.english.startswith("name would not come back: `upper` loses something.")
    line = (workshop.root / "test" / "pupil.v1.yaml").read_text("utf-8").splitlines()[finding.line - 1]
    assert "family_name" in line
    assert [] == found(workshop, declared)
    assert [] == found(workshop, changed(capitals, reverse="no"))
    assert [("unknown-column", "nom")] == found(workshop, changed(BACK, reverse={"lossy": {"nom": "?"}}))
    assert ["ROY"] == there(workshop, declared, pupil()).rows["name"].to_list()


def test_s53_a_cell_comes_back_in_one_spelling(workshop: Workshop) -> None:
    spelt = changed(BACK, fields__family_name__do=["trim", "nfc"])
    row = pupil(id=" 12", name=" Co\u0302te\u0301 ", born="2010-05-06 00:00:00")

    assert [("0000012", "Côté", "Zoé", "2010-05-06", "F")] == there(workshop, spelt, row).rows.rows()

    readme = (loader.ROOT / "README.md").read_text("utf-8")
    losing = re.search(r"\*\*On the way back\*\* .*?\.", readme, re.DOTALL)
    nothing = re.search(r"Nothing at all is written of what .*? read\.", readme, re.DOTALL)
    assert losing
    assert nothing
    assert {n for n, f in FUNCTIONS.items() if not f.exact} == set(re.findall(r"`(\w+)`", losing[0]))
    assert {n for n, f in FUNCTIONS.items() if not f.inverse} == set(re.findall(r"`(\w+)`", nothing[0]))


@pytest.mark.parametrize(
    ("codes", "more", "lost"),
    [
        ({"F": "F", "M": "M"}, {}, False),
        ({"F": "F", "M": "M", "2": "M"}, {}, True),
        (
            {
                "F": "F",
                "M": [{"code": "M", "until": "2020-07-01"}],
                "2": [{"code": "M", "from": "2020-07-01"}],
            },
            {},
            False,
        ),
        (
            {
                "F": "F",
                "M": [{"code": "M", "until": "2020-07-02"}],
                "2": [{"code": "M", "from": "2020-07-01"}],
            },
            {},
            True,
        ),
        ({"F": "F"}, {"unmapped": "default", "default": "X"}, True),
    ],
)
def test_s54_a_code_with_two_sources_on_one_day_is_lost(
    workshop: Workshop, codes: dict[str, Any], more: dict[str, str], *, lost: bool
) -> None:
    workshop.codes({**SEX, **more, "codes": codes})

    assert ([("not-reversible", "sex")] if lost else []) == found(workshop, BACK)


def test_s54_a_code_goes_back_by_the_day_of_its_record(workshop: Workshop) -> None:
    workshop.codes({"code_map": "status", "to": "childcare_status", "codes": _dated("sporadic", "regular")})
    workshop.codes({"code_map": "kind", "to": "childcare_day_kind", "codes": {"k": "class_day"}})
    daily = changed(
        PUPIL,
        to="ChildcareDay",
        reverse="yes",
        streams__pupils__columns=["id", "sdg", "day", "kind", "status"],
        fields__family_name=REMOVE,
        fields__given_name=REMOVE,
        fields__birth_date=REMOVE,
        fields__sex=REMOVE,
        fields__daycare={"read": "sdg"},
        fields__day={"read": "day", "do": ["date_iso"]},
        fields__kind={"read": "kind", "code_map": "kind"},
        fields__status={"read": "status", "code_map": "status"},
    )
    rows: list[dict[str, str | None]] = [
        {"id": f"000000{n}", "sdg": "S010", "day": day, "kind": "k", "status": status}
        for n, (day, status) in enumerate((d, s) for d in ("2020-06-30", "2020-07-01") for s in "ab")
    ]

    assert rows == there(workshop, daily, *rows).rows.to_dicts()


def _dated(one: str, other: str) -> dict[str, Any]:
    """Two codes that change places on the first of July 2020."""
    return {
        source: [{"code": before, "until": "2020-07-01"}, {"code": after, "from": "2020-07-01"}]
        for source, before, after in (("a", one, other), ("b", other, one))
    }


def test_s54_a_default_a_first_and_a_percentage_do_not_go_back(workshop: Workshop) -> None:
    assert [("not-reversible", "name")] == found(workshop, changed(BACK, fields__family_name__default="Roy"))
    first = changed(BACK, fields__family_name={"read": ["name", "first"], "first": "filled"})
    assert [("not-reversible", "name")] == found(workshop, first)


def test_s55_every_filled_cell_must_meet_a_when(workshop: Workshop) -> None:
    half = changed(
        BACK,
        fields__family_name={"read": "name", "when": {"in": ["Roy", "Ng"]}},
        fields__code_permanent={"read": "name", "when": {"not": {"equals": "Roy"}}},
    )
    gap = changed(half, fields__code_permanent__when={"not": {"in": ["Roy", "Caron"]}})

    assert [] == found(workshop, half)
    assert [("not-reversible", "name")] == found(workshop, gap)


def test_s55_a_filter_that_leaves_no_choice_gives_the_cell_back(workshop: Workshop) -> None:
    only = changed(
        BACK,
        streams__pupils__columns=[*ROW, "state", "gone"],
        where=[{"read": "state", "equals": "A"}, {"read": "gone", "is": "blank"}],
    )
    row = pupil(id="0000012", state="A", gone=None)

    assert [row] == there(workshop, only, row).rows.to_dicts()


def test_s56_parts_are_cut_at_their_sign_or_refused(workshop: Workshop) -> None:
    parts = changed(BACK, fields__family_name={"read": ["name", "first"], "between": "-"})
    two = there(workshop, parts, pupil(id="0000001", name=None), pupil(id="0000002", name="Côté-Roy"))

    assert [(None, "Zoé")] == two.rows.select("name", "first").rows()
    assert [(2, "family_name", "no-way-back")] == two.rejects.rows()


def test_s56_items_of_a_list_are_told_apart_by_constants(workshop: Workshop) -> None:
    second = {"fields__subject.1.value": {"read": "code"}, "streams__pupils__columns": [*ROW, "code"]}
    third = {
        "fields__subject.2.value": {"read": "other"},
        "streams__pupils__columns": [*ROW, "code", "other"],
    }
    marked = changed(BACK, **second, **{"fields__subject.1.system": {"const": "code-permanent"}})
    more = changed(marked, **third, **{"fields__subject.2.system": {"const": "mozaik:$organization"}})
    alike = changed(more, **{"fields__subject.2.system": {"const": "code-permanent"}})
    row = pupil(id="0000012", code=None, other="77")

    assert [row] == there(workshop, more, row).rows.to_dicts()
    assert [("not-reversible", "code"), ("not-reversible", "other")] == found(workshop, alike)


def test_s57_records_of_a_key_are_one_row_or_none(workshop: Workshop) -> None:
    workshop.codes(SLOT)
    wide = changed(PARENTS, reverse="yes")
    row: dict[str, str | None] = {
        "id": "0000001", "dad": "Roy", "dad_first": "Luc", "mum": "Ng", "mum_first": "An",
    }  # fmt: skip
    father, mother = documents(workshop.run(wide, row))

    assert [row] == back(workshop, wide, father, mother).rows.to_dicts()
    spoilt = back(workshop, wide, father, mother, {**father, "given_name": "Max"})
    assert (0, ["row-not-whole", "row-not-whole", "records-disagree"]) == (
        spoilt.rows.height,
        spoilt.rejects["rule"].to_list(),
    )

    named = changed(wide, version="3", unpivot__present=["family"])
    assert [("not-reversible", "dad_first"), ("not-reversible", "mum_first")] == found(workshop, named)

    workshop.codes({**SLOT, "codes": {"father": "father", "mother": "father"}})
    kinds = checker.check(workshop.mapping(changed(wide, version="2")))
    assert any("which slot" in item.english for item in kinds)


def test_s58_what_does_not_come_out_the_same_is_refused(workshop: Workshop) -> None:
    (text,) = documents(workshop.run(BACK, pupil(id="0000012")))
    filtered = changed(BACK, version="2", where=[{"read": "name", "not": {"equals": "Roy"}}])

    assert [(1, "organization", "no-way-back")] == back(
        workshop, BACK, {**text, "organization": "711000"}
    ).rejects.rows()
    assert [(1, "subject.0.system", "constant-differs")] == back(
        workshop, BACK, {**text, "subject": [{"system": "fiche:711000", "value": "0000012"}]}
    ).rejects.rows()
    assert [(1, "(record)", "left-out")] == back(workshop, filtered, text).rejects.rows()
    assert ["duplicate-key"] * 2 == back(workshop, BACK, text, text).rejects["rule"].to_list()
