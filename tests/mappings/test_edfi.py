"""Ed-Fi: the sample district of others is read and reconciled to the row; what we write is valid by their schemas.

The district is in ../shared/conformance and never in the repository: those tests skip, saying so, without it.
"""

import json
import shutil
from collections.abc import Iterable
from datetime import date
from io import BytesIO
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from lxml import etree

from canonical_model.generated import documents
from connectors.kit.formats import write
from gateway.mapping_files import StreamFile, layout
from mappings.engine import compiler, loader
from mappings.engine.language import Mapping
from mappings.engine.result import Mapped

BOARD = "762000"
STUDENTS = "student_education_organization_association"
SEX = "uri://ed-fi.org/SexDescriptor#"


def _run(mapping: Mapping, **frames: pl.DataFrame) -> Mapped:
    empty = {
        stream.name: pl.DataFrame(schema=dict.fromkeys(stream.columns, pl.String))
        for stream in mapping.streams
    }
    system = f"edfi@{BOARD}"
    mapped = compiler.run(
        mapping, {**empty, **frames}, system=system, organization=BOARD, day=date(2026, 2, 16)
    )

    assert mapped.rows == mapped.documents.height + mapped.rejected + mapped.filtered
    return mapped


def _read(mapping: Mapping, *paths: Path, **frames: pl.DataFrame) -> Mapped:
    """A mapping on the interchanges that hold its elements; `frames` for those in no file."""
    held = {path: etree.parse(path).getroot().tag.rpartition("}")[2] for path in paths}
    found = {
        stream.name: StreamFile(path, stream).whole()
        for stream in mapping.streams
        for path, root in held.items()
        if dict(stream.format)["record"].startswith(f"{root}/")
    }
    return _run(mapping, **found, **frames)


def _rules(mapped: Mapped) -> dict[tuple[str, str], int]:
    return {(path, rule): n for path, rule, n in mapped.rejects.group_by("path", "rule").len().iter_rows()}


def _documents(mapped: Mapped) -> list[dict[str, Any]]:
    return [json.loads(text) for text in mapped.documents["document"]]


def _site(folder: Path, organizations: dict[str, str]) -> Path:
    """The mappings with a site's own code map of organizations."""
    root = folder / "mappings"
    shutil.copytree(loader.ROOT / "edfi", root / "edfi", ignore=shutil.ignore_patterns("samples"))
    lines = "".join(f'  "{number}": "{code}"\n' for number, code in organizations.items())
    text = f"code_map: organization\nto: text\ncodes:\n{lines}"
    (root / "edfi" / "codes" / "organization.yaml").write_text(text, "utf-8")
    return root


@pytest.fixture(scope="module")
def district(conformance: Path) -> Path:
    return conformance / "edfi"


