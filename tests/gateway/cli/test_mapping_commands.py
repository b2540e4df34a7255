"""`mapping codes`, `diff`, `explain --row`, `page`, `schema`: on files, nothing stored, no person's value shown."""

import json
import shutil
from pathlib import Path

import pytest

from mappings.engine import loader
from tests.conftest import REPOSITORY
from tests.gateway.cli.conftest import Call

SAMPLES = REPOSITORY / "mappings" / "gpi" / "samples"
PUPILS = SAMPLES / "gpm_e_ele.csv"
DAY = ("--day", "2026-02-16")


@pytest.fixture
def marks(tmp_path: Path) -> tuple[str, ...]:
    """The options of gpi/course_result, with local codes in some cells."""
    text = (SAMPLES / "gpm_e_mat_ele.csv").read_text("utf-8").splitlines()
    head = text[0].split(",")
    rows = [dict.fromkeys(head, "") for _ in range(3)]
    for number, (row, code) in enumerate(
        zip(rows, ("ABSN", "ABSN", "Zoé est partie en voyage"), strict=True)
    ):
        row |= {"id_mat_ele": f"9{number}", "fiche": "1001", "id_eco": "4110", "mat": "132506", "etat": "1"}
        row |= {"grp": "51", "res_etape_01": code, "res_etape_02": "NE"}
    path = tmp_path / "marks.csv"
    path.write_text("\n".join([",".join(head), *(",".join(row.values()) for row in rows)]) + "\n", "utf-8")
    return (
        "--input", str(path), "--input", f"gpm_t_eco={SAMPLES / 'gpm_t_eco.csv'}",
        "--input", f"gpm_t_mat={SAMPLES / 'gpm_t_mat.csv'}", *DAY,
    )  # fmt: skip


def test_unmapped_codes_are_listed_with_proposal_and_effect_and_free_text_is_not(
    call: Call, marks: tuple[str, ...]
) -> None:
    told, shown = (
        call("mapping", "codes", "gpi/course_result@1", *marks, *more) for more in (("--json",), ())
    )
    [code] = told.document["unmapped"]

    assert (1, 1, "") == (told.code, shown.code, told.err + shown.err)
    assert ("ABSN", 2, "gpi/result") == (code["code"], code["count"], code["code_map"])
    assert [{"stream": "gpm_e_mat_ele", "column": "res_etape_01", "count": 2}] == code["cells"]
    assert ("ABS", 2) == (code["proposal"]["code"], code["effect"]["records_passing"])
    assert [{"code_map": "gpi/result", "path": "mark.code", "values": 1, "count": 1}] == told.document[
        "hidden"
    ]
    assert "ABSN" in shown.out
    assert "1 autre(s) valeur(s)" in shown.out
    assert "voyage" not in told.out + shown.out
    assert (
        "Codes without a mapping"
        in call("mapping", "codes", "gpi/course_result@1", *marks, "--lang", "en").out
    )


def test_when_every_code_is_mapped_the_answer_is_0_and_the_unseen_codes(call: Call, tmp_path: Path) -> None:
    one = tmp_path / "one.csv"
    one.write_text("\n".join(PUPILS.read_text("utf-8").splitlines()[:2]) + "\n", "utf-8")
    told = call("mapping", "codes", "gpi/student@1", "--input", one, *DAY, "--json")

    assert (0, True) == (told.code, told.document["complete"])
    assert ["M", "X"] == [item["source"] for item in told.document["drift"][0]["never_seen"]]
    assert "Tous les codes lus" in call("mapping", "codes", "gpi/student@1", "--input", one, *DAY).out


def test_two_versions_are_compared_and_whole_records_go_to_the_named_file_only(
    call: Call, tmp_path: Path
) -> None:
    sample = tmp_path / "sample.jsonl"
    words = ("mapping", "diff", "gpi/guardian@1", "gpi/guardian@2", "--input", PUPILS, *DAY)
    told, shown = call(*words, "--sample", sample, "--json"), call(*words)
    lines = [json.loads(line) for line in sample.read_text("utf-8").splitlines()]

    assert (1, 1) == (told.code, shown.code)
    assert (4, 4, 2, 2) == tuple(told.document[name] for name in ("before", "after", "same", "changed"))
    assert {"path": "email", "records": 2} == told.document["paths"][0]
    assert ["changed", "changed"] == [line["kind"] for line in lines]
    assert "telecoms" in lines[0]["after"]
    assert "telecoms.0.value" in shown.out
    for value in ("exemple.test", "Côté", "1001"):
        assert value not in told.out + shown.out


