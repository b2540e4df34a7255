"""Identifiers: the published and the worked values, one right check digit each, and no text that breaks a check."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canonical_model import identifiers
from canonical_model.identifiers import CHECKS, Finding

TODAY = date(2026, 2, 16)
WELL_FORMED = {
    "code-permanent": "ABCD01510199",
    "nas": "046454286",
    "tvq": "1000000007TQ0001",
    "releve-24": "101458755",
    "code-postal": "H1L1A7",
    "organisme": "001500",
    "code-cours": "132506",
    "demande-admission": "012345678",
    "code-programme": "300.A1",
    "ramq": "ABCD10530599",
    "telephone": "5145550199",
    "fiche": "0000123",
    "matricule": "2412345",
}


# The test values of facts/quebec-education.md §1.2


@pytest.mark.parametrize(
    ("code", "born", "sex"),
    [
        ("ZZZZ67531000", "2010-03-05", "F"),
        ("ZZZZ63010000", "2000-01-01", "M"),
        ("ZZZZ93120900", "2009-12-31", "M"),
        ("ZZZZ31129900", "1999-12-31", "M"),
        ("ZZZZ91020400", "2004-02-29", "M"),
    ],
)
def test_a_code_permanent_tells_birth_and_sex(code: str, born: str, sex: str) -> None:
    found = identifiers.code_permanent(code, today=TODAY)

    assert ((), (), {"birth_date": born, "sex": sex}) == (found.faults, found.warnings, dict(found.decoded))


def test_the_published_dummy_is_read_by_position() -> None:
    """The facts give 1999 for it, its last two characters; those are opaque, and the year stands before them."""
    assert {"birth_date": "1901-01-01", "sex": "F"} == dict(
        identifiers.code_permanent("ABCD01510199").decoded
    )


@pytest.mark.parametrize(
    "code", ["ZZZZ91020500", "ZZZZ45031000", "ZZZZ00010100", "ZZZZ94010100", "ZZZZ01130100"]
)
def test_an_impossible_date_warns_and_never_refuses(code: str) -> None:
    found = identifiers.code_permanent(code, today=TODAY)

    assert ((), ("impossible-date",), {}) == (found.faults, found.warnings, dict(found.decoded))


@pytest.mark.parametrize("code", ["ZZZZ05531000", "ZZZZ67533000", "ABCD01510199"])
def test_an_age_that_no_pupil_has_warns_when_the_day_is_known(code: str) -> None:
    """1910 (the + 62 is probably missing), and a birth that is still to come."""
    assert ((), ("implausible-age",)) == (
        identifiers.code_permanent(code, today=TODAY).faults,
        identifiers.code_permanent(code, today=TODAY).warnings,
    )
    assert () == identifiers.code_permanent(code).warnings


@pytest.mark.parametrize("code", ["ZZZ05531000", "ZZZZ0553100A", "zzzz67531000", "ZZZZ675310001", ""])
def test_a_code_permanent_of_another_shape_is_refused(code: str) -> None:
    assert ("wrong-shape",) == identifiers.code_permanent(code).faults


# V9, V10 and V16 of facts/billing-rl24.md


@pytest.mark.parametrize(
    ("number", "printed"),
    [
        (10145875, "101458755"),
        (10145876, "101458766"),
        (10145881, "101458814"),
        (10145882, "101458825"),
        (10146174, "101461743"),
        (24000001, "240000014"),
        (1, "000000011"),
    ],
)
def test_v9_the_check_digit_of_a_slip(number: int, printed: str) -> None:
    assert printed == f"{number:08d}{identifiers.releve_24_check_digit(number)}"
    assert Finding() == identifiers.releve_24(printed)


def test_v9_a_wrong_check_digit_is_refused() -> None:
    assert ("wrong-check-digit",) == identifiers.releve_24("101458756").faults


@pytest.mark.parametrize(
    ("value", "faults", "warnings"),
    [
        ("046454286", (), ("unusual-first-digit",)),
        ("000000018", (), ("unusual-first-digit",)),
        ("130692544", (), ()),
        ("123456789", ("wrong-check-digit",), ()),
        ("046454287", ("wrong-check-digit",), ()),
        ("000000000", ("all-zeros",), ()),
        ("046 454 286", ("wrong-shape",), ()),
    ],
)
def test_v10_a_social_insurance_number(value: str, faults: tuple[str], warnings: tuple[str]) -> None:
    assert (faults, warnings) == (identifiers.nas(value).faults, identifiers.nas(value).warnings)


@pytest.mark.parametrize(
    ("value", "faults"),
    [
        ("1000000007TQ0001", ()),
        ("1000000008TQ0001", ("wrong-check-digit",)),
        ("1234567892TQ0001", ()),
        ("1234567892TQ0000", ("file-zero",)),
        ("1234567892", ("wrong-shape",)),
    ],
)
def test_v16_a_qst_number(value: str, faults: tuple[str]) -> None:
    assert faults == identifiers.tvq(value).faults


@given(body=st.integers(1, 99_999_999))
def test_exactly_one_last_digit_makes_a_social_insurance_number(body: int) -> None:
    assert 1 == sum(not identifiers.nas(f"{body:08d}{digit}").faults for digit in range(10))


@given(body=st.integers(0, 999_999_999), file=st.integers(1, 9999))
def test_exactly_one_check_digit_makes_a_qst_number(body: int, file: int) -> None:
    assert 1 == sum(not identifiers.tvq(f"{body:09d}{digit}TQ{file:04d}").faults for digit in range(10))


@given(body=st.integers(0, 99_999_999))
def test_exactly_one_last_digit_makes_a_slip_number(body: int) -> None:
    assert 1 == sum(not identifiers.releve_24(f"{body:08d}{digit}").faults for digit in range(10))


# What a code permanent says, and what is on file


@pytest.mark.parametrize(
    ("on_file", "warnings"),
    [
        ({}, ()),
        ({"birth_date": date(2010, 3, 5), "sex": "F", "letters": "ZZZZ"}, ()),
        ({"birth_date": date(2010, 3, 6)}, ("birth-date-disagrees",)),
        ({"birth_date": date(1910, 3, 5)}, ("birth-date-disagrees",)),
        ({"sex": "M"}, ("sex-disagrees",)),
        ({"sex": "X"}, ()),
        ({"letters": "ZZZY"}, ("letters-disagree",)),
        (
            {"birth_date": date(2011, 3, 5), "sex": "M", "letters": "ABCD"},
            ("birth-date-disagrees", "sex-disagrees", "letters-disagree"),
        ),
    ],
)
def test_a_code_that_disagrees_with_the_file_warns_and_never_refuses(
    on_file: dict[str, Any], warnings: tuple[str, ...]
) -> None:
    assert warnings == identifiers.agreement("ZZZZ67531000", **on_file)
    assert () == identifiers.code_permanent("ZZZZ67531000").faults


def test_a_code_without_a_possible_date_disagrees_with_no_date() -> None:
    assert () == identifiers.agreement("ZZZZ45031000", birth_date=date(2010, 3, 5), sex="F")


@given(value=st.text() | st.from_regex(r"[A-Z]{4}[0-9]{8}", fullmatch=True), day=st.dates(), sex=st.text())
def test_no_text_breaks_the_comparison(value: str, day: date, sex: str) -> None:
    found = identifiers.agreement(value, birth_date=day, sex=sex, letters=sex)

    assert set(found) <= {"birth-date-disagrees", "sex-disagrees", "letters-disagree"}


# The RAMQ number, which looks like a code permanent


@pytest.mark.parametrize(
    ("value", "warnings"),
    [
        ("ZZZZ10530512", ()),  # 5 March 2010, a girl: year, month, day
        ("ZZZZ04022912", ()),  # 29 February of a leap year
        ("ZZZZ00022912", ()),  # 2000 was one, 1900 was not
        ("ZZZZ05022912", ("impossible-date",)),
        ("ZZZZ31129900", ("impossible-date",)),  # a code permanent read as a RAMQ number: warned, not refused
    ],
)
def test_a_ramq_number_is_read_by_year_month_and_day_and_only_warns(
    value: str, warnings: tuple[str, ...]
) -> None:
    assert ((), warnings) == (identifiers.ramq(value).faults, identifiers.ramq(value).warnings)


@pytest.mark.parametrize(
    ("held", "same"),
    [
        ((("code-permanent", "ABCD01510199"), ("ramq", "ABCD01510199")), True),
        ((("ramq", "ABCD01510199"), ("fiche:762000", "0000123"), ("code-permanent", "ABCD01510199")), True),
        ((("code-permanent", "ABCD01510199"), ("ramq", "ABCD01510198")), False),
        ((("code-permanent", "ABCD01510199"), ("code-permanent", "ABCD01510199")), False),
        ((("ramq", "1"), ("matricule:916000", "1")), False),
        ((), False),
    ],
)
def test_one_value_under_both_types_for_one_person_is_seen(
    held: tuple[tuple[str, str], ...], same: bool
) -> None:
    assert same is identifiers.same_value_under_two_types(held)


# Telephone and file numbers


@pytest.mark.parametrize(
    ("value", "warnings"),
    [
        ("5145550123", ()), ("9005550123", ()), ("15145550123", ()), ("+15145550123x42", ()), ("+33155501234", ()),
        ("555-0123", ("no-area-code",)),
        ("0145550123", ("not-north-american",)), ("5141550123", ("not-north-american",)),
        ("33155501234", ("not-north-american",)),
    ],
)  # fmt: skip
def test_a_telephone_number_of_another_plan_or_without_area_code_only_warns(
    value: str, warnings: tuple[str, ...]
) -> None:
    assert ((), warnings) == (identifiers.telephone(value).faults, identifiers.telephone(value).warnings)


@pytest.mark.parametrize(
    ("text", "fiche"),
    [
        ("123", "0000123"), ("0000123", "0000123"), ("0000123_1", "0000123"), ("123_AB", "0000123"),
        ("1234567", "1234567"), ("0", "0000000"),
        ("12345678", None), ("", None), ("_1", None), ("12A", None), ("123_", None), ("123_1_2", None),
        (" 123", None), ("123\n", None), ("١٢٣", None), ("-123", None), ("12.0", None),
    ],
)  # fmt: skip
def test_a_file_number_is_the_part_before_the_suffix_in_seven_digits(text: str, fiche: str | None) -> None:
    assert fiche == identifiers.fiche(text)


@given(number=st.integers(0, 9_999_999), width=st.integers(1, 7), suffix=st.sampled_from(["", "_1", "_A2"]))
def test_one_number_however_padded_is_one_file(number: int, width: int, suffix: str) -> None:
    assert f"{number:07d}" == identifiers.fiche(f"{number:0{width}d}{suffix}")


@given(text=st.text() | st.text("0123456789_", max_size=12))
def test_any_text_gives_a_well_formed_file_number_or_none(text: str) -> None:
    found = identifiers.fiche(text)

    assert found is None or (CHECKS["fiche"](found) == Finding() and found == identifiers.fiche(found))


# Every kind


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        *WELL_FORMED.items(),
        ("code-cours", "ABC123"),
        ("code-cours", "601-101-MQ"),
        ("code-cours", "201-NYA-05"),
        ("code-programme", "LEA.1F"),
        ("code-programme", "5319"),
        ("matricule", "A-12"),
        ("matricule", "2024/b.17"),
    ],
)
def test_what_is_well_formed_has_no_fault(kind: str, value: str) -> None:
    expected = ("wrong-shape",) if value == "201-NYA-05" else ()  # its last part is not two letters

    assert expected == CHECKS[kind](value).faults


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("code-postal", "D1L1A7"), ("code-postal", "H1O1A7"), ("code-postal", "H1L 1A7"), ("code-postal", "h1l1a7"),
        ("organisme", "76200"), ("organisme", "76200A"),
        ("code-cours", "13250"), ("code-cours", "1325060"),
        ("demande-admission", "12345678"),
        ("code-programme", "200.B01"), ("code-programme", "200-B0"), ("code-programme", ""),
        ("ramq", "ABC010101999"), ("ramq", "abcd01010199"),
        ("telephone", "911"), ("telephone", "5145550123x"), ("telephone", "+555-0123"), ("telephone", "1" * 16),
        ("telephone", "5550123"), ("telephone", "514555-0123"), ("telephone", "(514) 555-0123"),
        ("telephone", "155-0123"),
        ("fiche", "123"), ("fiche", "00000123"), ("fiche", "0000123_1"),
        ("matricule", ""), ("matricule", "A" * 41), ("matricule", "20 12345"),
    ],
)  # fmt: skip
def test_what_is_not_well_formed_is_refused(kind: str, value: str) -> None:
    assert ("wrong-shape",) == CHECKS[kind](value).faults


def test_every_kind_is_tried_here() -> None:
    assert WELL_FORMED.keys() == CHECKS.keys()


@pytest.mark.parametrize("kind", CHECKS)
def test_only_the_plain_text_counts(kind: str) -> None:
    """A line break at the end, a space, or digits of another script are another text."""
    value = WELL_FORMED[kind]
    arabic = value.translate({ord(str(n)): chr(0x0660 + n) for n in range(10)})
    for other in (f"{value}\n", f" {value}", f"{value}\x00", arabic):
        assert ("wrong-shape",) == CHECKS[kind](other).faults


@pytest.mark.parametrize("kind", CHECKS)
@given(value=st.text() | st.text("0123456789TQ-ABZ", max_size=17))
def test_no_text_breaks_a_check_and_no_finding_repeats_it(kind: str, value: str) -> None:
    found = CHECKS[kind](value)

    assert all(code.replace("-", "").isalpha() for code in (*found.faults, *found.warnings))
    assert not (found.faults and found.decoded)


@given(
    born=st.dates(date(1936, 3, 1), date(2026, 2, 15)),
    female=st.booleans(),
    letters=st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=4, max_size=4),
    end=st.integers(0, 99),
)
def test_a_code_made_by_the_rule_is_read_back(born: date, female: bool, letters: str, end: int) -> None:
    day, month = born.day + 62 * (born.year >= 2000), born.month + 50 * female
    found = identifiers.code_permanent(
        f"{letters}{day:02d}{month:02d}{born.year % 100:02d}{end:02d}", today=TODAY
    )

    assert ((), ()) == (found.faults, found.warnings)
    assert {"birth_date": born.isoformat(), "sex": "F" if female else "M"} == dict(found.decoded)
