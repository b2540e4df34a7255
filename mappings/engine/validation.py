"""Holds JSON documents against the pydantic resource, a chunk at a time. Keeps text, never an object.

Objects are made one by one, written back as canonical JSON and let go: a batch held as objects makes
the garbage collector walk it again and again (design.md, *Measured*).
"""

from collections.abc import Iterable
from dataclasses import dataclass

from pydantic import BaseModel, ValidationError

from canonical_model.base import problems


@dataclass(frozen=True, slots=True)
class Fault:
    """Record number `index` breaks `rule` at the canonical `path`."""

    index: int
    path: str
    rule: str


def validated(model: type[BaseModel], documents: Iterable[str]) -> tuple[list[str | None], list[Fault]]:
    """The canonical JSON of each document, None where the model refuses it; and what it refuses."""
    written: list[str | None] = []
    faults: list[Fault] = []
    read, write = model.__pydantic_validator__.validate_json, model.__pydantic_serializer__.to_json
    for index, document in enumerate(documents):
        try:
            written.append(write(read(document), exclude_none=True).decode())
        except ValidationError as error:
            written.append(None)
            faults += [Fault(index, path, rule) for path, rule in problems(error)]
    return written, faults
