"""Opening hours: what the clock on the partner's wall says, over midnight, on holidays, when it is changed."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from canonical_model.errors import ConfigurationError
from connectors.kit.manifest import ALWAYS, OpeningHours
from connectors.kit.manifest.opening_hours import DAYS, from_text

TORONTO = ZoneInfo("America/Toronto")
MINUTE = timedelta(minutes=1)


def hours(zone: str = "America/Toronto", holidays: tuple[str, ...] = (), **days: str) -> OpeningHours:
    return from_text({"time_zone": zone, **days}, holidays)


def wall(text: str, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=TORONTO, fold=fold)


@st.composite
def some_hours(draw: st.DrawFn) -> OpeningHours:
    """A zone that changes its clock or not, one to three windows on some days, holidays around the changes."""
    quarter = st.integers(0, 95).map(lambda n: f"{n // 4:02d}:{n % 4 * 15:02d}")
    window = (
        st.tuples(quarter, quarter)
        .filter(lambda pair: pair[0] != pair[1])
        .map(lambda pair: f"{pair[0]}-{pair[1]}")
    )
    days = draw(
        st.dictionaries(
            st.sampled_from(DAYS),
            st.lists(window, min_size=1, max_size=3).map(", ".join),
            min_size=1,
            max_size=7,
        )
    )
    near = st.dates(date(2026, 10, 25), date(2026, 11, 10)).map(date.isoformat)
    zone = draw(st.sampled_from(["America/Toronto", "UTC", "Australia/Lord_Howe", "Asia/Kolkata"]))
    return hours(zone, tuple(draw(st.lists(near, max_size=4))), **days)


MOMENTS = st.one_of(
    *(
        st.datetimes(start, start + timedelta(days=4), timezones=st.just(UTC))
        for start in (
            datetime(2026, 3, 6),
            datetime(2026, 10, 30),
            datetime(2026, 4, 3),
            datetime(2026, 7, 1),
        )
    )
).map(lambda moment: moment.replace(second=0, microsecond=0))


@given(some_hours(), MOMENTS)
@settings(max_examples=150, deadline=None)
def test_the_next_opening_is_open_and_nothing_before_it_is(opening: OpeningHours, moment: datetime) -> None:
    found = opening.next_opening(moment)

    assert found >= moment
    assert opening.open_at(found)
    minutes = min(int((found - moment) / MINUTE), 2 * 24 * 60)
    assert not any(opening.open_at(moment + n * MINUTE) for n in range(minutes))
    assert not any(opening.open_at(found - n * MINUTE) for n in range(1, minutes + 1))


@given(some_hours(), MOMENTS)
@settings(max_examples=100, deadline=None)
def test_asking_later_never_gives_an_earlier_opening(opening: OpeningHours, moment: datetime) -> None:
    found = [opening.next_opening(moment + timedelta(hours=n)) for n in range(0, 60, 7)]

    assert all(one <= next_one for one, next_one in pairwise(found))


@given(some_hours(), MOMENTS)
@settings(max_examples=100, deadline=None)
def test_a_holiday_is_closed_all_day(opening: OpeningHours, moment: datetime) -> None:
    local = moment.astimezone(opening.zone)

    closed = OpeningHours(opening.zone, opening.windows, opening.holidays | {local.date()})

    assert not closed.open_at(moment)
    assert closed.next_opening(moment).astimezone(opening.zone).date() > local.date()


def test_several_windows_a_day_leave_noon_closed() -> None:
    opening = hours(monday="06:00-12:00, 13:00-22:00")

    assert opening.open_at(wall("2026-03-02T11:59"))
    assert not opening.open_at(wall("2026-03-02T12:00"))
    assert wall("2026-03-02T13:00") == opening.next_opening(wall("2026-03-02T12:00"))
    assert wall("2026-03-09T06:00") == opening.next_opening(wall("2026-03-02T22:00"))


def test_a_window_over_midnight_belongs_to_the_day_on_which_it_begins() -> None:
    opening = hours(friday="22:00-04:00")

    assert opening.open_at(wall("2026-02-28T03:59"))
    assert not opening.open_at(wall("2026-02-28T04:00"))
    assert not opening.open_at(wall("2026-02-27T03:00"))


def test_a_night_window_ends_at_the_midnight_of_a_holiday_and_none_begins_on_it() -> None:
    opening = hours(thursday="22:00-04:00", friday="22:00-04:00", holidays=("2026-12-25",))

    assert opening.open_at(wall("2026-12-24T23:59"))
    assert not opening.open_at(wall("2026-12-25T00:00"))
    assert not opening.open_at(wall("2026-12-26T01:00"))


def test_in_spring_a_window_that_the_clock_skips_opens_when_the_clock_has_jumped() -> None:
    skipped = hours(sunday="02:15-02:45")
    cut = hours(sunday="02:30-04:00")

    assert datetime(2026, 3, 8, 7, tzinfo=UTC) == cut.next_opening(wall("2026-03-08T01:00"))
    assert wall("2026-03-15T02:15") == skipped.next_opening(wall("2026-03-08T01:00"))


def test_in_autumn_a_window_in_the_repeated_hour_is_open_twice() -> None:
    opening = hours(sunday="01:15-01:45")

    assert datetime(2026, 11, 1, 5, 15, tzinfo=UTC) == opening.next_opening(wall("2026-11-01T00:00"))
    assert datetime(2026, 11, 1, 6, 15, tzinfo=UTC) == opening.next_opening(wall("2026-11-01T01:45"))
    assert opening.open_at(wall("2026-11-01T01:30", fold=1))


def test_who_says_no_hours_is_always_open() -> None:
    moment = wall("2026-12-25T03:00")

    assert ALWAYS.open_at(moment)
    assert moment is ALWAYS.next_opening(moment)


def test_the_last_minute_of_a_day_may_be_the_end_of_a_window() -> None:
    opening = hours(monday="00:00-24:00")

    assert opening.open_at(wall("2026-03-02T23:59"))
    assert not opening.open_at(wall("2026-03-03T00:00"))


def test_a_moment_without_a_zone_is_refused_and_not_guessed() -> None:
    with pytest.raises(ConfigurationError, match="without a time zone"):
        hours(monday="06:00-22:00").open_at(datetime(2026, 3, 2, 12))


@pytest.mark.parametrize(
    ("told", "holidays", "key"),
    [
        ({"time_zone": "Nowhere/Town", "monday": "06:00-22:00"}, (), "time_zone"),
        ({"monday": "06:00-22:00"}, (), "time_zone"),
        ({"time_zone": "UTC", "monday": "06:00-25:00"}, (), "monday"),
        ({"time_zone": "UTC", "friday": "06:70-12:00"}, (), "friday"),
        ({"time_zone": "UTC", "friday": "six to ten"}, (), "friday"),
        ({"time_zone": "UTC"}, (), "monday"),
        ({"time_zone": "UTC", "monday": "06:00-22:00"}, ("Christmas",), "holidays"),
    ],
)
def test_hours_that_make_no_sense_name_their_key(
    told: dict[str, str], holidays: tuple[str, ...], key: str
) -> None:
    with pytest.raises(ValueError, match=f"^{key}$"):
        from_text(told, holidays)
