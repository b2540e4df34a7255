"""The invented province: the same for the same seed, plausible, and nobody in it can exist."""

import hashlib
import re
import time
from collections import Counter
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stdnum import luhn

from canonical_model import codings, identifiers
from canonical_model.identifiers import POSTAL_CODE
from connectors.kit.province import daycare, declared, defects, people, plans, schooling, transport
from connectors.kit.province.generate import generate
from connectors.kit.province.model import DefectKind, Province, Pupil

DAY = date(2026, 2, 16)
CENSUS = date(2025, 9, 30)


@pytest.fixture(scope="module")
def province() -> Province:
    """The demo's size."""
    return generate(1, students=3000, boards=3, day=DAY)


@pytest.fixture(scope="module")
def pupils(province: Province) -> list[Pupil]:
    """Everybody, board after board."""
    return [pupil for board in province.boards for pupil in board.pupils]


@given(st.integers(0, 10_000), st.integers(3, 80), st.integers(1, 3))
@settings(max_examples=20, deadline=None)
def test_the_same_seed_size_and_day_give_the_same_province(seed: int, students: int, boards: int) -> None:
    first = generate(seed, students=students, boards=boards, day=DAY)

    assert repr(first) == repr(generate(seed, students=students, boards=boards, day=DAY))
    assert students == sum(len(board.pupils) for board in first.boards)
    assert ("762000", "711000", "889000")[:boards] == tuple(board.code for board in first.boards)


def test_a_home_s_province_stays_what_it_was_byte_for_byte() -> None:
    """What is invented later draws from streams of its own; a home that began before still has its pupils."""
    told = repr(generate(1, students=600, boards=3, day=DAY)).encode()

    assert (
        "cff42f55295abeeb6ae26ed3aa125df7c4c24e692a420476372d068ce7a32a78" == hashlib.sha256(told).hexdigest()
    )


def test_what_is_invented_beside_the_province_is_the_same_again(province: Province) -> None:
    board = province.boards[0]

    for pupil in board.pupils[::40]:
        assert declared.declared(province, board, pupil) == declared.declared(province, board, pupil)
        assert transport.transported(province, board, pupil) == transport.transported(province, board, pupil)
        assert plans.plan(province, board, pupil) == plans.plan(province, board, pupil)
    kinds = {"one": lambda pupil: True, "other": lambda pupil: True, "nobody": lambda pupil: False}
    carried = defects.carriers(province, board, "system", kinds)
    assert carried == defects.carriers(province, board, "system", kinds)
    assert {"one", "other"} == carried.keys()
    assert len(set(carried.values())) == 2


def test_who_is_present_at_the_census_is_counted_once_and_attends_one_school_at_a_time(
    province: Province,
) -> None:
    for board in province.boards:
        for pupil in board.pupils:
            found = [f for f in declared.declared(province, board, pupil).frequentations if f.year == 2025]
            present = pupil.enrolled_on <= CENSUS and (pupil.left_on is None or pupil.left_on > CENSUS)
            assert [f.kind for f in found].count("FIN") == present
            attended = sorted((f.start, f.end) for f in found if f.kind == "FRE")
            for (_, left), (came, _) in pairwise(attended):
                assert left is not None
                assert left < came


def test_another_seed_gives_another_province(province: Province) -> None:
    assert province.boards != generate(2, students=3000, boards=3, day=DAY).boards


def test_the_demo_s_size_takes_less_than_two_seconds() -> None:
    start = time.perf_counter()
    generate(3, students=3000, boards=3, day=DAY)

    assert time.perf_counter() - start < 2


@pytest.mark.parametrize(("students", "boards"), [(2, 3), (10, 0), (10, 4)])
def test_impossible_numbers_are_refused(students: int, boards: int) -> None:
    with pytest.raises(ValueError, match="province"):
        generate(1, students=students, boards=boards, day=DAY)


def test_pupils_have_the_age_of_their_level_on_30_september_or_repeat_it(pupils: list[Pupil]) -> None:
    older: Counter[int] = Counter()
    for pupil in pupils:
        born = pupil.birth_date
        age = 2025 - born.year - ((9, 30) < (born.month, born.day))
        older[age - 4 - schooling.LEVELS.index(pupil.level)] += 1

    assert {0, 1} == set(older)
    assert 0.01 < older[1] / len(pupils) < 0.05
    assert set(schooling.LEVELS) == {pupil.level for pupil in pupils}
    assert set(schooling.LEVELS) == set(codings.in_force("school_level", DAY).codes)


