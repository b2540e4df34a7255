"""One part of a resource, judged by its own pydantic validator once for each different value."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl
from annotated_types import MaxLen, MinLen
from pydantic import ConfigDict, StringConstraints, TypeAdapter, ValidationError
from pydantic.errors import PydanticUserError

from canonical_model.base import problems
from canonical_model.elements import Element
from mappings.engine.targets import peeled

_REMEMBERED = 50_000  # different values of one part that are remembered from batch to batch
_FEW = 256  # different values; above, those that a pattern shows to be right are not judged one by one
_STRICT = ConfigDict(strict=True, allow_inf_nan=False, hide_input_in_errors=True)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the model says of one value: its canonical JSON, or (path below, rule) of each fault."""

    text: str
    faults: tuple[tuple[str, str], ...] = ()


@dataclass(slots=True)
class Part:
    """One part of the resource, judged by `adapter`. `source`: its JSON text from the leaf columns."""

    path: str
    column: str
    source: pl.Expr
    adapter: TypeAdapter[Any]
    certain: Callable[[pl.Expr], pl.Expr] | None
    leaf: str | None = None  # the leaf column that it is
    fixed: tuple[dict[str, Verdict], dict[str, str]] | None = None  # judged before, for all there can be
    known: dict[str, Verdict] = field(default_factory=dict)

    def judged(self, values: pl.Series) -> tuple[dict[str, Verdict], dict[str, str]]:
        """Of the different values: those at fault, and those whose canonical JSON is another text."""
        different = values.drop_nulls().unique()
        if self.certain is not None and different.len() > _FEW:
            different = different.filter(~different.to_frame("?").select(self.certain(pl.col("?")))["?"])
        texts = different.to_list()
        if len(self.known) + len(texts) > _REMEMBERED:
            self.known.clear()
        found = {text: self._verdict(text) for text in texts}
        return (
            {text: verdict for text, verdict in found.items() if verdict.faults},
            {text: verdict.text for text, verdict in found.items() if verdict.text != text},
        )

    def _verdict(self, text: str) -> Verdict:
        held = self.known.get(text)
        if held is None:
            held = self.known[text] = judged_alone(self.adapter, text)
        return held


def judged_alone(adapter: TypeAdapter[Any], text: str) -> Verdict:
    try:
        value = adapter.validate_json(text)
    except ValidationError as error:
        return Verdict(text, tuple(problems(error)))
    return Verdict(adapter.dump_json(value, exclude_none=True).decode())


def adapter_of(annotation: Any) -> TypeAdapter[Any]:
    try:
        return TypeAdapter(annotation, config=_STRICT)
    except PydanticUserError:  # a model has its own
        return TypeAdapter(annotation)


def surely_right(annotation: Any) -> Callable[[pl.Expr], pl.Expr] | None:
    """For a text with a pattern and lengths: which JSON texts are surely right as they are."""
    bare, metadata = peeled(annotation)
    rules = [item for item in metadata if not isinstance(item, Element)]
    if bare is not str or not all(isinstance(item, (StringConstraints, MinLen, MaxLen)) for item in rules):
        return None
    if any(
        isinstance(i, StringConstraints) and (i.strip_whitespace or i.to_lower or i.to_upper) for i in rules
    ):
        return None
    return lambda text: _fits(text, rules)


def _fits(text: pl.Expr, rules: Sequence[Any]) -> pl.Expr:
    inner = text.str.slice(1, text.str.len_chars() - 2)
    length = inner.str.len_chars()
    found = [text.str.starts_with('"'), ~text.str.contains("\\", literal=True)]
    for rule in rules:
        least, most = getattr(rule, "min_length", None), getattr(rule, "max_length", None)
        pattern = getattr(rule, "pattern", None)
        if least is not None:
            found.append(length >= least)
        if most is not None:
            found.append(length <= most)
        if isinstance(pattern, str):
            found.append(inner.str.contains(pattern))
        elif pattern is not None:
            found.append(pl.lit(value=False))
    return pl.all_horizontal(found)
