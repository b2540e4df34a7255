"""`passerelle model`: the resources, their schemas, their page; what it refuses of a file, by place and rule."""

import json
import tracemalloc
from pathlib import Path

import pytest

from canonical_model import json_schema, resources
from canonical_model.base import MOST_BYTES
from tests.canonical_model.samples import documents
from tests.gateway.cli.conftest import Call

STUDENT = documents()["Student"][0]
CANARY = "Zwickelbergersdottir"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """One good student, then one fault a line."""
    bad = [
        {**STUDENT, "birth_date": "2010-02-30"}, {**STUDENT, "family_name": CANARY * 20},
        {**STUDENT, CANARY: 1, "sex": {**STUDENT["sex"], "code": "Q"}}, {"resource_type": CANARY},
    ]  # fmt: skip
    lines = [json.dumps(STUDENT), "", *map(json.dumps, bad), f'{{"{CANARY}', json.dumps(STUDENT)]
    path = tmp_path / "students.jsonl"
    path.write_text("\n".join(lines), "utf-8")
    return path


def test_every_resource_is_listed(call: Call) -> None:
    answer = call("--json", "model", "list")

    assert 0 == answer.code
    assert list(resources.NAMES) == [row["resource"] for row in answer.document]
    assert "Student" in call("model", "list").out


def test_a_schema_is_shown_in_the_version_asked(call: Call) -> None:
    assert json_schema.text("Guardian", 2) == call("model", "schema", "Guardian").out
    assert json_schema.text("Guardian", 1) == call("model", "schema", "Guardian", "--model-version", 1).out


@pytest.mark.parametrize(
    "words", [
        ("schema",), ("schema", "Guardian", "--model-version", 3), ("schema", "Teacher"),
        ("schema", "Guardian", "--write"), ("validate", "Teacher", "x"), ("validate", "Student", "/nowhere.jsonl"),
        ("reference", "--out", "/nowhere/x.html"), ("sample", "Student", "--mutation", "surprise"),
        ("sample", "Student", "--expect", "/tmp/x"), ("validate", "Student", __file__, "--expect", __file__),
        ("sample", "Student", "--mutation", "all", "--expect", "/nowhere/x"),
    ],
)  # fmt: skip
def test_a_wrong_call_is_a_sentence(call: Call, words: tuple[object, ...]) -> None:
    answer = call("model", *words)

    assert (2, "") == (answer.code, answer.out)
    assert answer.err.strip().endswith(".")


