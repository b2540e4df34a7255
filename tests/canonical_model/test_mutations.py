"""Generated documents of every resource: none is refused; each fault put into one is, by its own rule and place."""

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from canonical_model import resources
from canonical_model.base import Record, problems
from canonical_model.generated import KINDS, documents, mutations

COUNT = 40  # by hand: 1 000


def kind(name: str) -> type[Record]:
    return resources.resource(name)


def refusal(name: str, document: dict[str, Any]) -> list[tuple[str, str]]:
    try:
        kind(name).model_validate_json(json.dumps(document))
    except ValidationError as error:
        return problems(error)
    return []


@pytest.mark.parametrize("name", resources.NAMES)
def test_no_generated_document_is_refused(name: str) -> None:
    made = list(documents(name, COUNT, seed=1))

    assert [] == [found for document in made if (found := refusal(name, document))]
    assert len({json.dumps(document) for document in made}) > COUNT // 2  # they differ


@pytest.mark.parametrize("name", resources.NAMES)
def test_every_mutated_document_is_refused_by_the_right_rule(name: str) -> None:
    seen = set()
    for number, document in enumerate(documents(name, COUNT, seed=2)):
        for mutation in mutations(name, document, seed=number):
            seen.add(mutation.kind)

            assert (mutation.path, mutation.rule) in refusal(name, mutation.document)
            assert mutation.document != document
    assert seen == set(KINDS)


@pytest.mark.parametrize("name", resources.NAMES)
def test_the_same_seed_gives_the_same_documents(name: str) -> None:
    first, again, other = (list(documents(name, 3, seed)) for seed in (5, 5, 6))

    assert first == again
    assert first != other
    assert mutations(name, first[0], seed=1) == mutations(name, again[0], seed=1)


def test_a_mutation_leaves_the_document_it_came_from_as_it_was() -> None:
    document = next(documents("Invoice", 1, seed=1))
    before = json.dumps(document)
    for seed in range(20):
        mutations("Invoice", document, seed)

    assert before == json.dumps(document)


def test_a_resource_that_does_not_exist_has_no_documents() -> None:
    with pytest.raises(Exception, match="no such resource"):
        next(documents("Zorglub", 1, seed=1))


@pytest.mark.parametrize("name", resources.NAMES)
def test_no_decimal_is_ever_read_from_a_number(name: str) -> None:
    """A JSON number has passed through a float somewhere: every Decimal refuses it, money and marks alike."""
    for document in documents(name, 5, seed=3):
        for place in _decimals(document, kind(name)):
            changed = json.loads(json.dumps(document))
            holder = changed
            for part in place[:-1]:
                holder = holder[part]
            holder[place[-1]] = float(holder[place[-1]])

            assert {"decimal-is-text", "money-is-text"} & {rule for _, rule in refusal(name, changed)}


def _decimals(document: dict[str, Any], model: type[Record]) -> list[tuple[Any, ...]]:
    """The ways to the text that the model reads as a Decimal: what becomes one when the document is read."""
    held = model.model_validate_json(json.dumps(document)).model_dump(exclude_unset=True)
    return [way for way, value in _leaves(held) if isinstance(value, Decimal)]


def _leaves(value: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _leaves(inner, (*way, key))
    elif isinstance(value, (list, tuple)):
        for at, inner in enumerate(value):
            yield from _leaves(inner, (*way, at))
    else:
        yield way, value
