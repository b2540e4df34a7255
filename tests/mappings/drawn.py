"""What random batches are drawn from: cells, and documents of a resource or a form, sound and damaged."""

import copy
import json
from datetime import date
from decimal import Decimal
from functools import cache
from random import Random
from typing import Any, Literal, get_args, get_origin

from pydantic import AwareDatetime

from canonical_model import generated, resources
from mappings.engine import loader
from mappings.engine.language import Field, Mapping, Stream
from mappings.engine.targets import at, model_of, peeled, resource_target

CELLS = (
    None, "1", "2", "3", "0001002", "4110", "762000", "762110", "2025", "A", "F", "M", "132506", "78", "82,5",
    "ABS", "2025-08-28", "2025-02-30", "P0001201", "S010", "C", "R", "O", "N", "ADM", "50.00", "H2X 1Y4",
    "identite,resultats", "ROYZ10550601", "Côté", "O'Neil", "", "  ", "\u0000", '"},{"', "\\", "\n", "x" * 201,
    "NaN",
)  # fmt: skip
BROKEN = ("", "{", "}", "null", "[]", "7", '"x"', "{'a': 1}", '{"a": NaN}', '{"a": 1} x', '\ufeff{"a": 1}')
_POOLS = 4
_TYPED: dict[Any, tuple[Any, ...]] = {
    str: ("X1",), int: (0, 3), float: (0.0, 82.5), Decimal: ("0", "82.50"), bool: (True, False),
    date: ("2025-09-30",), AwareDatetime: ("2026-02-16T08:15:00-05:00",),
}  # fmt: skip


@cache
def mappings() -> tuple[Mapping, ...]:
    """All of the repository, each loaded once."""
    return loader.load_all()


def cell(random: Random) -> str | None:
    """What a real column holds, or should not."""
    if random.random() < 0.75:
        return random.choice(CELLS)
    return "".join(
        chr(random.choice((random.randrange(128), random.randrange(0xD800))))
        for _ in range(random.randrange(9))
    )


@cache
def invented(resource: str, pool: int) -> tuple[dict[str, Any], ...]:
    """Sound documents of a canonical resource."""
    return tuple(generated.documents(resource, 24, pool))


def a_pool(random: Random) -> int:
    """One of a few seeds, so that documents are invented once for all mappings."""
    return random.randrange(_POOLS)


@cache
def sampled(system: str, stream: str) -> tuple[dict[str, Any], ...]:
    """The documents of the samples of a stream."""
    lines = (loader.ROOT / system / "samples" / f"{stream}.jsonl").read_text("utf-8").splitlines()
    read = [json.loads(line) for line in lines]
    return tuple(item["document"] if isinstance(item.get("document"), dict) else item for item in read)


def documents(mapping: Mapping, stream: Stream, random: Random) -> tuple[dict[str, Any], ...]:
    """Sound documents that a stream may give; of another's form, those of the samples."""
    held = sampled(mapping.system, stream.name)
    return (*held, *invented(stream.resource, a_pool(random))) if stream.resource in resources.NAMES else held


def as_text(document: dict[str, Any], random: Random) -> str:
    """A document as a line of a file: sound, with a few places changed, or broken."""
    kind = random.random()
    if kind < 0.4:
        return json.dumps(document, ensure_ascii=False)
    if kind < 0.85:
        return json.dumps(_damaged(document, random), ensure_ascii=random.random() < 0.5)
    text = json.dumps(document)
    return random.choice((*BROKEN, text[: random.randrange(len(text))]))


def _damaged(document: dict[str, Any], random: Random) -> dict[str, Any]:
    """A copy of which one to three places hold something else, or are gone."""
    made = copy.deepcopy(document)
    for _ in range(random.randrange(1, 4)):
        holder: Any = made
        while holder:
            key = random.choice(list(holder) if isinstance(holder, dict) else range(len(holder)))
            if isinstance(holder[key], dict | list) and random.random() < 0.7:
                holder = holder[key]
                continue
            holder[key] = random.choice(
                (cell(random), cell(random), None, [], {}, True, 3, -1.5, [{}], {"a": "b"})
            )
            if random.random() < 0.3:
                del holder[key]
            break
    return made


@cache
def golden(mapping: Mapping) -> tuple[dict[str, Any], ...]:
    """The documents that the samples of a mapping give."""
    name = mapping.id.split("/")[1].replace("@", ".v")
    return tuple(item["document"] for item in sampled_results(mapping.system, name))


@cache
def sampled_results(system: str, name: str) -> tuple[dict[str, Any], ...]:
    """The lines of a golden file."""
    text = (loader.ROOT / system / "samples" / f"{name}.jsonl").read_text("utf-8")
    return tuple(json.loads(line) for line in text.splitlines())


def held_at(document: Any, parts: tuple[str, ...]) -> Any:
    """What a document holds at a path; None when it holds nothing there."""
    for part in parts:
        if isinstance(document, list):
            document = document[int(part)] if int(part) < len(document) else None
        else:
            document = None if document is None else document.get(part)
    return document


@cache
def _typed(mapping: Mapping, parts: tuple[str, ...]) -> tuple[Any, ...]:
    """Values of the type of a place, whatever its other rules."""
    place = at(resource_target(model_of(mapping)), parts)
    bare = peeled(place.annotation)[0] if place else None
    if get_origin(bare) is Literal:
        return get_args(bare)
    if get_origin(bare) is tuple:
        inner = peeled(get_args(bare)[0])[0]
        return tuple([value] for value in _TYPED.get(inner, ()))
    return _TYPED.get(bare, ())


@cache
def sound_values(mapping: Mapping, field: Field, pool: int) -> tuple[str | None, ...]:
    """JSON of values that belong at a field's place: of invented documents, of golden ones, of its type."""
    held = golden(mapping) if mapping.form else invented(mapping.resource, pool)
    found = [value for document in held if (value := held_at(document, field.parts)) is not None]
    if mapping.form and field.constant is None:
        found += _typed(mapping, field.parts)
    return tuple(json.dumps(value, ensure_ascii=False) for value in found) or (None,)