def test_all_schemas_are_written(call: Call, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(json_schema.write, "__defaults__", (tmp_path,))

    assert 0 == call("model", "schema", "--write").code
    assert json_schema.text("Student", 1) == (tmp_path / "1" / "Student.json").read_text("utf-8")


def test_the_reference_page_is_one_file(call: Call, tmp_path: Path) -> None:
    answer = call("--json", "model", "reference", "--out", tmp_path / "model.html")

    assert (0, (tmp_path / "model.html").stat().st_size) == (answer.code, answer.document["bytes"])


def test_good_documents_are_counted_and_nothing_else_is_said(call: Call, tmp_path: Path) -> None:
    path = tmp_path / "good.jsonl"
    path.write_text(json.dumps({**STUDENT, "code_permanent": None}) + "\n", "utf-8")
    answer = call("model", "validate", "Student", path)

    assert (0, ["1 documents lus, 1 valides, 0 refusés."]) == (answer.code, answer.out.splitlines())


def test_a_code_permanent_that_disagrees_is_told_and_not_refused(call: Call, tmp_path: Path) -> None:
    path = tmp_path / "doubtful.jsonl"
    code = {**STUDENT, "birth_date": "2010-03-06", "code_permanent": "ZZZZ67531000"}
    path.write_text(json.dumps(code) + "\n", "utf-8")
    answer = call("model", "validate", "Student", path)

    assert 0 == answer.code
    assert "ligne 1, à vérifier : code_permanent : birth-date-disagrees." in answer.out
    assert "1 documents lus, 1 valides, 0 refusés, 1 à vérifier." in answer.out
    assert "ZZZZ" not in answer.out


def test_each_invalid_document_is_one_line_with_place_rule_and_remedy(call: Call, file: Path) -> None:
    answer = call("model", "validate", "Student", file)
    lines = answer.out.splitlines()

    assert (1, 6) == (answer.code, len(lines))
    assert [f"ligne {number} : " for number in (3, 4, 5, 6, 7)] == [line[:10] for line in lines[:5]]
    assert "birth_date : date-" in lines[0]
    assert "family_name : string-too-long. Ce texte est trop long. Raccourcissez-le" in lines[1]
    assert "sex : unknown-code" in lines[2]
    assert "? : extra-forbidden" in lines[2]
    assert "7 documents lus, 2 valides, 5 refusés." == lines[5]
    english = call("--lang", "en", "model", "validate", "Student", file)
    assert "line 4: family_name: string-too-long. This text is too long. Shorten it" in english.out


def test_no_value_of_a_document_is_shown(call: Call, file: Path) -> None:
    for words in ((), ("--json",), ("--lang", "en")):
        answer = call(*words, "model", "validate", "Student", file)

        assert CANARY not in answer.out + answer.err


def test_a_program_reads_the_same(call: Call, file: Path) -> None:
    found = call("--json", "model", "validate", "Student", file).document

    assert (7, 2, 5, 0) == (found["read"], found["valid"], found["refused"], found["faults_left_out"])
    words = {f"{part}_{language}" for part in ("message", "remedy") for language in ("fr", "en")}
    assert {"line", "path", "rule", "level"} | words == found["faults"][0].keys()
    assert [3, 4, 5, 5, 6] == [fault["line"] for fault in found["faults"]][:5]


def test_a_line_of_any_length_costs_no_memory(call: Call, tmp_path: Path) -> None:
    path = tmp_path / "long.jsonl"
    with path.open("wb") as lines:
        for _ in range(8):
            lines.write(b"9" * MOST_BYTES)
        lines.write(b"\n" + json.dumps(STUDENT).encode())
    call("model", "list")
    tracemalloc.start()
    answer = call("model", "validate", "Student", path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert 1 == answer.code
    assert "document-too-large" in answer.out
    assert "2 documents lus, 1 valides, 1 refusés." in answer.out
    assert peak < 4 * MOST_BYTES


@pytest.mark.parametrize("name", ["Student", "Invoice", "Bundle"])
def test_faulty_samples_are_all_refused_by_the_rule_written_beside_them(
    call: Call, tmp_path: Path, name: str
) -> None:
    expected, path = tmp_path / "expected.jsonl", tmp_path / "faulty.jsonl"
    made = call("model", "sample", name, "--count", 25, "--mutation", "all", "--expect", expected)
    path.write_text(made.out, "utf-8")
    answer = call("--json", "model", "validate", name, path, "--expect", expected)

    assert 0 == answer.code
    assert (25, 25, 25, 25) == tuple(
        answer.document[key] for key in ("read", "refused", "expected", "as_expected")
    )
    assert [] == answer.document["faults"]
    assert 1 == call("model", "validate", name, path).code


def test_what_is_refused_otherwise_than_expected_is_told(call: Call, tmp_path: Path, file: Path) -> None:
    expected = tmp_path / "expected.jsonl"
    expected.write_text('{"line": 4, "path": "family_name", "rule": "string-too-long"}\n', "utf-8")
    answer = call("model", "validate", "Student", file, "--expect", expected)

    assert 1 == answer.code
    assert "ligne 4 : " not in answer.out
    assert "ligne 3 : birth_date : date-" in answer.out
    assert "1 refus attendus, 1 à l'endroit et par la règle attendus." in answer.out
    good = tmp_path / "good.jsonl"
    good.write_text(json.dumps(STUDENT) + "\n", "utf-8")
    assert 1 == call("model", "validate", "Student", good, "--expect", expected).code


def test_one_kind_of_fault_alone_can_be_asked_for(call: Call, tmp_path: Path) -> None:
    expected = tmp_path / "expected.jsonl"
    call("model", "sample", "Student", "--count", 5, "--mutation", "extra", "--expect", expected)

    assert {"extra-forbidden"} == {json.loads(line)["rule"] for line in expected.read_text().splitlines()}
    assert len(call("model", "sample", "Student", "--mutation", "missing").out.splitlines()) == 1
