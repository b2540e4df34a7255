"""The JSON Schema for editors: what is committed is what is made, and it says what the loader says."""

import ast
import re
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from canonical_model import strict_yaml
from mappings.engine import editor_schema, loader
from tests.mappings.conftest import JOINED, PARENTS, PUPIL, SEX, STEPS, changed

MAPPING, CODE_MAP = (Draft202012Validator(editor_schema.schema(name)) for name in ("mapping", "code_map"))
FILES = sorted(path.relative_to(loader.ROOT).as_posix() for path in loader.ROOT.glob("*/*.yaml"))
MAPS = sorted(path.relative_to(loader.ROOT).as_posix() for path in loader.ROOT.glob("*/codes/*.yaml"))


@pytest.mark.parametrize("file", editor_schema.FILES)
def test_the_committed_schema_is_the_one_that_is_made(file: str) -> None:
    """`passerelle mapping schema --write` makes it again."""
    Draft202012Validator.check_schema(editor_schema.schema(editor_schema.FILES[file]))

    assert editor_schema.text(editor_schema.FILES[file]) == (editor_schema.FOLDER / file).read_text("utf-8")


@pytest.mark.parametrize("file", FILES)
def test_every_mapping_is_valid(file: str) -> None:
    faults = [error.json_path for error in MAPPING.iter_errors(strict_yaml.load_file(loader.ROOT / file))]

    assert [] == faults


@pytest.mark.parametrize("file", MAPS)
def test_every_code_map_is_valid(file: str) -> None:
    faults = [error.json_path for error in CODE_MAP.iter_errors(strict_yaml.load_file(loader.ROOT / file))]

    assert [] == faults


@pytest.mark.parametrize("data", [PUPIL, JOINED, PARENTS, STEPS])
def test_the_mappings_of_the_tests_are_valid_and_a_version_may_be_a_number(data: dict[str, Any]) -> None:
    assert MAPPING.is_valid(data)
    assert MAPPING.is_valid(changed(data, version=1))


@pytest.mark.parametrize(
    "change",
    [
        {"to": "Student@2"}, {"to": {"form": "user"}}, {"streams__pupils__unknown_columns": "evolve"},
        {"fields__sex": {"read": ["sex", "name"], "first": "filled"}}, {"key": ["$row"]}, {"reverse": "no"},
        {"reverse": {"lossy": {"name": "not in the document"}}},
        {"where": [{"read": "born", "before": "2025-07-01"}]},
        {"lists": {"subject": {"stream": "pupils", "on": {"id": "id"}, "fields": {"value": {"read": "pupils.id"}}}}},
    ],
    ids=str,
)  # fmt: skip
def test_the_words_of_the_language_are_accepted(change: dict[str, Any]) -> None:
    assert MAPPING.is_valid(changed(PUPIL, **change))


@pytest.mark.parametrize(
    "change",
    [
        {"feilds": {}}, {"to": "Studnet"}, {"version": "one"}, {"key": []}, {"from": "the pupils"},
        {"streams__pupils__column": ["id"]}, {"streams__pupils__unknown_columns": "ignore"},
        {"fields__sex__codemap": "sex"}, {"fields__sex": {"read": "sex", "const": "F"}}, {"fields__sex": {}},
        {"fields__sex": {"read": "sex", "do": ["trimm"]}}, {"fields__sex": {"read": "sex", "do": ["digits"]}},
        {"fields__sex": {"read": "sex", "do": [{"digits": "many"}]}},
        {"fields__sex": {"read": "sex", "when": {"is": "blank", "equals": "x"}}},
        {"where": [{"read": "sex"}]}, {"where": [{"read": "sex", "iz": "blank"}]},
        {"join": [{"stream": "pupils", "on": {"id": "id"}, "missing": "refuse"}]},
        {"unpivot": {"slots": "01..30"}},
    ],
    ids=str,
)  # fmt: skip
def test_a_misspelt_key_or_a_wrong_shape_is_refused(change: dict[str, Any]) -> None:
    assert MAPPING.is_valid(PUPIL)
    assert not MAPPING.is_valid(changed(PUPIL, **change))


@pytest.mark.parametrize(
    "change",
    [
        {"unmaped": "refuse"}, {"unmapped": "drop"}, {"to": "sexe"}, {"codes": {}},
        {"codes__F": [{"code": "F", "form": "2025-01-01"}]}, {"codes__F": [{"code": "F", "from": "1er juillet"}]},
    ],
    ids=str,
)  # fmt: skip
def test_a_misspelt_key_of_a_code_map_is_refused(change: dict[str, Any]) -> None:
    assert CODE_MAP.is_valid(SEX)
    assert not CODE_MAP.is_valid(changed(SEX, **change))


def test_the_table_has_the_words_that_the_loader_knows_and_no_other() -> None:
    """A word that the loader learns is one line of `editor_schema.WORDS`."""
    assert _known() == {word.name for words in editor_schema.WORDS.values() for word in words}


def _known() -> set[str]:
    """What stands in the engine's calls of `only`, and in the tuples that they unpack; forms are another language."""
    paths = [path for path in (loader.ROOT / "engine").glob("*.py") if path.stem != "forms"]
    trees = [ast.parse(path.read_text("utf-8")) for path in paths]
    tuples = {
        node.targets[0].id: node.value
        for tree in trees
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    }
    calls = [
        node
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "only"
    ]
    found: set[str] = set()
    for argument in (argument for call in calls for argument in call.args):
        named = [item.id for item in ast.walk(argument) if isinstance(item, ast.Name)]
        for part in [argument, *(tuples[name] for name in named if name in tuples)]:
            constants = [item.value for item in ast.walk(part) if isinstance(item, ast.Constant)]
            found |= {value for value in constants if isinstance(value, str)}
    assert {"mapping", "read", "code"} <= found
    return found


def test_every_word_is_explained_in_both_languages() -> None:
    for words in editor_schema.WORDS.values():
        for word in words:
            assert re.match(r"\S", word.french), word.name
            assert re.match(r"\S", word.english), word.name
            assert word.french != word.english, word.name
