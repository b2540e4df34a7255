"""Bodies, buildings, years, calendars, courses, groups, programmes, persons: what must agree inside one."""

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from canonical_model import resources, rules
from canonical_model.base import Record, problems
from canonical_model.elements import described
from canonical_model.generated import documents
from canonical_model.resources.calendar import Calendar
from canonical_model.resources.school_year import SchoolYear
from canonical_model.subjects import Resource

CORPUS = Path(resources.__file__).parents[1] / "corpus"
APART = (
    "Building",
    "Calendar",
    "Course",
    "CourseGroup",
    "CredentialProgram",
    "Organization",
    "Person",
    "SchoolYear",
)

Document = dict[str, Any]


def document(name: str, number: int = 0, **changes: Any) -> Document:
    """A kept document of that resource, changed."""
    kept: list[Document] = json.loads(min((CORPUS / name).glob("*.json")).read_text("utf-8"))
    return kept[number] | changes


def found(content: Document) -> list[tuple[str, str]]:
    """What is wrong with it; nothing when it is valid."""
    try:
        resources.resource(content["resource_type"]).model_validate_json(json.dumps(content))
    except ValidationError as error:
        return problems(error)
    return []


def held(content: Document) -> Any:
    return resources.resource(content["resource_type"]).model_validate_json(json.dumps(content))


def coding(system: str, code: str) -> Document:
    return {"system": system, "version": "2024-07-01", "code": code}


def day(text: str, kind: str = "class_day") -> Document:
    return {"day": text, "kind": coding("school_day_kind", kind)}


@pytest.mark.parametrize("name", APART)
def test_it_is_about_no_board_s_pupil_and_every_field_is_described(name: str) -> None:
    kind = resources.resource(name)
    fields = described(kind, kind.SECTION)

    assert issubclass(kind, Record)
    assert not issubclass(kind, Resource)
    assert all(field.french and field.english for field in fields)
    assert ("identity" if name == "Person" else "enrolment") == kind.SECTION


@pytest.mark.parametrize(
    "rule",
    [
        "own-parent", "duplicate-item", "census-day", "outside-school-year", "days-out-of-order",
        "no-official-name", "same-value-two-types", "code-programme-wrong-shape", "telephone-wrong-shape",
    ],
)  # fmt: skip
def test_every_rule_has_words_of_its_own_in_both_languages(rule: str) -> None:
    words = rules.words(rule)

    assert rule in rules.known()
    assert all((words.french, words.english, words.remedy_french, words.remedy_english))


# Organization and Building


def test_leading_zeros_are_part_of_a_code() -> None:
    assert "001500" == held(document("Organization", 1)).code
    assert [("code", "organisme-wrong-shape")] == found(document("Organization", 1, code="1500"))
    assert [("code", "string-type")] == found(document("Organization", 1, code=1500))


def test_a_body_is_not_part_of_itself() -> None:
    assert [("(record)", "own-parent")] == found(document("Organization", 2, parent="910000"))


def test_a_college_of_another_number_may_be_the_parent() -> None:
    assert "940000" == held(document("Organization", 2)).parent


def test_a_building_houses_schools_of_several_boards_each_once() -> None:
    schools = document("Building")["schools"]

    assert {"762", "711"} == {school[:3] for school in schools}
    assert [("schools", "duplicate-item")] == found(document("Building", schools=[schools[0], schools[0]]))
    assert [] == found(document("Building", schools=[f"{code:06}" for code in range(46)]))


@pytest.mark.parametrize(
    ("name", "value"), [("latitude", "91"), ("longitude", "-180.5"), ("latitude", "NaN")]
)
def test_a_place_is_on_earth(name: str, value: str) -> None:
    assert [name] == [path for path, _ in found(document("Building") | {name: value})]


# SchoolYear and Calendar


def test_the_census_is_taken_on_30_september_of_the_starting_year() -> None:
    for wrong in ("2025-09-29", "2025-10-01", "2026-09-30"):
        assert [("(record)", "census-day")] == found(document("SchoolYear", census_day=wrong))


@pytest.mark.parametrize(
    "period",
    [
        {"start": "2025-07-01"},
        {"start": "2025-07-01", "end": "2025-09-30"},
        {"start": "2025-10-01", "end": "2026-07-01"},
        {"start": "2025-07-01", "end": "2027-07-01"},
    ],
)
def test_a_school_year_is_one_year_that_holds_its_census(period: Document) -> None:
    assert [("(record)", "outside-school-year")] == found(document("SchoolYear", period=period))


@given(day=st.dates(date(2024, 1, 1), date(2027, 1, 1)))
def test_a_day_is_of_one_school_year_only(day: date) -> None:
    years = [
        SchoolYear.model_validate_json(
            json.dumps(
                document(
                    "SchoolYear",
                    school_year=year,
                    census_day=f"{year}-09-30",
                    period={"start": f"{year}-07-01", "end": f"{year + 1}-07-01"},
                )
            )
        )
        for year in range(2023, 2028)
    ]

    assert 1 == sum(year.holds(day) for year in years)


def test_a_calendar_says_what_a_day_is_and_counts_class_days() -> None:
    calendar: Calendar = held(document("Calendar"))

    assert 3 == calendar.class_days()
    assert "break_day" == calendar.kind(date(2026, 3, 2))
    assert calendar.kind(date(2026, 3, 3)) is None


