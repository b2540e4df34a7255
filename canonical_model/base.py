"""The base of every canonical object: strict, frozen, nothing extra, no value in a message.

A resource is what the hub knows about one thing of one person's school path. Its class says in
which section of the dossier it lives; the section says how sensitive it is (design.md, *Sections*).
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError
from pydantic_core import PydanticCustomError, from_json

Section = Literal[
    "identity", "contacts", "enrolment", "english_eligibility", "results_local",
    "results_ministry", "attendance", "behaviour", "difficulty", "intervention_plan", "health",
    "bullying", "childcare", "transport", "finance", "consent",
]  # fmt: skip
Sensitivity = Literal["ordinary", "sensitive", "restricted"]

SENSITIVITY: Mapping[str, Sensitivity] = MappingProxyType(
    {
        "identity": "ordinary",
        "contacts": "ordinary",
        "enrolment": "ordinary",
        "english_eligibility": "ordinary",
        "results_local": "ordinary",
        "results_ministry": "ordinary",
        "attendance": "sensitive",
        "behaviour": "sensitive",
        "difficulty": "sensitive",
        "intervention_plan": "sensitive",
        "health": "sensitive",
        "bullying": "restricted",
        "childcare": "ordinary",
        "transport": "ordinary",
        "finance": "sensitive",
        "consent": "ordinary",  # what a person said about the others; never released itself
    }
)

Text = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=False)]
Narrative = Annotated[str, StringConstraints(min_length=1, max_length=4000, strip_whitespace=False)]
"""What a person wrote in sentences. Opaque: never parsed, never searched by a rule."""
StartingYear = Annotated[int, Field(ge=1990, le=2100)]
"""A school year, named by the calendar year it starts in: 2025 is 2025-2026 (facts/quebec-education.md §4)."""


MOST_BYTES = 4 * 2**20  # of one document; a bundle of a thousand resources is about one megabyte
MOST_VALUES = 50_000  # in one document, containers counted
_SMALL = 2**16  # bytes; below, there is no room for many faults and nothing is counted
_END = object()


class Model(BaseModel):
    """A value that was checked when it was made and cannot change."""

    model_config = ConfigDict(
        frozen=True, strict=True, extra="forbid", hide_input_in_errors=True, allow_inf_nan=False
    )


class Record(Model):
    """A canonical object. Its class says in which section of the dossier it lives."""

    SECTION: ClassVar[Section]

    @classmethod
    def model_validate_json(cls, json_data: str | bytes | bytearray, **options: Any) -> Self:
        """As pydantic's, but bounded: pydantic lists every fault, and ten megabytes hold millions of them."""
        if len(json_data) > _SMALL and _too_large(json_data):
            fault = PydanticCustomError("document-too-large", "the document is too large")
            raise ValidationError.from_exception_data(cls.__name__, [{"type": fault, "input": None}])
        return super().model_validate_json(json_data, **options)

    def doubts(self) -> tuple[tuple[str, str], ...]:
        """(canonical path, rule) of what a person should look at. A doubt never refuses a record."""
        return ()


def _too_large(text: str | bytes | bytearray) -> bool:
    if len(text) > MOST_BYTES:
        return True
    try:
        waiting = [from_json(text)]
    except ValueError:
        return False  # not JSON: pydantic says so, in one fault
    for held, value in enumerate(iter(lambda: waiting.pop() if waiting else _END, _END)):
        if held > MOST_VALUES:
            return True
        if isinstance(value, dict):
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)
    return False


def problems(error: Any) -> list[tuple[str, str]]:
    """(canonical path, rule) of each fault in a pydantic ValidationError, without any value."""
    found = [
        (".".join(str(part) for part in fault["loc"]) or "(record)", fault["type"].replace("_", "-"))
        for fault in error.errors(include_input=False, include_context=False, include_url=False)
    ]
    holders = {path[:at] for path, _ in found for at, sign in enumerate(path) if sign == "."}
    return [  # pydantic counts valid items only: a list with one wrong item is not too short as well
        (path, rule) for path, rule in found if rule != "too-short" or path not in holders
    ]
