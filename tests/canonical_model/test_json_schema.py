"""The committed schemas are those of the model, are JSON Schema 2020-12, and accept what the model accepts."""

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from canonical_model import codings, json_schema, resources, versions
from canonical_model.base import SENSITIVITY
from canonical_model.elements import VERSIONS
from canonical_model.errors import ConfigurationError
from tests.canonical_model.samples import documents

SAMPLES = documents()
REFUSED_BY_BOTH: list[tuple[str, tuple[Any, ...], Any]] = [
    ("Student", ("sex", "code"), "Q"), ("Student", ("sex", "system"), "school_level"),
    ("Student", ("sex", "version"), "1999-01-01"), ("Student", ("family_name",), ""), ("Student", ("surprise",), 1),
    ("Student", ("subject",), []), ("Student", ("resource_type",), "Guardian"), ("Student", ("organization",), "76"),
    ("Payment", ("amount", "amount"), 12.5), ("Payment", ("amount", "currency"), "USD"),
    ("CourseResult", ("step",), 31), ("ChildcareDay", ("outing",), "oui"), ("Consent", ("sections",), []),
]  # fmt: skip


def validator(name: str, version: int) -> Draft202012Validator:
    return Draft202012Validator(json_schema.schema(name, version))


def test_the_committed_schemas_are_those_of_the_model() -> None:
    there = {path.relative_to(json_schema.FOLDER) for path in json_schema.FOLDER.rglob("*") if path.is_file()}
    wanted = dict(json_schema.files())
    stale = [str(path) for path, text in wanted.items() if path in there
             and (json_schema.FOLDER / path).read_text("utf-8") != text]  # fmt: skip

    assert there == wanted.keys(), "Run `passerelle model schema --write`."
    assert [] == stale, "Run `passerelle model schema --write`."


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", resources.NAMES)
def test_a_schema_is_json_schema_and_says_what_it_is(name: str, version: int) -> None:
    made = json_schema.schema(name, version)
    Draft202012Validator.check_schema(made)
    kind = resources.resource(name)

    assert (json_schema.DIALECT, f"urn:passerelle:schema:{version}:{name}") == (made["$schema"], made["$id"])
    assert {"model_version": version, "section": kind.SECTION,
            "sensitivity": SENSITIVITY[kind.SECTION]} == made["x-passerelle"]  # fmt: skip
    assert made["additionalProperties"] is False
    for field in made["properties"].values():
        assert {"french", "english", "section", "sensitivity"} <= field["x-passerelle"].keys()
        assert field["title"]


@pytest.mark.parametrize("name", SAMPLES)
def test_what_the_model_accepts_its_schema_accepts(name: str) -> None:
    for version in VERSIONS:
        accepts = validator(name, version)
        for document in SAMPLES[name]:
            way = versions.upgrade if version == VERSIONS[-1] else versions.downgrade
            accepts.validate(way(name, document, version))


@pytest.mark.parametrize(("name", "way", "value"), REFUSED_BY_BOTH)
def test_what_the_schema_can_say_both_refuse(name: str, way: tuple[str, ...], value: Any) -> None:
    document = json.loads(json.dumps(SAMPLES[name][0]))
    holder = document
    for key in way[:-1]:
        holder = holder[key]
    holder[way[-1]] = value

    assert not validator(name, VERSIONS[-1]).is_valid(document)
    with pytest.raises(ValueError, match="validation error"):
        resources.resource(name).model_validate_json(json.dumps(document))


def test_a_coded_field_enumerates_the_codes_of_every_version_of_its_list() -> None:
    made = json_schema.schema("Enrolment")["properties"]["level"]

    assert [
        {"properties": {"version": {"const": held.version}, "code": {"enum": list(held.codes)}}}
        for held in codings.versions("school_level")
    ] == made["anyOf"]
    assert "school_level" == made["x-passerelle"]["code_system"]


def test_each_version_has_its_own_fields_only() -> None:
    one, two = (json_schema.schema("Guardian", version) for version in (1, 2))

    assert {"email"} == one["properties"].keys() - two["properties"].keys()
    assert {"telecoms"} == two["properties"].keys() - one["properties"].keys()
    assert "Telecom" not in one["$defs"]


def test_writing_makes_the_folder_hold_the_schemas_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "1").mkdir()
    (tmp_path / "1" / "Gone.json").write_text("{}")
    count = len(resources.NAMES) * len(VERSIONS)

    assert (count, count + 1) == json_schema.write(tmp_path)
    assert (count, 0) == json_schema.write(tmp_path)
    assert not (tmp_path / "1" / "Gone.json").exists()


def test_a_version_that_does_not_exist_is_named_with_those_that_do() -> None:
    with pytest.raises(ConfigurationError, match="the model has 1, 2"):
        json_schema.schema("Guardian", 3)