@pytest.mark.parametrize(
    "days",
    [["2025-08-27", "2025-08-26"], ["2025-08-27", "2025-08-27"], ["2025-08-26", "2025-08-28", "2025-08-27"]],
)
def test_the_days_of_a_calendar_follow_each_other_each_once(days: list[str]) -> None:
    assert [("(record)", "days-out-of-order")] == found(
        document("Calendar", days=[day(text) for text in days])
    )


@pytest.mark.parametrize("text", ["2025-08-24", "2026-06-24"])
def test_a_day_outside_the_calendar_is_refused(text: str) -> None:
    assert [("(record)", "outside-school-year")] == found(document("Calendar", days=[day(text)]))


def test_a_calendar_has_an_end() -> None:
    assert [("(record)", "outside-school-year")] == found(
        document("Calendar", period={"start": "2025-08-25"})
    )


def test_a_calendar_is_bounded() -> None:
    days = [day((date(2025, 1, 1) + timedelta(number)).isoformat()) for number in range(401)]

    assert [("days", "too-long")] == found(
        document("Calendar", period={"start": "2025-01-01", "end": "2027-01-01"}, days=days)
    )
    assert [("days", "too-short")] == found(document("Calendar", days=[]))


# Course, CourseGroup, CredentialProgram


def test_the_weight_of_an_exam_is_absent_until_someone_writes_it() -> None:
    weights = [item.exam_weight for item in held(document("Course")).competencies]

    assert [None, "0.5000", None] == [weight if weight is None else str(weight) for weight in weights]


@pytest.mark.parametrize("weight", ["-0.1", "1.01", "50"])
def test_the_weight_of_an_exam_is_a_part_of_one(weight: str) -> None:
    competency = document("Course")["competencies"][0] | {"exam_weight": weight}

    assert ["competencies.0.exam_weight"] == [
        path for path, _ in found(document("Course", competencies=[competency]))
    ]


def test_a_competency_is_named_once() -> None:
    competency = document("Course")["competencies"][0]

    assert [("competencies", "duplicate-item")] == found(
        document("Course", competencies=[competency, competency])
    )


@pytest.mark.parametrize("code", ["132506", "FRA600", "581-116-AH", "601-101-MQ"])
def test_courses_of_every_order_have_their_codes(code: str) -> None:
    assert [] == found(document("Course", code=code))


def test_a_teacher_is_a_number_and_is_named_once() -> None:
    teacher = document("CourseGroup")["teachers"][0]

    assert [("teachers", "duplicate-item")] == found(document("CourseGroup", teachers=[teacher, teacher]))
    assert ("teachers.0.name", "extra-forbidden") in found(
        document("CourseGroup", teachers=[teacher | {"name": "Invented"}])
    )


@pytest.mark.parametrize(
    ("code", "wrong"), [("180.A0", ()), ("5319", ()), ("LEA.1F", ()), ("200-B0", ("code",)), ("", ("code",))]
)
def test_a_programme_code_is_of_a_college_or_opaque(code: str, wrong: tuple[str, ...]) -> None:
    assert list(wrong) == [path for path, _ in found(document("CredentialProgram", code=code))]


# Person


def test_a_person_has_exactly_one_official_name() -> None:
    official = {"family": "Roy", "use": coding("name_use", "official")}
    usual = {"family": "Roy", "use": coding("name_use", "usual")}
    for names in ([usual], [official, official]):
        assert [("names", "no-official-name")] == found(document("Person", names=names))
    assert [] == found(document("Person", names=[usual, official]))


def test_one_value_as_code_permanent_and_as_ramq_number_is_refused() -> None:
    pair = [{"system": system, "value": "ABCD01510199"} for system in ("code-permanent", "ramq")]

    assert [("identifiers", "same-value-two-types")] == found(document("Person", identifiers=pair))


def test_a_number_is_written_once_and_a_replaced_one_is_kept() -> None:
    number = {"system": "fiche:762000", "value": "0000123"}

    assert [("identifiers", "duplicate-item")] == found(document("Person", identifiers=[number, number]))
    assert [] == found(document("Person", 2))
    assert [("identifiers", "too-short")] == found(document("Person", identifiers=[]))


def test_a_third_sex_marker_and_an_unstated_one_are_taken() -> None:
    assert "X" == held(document("Person", 2)).sex.code
    assert held(document("Person", 1)).sex is None


def test_the_code_of_a_building_is_opaque() -> None:
    for code in ("1", "762901", "001500", "7620011234", "A-12"):
        assert [] == found(document("Building", code=code))
    assert [("code", "string-pattern-mismatch")] == found(document("Building", code="762 901"))


@pytest.mark.parametrize("name", ["Student", "Person"])
def test_a_generated_code_permanent_agrees_with_who_has_it(name: str) -> None:
    made = [resources.resource(name).model_validate_json(json.dumps(one)) for one in documents(name, 200, 11)]
    coded = [
        one
        for one in made
        if "code-permanent" in one.model_dump_json() or getattr(one, "code_permanent", None)
    ]

    assert len(coded) > 100
    assert set() == {doubt for one in made for doubt in one.doubts()}


def test_a_code_permanent_that_still_stands_and_disagrees_is_a_doubt_about_the_person() -> None:
    content = next(one for one in documents("Person", 50, 11) if "given" in one["names"][0])
    place = len(content["identifiers"]) - 1
    code = content["identifiers"][place]
    content["identifiers"][place] = code | {"value": f"QQQQ{code['value'][4:]}"}
    replaced = content | {"identifiers": [{**content["identifiers"][place], "replaced_by": code["value"]}]}

    assert ((f"identifiers.{place}.value", "letters-disagree"),) == held(content).doubts()
    assert () == held(replaced).doubts()
