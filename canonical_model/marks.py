"""Mark: a number on the scale of 100, or a code of the yearly list; never both, never neither.

A result field holds numbers *and* codes; empty is not zero and not a failure
(facts/quebec-education.md §6.2).
"""

from typing import Annotated

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from canonical_model.base import Model
from canonical_model.codings import Coding, InSystem
from canonical_model.decimals import DecimalText
from canonical_model.elements import Element


class Mark(Model):
    """One result of one pupil."""

    number: Annotated[
        Annotated[DecimalText, Field(ge=0, le=100, decimal_places=2)] | None,
        Element("Note", "Number", "On 100."),
    ] = None
    code: Annotated[
        Annotated[Coding, InSystem("result_code")] | None,
        Element(
            "Cote ou code", "Code", "Of the yearly list of result codes; counts as success by that list."
        ),
    ] = None

    scale: Annotated[
        Annotated[Coding, InSystem("mark_scale")] | None,
        Element("Échelle", "Scale", "What the number stands for; absent: out of 100 as it was given."),
    ] = None

    @model_validator(mode="after")
    def _one_of_two(self) -> "Mark":
        if (self.number is None) == (self.code is None):
            raise PydanticCustomError("mark-number-or-code", "a mark is a number or a code")
        if self.code is not None and self.scale is not None:
            raise PydanticCustomError("mark-code-without-scale", "a code has no scale")
        return self
