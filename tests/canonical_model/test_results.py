"""Results of secondary school and college: five marks side by side, compared by the published rule, never made."""

import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from canonical_model import dated, resources
from canonical_model.base import problems
from canonical_model.errors import ConfigurationError
from canonical_model.exam_marks import check_final, exam_weights, expected_final
from canonical_model.resources.college_result import CollegeResult
from canonical_model.resources.ministry_result import MinistryResult
from tests.canonical_model.school_path_examples import EXAMPLES, coding, number

TODAY = date(2026, 2, 16)
FIVE = ("school_raw", "school_moderated", "exam_raw", "exam_converted", "final")
MARKS = st.decimals(0, 100, places=1)
WEIGHTS = st.decimals(0, 1, places=2)


def faults(document: dict[str, Any]) -> list[tuple[str, str]]:
    kind = resources.resource(document["resource_type"])
    with pytest.raises(ValidationError) as raised:
        kind.model_validate_json(json.dumps(document))
    return problems(raised.value)


def ministry(**marks: dict[str, Any]) -> MinistryResult:
    bare = {key: value for key, value in EXAMPLES["MinistryResult"].items() if key not in FIVE}
    return MinistryResult.model_validate_json(json.dumps(bare | marks))


PUBLISHED = [
    pytest.param("68", "60", "0.20", "66", id="A"),
    pytest.param("68", "60", "0.50", "64", id="B"),
    pytest.param("64", "70", "0.20", "70", id="C, 20 %"),
    pytest.param("64", "70", "0.50", "70", id="C, 50 %"),
]


@pytest.mark.parametrize(("moderated", "exam", "weight", "final"), PUBLISHED)
def test_the_published_examples_of_the_final_mark(moderated: str, exam: str, weight: str, final: str) -> None:
    assert Decimal(final) == expected_final(Decimal(moderated), Decimal(exam), Decimal(weight))

    result = ministry(school_moderated=number(moderated), exam_converted=number(exam), final=number(final))
    assert "agrees" == check_final(result, Decimal(weight))


@given(moderated=MARKS, exam=MARKS, weight=WEIGHTS)
def test_the_final_mark_is_never_under_the_exam_and_never_over_the_better_of_the_two(
    moderated: Decimal, exam: Decimal, weight: Decimal
) -> None:
    final = expected_final(moderated, exam, weight)
    half = Decimal("0.5")  # of the rounding to the unit

    assert exam - half <= final <= max(moderated, exam) + half


def test_another_final_mark_is_a_warning_and_the_record_keeps_the_ministry_s() -> None:
    result = ministry(school_moderated=number("68"), exam_converted=number("60"), final=number("65"))

    assert "differs" == check_final(result, Decimal("0.20"))
    assert result.final is not None
    assert Decimal(65) == result.final.number


def test_the_raw_exam_mark_serves_when_nothing_was_converted() -> None:
    result = ministry(school_moderated=number("68"), exam_raw=number("60"), final=number("66"))

    assert "agrees" == check_final(result, Decimal("0.20"))


@pytest.mark.parametrize("absent", ["school_moderated", "exam_converted", "final"])
def test_a_mark_that_is_absent_or_a_code_is_not_checkable_and_is_not_zero(absent: str) -> None:
    marks = {"school_moderated": number("0"), "exam_converted": number("0"), "final": number("0")}
    code = {"code": coding("result_code", "ABS")}

    assert "agrees" == check_final(ministry(**marks), Decimal("0.20"))
    assert "not-checkable" == check_final(ministry(**marks | {absent: code}), Decimal("0.20"))
    del marks[absent]
    assert "not-checkable" == check_final(ministry(**marks), Decimal("0.20"))


def test_each_of_the_five_marks_may_be_absent_a_number_or_a_code() -> None:
    for name in FIVE:
        assert getattr(ministry(), name) is None
        for mark in (number("0"), {"code": coding("result_code", "RIN")}):
            found = json.loads(ministry(**{name: mark}).model_dump_json(exclude_none=True))
            assert mark == found[name]
            assert not set(FIVE) - {name} & found.keys()


# --- the weight of the exam


def test_the_weight_of_2021_and_2022_is_20_percent() -> None:
    table = exam_weights(TODAY)

    assert Decimal("0.20") == table.of(2021, "132506") == table.of(2022, "065426", "2")


@pytest.mark.parametrize("school_year", [2018, 2023, 2024, 2025, 2026])
def test_a_weight_that_is_not_known_refuses_the_computation(school_year: int) -> None:
    with pytest.raises(ConfigurationError, match=f"no weight for {school_year}") as raised:
        exam_weights(TODAY).of(school_year, "132506")
    assert "aucune pondération" in raised.value.french


def table(folder: Path, day: str, rows: str) -> Path:
    text = f"parameter: exam_weight\nversion: {day}\nsource: invented\nweights:\n{rows}"
    (folder / f"exam_weight.{day}.yaml").write_text(text, "utf-8")
    return folder


