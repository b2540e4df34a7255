"""Whatever comes in, a resource reads it or refuses it by its rules: soon, and without repeating a value."""

import json
import time
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from canonical_model import resources
from canonical_model.base import problems
from canonical_model.generated import documents

CANARY = "Zwickelbergersdottir"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.just(CANARY),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)
SECONDS = 5.0  # generous: the machine may be busy; what is meant is that nothing grows without end
SMALL = 2**16  # what is read without being counted first


def answer(name: str, text: str | bytes) -> ValidationError | None:
    try:
        resources.resource(name).model_validate_json(text)
    except ValidationError as error:
        return error
    return None


def fields(name: str) -> list[str]:
    return [*resources.resource(name).model_fields, "surprise"]


@pytest.mark.parametrize("name", resources.NAMES)
@settings(max_examples=25)
@given(data=st.data())
def test_any_json_is_read_or_refused_and_its_values_are_told_nowhere(name: str, data: st.DataObject) -> None:
    names = st.sampled_from(fields(name))
    near = st.dictionaries(names, JSON, max_size=8).map(lambda one: one | {"resource_type": name})
    content = data.draw(JSON | near)
    error = answer(name, json.dumps(content))
    if error is not None:
        assert problems(error)
        assert CANARY not in f"{error} {error!r}"


@pytest.mark.parametrize("name", resources.NAMES)
@settings(max_examples=25)
@given(data=st.data())
def test_any_value_in_any_field_of_a_valid_document(name: str, data: st.DataObject) -> None:
    document = next(documents(name, 1, seed=data.draw(st.integers(0, 3))))
    field = data.draw(st.sampled_from(sorted(document)))
    error = answer(name, json.dumps(document | {field: data.draw(JSON)}))
    if error is not None:
        assert CANARY not in f"{error} {error!r}"


_PART = {"url": "urn:passerelle:extension:x", "parts": [{"name": "a", "value": "b" * 100}]}
HOSTILE: dict[str, Callable[[int], str]] = {  # about that many bytes, in the shapes that hurt
    "deep-objects": lambda size: ('{"extensions":' * size)[:size],
    "deep-lists": lambda size: "[" * (size // 2) + "]" * (size // 2),
    "many-extensions": lambda size: json.dumps({"extensions": [_PART] * (size // 200)}),
    "nested-parts": lambda size: json.dumps(
        {"extensions": [_PART | {"parts": [{"value": [1] * (size // 4)}]}]}
    ),
    "many-unknown-fields": lambda size: "{" + ",".join(f'"k{n}":1' for n in range(size // 12)) + "}",
    "one-long-text": lambda size: json.dumps({"resource_type": "x" * size}),
    "many-subjects": lambda size: json.dumps({"subject": [{}] * (size // 4)}),
    "many-lines": lambda size: json.dumps({"entries": [{}] * (size // 12), "lines": [{}] * (size // 12)}),
    "many-empty-lists": lambda size: json.dumps({"lines": [{"subject": []}] * (size // 17)}),
}


@pytest.mark.parametrize("name", ["Student", "Invoice", "Bundle"])
@pytest.mark.parametrize("size", [SMALL, 10 * 2**20], ids=["64 KB", "10 MB"])
@pytest.mark.parametrize("shape", HOSTILE)
def test_a_flood_of_anything_is_refused_soon_and_its_faults_can_be_told(
    shape: str, size: int, name: str
) -> None:
    text = HOSTILE[shape](size)
    started = time.perf_counter()
    error = answer(name, text)

    assert error is not None
    assert problems(error)
    assert time.perf_counter() - started < SECONDS


def test_a_document_of_too_many_values_is_refused_by_one_rule() -> None:
    for text in (
        '{"subject":[' + ",".join(["{}"] * 60_000) + "]}",
        json.dumps({"family_name": "x" * 5_000_000}),
    ):
        error = answer("Student", text)

        assert error is not None
        assert [("(record)", "document-too-large")] == problems(error)


def test_the_largest_bundle_of_ordinary_resources_is_read() -> None:
    entries = [{"resource": next(documents("Student", 1, seed=1))}] * 1000
    held = next(documents("Bundle", 1, seed=1)) | {"entries": entries}

    assert answer("Bundle", json.dumps(held)) is None


def test_a_document_inside_itself_two_hundred_times_is_not_json_for_the_model() -> None:
    error = answer("Student", '{"a":' * 300 + "1" + "}" * 300)

    assert error is not None
    assert [("(record)", "json-invalid")] == problems(error)