@pytest.fixture(scope="module")
def site(district: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site that gives the district's agency and schools invented codes of Québec."""
    root = etree.parse(district / "samples" / "EducationOrganization.xml").getroot()
    numbers = [e.text for e in root.iter("{*}LocalEducationAgencyId")] + [
        e.text for e in root.iter("{*}SchoolId")
    ]
    codes = {str(number): f"{999000 + at}" for at, number in enumerate(dict.fromkeys(numbers))}
    return _site(tmp_path_factory.mktemp("site"), codes)


def test_a_pupil_whose_sex_no_file_says_is_refused_and_all_960_are_counted(
    district: Path, site: Path
) -> None:
    mapped = _read(loader.load("edfi/student@1", site), district / "samples" / "Student.xml")

    assert (960, 3) == (mapped.rows, mapped.documents.height)
    assert {("sex", "missing"): 957} == _rules(mapped)


def test_all_960_pupils_are_read_once_their_agency_says_their_sex(district: Path, site: Path) -> None:
    mapping = loader.load("edfi/student@1", site)
    path = district / "samples" / "Student.xml"
    numbers = StreamFile(path, next(item for item in mapping.streams if item.name == "student")).whole()[
        "studentuniqueid"
    ]
    sexes = [f"{SEX}{'Female' if at % 2 else 'Male'}" for at in range(len(numbers))]
    said = pl.DataFrame({"studentreference_studentidentity_studentuniqueid": numbers, "sex": sexes})
    mapped = _read(mapping, path, **{STUDENTS: said})

    assert (960, 0) == (mapped.documents.height, mapped.rejects.height)


def test_three_schools_of_one_agency(district: Path, site: Path) -> None:
    path = district / "samples" / "EducationOrganization.xml"
    schools = _documents(_read(loader.load("edfi/school@1", site), path))
    agencies = _documents(_read(loader.load("edfi/local_education_agency@1", site), path))

    assert (3, 1) == (len(schools), len(agencies))
    assert {agencies[0]["code"]} == {school["parent"] for school in schools}
    assert 3 == len({school["code"] for school in schools})


def test_a_school_that_the_site_did_not_name_is_refused(district: Path) -> None:
    mapped = _read(loader.load("edfi/school@1"), district / "samples" / "EducationOrganization.xml")

    assert 0 == mapped.documents.height
    assert {("code", "unmapped-code"): 3, ("parent", "unmapped-code"): 3} == _rules(mapped)


def test_every_tie_to_a_contact_is_a_guardian_of_a_pupil(district: Path, site: Path) -> None:
    mapping = loader.load("edfi/guardian@1", site)
    path = district / "samples" / "Contact.xml"
    mapped = _read(mapping, path)
    contacts = StreamFile(path, next(item for item in mapping.streams if item.name == "contact")).whole()
    pupils = {document["subject"][0]["value"] for document in _documents(mapped)}

    assert (1872, 1872, 0) == (mapped.rows, mapped.documents.height, mapped.rejects.height)
    assert (1873, 960) == (contacts.height, len(pupils))
    root = etree.parse(district / "samples" / "Student.xml").getroot()
    assert pupils == {element.text for element in root.iter("{*}StudentUniqueId")}


def test_every_attendance_event_is_an_absence_or_a_reject(district: Path, site: Path) -> None:
    mapped = _read(loader.load("edfi/absence@1", site), district / "samples" / "StudentSchoolAttendance.xml")
    found = _documents(mapped)
    pupils = {document["subject"][0]["value"] for document in found}

    assert (1917, 1916) == (mapped.rows, mapped.documents.height)
    assert {("kind", "unmapped-code"): 1} == _rules(mapped)
    assert 227 == len(pupils)
    kinds = pl.Series([document["kind"]["code"] for document in found]).value_counts()
    assert {"justified": 1077, "unjustified": 773, "late": 66} == dict(kinds.iter_rows())


def test_a_section_without_a_course_of_quebec_is_refused_and_all_532_are_counted(
    district: Path, site: Path
) -> None:
    mapped = _read(loader.load("edfi/course_group@1", site), district / "samples" / "MasterSchedule.xml")

    assert (532, 0, 532) == (mapped.rows, mapped.documents.height, mapped.rejected)
    assert {("course", "unmapped-code"): 532, ("group", "string-too-long"): 532} == _rules(mapped)


def _canonical(name: str) -> pl.DataFrame:
    lines = (loader.ROOT / "edfi" / "samples" / f"{name}.jsonl").read_text("utf-8").splitlines()
    return pl.DataFrame({"document": lines})


def _xml(mapping: Mapping, mapped: Mapped) -> bytes:
    assert mapping.form is not None
    file = BytesIO()
    write(mapped.documents["document"], layout(mapping.form), file)
    return file.getvalue()


def _written(root: Path, **frames: pl.DataFrame) -> Iterable[tuple[str, bytes, Mapped]]:
    for name in ("student_xml", STUDENTS, "student_school_association"):
        mapping = loader.load(f"edfi/{name}@1", root)
        wanted = {stream.name: frames[stream.name] for stream in mapping.streams}
        mapped = _run(mapping, **wanted)
        yield name, _xml(mapping, mapped), mapped


def test_what_we_write_is_valid_by_the_published_schemas(district: Path) -> None:
    many = [json.dumps({**item, "organization": BOARD}) for item in documents("Student", count=100, seed=4)]
    students = pl.concat([_canonical("student"), pl.DataFrame({"document": many})])
    parser = etree.XMLParser(no_network=True, resolve_entities=False, load_dtd=False)
    for name, content, mapped in _written(loader.ROOT, student=students, enrolment=_canonical("enrolment")):
        interchange = "Student" if name == "student_xml" else "StudentEnrollment"
        schema = etree.XMLSchema(etree.parse(district / "schemas" / f"Interchange-{interchange}.xsd", parser))
        root = etree.fromstring(content, parser)

        assert mapped.documents.height == len(root) > 0
        schema.assertValid(root)


def test_what_we_write_is_read_back_the_same(tmp_path: Path) -> None:
    root = _site(tmp_path, {"762010": "762010", "762011": "762011"})
    frames = {"student": _canonical("student"), "enrolment": _canonical("enrolment")}
    paths = {}
    for name, content, _ in _written(root, **frames):
        paths[name] = tmp_path / f"{name}.xml"
        paths[name].write_bytes(content)
    students = _read(loader.load("edfi/student@1", root), paths["student_xml"], paths[STUDENTS])
    enrolments = _read(loader.load("edfi/enrolment@1", root), paths["student_school_association"])

    before = [json.loads(text) for text in frames["student"]["document"]]
    who = ("family_name", "given_name", "birth_date", "sex", "organization")
    wanted = [[item[key] for key in who] for item in before if _number(item) and item["sex"]["code"] != "X"]
    assert wanted == [[item[key] for key in who] for item in _documents(students)]
    assert {("sex", "missing"): 1} == _rules(students)  # the third marker has no Ed-Fi descriptor

    numbers = {(item["organization"], item["subject"][0]["value"]): _number(item) for item in before}
    where = ("school", "school_year", "level", "period")
    held = [json.loads(text) for text in frames["enrolment"]["document"]]
    wanted = [
        [number, *(item[key] for key in where)]
        for item in held
        if (number := numbers.get((item["organization"], item["subject"][0]["value"])))
    ]
    assert wanted == [
        [item["subject"][0]["value"], *(item[key] for key in where)] for item in _documents(enrolments)
    ]


def _number(student: dict[str, Any]) -> str | None:
    """The pupil's Ed-Fi number, else the code permanent."""
    own = next((item["value"] for item in student["subject"] if item["system"].startswith("ed-fi:")), None)
    return own or student.get("code_permanent")


def test_a_grade_is_the_same_level_both_ways() -> None:
    read = loader.load("edfi/enrolment@1").code_map("grade_level")
    written = loader.load("edfi/student_school_association@1").code_map("level_written")

    assert read is not None
    assert written is not None
    assert {entry.target: entry.source for entry in read.entries} == {
        e.source: e.target for e in written.entries
    }
