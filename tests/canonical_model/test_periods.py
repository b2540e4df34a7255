"""A period is half-open: its first day is in it, its last one is not."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from canonical_model.periods import Period

DAYS = st.dates(date(1990, 1, 1), date(2090, 1, 1))
ONE = timedelta(days=1)


@given(start=DAYS, length=st.integers(0, 400))
def test_the_first_day_is_in_and_the_last_is_out(start: date, length: int) -> None:
    end = start + length * ONE
    period = Period(start=start, end=end)

    assert bool(length) == period.holds(start)
    assert not period.holds(end)
    assert not period.holds(start - ONE)
    assert bool(length) == period.holds(end - ONE)


@given(start=DAYS, middle=st.integers(0, 400), rest=st.integers(0, 400), day=DAYS)
def test_two_periods_that_meet_share_no_day_and_miss_none(
    start: date, middle: int, rest: int, day: date
) -> None:
    meeting, end = start + middle * ONE, start + (middle + rest) * ONE
    parts = Period(start=start, end=meeting).holds(day) + Period(start=meeting, end=end).holds(day)

    assert parts == Period(start=start, end=end).holds(day)


def test_a_period_without_end_goes_on() -> None:
    assert Period(start=date(2025, 8, 28)).holds(date(2099, 1, 1))


def test_a_period_that_ends_before_it_starts_is_refused() -> None:
    with pytest.raises(ValidationError) as raised:
        Period(start=date(2025, 8, 28), end=date(2025, 8, 27))

    assert ["end-before-start"] == [fault["type"] for fault in raised.value.errors()]
