"""The checks of a resource that look at several of its members at once."""

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import polars as pl
from pydantic import BaseModel, TypeAdapter
from pydantic_core import PydanticCustomError

from mappings.engine.held import Held
from mappings.engine.parts import adapter_of
from mappings.engine.result import RECORD
from mappings.engine.targets import resource_target
from mappings.engine.validation import Fault


class Cross:
    """The checks of the resource that look at several members, run once for each different combination.

    Which members they look at is learnt by letting them look: one that is not there is added.
    """

    def __init__(self, model: type[BaseModel], members: dict[str, pl.Expr]) -> None:
        self._model = model
        self._members = members
        decorators = model.__pydantic_decorators__.model_validators
        self._names = tuple(decorators)
        self._needs: tuple[str, ...] = ()

    @cached_property
    def _adapters(self) -> dict[str, TypeAdapter[Any]]:
        return {
            name: adapter_of(child.annotation) for name, child, _ in resource_target(self._model).children()
        }

    def judged(self, held: Held, faulty: set[int]) -> list[Fault]:
        """What the checks refuse, of the records that have no fault of their own."""
        while self._names:
            needs = self._needs
            try:
                return self._refused(held, faulty, needs)
            except _Missing as missing:
                self._needs = (*needs, missing.name)
        return []

    def _refused(self, held: Held, faulty: set[int], needs: tuple[str, ...]) -> list[Fault]:
        index = pl.int_range(pl.len(), dtype=pl.UInt32).alias("?index")
        frame = held.all() if needs else held.frame_with()
        combined = frame.select(index, *(self._members[name].alias(name) for name in needs))
        if faulty:
            combined = combined.filter(~pl.col("?index").is_in(list(faulty)))
        if not combined.height:
            return []
        found = []
        for row in combined.select(needs).unique().iter_rows() if needs else [()]:
            if rule := self._broken(needs, row):
                same = [pl.col(name).eq_missing(pl.lit(text)) for name, text in zip(needs, row, strict=True)]
                hit = combined.filter(pl.all_horizontal([pl.lit(value=True), *same]))["?index"]
                found += [Fault(number, RECORD, rule) for number in hit]
        return found

    def _broken(self, needs: Sequence[str], texts: Sequence[str | None]) -> str | None:
        """The rule that a combination breaks. Raises _Missing for a member that is not in it."""
        values = {
            name: None if text is None else self._adapters[name].validate_json(text)
            for name, text in zip(needs, texts, strict=True)
        }
        record = self._model.__new__(self._model)
        object.__setattr__(record, "__dict__", values)
        object.__setattr__(record, "__pydantic_fields_set__", set(values))
        object.__setattr__(record, "__pydantic_extra__", None)
        object.__setattr__(record, "__pydantic_private__", None)
        for name in self._names:
            try:
                getattr(record, name)()
            except PydanticCustomError as error:
                return error.type.replace("_", "-")
            except AttributeError as error:
                wanted = next((n for n in self._members if n not in values and f"'{n}'" in str(error)), None)
                if wanted is None:
                    raise
                raise _Missing(wanted) from None
        return None


class _Missing(Exception):  # noqa: N818  a signal, not an error
    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name
