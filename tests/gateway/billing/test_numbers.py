"""Numbers from a series: never one twice, whoever asks; one that was rolled back was never given."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from canonical_model.errors import ConfigurationError
from gateway.billing import numbers
from gateway.billing.numbers import Series
from gateway.store.hub import Hub

SERIES = Series("rl24:24000001-24000100", 24000001, 24000100)


def take(hub: Hub, count: int, year: int = 2025) -> list[int]:
    with hub.transaction() as connection:
        return list(numbers.take(connection, SERIES, year=year, count=count))


def test_four_at_once_get_a_hundred_numbers_and_none_twice(hub: Hub) -> None:
    with ThreadPoolExecutor(4) as pool:
        given = [number for part in pool.map(lambda _: take(hub, 5), range(20)) for number in part]

    assert list(range(24000001, 24000101)) == sorted(given)


def test_a_number_that_was_rolled_back_was_never_given(hub: Hub) -> None:
    with hub.engine.connect() as connection:
        assert 7 == len(numbers.take(connection, SERIES, year=2025, count=7))
        connection.rollback()

    assert [24000001] == take(hub, 1)


def test_a_series_begins_again_every_year(hub: Hub) -> None:
    assert take(hub, 2, 2024) == take(hub, 2, 2025)


def test_past_its_end_a_series_gives_nothing_at_all(hub: Hub) -> None:
    take(hub, 99)
    with pytest.raises(ConfigurationError, match="no number is left for 2025"):
        take(hub, 2)

    assert [24000100] == take(hub, 1)


def test_no_number_is_taken_for_nobody(hub: Hub) -> None:
    assert [] == take(hub, 0)
    assert [24000001] == take(hub, 1)


def test_a_file_name_needs_a_transmitter() -> None:
    with pytest.raises(ConfigurationError, match="NP and six digits"):
        numbers.file_name(2025, "123456", 1)
