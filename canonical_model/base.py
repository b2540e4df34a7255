"""The base of every canonical object: strict, frozen, nothing extra, no value in a message.

A resource is what the hub knows about one thing of one person's school path. Its class says in
which section of the dossier it lives; the section says how sensitive it is (design.md, *Sections*).
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, StringConstraints

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


class Model(BaseModel):
    """A value that was checked when it was made and cannot change."""

    model_config = ConfigDict(
        frozen=True, strict=True, extra="forbid", hide_input_in_errors=True, allow_inf_nan=False
    )


class Record(Model):
    """A canonical object. Its class says in which section of the dossier it lives."""

    SECTION: ClassVar[Section]


def problems(error: Any) -> list[tuple[str, str]]:
    """(canonical path, rule) of each fault in a pydantic ValidationError, without any value."""
    found = [
        (".".join(str(part) for part in fault["loc"]) or "(record)", fault["type"].replace("_", "-"))
        for fault in error.errors(include_input=False, include_context=False, include_url=False)
    ]
    return [  # pydantic counts valid items only: a list with one wrong item is not too short as well
        (path, rule)
        for path, rule in found
        if rule != "too-short" or not any(other.startswith(f"{path}.") for other, _ in found)
    ]
