"""`compute: percent` against fractions: exact to two decimals, half up, or blank."""

import math
from fractions import Fraction

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mappings.engine.function_numbers import percent

SIGNS = st.sampled_from(("", "+", "-"))
WHOLE = st.integers(0, 999_999_999).map(str)
DECIMALS = st.one_of(
    st.just(""), st.tuples(st.sampled_from(".,"), st.integers(0, 9999)).map(lambda t: f"{t[0]}{t[1]:04}")
)
NUMBERS = st.one_of(
    st.builds("".join, st.tuples(SIGNS, WHOLE, DECIMALS)),
    st.integers(0, 40).map(lambda quarters: str(quarters / 4)),
    st.integers(0, 20).map(str),
)  # fmt: skip


def computed(part: str | None, whole: str | None) -> str | None:
    """What the function makes of two cells."""
    frame = pl.DataFrame({"part": [part], "whole": [whole]}, schema={"part": pl.String, "whole": pl.String})
    found: str | None = frame.select(percent(pl.col("part"), pl.col("whole"))).item()
    return found


@settings(max_examples=400, deadline=None)
@given(NUMBERS, NUMBERS)
@example("1", "800")
@example("-1", "800")
@example("999999999.9999", "0.0001")
@example("0.00001", "1")
def test_a_percentage_is_that_of_fractions_rounded_half_up(part: str, whole: str) -> None:
    over, under = (Fraction(text.replace(",", ".")) for text in (part, whole))
    found = computed(part, whole)

    if under <= 0 or any((value * 10_000).denominator != 1 for value in (over, under)):
        assert found is None
        return
    hundredths = math.floor(over / under * 10_000 + Fraction(1, 2))
    assert found is not None
    assert Fraction(hundredths, 100) == Fraction(found)
    assert len(found.rpartition(".")[2]) == 2
    assert found != "-0.00"


@pytest.mark.parametrize(
    ("part", "whole"),
    [(None, "1"), ("1", None), ("a", "1"), ("1", "a"), ("1", "0"), ("1", "-2"), ("1e3", "1"), ("1.", "1"),
     ("1234567890", "1"), ("0.12345", "1"), ("NaN", "1"), ("1 000", "1")],
)  # fmt: skip
def test_what_cannot_be_counted_gives_nothing(part: str | None, whole: str | None) -> None:
    assert computed(part, whole) is None


def test_zeros_behind_a_decimal_and_spaces_around_change_nothing() -> None:
    assert "50.00" == computed(" 1.500000 ", "3,0") == computed("+0001.5", "3")