def test_a_change_of_a_code_map_is_compared_with_the_folder_as_it_was(call: Call, tmp_path: Path) -> None:
    before = tmp_path / "mappings"
    shutil.copytree(SAMPLES.parent, before / "gpi", ignore=shutil.ignore_patterns("samples"))
    held = before / "gpi" / "codes" / "sex.yaml"
    held.write_text(held.read_text("utf-8").replace("  M: M\n", ""), "utf-8")
    words = ("mapping", "diff", "gpi/student@1", "gpi/student@1", "--input", PUPILS, *DAY)
    told = call(*words, "--before-folder", before, "--json")

    assert (1, 0, True) == (
        told.code, told.document["changed"], told.document["newly_accepted"] == told.document["only_after"] + 1,
    )  # fmt: skip
    assert 0 == call(*words).code
    assert "aucune correspondance" in call(*words, "--before-folder", tmp_path / "home").err


def test_a_version_beside_itself_is_no_difference(call: Call) -> None:
    words = ("mapping", "diff", "gpi/guardian@2", "gpi/guardian", "--input", PUPILS, *DAY)

    assert (0, 0) == (call(*words).code, call(*words, "--json").document["changed"])


def test_a_mark_of_a_wide_row_is_explained_to_its_cell_code_map_line_and_digest(
    call: Call, marks: tuple[str, ...]
) -> None:
    words = (
        "mapping",
        "explain",
        "gpi/course_result@1",
        *marks,
        "--row",
        "2",
        "--slot",
        "02",
        "--path",
        "mark",
    )
    told, shown = call(*words, "--json"), call(*words)
    [record] = told.document["records"]
    [value] = record["values"]
    [code] = value["codes"]
    lines = (REPOSITORY / code["file"]).read_text("utf-8").splitlines()

    assert (0, "document") == (told.code, record["state"])
    assert [("res_etape_02", 2)] == [(cell["column"], cell["row"]) for cell in value["cells"]]
    assert "NE: NE" == lines[code["entry"]["line"] - 1].strip()
    assert ("result_code", loader.load("gpi/course_result@1").digest) == (
        code["code_list"], told.document["mapping"]["digest"],
    )  # fmt: skip
    assert (
        "mark.code:"
        in (REPOSITORY / told.document["mapping"]["file"]).read_text("utf-8").splitlines()[value["line"] - 1]
    )
    assert f"{code['file']}:{code['entry']['line']}" in shown.out


def test_cells_and_values_are_shown_only_when_they_are_asked_for(call: Call) -> None:
    words = ("mapping", "explain", "gpi/student@1", "--input", PUPILS, "--row", "2", *DAY)
    without = call(*words).out + call(*words, "--json").out
    shown, told = call(*words, "--values").out, call(*words, "--values", "--json").out

    assert "Côté" not in without
    assert "family_name" in without
    assert "Côté" in shown
    assert "Côté" in told


def test_a_rejected_row_is_explained_by_its_rule_and_is_exit_1(call: Call) -> None:
    answer = call("mapping", "explain", "gpi/student@1", "--input", PUPILS, "--row", "5", *DAY)

    assert 1 == answer.code
    assert "✗ code-permanent-wrong-shape" in answer.out


def test_a_path_alone_names_file_lines_version_and_the_entries_of_its_map(call: Call) -> None:
    told = call("mapping", "explain", "gpi/student@1", "sex", "--json").document

    assert "mappings/gpi/codes/sex.yaml" == told["code_map_file"]
    assert ["F", "M", "X"] == [item["source"] for item in told["entries"]]
    assert "gpi/student@1" == told["mapping"]["id"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("explain", "gpi/student"), "nommez un chemin"),
        (("explain", "gpi/student", "--row", "1"), "--input et --row vont ensemble"),
        (("explain", "gpi/student", "--row", "99", "--input", str(PUPILS)), "aucune de ce numéro"),
        (("codes", "gpi/enrolment", "--input", str(PUPILS)), "Ajoutez --input"),
        (("diff", "gpi/guardian@1", "gpi/guardian@9", "--input", str(PUPILS)), "gpi/guardian@9"),
        (("schema", "--write", "--code-map"), "Retirez --code-map"),
        (("page", "gpi/nobody", "--out", "x"), "gpi/nobody"),
    ],
)
def test_a_wrong_call_is_exit_2_with_what_to_do(call: Call, words: tuple[str, ...], said: str) -> None:
    answer = call("mapping", *words)

    assert (2, "") == (answer.code, answer.out)
    assert said in answer.err


def test_pages_are_written_for_all_mappings_or_for_one(call: Call, tmp_path: Path) -> None:
    told = call("mapping", "page", "--out", tmp_path / "all", "--json").document
    call("mapping", "page", "gpi/student@1", "--out", tmp_path / "one")

    assert len(loader.ids()) + 1 == len(told["files"]) == len(list((tmp_path / "all").iterdir()))
    assert {"index.html", "gpi_student.v1.html"} == {path.name for path in (tmp_path / "one").iterdir()}


def test_the_schemas_are_printed_as_they_are_committed(call: Call) -> None:
    folder = REPOSITORY / "mappings" / "schemas"

    assert (folder / "mapping.json").read_text("utf-8") == call("mapping", "schema").out
    assert (folder / "code_map.json").read_text("utf-8") == call(
        "mapping", "schema", "--code-map", "--json"
    ).out