def test_the_most_precise_row_wins_and_an_empty_one_says_unknown(tmp_path: Path) -> None:
    rows = (
        '  - {school_year: 2025, course: "*", competency: "*", weight: 0.20}\n'
        '  - {school_year: 2025, course: 132506, competency: "*", weight: 0.30}\n'
        "  - {school_year: 2025, course: 132506, competency: 2, weight: 0.50}\n"
        '  - {school_year: 2025, course: 065426, competency: "*", weight: ""}\n'
    )
    found = exam_weights(TODAY, folder=table(tmp_path, "2025-07-01", rows))

    assert Decimal("0.50") == found.of(2025, "132506", "2")
    assert Decimal("0.30") == found.of(2025, "132506", "1") == found.of(2025, "132506")
    assert Decimal("0.20") == found.of(2025, "134504")
    with pytest.raises(ConfigurationError):
        found.of(2025, "065426")


def test_the_table_is_the_one_in_force_and_none_stands_before_the_first(tmp_path: Path) -> None:
    row = '  - {{school_year: 2025, course: "*", competency: "*", weight: {}}}\n'
    table(tmp_path, "2024-07-01", row.format("0.20"))
    table(tmp_path, "2025-07-01", row.format("0.50"))

    assert Decimal("0.20") == exam_weights(date(2025, 6, 30), folder=tmp_path).of(2025, "132506")
    assert Decimal("0.50") == exam_weights(date(2025, 7, 1), folder=tmp_path).of(2025, "132506")
    with pytest.raises(ConfigurationError, match="no version is in force on 2024-06-30"):
        exam_weights(date(2024, 6, 30), folder=tmp_path)


def test_a_weight_beyond_one_and_a_file_that_contradicts_its_name_are_refused(tmp_path: Path) -> None:
    table(tmp_path, "2025-07-01", '  - {school_year: 2025, course: "*", competency: "*", weight: 20}\n')
    with pytest.raises(ConfigurationError, match="not 0 to 1"):
        exam_weights(TODAY, folder=tmp_path)
    (tmp_path / "exam_weight.2025-07-01.yaml").rename(tmp_path / "exam_weight.2025-08-01.yaml")
    with pytest.raises(ConfigurationError, match="must repeat the file's name"):
        exam_weights(TODAY, folder=tmp_path)


@pytest.mark.parametrize("path", sorted(dated.FOLDER.glob("*.yaml")), ids=lambda path: path.name)
def test_every_shipped_parameter_file_repeats_its_name_and_gives_its_source(path: Path) -> None:
    name, version = path.stem.split(".", 1)

    assert dated.in_force(name, date.fromisoformat(version))["source"]


# --- competencies and college


def test_a_competency_result_without_a_step_is_the_final_one() -> None:
    document = {key: value for key, value in EXAMPLES["CompetencyResult"].items() if key != "step"}

    resources.resource("CompetencyResult").model_validate_json(json.dumps(document))
    assert [("step", "less-than-equal")] == faults(document | {"step": 31})


SAYS = {"result", "remark", "remark_in_list"}


def test_a_college_result_has_a_result_a_remark_or_both() -> None:
    kind = resources.resource("CollegeResult")
    bare = {k: v for k, v in EXAMPLES["CollegeResult"].items() if k not in SAYS}
    for document in (
        bare | {"result": "0"},
        bare | {"remark_in_list": coding("result_remark_college", "IN")},
        bare | {"remark": "IT"},
        bare | {"result": "60", "remark": "SU"},
    ):
        kind.model_validate_json(json.dumps(document))

    assert [("(record)", "result-or-remark")] == faults(bare)


@pytest.mark.parametrize("course", ["581116HU", "581-116-H", "581-116-hu", "58-116-HU", "132506"])
def test_a_college_course_has_its_own_shape(course: str) -> None:
    assert [("course", "string-pattern-mismatch")] == faults(EXAMPLES["CollegeResult"] | {"course": course})


@pytest.mark.parametrize(
    ("cote", "rule"),
    [("50.001", "less-than-equal"), ("-1", "greater-than-equal"), ("1.2345", "decimal-max-places")],
)
def test_a_cote_r_is_0_to_50(cote: str, rule: str) -> None:
    assert [("cote_r", rule)] == faults(EXAMPLES["CollegeResult"] | {"cote_r": cote})


@pytest.mark.parametrize("kind", ["DES", "DEP", "ASP", "AEP", "CFPT", "CFMS", "DEC", "AEC"])
def test_a_credential_is_of_any_kind_in_use(kind: str) -> None:
    document = EXAMPLES["Credential"] | {"kind": coding("credential_type", kind), "granted": False}

    resources.resource("Credential").model_validate_json(json.dumps(document))


def test_a_remark_of_the_list_is_the_remark_itself_and_says_nothing_of_success() -> None:
    held = EXAMPLES["CollegeResult"]

    assert [("(record)", "remark-disagrees")] == faults(held | {"remark": "DI"})
    opaque = held | {"remark": "ZZ", "remark_in_list": None}  # a code that the site's list does not have
    assert "ZZ" == CollegeResult.model_validate_json(json.dumps(opaque)).remark
