"""Tries are bounded by number and by age, with full jitter; Retry-After is kept, as seconds or as a date."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canonical_model.errors import RetryableError
from connectors.kit.errors import TransientError
from connectors.kit.manifest import Limits
from connectors.kit.rest.rate import Rate
from connectors.kit.retrying import LONGEST_BACK_OFF_SECONDS, Retrying, asked_wait


class Clock:
    """A clock that only waits move."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.pauses: list[float] = []

    def __call__(self) -> float:
        return self.now

    def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds


def failing(wait: float = 0.0) -> Callable[[], None]:
    def attempt() -> None:
        raise TransientError("HTTP 503", "HTTP 503", wait)

    return attempt


def tried(limits: Limits, *, draw: float = 1.0, wait: float = 0.0) -> list[float]:
    clock = Clock()
    rule = Retrying(limits, pause=clock.pause, draw=lambda: draw, clock=clock)
    with pytest.raises(RetryableError):
        rule.call("spi@762000/v1", failing(wait))
    return clock.pauses


def test_waits_double_up_to_their_bound_and_end_with_the_tries() -> None:
    pauses = tried(Limits(tries=12, give_up_after=timedelta(hours=1)))

    assert [0.25, 0.5, 1.0, 2.0] == pauses[:4]
    assert (11, LONGEST_BACK_OFF_SECONDS) == (len(pauses), pauses[-1])


def test_jitter_is_full() -> None:
    assert [0.0, 0.0] == tried(Limits(tries=3), draw=0.0)
    assert [0.125, 0.25] == tried(Limits(tries=3), draw=0.5)


def test_no_try_begins_after_the_age() -> None:
    pauses = tried(Limits(tries=1000, give_up_after=timedelta(seconds=10)))

    assert sum(pauses) <= 10 < sum(pauses) + 2 * pauses[-1]


@given(st.integers(1, 8), st.integers(1, 120), st.floats(0, 1), st.floats(0, 1e9))
def test_nothing_waits_longer_than_the_age_or_more_often_than_the_tries(
    tries: int, age: int, draw: float, wait: float
) -> None:
    pauses = tried(Limits(tries=tries, give_up_after=timedelta(seconds=age)), draw=draw, wait=wait)

    assert len(pauses) < tries
    assert sum(pauses) <= age + 1e-6
    assert all(pause >= 0 for pause in pauses)


NOW = datetime(2026, 2, 16, 12, tzinfo=UTC)


def answered(retry_after: str, skew: timedelta | None = timedelta(0)) -> dict[str, str]:
    told = {"retry-after": retry_after}
    return told if skew is None else {**told, "date": format_datetime(NOW + skew, usegmt=True)}


@pytest.mark.parametrize("minutes", [-10, 0, 10])
def test_a_date_means_the_same_wait_whatever_the_two_clocks_say(minutes: int) -> None:
    skew = timedelta(minutes=minutes)
    later = format_datetime(NOW + skew + timedelta(seconds=30), usegmt=True)

    assert 30.0 == asked_wait(answered(later, skew))


def test_a_wait_is_never_negative_and_never_made_of_nonsense() -> None:
    past = format_datetime(NOW - timedelta(minutes=10), usegmt=True)

    assert 0.0 == asked_wait(answered(past))
    assert 0.0 == asked_wait(answered(past, None))
    for text in ("", "-5", "soon", "1e9", "٣", "Mon, 99 Feb 2026 12:00:00 GMT", "9999999999999"):
        assert 0.0 <= asked_wait(answered(text)) < 1e9
    assert 120.0 == asked_wait({"retry-after": "120"})


def test_a_token_bucket_spaces_calls_and_forgets_no_debt() -> None:
    clock = Clock()
    rate = Rate(4.0, pause=clock.pause, clock=clock)

    for _ in range(9):
        rate.take()
    spent = clock.now - 1000.0
    clock.now += 60.0  # an idle minute saves one call, not two hundred and forty
    rate.take()
    before = clock.now
    rate.take()

    assert (2.0, 0.25) == (spent, clock.now - before)


def test_a_burst_is_allowed_once() -> None:
    clock = Clock()
    rate = Rate(1.0, burst=3, pause=clock.pause, clock=clock)

    for _ in range(4):
        rate.take()

    assert [1.0] == clock.pauses
