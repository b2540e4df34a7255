"""Decimals are written as text: a JSON number has passed through a float somewhere, and is refused.

`DecimalText` is a Decimal in Python and ``"82.5"`` on the wire; `written` gives the same check another rule.
"""

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Annotated

from pydantic import BeforeValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

WRITTEN = r"-?[0-9]+(\.[0-9]+)?"
_RIGHT = re.compile(WRITTEN)


def written(rule: str) -> Callable[[object], object]:
    """A check that refuses JSON numbers, and ``1e3`` and ``1_0``, which Decimal would read."""

    def check(value: object) -> object:
        if not isinstance(value, Decimal) and not (isinstance(value, str) and _RIGHT.fullmatch(value)):
            raise PydanticCustomError(rule, "a decimal is text as 123.45, never a number")
        return value

    return check


TEXT_SCHEMA = WithJsonSchema({"type": "string", "pattern": f"^{WRITTEN}$"})

DecimalText = Annotated[
    Decimal,
    BeforeValidator(written("decimal-is-text")),
    Field(strict=False),  # strict would refuse the text of a JSON document
    TEXT_SCHEMA,
]
