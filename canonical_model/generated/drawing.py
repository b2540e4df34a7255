"""Valid documents of a resource, drawn field by field from its class and checked by it."""

import json
from collections.abc import Iterator
from random import Random
from types import MappingProxyType
from typing import Any

from pydantic import BaseModel, ValidationError

from canonical_model import resources
from canonical_model.base import Record, problems
from canonical_model.codings import FOLDER, Coding
from canonical_model.generated import repairs, values
from canonical_model.generated.shapes import Shape, of_field
from canonical_model.references import Reference

_DRAWS = 200  # a rule that most draws break is written in repairs
_PRESENT = 0.7  # how often an optional field is there
_EMBEDDED = ("Student", "Guardian", "Enrolment", "CourseResult", "Charge")  # a new resource moves no seed
_SELDOM = MappingProxyType({"extensions": 0.1, "replaced_by": 0.1})


def documents(name: str, count: int, seed: int) -> Iterator[dict[str, Any]]:
    """`count` valid documents of a resource, as JSON types; the same for the same seed.

    Raises LookupError when a field's type or a rule between fields is not known here: it says which.
    """
    kind = resources.resource(name)
    for number in range(count):
        yield made(kind, Random(f"{name}:{seed}:{number}"))  # noqa: S311 - invention, not cryptography


def made(kind: type[BaseModel], random: Random) -> dict[str, Any]:
    """One valid document of a model, drawn again while a rule between its fields refuses it."""
    refused: ValidationError | None = None
    for _ in range(_DRAWS):
        document = repairs.repaired(kind.__name__, _drawn(kind, random), random)
        try:
            kind.model_validate_json(json.dumps(document))
        except ValidationError as error:
            refused = error
        else:
            return document
    raise LookupError(
        f"{kind.__name__}: {_DRAWS} draws, none valid ({problems(refused)}). "
        "Say in canonical_model/generated/repairs.py how its rule is met."
    )


def _drawn(kind: type[BaseModel], random: Random) -> dict[str, Any]:
    document = {}
    for name, info in kind.model_fields.items():
        shape = of_field(info)
        may_be_absent = (shape.optional or not shape.required) and not shape.choices
        if may_be_absent and random.random() > _SELDOM.get(name, _PRESENT):
            continue
        document[name] = _value(shape, name, random)
    return document


def _value(shape: Shape, name: str, random: Random) -> Any:
    if shape.item is not None:
        least = shape.limits.get("min_length", 0)
        count = random.randint(least, min(least + 1, shape.limits.get("max_length", least + 1)))
        return [_value(shape.item, name, random) for _ in range(count)]
    if isinstance(shape.kind, type) and issubclass(shape.kind, BaseModel):
        if shape.kind is Coding:
            return values.coding(shape.code_system or _any_list(random), random)
        if shape.kind is Record:
            return made(resources.resource(random.choice(_EMBEDDED)), random)
        document = made(shape.kind, random)
        if shape.kind is Reference:
            document["resource"] = random.choice(shape.refers_to or resources.NAMES)
        return document
    return values.scalar(shape, name, random)


def _any_list(random: Random) -> str:
    return random.choice(sorted({path.name.split(".")[0] for path in FOLDER.glob("*.yaml")}))
