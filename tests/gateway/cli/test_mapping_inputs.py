"""`mapping run` reads every kind of file alike, and a site's own folder of mappings is live in the next run."""

import shutil
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from xml.sax.saxutils import escape

import orjson
import polars as pl
import pytest

from tests.conftest import REPOSITORY
from tests.gateway.cli.conftest import Call
from tests.gateway.cli.mapping_trials import COLUMNS, DAY, as_csv, file_of, pupils, run

GPI = REPOSITORY / "mappings" / "gpi"
ED_FI = "uri://ed-fi.org/SexDescriptor#"
Rows = Sequence[Mapping[str, str]]


def _csv(path: Path, rows: Rows) -> Path:
    return file_of(path, as_csv(rows))


def _zip(path: Path, rows: Rows) -> Path:
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("eleves.csv", b"\n".join(as_csv(rows)))
    return path


def _tsv(path: Path, rows: Rows) -> Path:
    return file_of(path, as_csv(rows, "\t"))


def _json(path: Path, rows: Rows) -> Path:
    return file_of(path, [orjson.dumps(row) for row in rows])


def _parquet(path: Path, rows: Rows) -> Path:
    pl.DataFrame(rows).write_parquet(path)
    return path


def _workbook(path: Path, rows: Rows) -> Path:
    """One sheet; the second cell of a row may be a number, as a person types it."""
    sheet = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    relations = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006/relationships"
    cells = "".join(
        "<row>" + "".join(f'<c t="inlineStr"><is><t>{escape(text)}</t></is></c>' for text in row) + "</row>"
        for row in ([*rows[0]], *(row.values() for row in rows))
    )
    parts = {
        "xl/workbook.xml": f'<workbook {sheet} xmlns:r="{relations}"><sheets><sheet name="Feuil1" r:id="r1"/>'
        "</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}"><Relationship Id="r1" '
        f'Type="{relations}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
        "xl/worksheets/sheet1.xml": f"<worksheet {sheet}><sheetData>{cells}</sheetData></worksheet>",
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, text in parts.items():
            packed.writestr(name, text)
    return path


KINDS: dict[str, Callable[[Path, Rows], Path]] = {
    "csv": _csv, "csv.zip": _zip, "tsv": _tsv, "jsonl": _json, "parquet": _parquet, "xlsx": _workbook,
}  # fmt: skip


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_the_same_ten_rows_give_the_same_documents_whatever_the_kind(
    call: Call, tmp_path: Path, kind: str
) -> None:
    rows = pupils()
    rows[6]["sexe"] = "Q"
    plain = run(call, tmp_path, "--input", _csv(tmp_path / "plain.csv", rows))
    found = run(call, tmp_path, "--input", KINDS[kind](tmp_path / f"eleves.{kind}", rows))
    row = 7 if kind in ("parquet", "jsonl") else 8  # those have no header

    assert (9, plain.documents) == (len(found.documents), found.documents)
    assert [(row, "sexe", "unmapped-code")] == found.placed


def test_ed_fi_xml_gives_what_a_csv_of_its_columns_gives(call: Call, tmp_path: Path) -> None:
    rows = [
        {
            "studentuniqueid": f"4400{number:03}", "name_firstname": "Qwendoline",
            "name_lastsurname": f"Vauxcourt{number}",
            "birthdata_birthdate": "2010-02-31" if number == 4 else "2010-05-06",
            "birthdata_birthsex": "" if number == 2 else f"{ED_FI}Female",
        }
        for number in range(1, 11)
    ]  # fmt: skip
    enrolled = [{"studentreference_studentidentity_studentuniqueid": "4400002", "sex": f"{ED_FI}Male"}]
    body = "".join(
        f"<Student id='s'><StudentUniqueId>{row['studentuniqueid']}</StudentUniqueId><Name><FirstName>Qwendoline"
        f"</FirstName><LastSurname>{row['name_lastsurname']}</LastSurname></Name><BirthData><BirthDate>"
        f"{row['birthdata_birthdate']}</BirthDate>"
        + (f"<BirthSex>{sex}</BirthSex>" if (sex := row["birthdata_birthsex"]) else "")
        + "</BirthData></Student>"
        for row in rows
    )
    students = tmp_path / "Student.xml"
    students.write_text(f"<InterchangeStudent xmlns='http://ed-fi.org/5.2.0'>{body}</InterchangeStudent>")
    enrolments = tmp_path / "StudentEnrollment.xml"
    enrolments.write_text(
        "<InterchangeStudentEnrollment xmlns='http://ed-fi.org/5.2.0'><StudentEducationOrganizationAssociation>"
        "<StudentReference><StudentIdentity><StudentUniqueId>4400002</StudentUniqueId></StudentIdentity>"
        f"</StudentReference><Sex>{ED_FI}Male</Sex></StudentEducationOrganizationAssociation>"
        "</InterchangeStudentEnrollment>"
    )

    def outcome(main: Path, side: Path) -> tuple[list[object], list[tuple[int, str | None, str]]]:
        found = run(
            call, tmp_path, "--input", f"student={main}",
            "--input", f"student_education_organization_association={side}", mapping="edfi/student",
        )  # fmt: skip
        return found.documents, found.placed

    documents, placed = outcome(students, enrolments)
    side = _csv(tmp_path / "b.csv", enrolled)

    assert (9, [(4, "birthdata_birthdate", "not-a-date")]) == (len(documents), placed)
    for kind, write in KINDS.items():
        others, _ = outcome(write(tmp_path / f"a.{kind}", rows), side)
        assert documents == others


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A site's copy of our mappings of GPI."""
    folder = tmp_path / "correspondances"
    shutil.copytree(GPI, folder / "gpi", ignore=shutil.ignore_patterns("samples"))
    return folder


def _change(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")


WIDTHS = {"org": 6, "fiche": 7, "nom": 14, "pnom": 12, "date_naiss": 10, "sexe": 1}


@pytest.fixture
def fixed(own: Path) -> Path:
    """The same, where the pupils come in columns at fixed places, dates as dd/mm/yyyy."""
    start, slices = 1, []
    for name, width in (WIDTHS | dict.fromkeys([c for c in COLUMNS if c not in WIDTHS], 2)).items():
        slices.append(f"{name}: {{start: {start}, length: {width}}}")
        start += width
    held = own / "gpi" / "student.v1.yaml"
    block = f"    format: {{kind: fixed_width, encoding: cp850, columns: {{{', '.join(slices)}}}}}\n"
    _change(held, "    unknown_columns: freeze\n", f"    unknown_columns: freeze\n{block}")
    _change(held, "do: [date_iso]", 'do: [{date: "dd/mm/yyyy"}]')
    return own


def _fixed(path: Path, rows: Rows) -> Path:
    width = 2 * (len(COLUMNS) - len(WIDTHS))
    made = ["".join(row[name].ljust(size) for name, size in WIDTHS.items()) + " " * width for row in rows]
    return file_of(path, [line.encode("cp850") for line in made])


def test_a_fixed_width_stream_runs_and_a_line_one_column_short_is_placed(
    call: Call, tmp_path: Path, fixed: Path
) -> None:
    rows = [row | {"date_naiss": "06/05/2010", "nom": f"Vauxcourté{at}"} for at, row in enumerate(pupils())]
    rows[7]["date_naiss"] = "31/02/2010"
    path = _fixed(tmp_path / "eleves.dat", rows)
    held = path.read_bytes().split(b"\n")
    held[4] = held[4][:-1]
    path.write_bytes(b"\n".join(held))
    found = run(call, tmp_path, "--input", path, "--mappings", fixed)

    assert [(5, None, "ragged-row"), (8, "date_naiss", "not-a-date")] == found.placed
    assert {"2010-05-06"} == {item["birth_date"] for item in found.documents}
    assert "Vauxcourté3" == found.documents[3]["family_name"]
    assert 8 == len(found.documents)


def test_an_analysts_new_absence_code_in_one_yaml_file_is_live_in_the_next_run(
    call: Call, tmp_path: Path, own: Path
) -> None:
    head = (GPI / "samples" / "gpm_e_mat_ele.csv").read_text("utf-8").splitlines()[0].split(",")
    row = dict.fromkeys(head, "") | {
        "id_mat_ele": "1", "fiche": "1001", "id_eco": "4110", "mat": "132506", "grp": "51", "etat": "1",
        "res_etape_01": "ABSN", "res_etape_02": "82,5",
    }  # fmt: skip
    inputs = (
        "--input", _tsv(tmp_path / "notes.tsv", [row]), "--input", f"gpm_t_eco={GPI / 'samples' / 'gpm_t_eco.csv'}",
        "--input", f"gpm_t_mat={GPI / 'samples' / 'gpm_t_mat.csv'}",
    )  # fmt: skip
    words = (*inputs, "--mappings", own)
    before = run(call, tmp_path, *words, mapping="gpi/course_result@1")
    asked = call("mapping", "codes", "gpi/course_result@1", *words, *DAY, "--json")
    _change(own / "gpi" / "codes" / "result.yaml", "  ABS: ABS\n", "  ABS: ABS\n  ABSN: ABS\n")
    after = run(call, tmp_path, *words, mapping="gpi/course_result@1")
    shipped = run(call, tmp_path, *inputs, mapping="gpi/course_result@1")

    assert [(2, "res_etape_01", "unmapped-code")] == before.placed == shipped.placed
    assert ["ABSN"] == [item["code"] for item in asked.document["unmapped"]]
    assert ([], ["ABS", None]) == (
        after.placed, [item["mark"].get("code", {}).get("code") for item in after.documents]
    )  # fmt: skip
    assert call("mapping", "codes", "gpi/course_result@1", *words, *DAY, "--json").document["complete"]
    told = call(
        "mapping", "explain", "gpi/course_result@1", *words, *DAY, "--row", "2", "--slot", "01", "--path",
        "mark.code", "--json",
    ).document  # fmt: skip
    assert ["ABSN"] == [code["entry"]["source"] for code in told["records"][0]["values"][0]["codes"]]


def test_every_mapping_command_reads_the_folder_that_is_named(call: Call, tmp_path: Path, own: Path) -> None:
    there = ("--mappings", own)
    assert {"gpi"} == {
        item["id"].split("/")[0] for item in call("mapping", "list", *there, "--json").document
    }
    assert 0 == call("mapping", "check", *there).code
    assert 2 == call("mapping", "check", "jade/student", *there).code
    assert 0 == call("mapping", "page", *there, "--out", tmp_path / "pages").code
    assert [] == list((tmp_path / "pages").glob("jade*"))
    assert (tmp_path / "pages" / "gpi_student.v1.html").is_file()

    path = _csv(tmp_path / "eleves.csv", pupils())
    _change(own / "gpi" / "codes" / "sex.yaml", "  F: F\n", "  F: X\n")
    words = ("mapping", "diff", "gpi/student", "gpi/student", "--input", path, *DAY, "--json")
    assert 0 == call(*words, *there).code
    changed = call(*words, *there, "--before-folder", REPOSITORY / "mappings")
    assert (1, 10) == (changed.code, changed.document["changed"])

    (tmp_path / "rien").mkdir()
    answer = call("mapping", "list", "--mappings", tmp_path / "rien")
    assert (2, True) == (answer.code, "aucune correspondance" in answer.err)


def test_a_word_that_the_language_lacks_in_a_sites_file_is_named_by_file_and_line(
    call: Call, tmp_path: Path, own: Path
) -> None:
    _change(own / "gpi" / "student.v1.yaml", "do: [date_iso]", "do: [date_is]")
    found = run(call, tmp_path, "--input", _csv(tmp_path / "eleves.csv", pupils()), "--mappings", own)
    line = 1 + (own / "gpi" / "student.v1.yaml").read_text("utf-8").split("date_is]")[0].count("\n")

    assert 2 == found.answer.code
    assert f"student.v1.yaml:{line}" in found.answer.err
    assert "date_iso" in found.answer.err


def test_documents_of_the_hub_with_a_bad_line_go_on(call: Call, tmp_path: Path) -> None:
    samples = REPOSITORY / "mappings" / "oneroster" / "samples"
    held = (samples / "student.jsonl").read_bytes().splitlines()
    side = next(samples.glob("student_published.*"))
    held[1:1] = [b"{", b"[]", b'{"a": "\xe9"}', b"", b"[" * 2_000_000]
    path = tmp_path / "student.jsonl"
    path.write_bytes(b"\r\n".join(held))
    found = run(
        call, tmp_path, "--input", path, "--input", f"student_published={side}",
        mapping="oneroster/to_json_demographics",
    )  # fmt: skip

    assert [(2, "not-json"), (3, "not-json"), (4, "not-json"), (6, "line-too-long")] == [
        (row, rule) for row, _, rule in found.placed if row in range(2, 7)
    ]
    assert found.answer.document["rows"] == len(held) - 1
    assert found.documents
