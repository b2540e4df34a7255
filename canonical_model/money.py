"""Money: a Decimal amount in cents' precision and its currency; text on the wire, never a float.

Rounding is half-up to the cent, everywhere. A split rounds what the first payers owe together and gives
the last one what is left, so that no cent is lost or made.
"""

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer
from pydantic_core import PydanticCustomError

from canonical_model.base import Model
from canonical_model.decimals import TEXT_SCHEMA, written
from canonical_model.elements import Element

CENT = Decimal("0.01")


Amount = Annotated[
    Decimal,
    BeforeValidator(written("money-is-text")),
    Field(max_digits=12, decimal_places=2, strict=False),  # strict would refuse the text of a JSON document
    PlainSerializer(lambda amount: f"{amount:.2f}", return_type=str, when_used="json"),
    TEXT_SCHEMA,
]


class Money(Model):
    """An amount of one currency (ISO 4217)."""

    amount: Annotated[Amount, Element("Montant", "Amount", "Dollars and cents, as text: ``123.45``.")]
    currency: Annotated[
        Literal["CAD"], Element("Monnaie", "Currency", "ISO 4217; Canadian dollars only.")
    ] = "CAD"


def _not_negative(money: Money) -> Money:
    if money.amount < 0:
        raise PydanticCustomError("negative-amount", "the amount is below zero")
    return money


Due = Annotated[Money, AfterValidator(_not_negative)]
"""Money of one direction, which the field's name says: never below zero."""


def rounded(amount: Decimal) -> Decimal:
    """To the cent, half up."""
    return amount.quantize(CENT, ROUND_HALF_UP)


def split(amount: Decimal, shares: Sequence[Decimal]) -> tuple[Decimal, ...]:
    """Parts of `amount` (dollars) in proportion to `shares`, each within a cent of it; of two, the second
    takes what is left.

    Raises ValueError when there is no share, one is negative, or all are zero.
    """
    total = sum(shares, Decimal(0))
    if not shares or min(shares) < 0 or total == 0:
        msg = "split: shares must be positive and not all zero."
        raise ValueError(msg)
    parts = []
    given = held = Decimal(0)
    for share in shares:
        held += share
        reached = amount if held == total else rounded(amount * held / total)
        parts.append(reached - given)
        given = reached
    return tuple(parts)