def test_code_permanents_say_birth_and_sex_and_are_unique(pupils: list[Pupil]) -> None:
    codes = [(pupil, pupil.code_permanent) for pupil in pupils if pupil.code_permanent is not None]

    for pupil, code in codes:
        found = identifiers.code_permanent(code, today=DAY)
        assert ((), ()) == (found.faults, found.warnings)
        assert pupil.birth_date.isoformat() == found.decoded["birth_date"]
        assert found.decoded["sex"] == ("F" if pupil.sex == "F" else "M")
        assert code.startswith(people.plain_letters(pupil.family_name)[:3])
    assert len(codes) == len({code for _, code in codes})
    assert 0.003 < 1 - len(codes) / len(pupils) < 0.02  # some have none yet


def test_no_social_insurance_number_can_be_a_person_s(pupils: list[Pupil]) -> None:
    numbers = [g.social_insurance_number for p in pupils for g in p.guardians]
    held = {number for number in numbers if number is not None}

    assert all(number[0] == "0" and luhn.is_valid(number) and number != "000000000" for number in held)
    assert 0.05 < numbers.count(None) / len(numbers) < 0.15


def test_families_are_plausible(pupils: list[Pupil]) -> None:
    signs = "".join(p.family_name + p.given_name for p in pupils)

    assert all(sign in signs for sign in "-'éÉèï")
    assert "Nguyễn" in signs
    assert "O'Neill" in signs
    assert 0.15 < sum(p.custody == "shared" for p in pupils) / len(pupils) < 0.25
    assert all(p.guardians[0].street != p.guardians[1].street for p in pupils if p.custody == "shared")
    assert all(re.match(POSTAL_CODE, g.postal_code) for p in pupils for g in p.guardians)
    assert all(g.email.endswith("@example.org") and g.email.isascii() for p in pupils for g in p.guardians)


def test_schools_have_official_codes_of_their_board_and_fit_the_level(province: Province) -> None:
    for board in province.boards:
        assert len(board.schools) == len({school.official for school in board.schools})
        assert {"PRI", "SEC"} == {school.category for school in board.schools}
        for school in board.schools:
            assert board.code[:3] == school.official[:3]
            assert school.official[3] in "012"
        for pupil in board.pupils:
            assert pupil.school in board.schools
            assert (pupil.level in schooling.PRESCHOOL_AND_PRIMARY) == (pupil.school.category == "PRI")
        assert len(board.pupils) == len({pupil.fiche for pupil in board.pupils})


def test_stays_are_half_open_and_some_are_not_there_at_the_census(pupils: list[Pupil]) -> None:
    assert all(p.left_on is None or p.enrolled_on < p.left_on <= DAY for p in pupils)
    absent = [p for p in pupils if p.enrolled_on > CENSUS or (p.left_on and p.left_on <= CENSUS)]

    assert 0.005 < len(absent) / len(pupils) < 0.05


def test_marks_are_numbers_or_listed_codes_of_steps_that_are_over(pupils: list[Pupil]) -> None:
    listed = codings.in_force("result_code", DAY).codes
    values = Counter(text for p in pupils for mark in p.marks for text in mark.steps.values())

    assert all(text in listed or 0 <= int(text) <= 100 for text in values)
    assert {"NE", "ABS"} <= values.keys()
    assert {1, 2} == {step for p in pupils for mark in p.marks for step in mark.steps}
    assert all(not identifiers.CHECKS["code-cours"](m.course).faults for p in pupils for m in p.marks)
    assert any(mark.group[0].isalpha() for p in pupils for mark in p.marks)  # a retake


def test_daycare_is_used_on_days_of_the_calendar_year_only(pupils: list[Pupil]) -> None:
    care = [pupil.care for pupil in pupils if pupil.care is not None]
    calendar = dict(daycare.calendar(2025))

    assert 15_000 <= sum(len(item.days) for item in care) <= 20_000
    for item in care:
        assert len({day.day for day in item.days}) == len(item.days)
        assert all(calendar[day.day] == day.kind for day in item.days)
        assert Decimal(100) == sum(share for _, _, share in item.payers)
    assert {"class_day", "pedagogical_day", "break_day"} == {d.kind for item in care for d in item.days}
    assert {date(2025, 3, 3) + timedelta(days=n) for n in range(5)} == {
        day for day, kind in calendar.items() if kind == "break_day"
    }


