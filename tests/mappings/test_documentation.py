"""What is written twice is compared: README and code, mappings and connectors, rules and their words."""

import ast
import re
from pathlib import Path

import pytest

from canonical_model import rules, strict_yaml
from canonical_model.identifiers import CHECKS
from connectors.kit import contract, load
from mappings.engine import compiler, loader, plan, streams
from mappings.engine.code_maps import UNMAPPED
from mappings.engine.functions import FUNCTIONS

README = (loader.ROOT / "README.md").read_text("utf-8")
REPOSITORY = loader.ROOT.parent
INSTALLED = {name.partition("@")[0] for manifest in load.manifests() for name in manifest.mappings}


def test_every_function_is_in_the_table_with_its_kinds_and_its_rule() -> None:
    rows = re.findall(r"^\| `([a-z_]+)(?:: [^`]+)?` \| (\w+) \| (\w+) \| (.*) \|$", README, re.MULTILINE)

    assert [(name, f.takes, f.gives) for name, f in FUNCTIONS.items()] == [row[:3] for row in rows]
    for name, _, _, words in rows:
        rule = FUNCTIONS[name].rule
        assert rule is None or f"`{rule}`" in words, name


def test_every_numbered_sentence_has_a_test_of_its_number() -> None:
    written = {int(number) for number in re.findall(r"^(\d+)\. ", README, re.MULTILINE)}
    source = "".join(path.read_text("utf-8") for path in Path(__file__).parent.glob("test_language_*.py"))

    assert written == {int(number) for number in re.findall(r"^def test_s(\d+)_", source, re.MULTILINE)}
    assert written == set(range(1, len(written) + 1))


def test_the_example_of_the_readme_is_the_language(tmp_path: Path) -> None:
    example = re.search(r"```yaml\n(.*?)```", README, re.DOTALL)
    assert example is not None
    folder = tmp_path / "mappings" / "gpi"
    folder.mkdir(parents=True)
    (folder / "enrolment.v1.yaml").write_text(example[1], "utf-8")

    assert "Enrolment" == loader.load("gpi/enrolment", tmp_path / "mappings").resource


def test_the_readme_of_the_engine_names_its_modules_and_the_slice() -> None:
    folder = loader.ROOT / "engine"
    text = (folder / "README.md").read_text("utf-8")
    cells = re.findall(r"^\| (`.*?) \|", text, re.MULTILINE)
    table = {name for cell in cells for name in re.findall(r"`(\w+)`", cell)}

    assert {path.stem for path in folder.glob("*.py")} - {"__init__"} == table
    assert "at most `SLICE` rows" in text
    assert compiler.SLICE > 0


def test_the_folders_of_systems_hold_data_only() -> None:
    for system in {identifier.split("/")[0] for identifier in loader.ids()}:
        folder = loader.ROOT / system
        assert not list(folder.rglob("*.py"))
        named = re.findall(rf"`({system}/\w+@\d+)`", (folder / "README.md").read_text("utf-8"))
        assert {name for name in loader.ids() if name.startswith(f"{system}/")} == set(named)


def test_every_code_map_is_used() -> None:
    used = {held.file for mapping in loader.load_all() for _, held in mapping.code_maps}
    there = {path.relative_to(REPOSITORY).as_posix() for path in loader.ROOT.glob("*/codes/*")}

    assert used == there


def test_a_stream_is_declared_the_same_by_all_mappings_of_a_system() -> None:
    seen: dict[tuple[str, str], tuple[str, ...]] = {}
    for mapping in loader.load_all():
        for stream in mapping.streams:
            if stream.resource:  # of canonical documents: each mapping names the paths that it reads
                continue
            name = (mapping.system, stream.name)
            assert seen.setdefault(name, stream.columns) == stream.columns, mapping.id


def test_what_a_connector_runs_is_there() -> None:
    assert {identifier.partition("@")[0] for identifier in loader.ids()} >= INSTALLED


RUN = [
    (manifest.name, identifier)
    for manifest in load.manifests()
    for identifier in loader.ids()
    if identifier.partition("@")[0] in {name.partition("@")[0] for name in manifest.mappings}
]


@pytest.mark.parametrize(("connector", "identifier"), RUN)
def test_a_mapping_and_the_connector_that_runs_it_agree_on_streams_columns_and_keys(
    connector: str, identifier: str
) -> None:
    mapping = loader.load(identifier)
    manifest = load.manifest(connector)

    newest = loader.load(identifier.partition("@")[0]).id  # an older version stays, to explain what it made
    assert newest in manifest.mappings
    assert mapping.key == manifest.streams[mapping.stream].key
    assert {stream.name for stream in mapping.streams} <= set(manifest.streams)
    if manifest.contract.path.suffix == ".yaml":
        held = contract.read(manifest.contract.path)
        for stream in mapping.streams:
            declared = manifest.streams[stream.name]
            pulled_by = {*declared.key, declared.cursor} - {
                None
            }  # the connector's own, which a mapping may leave
            assert set(stream.columns) | pulled_by == set(held[stream.name].names) | pulled_by
            assert set(stream.columns) <= set(held[stream.name].names)


def test_every_rule_has_whole_sentences_in_both_languages() -> None:
    for rule in rules.known():
        words = rules.words(rule)
        for text in (words.french, words.english, words.remedy_french, words.remedy_english):
            assert re.match(r"^[A-ZÀÉÊ].*\.$", text), (rule, text)
        assert words.message("fr") == words.french
        assert words.message("en") == words.english
        assert words.remedy("fr") == words.remedy_french
        assert words.remedy("en") == words.remedy_english


def test_a_rule_without_words_gets_the_general_ones() -> None:
    assert rules.words("other") == rules.words("some-kind-that-pydantic-invents")


def test_every_rule_of_the_engine_and_of_the_model_has_words_of_its_own() -> None:
    engine = {plan.BLANK_KEY, plan.LONG_KEY, plan.DUPLICATE_KEY, plan.AMBIGUOUS, streams.CONTROL, UNMAPPED}
    engine |= {function.rule for function in FUNCTIONS.values() if function.rule}
    engine |= {join.rule for mapping in loader.load_all() for join in mapping.joins if join.rule}

    others = {"unknown-person", "shared-identifier", "ragged-row", "not-utf-8"}

    assert engine | _custom_errors() | others <= set(rules.known())


def _custom_errors() -> set[str]:
    """The kinds of every PydanticCustomError of the model; those of identifiers are kind and fault."""
    found = set()
    for path in (REPOSITORY / "canonical_model").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "PydanticCustomError":
                kind = node.args[0]
                if isinstance(kind, ast.Constant) and isinstance(kind.value, str):
                    found.add(kind.value)
    assert {"unknown-code", "end-before-start"} <= found
    return found


def test_every_fault_of_an_identifier_has_words_of_its_own() -> None:
    wrong = {
        "nas": ("1", "000000000", "123456789"),
        "tvq": ("1", "1234567890TQ0000", "1234567890TQ0001"),
        "releve-24": ("1", "123456789"),
    }
    for kind, check in CHECKS.items():
        for value in wrong.get(kind, ("?",)):
            for fault in check(value).faults:
                assert f"{kind}-{fault}" in rules.known()


def test_lines_of_a_yaml_file_are_those_of_its_keys_and_items() -> None:
    text = "a: 1\nb:\n  - {c: d}\n  - e\n"

    found = {".".join(way): line for way, line in strict_yaml.lines(text).items()}

    assert {"": 1, "a": 1, "b": 2, "b.0": 3, "b.0.c": 3, "b.1": 4} == found
