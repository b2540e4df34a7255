"""Money: text on the wire and never a number; half up to the cent; a split loses and makes no cent."""

import re
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from canonical_model import money
from canonical_model.money import CENT, Money

CENTS = st.integers(0, 10_000_000).map(lambda cents: Decimal(cents) / 100)
SHARES = st.lists(st.integers(0, 10_000).map(lambda n: Decimal(n) / 100), min_size=1, max_size=12).filter(any)


@pytest.mark.parametrize("number", [1, 1.1, 0.1, -3, True])
def test_a_number_is_refused_in_python_and_in_json(number: Any) -> None:
    with pytest.raises(ValidationError):
        Money(amount=number)
    with pytest.raises(ValidationError):
        Money.model_validate_json(f'{{"amount": {str(number).lower()}}}')


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1,00",
        "1e3",
        "1_0",
        "+1.00",
        " 1.00",
        "1.00\n",
        "1.",
        ".5",
        "1.005",
        "NaN",
        "Infinity",
        "٣.٠٠",
        "$1",
    ],
)
def test_what_is_not_plainly_an_amount_is_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        Money(amount=text)  # type: ignore[arg-type]


@given(st.text() | st.text("0123456789.-"))
def test_no_text_is_an_amount_by_accident(text: str) -> None:
    try:
        held = Money(amount=text).amount  # type: ignore[arg-type]
    except ValidationError:
        return
    assert re.fullmatch(r"-?[0-9]+(\.[0-9]{1,2}0*)?", text)  # 0.500 says what 0.50 says
    assert held == Decimal(text)


@given(CENTS)
def test_an_amount_comes_back_as_it_left(amount: Decimal) -> None:
    written = Money(amount=amount).model_dump_json()

    assert f'{{"amount":"{amount:.2f}","currency":"CAD"}}' == written
    assert Money(amount=amount) == Money.model_validate_json(written)


@pytest.mark.parametrize(
    ("given_", "expected"), [("0.005", "0.01"), ("0.015", "0.02"), ("1.004", "1.00"), ("-0.005", "-0.01")]
)
def test_half_a_cent_goes_up(given_: str, expected: str) -> None:
    assert Decimal(expected) == money.rounded(Decimal(given_))


@given(amount=CENTS, shares=SHARES)
def test_a_split_loses_and_makes_no_cent_and_is_fair_to_the_cent(
    amount: Decimal, shares: list[Decimal]
) -> None:
    parts = money.split(amount, shares)

    assert (amount, len(shares)) == (sum(parts), len(parts))
    for part, share in zip(parts, shares, strict=True):
        assert part == money.rounded(part)
        assert part >= 0
        assert abs(part - amount * share / sum(shares)) <= CENT
        assert share or not part


@given(amount=CENTS, first=st.integers(0, 100))
def test_of_two_the_first_is_rounded_and_the_second_takes_what_is_left(amount: Decimal, first: int) -> None:
    one, other = money.split(amount, (Decimal(first), Decimal(100 - first)))

    assert money.rounded(amount * first / 100) == one
    assert amount - one == other


def test_ten_payers_of_five_cents_owe_five_cents() -> None:
    """Rounding each part by itself would make the first nine owe nine cents, and the tenth minus four."""
    assert {Decimal(0), CENT} == set(money.split(Decimal("0.05"), [Decimal(10)] * 10))


@pytest.mark.parametrize("shares", [(), (Decimal(0),), (Decimal(-1), Decimal(2))])
def test_shares_that_divide_nothing_are_refused(shares: tuple[Decimal, ...]) -> None:
    with pytest.raises(ValueError, match="shares"):
        money.split(Decimal(1), shares)