def test_daycare_is_for_preschool_and_primary_at_one_daycare_a_board(province: Province) -> None:
    for board in province.boards:
        users = [pupil for pupil in board.pupils if pupil.care is not None]
        younger = [pupil for pupil in board.pupils if pupil.level in schooling.PRESCHOOL_AND_PRIMARY]
        receipts = [payment.number for pupil in users if pupil.care for payment in pupil.care.payments]

        assert {p.fiche for p in users} <= {p.fiche for p in younger}
        assert 0.04 < len(users) / len(younger) < 0.13
        assert 1 == len({pupil.care.daycare for pupil in users if pupil.care})
        assert len(receipts) == len(set(receipts))


def test_most_families_paid_all_and_overpayments_are_small_and_rare(pupils: list[Pupil]) -> None:
    settled = over = arrears = 0
    for pupil in pupils:
        if pupil.care is None or not pupil.care.days:
            continue
        charged = sum((fee for day in pupil.care.days for fee in daycare.prices(day)), Decimal(0))
        paid = sum((payment.amount for payment in pupil.care.payments), Decimal(0))
        assert all(payment.paid_on < DAY and payment.amount > 0 for payment in pupil.care.payments)
        assert paid <= charged + 15
        settled += paid == charged
        over += paid > charged
        arrears += paid < charged

    assert settled > arrears > 0
    assert over < 0.05 * settled


def test_answers_are_of_secondary_5_and_cover_every_outcome(pupils: list[Pupil]) -> None:
    answers = [p.answer for p in pupils if p.answer is not None]
    oldest = [p for p in pupils if p.level == "SECONDARY5"]
    releasable = [
        a for a in answers
        if a.given and a.distinct and a.recipient == "916000" and a.start <= DAY < a.end
        and "results_local" in a.sections
    ]  # fmt: skip

    assert all(p.level == "SECONDARY5" for p in pupils if p.answer)
    assert 0.6 < len(releasable) / len(oldest) < 0.85
    assert any(not a.given for a in answers)
    assert any(not a.distinct for a in answers)
    assert any(a.recipient == "933000" for a in answers)
    assert any(a.end <= DAY for a in answers)
    assert any(a.sections == ("identity",) for a in answers)
    assert len(oldest) > len(answers)
    assert all(a.given_on <= a.start <= a.end and a.given_on < DAY for a in answers)


@pytest.mark.parametrize(("students", "boards"), [(300, 1), (300, 2), (300, 3), (3000, 3)])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_every_kind_of_defect_is_planted_each_on_a_pupil_of_its_own(
    students: int, boards: int, seed: int
) -> None:
    province = generate(seed, students=students, boards=boards, day=DAY)
    by_place = {(b.code, p.fiche): p for b in province.boards for p in b.pupils}
    places = [(defect.board, defect.fiche) for defect in province.defects]

    assert set(get_args(DefectKind)) == {defect.kind for defect in province.defects}
    assert len(places) == len(set(places))
    assert len(places) <= max(12, round(students * 0.01))
    for defect in province.defects:
        pupil = by_place[defect.board, defect.fiche]
        assert pupil.code_permanent is not None
        assert pupil.enrolled_on <= CENSUS
        assert pupil.left_on is None
        if defect.kind in ("duplicate-row", "unknown-fiche"):
            assert pupil.care is not None
            assert pupil.care.days
        if defect.kind == "windows-1252":
            name = pupil.guardians[0].family_name
            assert pupil.answer is not None
            assert name.encode("windows-1252") != name.encode("utf-8")
        if defect.kind == "unmapped-result":
            assert any(mark.steps for mark in pupil.marks)
    for board in province.boards:
        assert len(province.defects_of(board.code, "shared-code-permanent")) % 2 == 0


def test_defects_are_spread_over_the_boards(province: Province) -> None:
    assert {board.code for board in province.boards} == {defect.board for defect in province.defects}
    assert 30 == len(province.defects)
