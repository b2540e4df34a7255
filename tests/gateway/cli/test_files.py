"""`mapping` and `identifier`: pure commands, on files and on words; nothing is stored."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from canonical_model.errors import RecordError
from canonical_model.identifiers import CHECKS
from connectors.kit.formats import writer_of
from gateway.mapping_files import layout
from mappings.engine import loader
from mappings.engine.forms import Form
from mappings.engine.language import Mapping, Stream
from mappings.engine.targets import model_of
from tests.conftest import REPOSITORY
from tests.gateway.cli.conftest import Call

SAMPLES = REPOSITORY / "mappings"
PUPILS = SAMPLES / "gpi" / "samples" / "gpm_e_ele.csv"
SHAPE = {"source", "rule", "path", "value", "message_fr", "message_en", "remedy_fr", "remedy_en"}


def lines(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


@pytest.fixture
def results(tmp_path: Path) -> dict[str, Path]:
    return {name: tmp_path / f"{name}.jsonl" for name in ("output", "rejects")}


def given(mapping: Mapping, stream: Stream, folder: Path) -> Path:
    """The sample of a stream as its file. Where the mapping declares XML, an element for each filled cell."""
    samples = SAMPLES / mapping.system / "samples"
    if stream.resource:
        return samples / f"{stream.name}.jsonl"
    sample = samples / f"{stream.name}.csv"
    if dict(stream.format).get("kind") != "xml":
        return sample
    root, element = dict(stream.format)["record"].split("/")
    written = etree.Element(root)
    with sample.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            record = etree.SubElement(written, element)
            for name, text in row.items():
                if text:
                    etree.SubElement(record, name).text = text
    found = folder / f"{stream.name}.xml"
    found.write_bytes(etree.tostring(written, encoding="utf-8"))
    return found


def as_file(form: Form, documents: list[Any]) -> tuple[bytes, int]:
    """The documents as a file of the form, and how many of them it cannot carry (a second root of XML)."""
    writer, refused = writer_of(layout(form)), 0
    made = writer.begin()
    for document in documents:
        try:
            made += writer.record(json.dumps(document, ensure_ascii=False))
        except RecordError:
            refused += 1
    return made + writer.end(), refused


@pytest.mark.parametrize("identifier", loader.ids())
def test_a_mapping_run_gives_what_its_samples_promise(
    call: Call, results: dict[str, Path], tmp_path: Path, identifier: str
) -> None:
    mapping = loader.load(identifier)
    sample = SAMPLES / mapping.system / "samples" / f"{identifier.split('/')[1].replace('@', '.v')}.jsonl"
    inputs = {stream.name: given(mapping, stream, tmp_path) for stream in mapping.streams}
    wanted = [word for name, path in inputs.items() for word in ("--input", f"{name}={path}")]
    answer = call(
        "mapping", "run", identifier, *wanted, "--output", results["output"], "--rejects", results["rejects"],
        "--day", "2026-02-16", "--json",
    )  # fmt: skip
    promised = [item["document"] for item in lines(sample)]
    set_aside = lines(sample.with_name(f"{sample.stem}.rejects.jsonl"))

    if mapping.form is None or mapping.form.kind == "json":
        outside = 0
        assert promised == lines(results["output"])
    else:
        written, outside = as_file(mapping.form, promised)
        assert written == results["output"].read_bytes()
    rejected = len({(item["row"], item["slot"]) for item in set_aside})
    assert (len(promised) - outside, rejected + outside) == (
        answer.document["written"], answer.document["rejected"],
    )  # fmt: skip
    told = lines(results["rejects"])
    # the line of the file, whose header is line 1; or the place of the record
    header = 1 if inputs[mapping.stream].suffix == ".csv" else 0
    assert [
        (item["row"] + header, item["column"] or None, item["path"], item["rule"]) for item in set_aside
    ] == [
        (
            item["source"]["row"],
            None if item["rule"] == "not-utf-8" else item["source"]["column"],  # the engine cannot tell where
            item["path"],
            item["rule"],
        )
        for item in told
        if item["rule"] != "does-not-fit"
    ]
    assert outside == len(told) - len(set_aside)
    assert (1 if told else 0, "") == (answer.code, answer.err)
    for document in promised:
        model_of(mapping).model_validate_json(json.dumps(document))


def test_a_reject_has_its_place_rule_words_and_value_in_the_file_and_nowhere_else(
    call: Call, results: dict[str, Path], tmp_path: Path
) -> None:
    rows = PUPILS.read_text("utf-8").splitlines()
    column = rows[0].split(",").index("sexe")
    cells = rows[1].split(",")
    cells[column] = "Zyzzyva"
    wrong = tmp_path / "eleves.csv"
    wrong.write_text("\n".join([rows[0], ",".join(cells)]) + "\n", "utf-8")
    answer = call(
        "mapping", "run", "gpi/student", "--input", wrong, "--output", results["output"],
        "--rejects", results["rejects"],
    )  # fmt: skip
    [reject] = lines(results["rejects"])

    assert SHAPE == reject.keys()
    assert {
        "system": "gpi@762000", "stream": "gpm_e_ele", "file": "eleves.csv", "row": 2, "column": "sexe",
    } == reject["source"]  # fmt: skip
    assert ("unmapped-code", "sex", "Zyzzyva") == (reject["rule"], reject["path"], reject["value"])
    assert all(reject[name].endswith(".") for name in SHAPE if "_" in name)
    assert 1 == answer.code
    assert "1 lignes lues, 0 documents écrits, 1 rejetés" in answer.out
    assert reject["remedy_fr"] in answer.out
    assert "Zyzzyva" not in answer.out + answer.err


def test_a_good_file_is_exit_0_and_says_so(call: Call, results: dict[str, Path], tmp_path: Path) -> None:
    one = tmp_path / "one.csv"
    one.write_text("\n".join(PUPILS.read_text("utf-8").splitlines()[:2]) + "\n", "utf-8")
    answer = call(
        "mapping", "run", "gpi/student@1", "--input", one, "--output", results["output"], "--lang", "en"
    )

    assert (0, "") == (answer.code, answer.err)
    assert "1 rows read, 1 documents written, 0 rejected." in answer.out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--input", "absent.csv"), "absent.csv : le fichier est absent"),
        (("--input", "nobody=absent.csv"), "nobody"),
        (("--input", str(PUPILS), "--organization", "76"), "--organization : écrivez six chiffres"),
        (("--input", str(PUPILS), "--rejects", "/nowhere/r.jsonl"), "/nowhere/r.jsonl : aucun fichier"),
        (("--input", str(SAMPLES / "gpi" / "samples" / "gpm_t_mat.csv")), "colonne"),
    ],
)
def test_what_cannot_be_run_is_exit_2_and_writes_nothing(
    call: Call, results: dict[str, Path], words: tuple[str, ...], said: str
) -> None:
    answer = call("mapping", "run", "gpi/student", *words, "--output", results["output"])

    assert (2, "") == (answer.code, answer.out)
    assert said in answer.err
    assert not results["output"].exists() or not results["output"].read_bytes()


def test_a_mapping_that_reads_two_streams_says_which_one_is_missing(
    call: Call, results: dict[str, Path]
) -> None:
    answer = call("mapping", "run", "gpi/enrolment", "--input", PUPILS, "--output", results["output"])

    assert 2 == answer.code
    assert "Ajoutez --input gpm_t_eco=FICHIER" in answer.err


def test_all_mappings_are_listed_and_without_fault(call: Call) -> None:
    listed = call("mapping", "list", "--json").document
    ids = {item["id"] for item in listed}

    assert {"gpi/student@1", "mozaik_inscription/consent@1", "avant_garde/payment@1"} <= ids
    for words in (("mapping", "check"), ("mapping", "check", "gpi/student")):
        assert (0, []) == (call(*words).code, call(*words, "--json").document)


def test_a_value_is_explained_by_table_columns_and_steps(call: Call) -> None:
    told = call("mapping", "explain", "gpi/course_result", "mark.number", "--slot", "02", "--json").document

    assert ("gpm_e_mat_ele", ["res_etape_02"]) == (told["stream"], told["columns"])
    assert "gpm_e_ele: sexe" in call("mapping", "explain", "gpi/student", "sex").out


@pytest.mark.parametrize(
    ("kind", "value", "code"),
    [
        ("code-permanent", "ABCD67531000", 0), ("code-permanent", "ABC", 1),
        ("nas", "046454286", 0), ("nas", "046454287", 1), ("nas", "000000000", 1),
        ("tvq", "1000000007TQ0001", 0), ("tvq", "1000000008TQ0001", 1),
        ("releve-24", "101458755", 0), ("releve-24", "101458756", 1),
        ("code-postal", "H1L1A7", 0), ("code-postal", "H1L 1A7", 1),
        ("organisme", "762000", 0), ("organisme", "762", 1),
        ("code-cours", "132506", 0), ("code-cours", "1", 1),
        ("demande-admission", "012345678", 0), ("demande-admission", "1", 1),
    ],
)  # fmt: skip
def test_an_identifier_is_well_formed_or_refused(call: Call, kind: str, value: str, code: int) -> None:
    answer, told = (
        call("identifier", "check", kind, value),
        call("identifier", "check", kind, value, "--json"),
    )

    assert (code, code) == (answer.code, told.code)
    assert (kind, not code) == (told.document["kind"], told.document["valid"])
    assert ("Refusé" in answer.out) == bool(code) == bool(told.document["faults"])


def test_every_kind_of_identifier_can_be_checked(call: Call) -> None:
    assert set(CHECKS) == {kind for kind in CHECKS if call("identifier", "check", kind, "?").code == 1}


def test_a_code_permanent_is_decoded_and_a_warning_refuses_nothing(call: Call) -> None:
    answer = call("identifier", "check", "code-permanent", "ZZZZ91020500")

    assert 0 == answer.code
    assert "Avertissement : impossible-date" in answer.out
    assert {"birth_date": "2010-03-05", "sex": "F"} == call(
        "identifier", "check", "code-permanent", "ZZZZ67531000", "--json"
    ).document["decoded"]


def test_a_value_that_looks_like_an_option_is_given_after_two_dashes(call: Call) -> None:
    assert 1 == call("identifier", "check", "organisme", "--", "--json").code


def test_a_row_of_another_encoding_is_set_aside(call: Call, results: dict[str, Path], tmp_path: Path) -> None:
    wrong = tmp_path / "e.csv"
    wrong.write_bytes(PUPILS.read_bytes().replace("Élodie".encode(), "Élodie".encode("cp1252")))
    call(
        "mapping", "run", "gpi/student", "--input", wrong, "--output", results["output"],
        "--rejects", results["rejects"],
    )  # fmt: skip

    assert "not-utf-8" in {item["rule"] for item in lines(results["rejects"])}


def test_a_path_that_the_resource_lacks_is_refused_with_the_near_one(call: Call) -> None:
    answer = call("mapping", "explain", "gpi/enrolment", "levl")

    assert 2 == answer.code
    assert "Vouliez-vous level ?" in answer.err
