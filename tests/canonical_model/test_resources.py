"""Every resource: what is valid comes back as it left; anything else is refused, and never told by its value."""

import copy
import json
import re
import typing
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from canonical_model import resources, rules
from canonical_model.base import SENSITIVITY, Record, Section, problems
from canonical_model.errors import ConfigurationError
from mappings.engine import loader
from tests.canonical_model.samples import documents

SAMPLES = documents()
CANARY = "Zwickelbergersdottir"  # in no message of pydantic's, in no sample
PATH = re.compile(r"\(record\)|[a-z_]+(\.([a-z_]+|\d+))*")
RULE = re.compile(r"[a-z][a-z0-9-]*")
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.just(CANARY)
    | st.text(max_size=5).map(lambda text: f"{text}{CANARY}") | st.just(CANARY * 20),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.just("x"), inner, max_size=1),
    max_leaves=4,
)  # fmt: skip


def places(value: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to every value of a document, containers too."""
    if way:
        yield way
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from places(inner, (*way, key))


def changed(document: dict[str, Any], way: tuple[Any, ...], value: Any) -> dict[str, Any]:
    """A copy with another value there; `...` takes it out."""
    found = copy.deepcopy(document)
    holder: Any = found
    for key in way[:-1]:
        holder = holder[key]
    if value is ...:
        del holder[way[-1]]
    else:
        holder[way[-1]] = value
    return found


def leaves(document: dict[str, Any]) -> list[tuple[tuple[Any, ...], Any]]:
    found = []
    for way in places(document):
        value: Any = document
        for key in way:
            value = value[key]
        if not isinstance(value, (dict, list)):
            found.append((way, value))
    return found


def load(document: dict[str, Any]) -> Record:
    return resources.resource(document["resource_type"]).model_validate_json(json.dumps(document))


def refused(kind: type[Record], document: dict[str, Any]) -> ValidationError | None:
    try:
        kind.model_validate_json(json.dumps(document))
    except ValidationError as error:
        return error
    return None


def refusal(name: str, document: dict[str, Any]) -> ValidationError:
    found = refused(resources.resource(name), document)
    assert found is not None
    return found


def models(kind: type[BaseModel]) -> set[type[BaseModel]]:
    """A model and those inside it."""
    found = {kind}
    for field in kind.model_fields.values():
        for part in parts(field.annotation):
            if isinstance(part, type) and issubclass(part, BaseModel):
                found |= models(part)
    return found


def parts(annotation: Any) -> list[Any]:
    inner = [part for one in typing.get_args(annotation) for part in parts(one)]
    return [annotation, typing.get_origin(annotation), *inner]


def test_every_resource_that_a_mapping_makes_has_a_sample() -> None:
    made = {mapping.resource for mapping in loader.load_all() if mapping.form is None}

    assert made <= SAMPLES.keys() <= set(resources.NAMES)


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_a_document_comes_back_as_it_left(name: str) -> None:
    for document in SAMPLES[name]:
        held = load(document)
        written = held.model_dump_json(exclude_none=True)

        assert held == load(json.loads(written))
        assert document == json.loads(written)


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_a_resource_says_what_it_is_and_where_it_lives(name: str) -> None:
    kind = resources.resource(name)

    assert (name, name) == (kind.__name__, kind.model_fields["resource_type"].default)
    assert kind.SECTION in typing.get_args(Section)
    assert kind.__doc__


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_nothing_in_a_resource_can_be_changed(name: str) -> None:
    held = load(SAMPLES[name][0])

    hash(held)  # a list, a set or a dictionary anywhere inside could not be hashed
    with pytest.raises(ValidationError, match="frozen"):
        held.organization = "999000"


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_every_model_is_strict_and_holds_tuples_only(name: str) -> None:
    for model in models(resources.resource(name)):
        settings = model.model_config
        assert (True, True, "forbid", True) == (
            settings.get("frozen"), settings.get("strict"), settings.get("extra"),
            settings.get("hide_input_in_errors"),
        )  # fmt: skip
        held = [part for field in model.model_fields.values() for part in parts(field.annotation)]
        assert not {list, set, dict, frozenset} & {part for part in held if isinstance(part, type)}


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_a_field_that_nobody_knows_is_refused_wherever_it_stands(name: str) -> None:
    document = SAMPLES[name][0]
    holders: list[tuple[Any, ...]] = [
        (),
        *(way for way in places(document) if isinstance(_at(document, way), dict)),
    ]
    for way in holders:
        found = refusal(name, changed(document, (*way, "surprise"), 1))

        assert [(".".join(map(str, (*way, "surprise"))), "extra-forbidden")] == problems(found)


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_a_value_of_another_kind_is_refused(name: str) -> None:
    """A text where a number belongs, a number where a text belongs: nothing is converted."""
    document = SAMPLES[name][0]
    decimals = {("share",), ("extra_hours",), ("mark", "number")}  # not money: JSON may write them as numbers
    for way, value in leaves(document):
        others: list[Any] = [True, [value]] if isinstance(value, str) else [str(value), [value]]
        if isinstance(value, str) and way not in decimals:
            others.append(7)
        for other in others:
            assert problems(refusal(name, changed(document, way, other)))


@pytest.mark.parametrize("name", sorted(SAMPLES))
@given(data=st.data())
def test_whatever_is_wrong_its_value_is_told_nowhere(name: str, data: st.DataObject) -> None:
    document = data.draw(st.sampled_from(SAMPLES[name]))
    for way in data.draw(st.lists(st.sampled_from(list(places(document))), min_size=1, max_size=3)):
        value = data.draw(VALUES | st.just(...))
        try:
            document = changed(document, way, value)
        except (KeyError, IndexError, TypeError):
            continue  # an earlier change took that place away
    kind = resources.resource(name)
    error = refused(kind, document)
    if error is None:
        held = kind.model_validate_json(json.dumps(document))
        assert held == kind.model_validate_json(held.model_dump_json())
        return
    found = problems(error)
    assert found
    assert CANARY not in f"{error} {error!r} {found}"
    assert all(PATH.fullmatch(path) and RULE.fullmatch(rule) for path, rule in found)


@given(text=st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_what_is_not_json_is_a_fault_of_the_record(text: bytes) -> None:
    with pytest.raises(ValidationError) as raised:
        resources.resource("Student").model_validate_json(text)

    assert problems(raised.value)


@given(name=st.text(min_size=1, max_size=200))
def test_a_name_is_kept_letter_by_letter(name: str) -> None:
    document = SAMPLES["Student"][0] | {"family_name": name}

    assert name == json.loads(load(document).model_dump_json())["family_name"]


def test_a_mark_is_a_number_or_a_code_and_never_both_nor_none() -> None:
    for mark in (
        {},
        {"number": "60", "code": {"system": "result_code", "version": "2024-07-01", "code": "ABS"}},
    ):
        found = problems(refusal("CourseResult", SAMPLES["CourseResult"][0] | {"mark": mark}))

        assert [("mark", "mark-number-or-code")] == found


def test_a_resource_that_does_not_exist_is_named_with_those_that_do() -> None:
    for name in ("Teacher", "student", "../errors", ""):
        with pytest.raises(ConfigurationError, match="The model has ") as raised:
            resources.resource(name)
        assert "Le modèle contient" in raised.value.french


def test_every_section_has_a_sensitivity() -> None:
    assert set(typing.get_args(Section)) == SENSITIVITY.keys()
    with pytest.raises(TypeError):
        SENSITIVITY["health"] = "ordinary"  # type: ignore[index]


def _at(document: Any, way: tuple[Any, ...]) -> Any:
    for key in way:
        document = document[key]
    return document


@given(
    day=st.dates(date(1990, 1, 1), date(2022, 1, 1)),
    sex=st.sampled_from("FMX"),
    family=st.text("abcdéÉ-' ", min_size=1),
)
def test_a_code_permanent_that_disagrees_warns_and_refuses_nothing(day: date, sex: str, family: str) -> None:
    """Birth 2010-03-05, a girl, by the code: everything else about her may differ, and she is still taken."""
    document = {
        "subject": [{"system": "fiche:762000", "value": "0000001"}], "organization": "762000",
        "family_name": family, "given_name": "Zoé", "birth_date": day.isoformat(),
        "sex": {"system": "sex", "version": "2024-07-01", "code": sex}, "code_permanent": "ZZZZ67531000",
    }  # fmt: skip
    held = resources.resource("Student").model_validate_json(json.dumps(document))
    rules_found = {rule for _, rule in held.doubts()}

    assert ("birth-date-disagrees" in rules_found) == (day != date(2010, 3, 5))
    assert ("sex-disagrees" in rules_found) == (sex == "M")
    assert rules_found <= set(rules.known())
