"""Progress towards the diploma: worked check lists, what counts, what only warns. Nothing is ever awarded."""

import json
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canonical_model.diploma import progress, requirements
from canonical_model.errors import ConfigurationError
from canonical_model.resources.diploma_progress import DiplomaProgress
from canonical_model.resources.ministry_result import MinistryResult
from tests.canonical_model.school_path_examples import EXAMPLES, coding, number

AS_OF = date(2026, 7, 10)
J5 = requirements("J5", "french", AS_OF)
REQUIRED = ("132506", "134504", "065426", "055444", "085404", "168402", "080502")  # 6 4 6 4 4 2 2
OTHERS = ("132406", "134404", "065506", "043404", "999404", "999504", "999502")  # 6 4 6 4 4 4 2: 58 in all


def result(course: str, **changes: Any) -> MinistryResult:
    """A course passed in June 2026, its units the last digit of its code."""
    document = {
        "subject": EXAMPLES["MinistryResult"]["subject"],
        "organization": "762000",
        "school": "762033",
        "school_year": 2025,
        "course": course,
        "sitting_year": 2026,
        "sitting_month": 6,
        "final": number("60"),
        "units": int(course[-1]) or None,
        "retrieved_at": "2026-07-08T06:00:00Z",
        **changes,
    }
    return MinistryResult.model_validate_json(json.dumps(document))


def passed(*courses: str) -> list[MinistryResult]:
    return [result(course) for course in courses]


def checked(results: list[MinistryResult], **options: Any) -> DiplomaProgress:
    return progress(
        results,
        J5,
        subject=result("132506").subject,
        organization="762000",
        as_of=options.pop("as_of", AS_OF),
        **options,
    )


def line(found: DiplomaProgress, name: str) -> tuple[int, int, bool]:
    """(obtained, required, met) of one line."""
    one = next(item for item in found.requirements if item.requirement == name)
    return one.units_obtained, one.units_required, one.met


def test_the_requirements_are_those_of_the_regime() -> None:
    assert ("DES", "J5", 60) == (J5.credential, J5.regime, J5.pass_mark)
    assert {
        "language_of_instruction_5": ((6, {"132506"}),),
        "second_language_5": ((4, {"134504", "136506"}),),
        "mathematics_4": ((4, {"063414", "064426", "065426"}),),
        "science_4": ((4, {"055444"}), (6, {"057416"})),
        "history_4": ((4, {"085404", "087404"}),),
        "arts_4": ((2, {"168402", "169402", "170402", "172402"}),),
        "citizenship_or_physical_education_5": ((2, {"069502", "080502", "043502"}),),
    } == {item.name: tuple((one.units, one.courses) for one in item.alternatives) for item in J5.lines}


def test_without_any_result_nothing_is_met_and_the_list_is_whole() -> None:
    found = checked([])

    assert (0, 54, False) == line(found, "total")
    assert (0, 20, False) == line(found, "secondary_5")
    assert 9 == len(found.requirements)
    assert not any(item.met for item in found.requirements)
    assert not found.complete


def test_a_whole_check_list() -> None:
    found = checked(passed(*REQUIRED, *OTHERS))

    assert (58, 54, True) == line(found, "total")
    assert (24, 20, True) == line(found, "secondary_5")  # 6 + 4 + 2 + 6 + 4 + 2
    assert all(item.met for item in found.requirements)
    assert found.complete
    assert () == found.warnings


def test_54_units_are_not_enough_without_20_of_secondary_5() -> None:
    fourth = ("132406", "134404", "998406", "998416", "998426", "998436")  # 34 units
    found = checked(passed(*REQUIRED, *fourth))

    assert (62, 54, True) == line(found, "total")
    assert (12, 20, False) == line(found, "secondary_5")
    assert not found.complete


@pytest.mark.parametrize("course", REQUIRED)
def test_every_required_subject_is_required(course: str) -> None:
    more = ("998506", "998516", "998526", "998536")  # enough units without it
    found = checked(passed(*(other for other in REQUIRED if other != course), *OTHERS, *more))

    assert [False] == [item.met for item in found.requirements if not item.met]
    assert not found.complete


def test_science_is_4_units_of_st_or_6_of_ats() -> None:
    assert (4, 4, True) == line(checked(passed("055444")), "science_4")
    assert (6, 6, True) == line(checked(passed("057416")), "science_4")
    assert (0, 4, False) == line(checked([]), "science_4")


