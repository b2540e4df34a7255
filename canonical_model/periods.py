"""A period is half-open: the day it starts is in it, the day it ends is not. Refuses end before start."""

from datetime import date
from typing import Annotated

from pydantic import model_validator
from pydantic_core import PydanticCustomError

from canonical_model.base import Model
from canonical_model.elements import Element


class Period(Model):
    """From `start` (in) to `end` (out); no end means open."""

    start: Annotated[date, Element("Début", "Start", "First day of it.")]
    end: Annotated[date | None, Element("Fin", "End", "First day after it; absent: open.")] = None

    @model_validator(mode="after")
    def _end_after_start(self) -> "Period":
        if self.end is not None and self.end < self.start:
            raise PydanticCustomError("end-before-start", "the period ends before it starts")
        return self

    def holds(self, day: date) -> bool:
        """Whether `day` lies in the period."""
        return self.start <= day and (self.end is None or day < self.end)
