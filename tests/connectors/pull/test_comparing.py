"""Two pulls of a whole stream compared by digests: exact, whatever the rows, and no value is kept."""

from collections import Counter

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.kit.pull import Changes, Digests, changes, comparing

ROWS = st.dictionaries(st.sampled_from("abcdefgh"), st.sampled_from(["x", "y", "z", "", None]))


def frame(rows: dict[str, str | None]) -> pl.DataFrame:
    return pl.DataFrame(
        {"id": list(rows), "value": list(rows.values())}, schema={"id": pl.String, "value": pl.String}
    )


def digests(rows: pl.DataFrame, secret: bytes = b"k") -> Digests:
    made = comparing.of_rows(rows, ("id",), secret)
    return Digests(made.height, lambda: iter([made[:2], made[2:]]))


def by_hand(before: dict[str, str | None], now: dict[str, str | None]) -> Changes:
    """The same, the slow way."""
    went = Counter(value for key, value in before.items() if key not in now)
    came = Counter(value for key, value in now.items() if key not in before)
    rekeyed = sum(1 for value, times in went.items() if times == 1 and came.get(value) == 1)
    both = [key for key in before if key in now]
    changed = sum(before[key] != now[key] for key in both)
    return Changes(came.total() - rekeyed, went.total() - rekeyed, changed, rekeyed, len(both) - changed)


@pytest.mark.parametrize("at_a_time", [3, 1_000_000])
@settings(max_examples=50, deadline=None)
@given(before=ROWS, now=ROWS)
def test_every_key_is_counted_once_as_what_became_of_it(
    at_a_time: int, before: dict[str, str | None], now: dict[str, str | None]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(comparing, "PASS_ROWS", at_a_time)

        assert by_hand(before, now) == changes(digests(frame(before)), digests(frame(now)))


def test_a_key_that_took_the_place_of_another_is_told_from_one_that_came_and_one_that_went() -> None:
    before = frame({"1": "same", "2": "a", "3": "b"})
    now = frame({"9": "same", "2": "a", "4": "c"})

    assert Changes(added=1, removed=1, changed=0, rekeyed=1, unchanged=1) == changes(
        digests(before), digests(now)
    )


def test_two_that_went_and_two_that_came_alike_are_not_guessed_into_pairs() -> None:
    found = changes(digests(frame({"1": "x", "2": "x"})), digests(frame({"3": "x", "4": "x"})))

    assert (2, 2, 0) == (found.added, found.removed, found.rekeyed)


def test_a_key_with_several_rows_is_changed_when_one_of_them_is() -> None:
    before = pl.DataFrame({"id": ["1", "1", "2"], "value": ["a", "b", "c"]})
    now = pl.DataFrame({"id": ["1", "1", "2"], "value": ["b", "z", "c"]})

    assert Changes(0, 0, 1, 0, 1) == changes(digests(before), digests(now))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"a": "x", "b": "yz"}, {"a": "xy", "b": "z"}),
        ({"a": None, "b": "1"}, {"a": "1", "b": None}),
        ({"a": "", "b": "1"}, {"a": None, "b": "1"}),
        ({"a": "1;b=1:1", "b": None}, {"a": "1", "b": "1"}),
    ],
)
def test_values_that_only_look_alike_side_by_side_are_told_apart(
    one: dict[str, str | None], other: dict[str, str | None]
) -> None:
    schema = {"id": pl.String, "a": pl.String, "b": pl.String}
    first, second = (
        comparing.of_rows(pl.DataFrame([{"id": "1", **values}], schema=schema), ("id",), b"k")
        for values in (one, other)
    )

    assert first["key"].equals(second["key"])
    assert not first["content"].equals(second["content"])


def test_a_column_that_is_empty_everywhere_is_as_if_it_were_not_there() -> None:
    plain = frame({"1": "x"})

    assert comparing.of_rows(plain, ("id",), b"k").equals(
        comparing.of_rows(plain.with_columns(pl.lit(None, pl.String).alias("_fault")), ("id",), b"k")
    )


def test_without_the_secret_a_digest_tells_nothing() -> None:
    rows = frame({"1": "x"})

    assert not comparing.of_rows(rows, ("id",), b"k").equals(comparing.of_rows(rows, ("id",), b"other"))