def test_59_is_not_a_pass_an_empty_mark_is_none_and_a_code_follows_its_list() -> None:
    for changes, units in (
        ({"final": number("59")}, 0),
        ({"final": number("60")}, 6),
        ({"final": None}, 0),
        ({"final": {"code": coding("result_code", "EQU")}}, 6),
        ({"final": {"code": coding("result_code", "ABS")}}, 0),
        ({"final": {"code": coding("result_code", "NE")}}, 0),
        ({"final": number("59"), "outcome": coding("ministry_outcome", "R")}, 6),  # the Ministry's word
        ({"final": None, "outcome": coding("ministry_outcome", "RE")}, 6),
    ):
        assert (units, 6, units == 6) == line(
            checked([result("132506", **changes)]), "language_of_instruction_5"
        )


def test_the_latest_retrieval_of_one_sitting_counts_and_a_pass_of_another_sitting_stays() -> None:
    corrected = result("132506", final=number("58"), retrieved_at="2026-07-09T06:00:00Z")
    august = result("132506", final=number("50"), sitting_month=8, retrieved_at="2026-07-10T06:00:00Z")

    assert (0, 54, False) == line(checked([result("132506"), corrected]), "total")
    assert (6, 54, False) == line(checked([result("132506"), august]), "total")


def test_what_is_retrieved_later_is_not_known_yet() -> None:
    assert (0, 54, False) == line(checked(passed("132506"), as_of=date(2026, 7, 7)), "total")


def test_units_of_secondary_3_and_of_primary_do_not_count() -> None:
    assert (0, 54, False) == line(checked([*passed("132306"), result("FRA400", units=4)]), "total")


def test_vocational_units_count_in_the_total_only_and_it_is_told() -> None:
    vocational = result("301506", sector=coding("enrolment_type", "vocational"))
    found = checked([vocational])

    assert ((6, 54, False), (0, 20, False)) == (line(found, "total"), line(found, "secondary_5"))
    assert ("vocational-year-unknown",) == found.warnings


def test_courses_of_an_afp_programme_count_for_nothing() -> None:
    assert (0, 54, False) == line(
        checked(passed("999504"), attestation_courses=frozenset({"999504"})), "total"
    )


def test_a_part_has_no_units_and_a_course_without_units_is_told() -> None:
    assert () == checked([result("132520")]).warnings
    assert ("units-unknown",) == checked([result("132506", units=None)]).warnings


def test_a_part_of_french_5_under_50_warns_and_takes_nothing_away() -> None:
    parts = [result("132520", final=number("49")), result("132530", final=number("50"))]
    found = checked([*passed(*REQUIRED, *OTHERS), *parts])

    assert ("part-below-floor",) == found.warnings
    assert found.complete


def test_a_better_sitting_of_a_part_lifts_it() -> None:
    parts = [result("132520", final=number("49")), result("132520", final=number("51"), sitting_month=8)]

    assert () == checked(parts).warnings


def test_the_mark_of_one_competency_is_not_the_course() -> None:
    assert (0, 54, False) == line(checked([result("132506", competency="2")]), "total")


def test_what_is_not_public_is_refused() -> None:
    for regime, language, day in (
        ("J5", "english", AS_OF),
        ("A3", "french", AS_OF),
        ("J5", "french", date(2024, 6, 30)),
    ):
        with pytest.raises(ConfigurationError, match="no version is in force"):
            requirements(regime, language, day)  # type: ignore[arg-type]


@given(
    courses=st.lists(st.sampled_from([*REQUIRED, *OTHERS, "132306", "057416"]), max_size=12),
    more=st.sampled_from([*REQUIRED, *OTHERS, "057416"]),
    order=st.randoms(use_true_random=False),
)
def test_order_and_repetition_change_nothing_and_one_more_pass_takes_nothing_away(
    courses: list[str], more: str, order: Any
) -> None:
    results = passed(*courses)
    shuffled = [*results, *results]
    order.shuffle(shuffled)
    before, after = checked(results), checked([*results, result(more)])

    assert before == checked(shuffled)
    assert sum(int(c[-1]) for c in set(courses) if c[3] in "45") == line(before, "total")[0]
    for one, other in zip(before.requirements, after.requirements, strict=True):
        assert one.met <= other.met
    assert before.complete == all(item.met for item in before.requirements)
    assert before == DiplomaProgress.model_validate_json(before.model_dump_json())
