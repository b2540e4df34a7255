"""Ed-Fi against its live sandbox: a real ODS API on loopback, whose answers are held against Ed-Fi's own schemas."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import polars as pl
import pytest
import yaml
from jsonschema import Draft202012Validator  # type: ignore[import-untyped] # no stubs installed
from lxml import etree

from canonical_model.errors import ConfigurationError, HubError, RetryableError
from connectors.kit import contract, load, safe_xml, sandbox
from connectors.kit.check import samples
from connectors.kit.declared import source as declared_source
from connectors.kit.installation import Installation
from connectors.kit.protocol import Source, Window
from connectors.kit.province.generate import generate
from connectors.kit.province.model import Province
from connectors.kit.pull import Landing, pull

DAY = date(2026, 2, 16)
WINDOW = Window(school_year=2025, day=DAY)
BOARD = "762000"
FOLDER = Path(__file__).parent
ROOT = "/data/v3/ed-fi"
NAMESPACE = "http://ed-fi.org/5.2.0"
STUDENT = "studentreference_studentidentity_studentuniqueid"
SCHOOL = "schoolreference_schoolidentity_schoolid"


@pytest.fixture(scope="module")
def province() -> Province:
    """One board of three hundred pupils."""
    return generate(7, students=300, boards=1, day=DAY)


@contextmanager
def running(province: Province, folder: Path, *faults: str) -> Iterator[sandbox.Running]:
    told = {"edfi": frozenset(faults)} if faults else {}
    with sandbox.running(province, folder, systems=["edfi"], faults=told) as made:
        yield made


@pytest.fixture(scope="module")
def ods(province: Province, tmp_path_factory: pytest.TempPathFactory) -> Iterator[sandbox.Running]:
    """The simulated ODS, without a fault."""
    with running(province, tmp_path_factory.mktemp("edfi")) as made:
        yield made


@pytest.fixture(scope="module")
def installed(ods: sandbox.Running) -> Installation:
    return ods.installation(f"edfi@{BOARD}")


@pytest.fixture(scope="module")
def client(installed: Installation) -> Iterator[httpx.Client]:
    """A client that the project did not write, signed in."""
    with httpx.Client(base_url=installed.address, timeout=30) as made:
        answer = made.post(
            "/oauth/token",
            data={"grant_type": "client_credentials"},
            auth=(installed.options["client_id"], installed.secrets["client_secret"]),
        )
        made.headers["Authorization"] = f"Bearer {answer.raise_for_status().json()['access_token']}"
        yield made


@pytest.fixture(scope="module")
def schemas() -> Path:
    """Ed-Fi's own schemas of the bulk interchange, kept beside the repository and never in it."""
    folder = load.SYSTEMS.parents[2] / "shared" / "conformance" / "edfi" / "schemas"
    if not folder.is_dir():
        pytest.skip("../shared/conformance is absent: other people's schemas are not kept in this repository")
    return folder


def small_pages(installation: Installation, rows: int = 70, **limits: Any) -> Source:
    """The connector as the manifest declares it, with smaller pages."""
    manifest = load.manifest("edfi")
    limited = replace(manifest.limits, page_rows=rows, **limits)
    return declared_source(replace(manifest, limits=limited), installation)


def whole(source: Source, stream: str) -> pl.DataFrame:
    """All frames of a stream; ends the pull."""
    try:
        return pl.concat(source.read(stream, WINDOW))
    finally:
        source.close()


def interchange(name: str, record: str, rows: list[dict[str, str | None]]) -> etree._Element:
    """Rows as a bulk file: each key is the path of an element below the record, null is absent."""
    root = etree.Element(f"{{{NAMESPACE}}}{name}")
    for row in rows:
        made = etree.SubElement(root, f"{{{NAMESPACE}}}{record}")
        for path, value in row.items():
            if value is None:
                continue
            below = made
            for part in path.split("."):
                found = below.find(f"{{{NAMESPACE}}}{part}")
                below = etree.SubElement(below, f"{{{NAMESPACE}}}{part}") if found is None else found
            below.text = value
    return root


def violations(schemas: Path, name: str, root: etree._Element) -> list[tuple[str, str]]:
    """Where a file is not as Ed-Fi wants it: places and rules, never values."""
    return list(safe_xml.violations(safe_xml.schema(schemas / f"Interchange-{name}.xsd"), root))


def test_every_stream_has_the_contract_s_columns_as_text_and_its_count_agrees(
    installed: Installation,
) -> None:
    streams = contract.read(FOLDER / "contract" / "streams.yaml")

    for name in load.manifest("edfi").streams:
        frame = whole(load.source(installed), name)
        assert list(streams[name].names) == frame.columns
        assert {pl.String} == set(frame.dtypes)
        source = load.source(installed)
        assert source.count(name, WINDOW) == frame.height > 0
        source.close()


def test_a_pupil_an_enrolment_and_a_school_are_those_of_the_province(
    province: Province, installed: Installation
) -> None:
    pupils = {f"99{pupil.fiche:07d}": pupil for pupil in province.board(BOARD).pupils}
    students = whole(load.source(installed), "student")
    seats = whole(load.source(installed), "student_school_associations")
    schools = whole(load.source(installed), "school")

    assert {key: pupil.birth_date.isoformat() for key, pupil in pupils.items()} == dict(
        students.select("studentuniqueid", "birthdata_birthdate").iter_rows()
    )
    assert set(seats[STUDENT]) == pupils.keys()
    assert set(seats[SCHOOL]) <= set(schools["schoolid"])
    assert schools.height == len(province.board(BOARD).schools)


def test_an_exit_date_is_the_last_day(province: Province, installed: Installation) -> None:
    left = {f"99{p.fiche:07d}": p.left_on for p in province.board(BOARD).pupils if p.left_on}
    seats = whole(load.source(installed), "student_school_associations")
    said = dict(seats.drop_nulls("exitwithdrawdate").select(STUDENT, "exitwithdrawdate").iter_rows())

    assert left
    assert {key: day.toordinal() - 1 for key, day in left.items()} == {
        key: date.fromisoformat(day).toordinal() for key, day in said.items()
    }


def test_the_planted_defects_are_there_to_be_found(ods: sandbox.Running, installed: Installation) -> None:
    planted = {kind: f"99{fiche:07d}" for kind, fiche in ods.systems[0].planted.items()}  # type: ignore[attr-defined]
    seats = whole(load.source(installed), "student_school_associations")
    sexes = whole(load.source(installed), "student_education_organization_association")

    assert planted["no-sex"] not in set(sexes[STUDENT])
    assert [planted["no-school-year"]] == seats.filter(pl.col("schoolyear").is_null())[STUDENT].to_list()
    twelfth = seats.filter(pl.col("entrygradelevel").str.ends_with("#Twelfth grade"))
    assert [planted["twelfth-grade"]] == twelfth[STUDENT].to_list()


def test_a_pull_that_was_cut_goes_on_after_its_last_page(installed: Installation) -> None:
    source = small_pages(installed)
    pages = source.pages("student", WINDOW)
    first, second = next(pages), next(pages)
    source.close()
    again = small_pages(installed)
    rest = list(again.pages("student", WINDOW, position=second.position))
    again.close()

    frames = [first.frame, second.frame, *(page.frame for page in rest)]
    assert pl.concat(frames).equals(whole(load.source(installed), "student"))


def test_a_pupil_who_is_gone_since_the_last_pull_is_noticed(province: Province, tmp_path: Path) -> None:
    (board,) = province.boards
    after = replace(province, boards=(replace(board, pupils=board.pupils[1:]),))
    found, previous = [], None
    for name, held in (("before", province), ("after", after)):
        with running(held, tmp_path / name) as made:
            source = load.source(made.installation(f"edfi@{BOARD}"))
            landing = Landing(tmp_path / f"{name}-landed")
            pulled = pull(
                source, load.manifest("edfi"), "student", WINDOW, landing=landing, previous=previous
            )
            source.close()
        previous = pulled.digests
        found.append(pulled)

    changes = found[1].changes
    assert changes is not None
    assert found[0].rows - 1 == found[1].rows
    assert (0, 1) == (changes.added, changes.removed)


def test_what_is_answered_is_what_the_contract_says(client: httpx.Client) -> None:
    wire = yaml.safe_load((FOLDER / "contract" / "openapi.yaml").read_text("utf-8"))
    for resource, kind in (
        ("students", "Student"),
        ("studentEducationOrganizationAssociations", "StudentEducationOrganizationAssociation"),
        ("studentSchoolAssociations", "StudentSchoolAssociation"),
    ):
        assert f"{ROOT}/{resource}" in wire["paths"]
        declared = wire["components"]["schemas"][kind]
        records = client.get(f"{ROOT}/{resource}", params={"limit": 500}).json()
        assert records
        for record in records:
            assert [] == [fault.validator for fault in Draft202012Validator(declared).iter_errors(record)]
            assert record.keys() <= declared["properties"].keys() | {"_etag", "_lastModifiedDate"}


def test_a_list_has_at_most_500_records_and_its_total_when_asked(client: httpx.Client) -> None:
    usual, asked = (
        client.get(f"{ROOT}/students"),
        client.get(f"{ROOT}/students?totalCount=true&limit=2&offset=298"),
    )

    assert (25, False) == (len(usual.json()), "Total-Count" in usual.headers)
    assert (2, "300") == (len(asked.json()), asked.headers["Total-Count"])
    refused = client.get(f"{ROOT}/students?limit=501")
    assert (400, "urn:ed-fi:api:bad-request:parameter") == (refused.status_code, refused.json()["type"])


def test_a_record_is_found_by_its_identifier_and_nothing_is_said_without_a_token(
    client: httpx.Client, installed: Installation
) -> None:
    (first,) = client.get(f"{ROOT}/schools?limit=1").json()

    assert first == client.get(f"{ROOT}/schools/{first['id']}").json()
    assert 404 == client.get(f"{ROOT}/schools/nothing").status_code
    assert 404 == client.get(f"{ROOT}/shoes").status_code
    assert 401 == httpx.get(f"{installed.address}{ROOT}/schools").status_code


def test_students_written_in_bulk_are_what_ed_fi_published(installed: Installation, schemas: Path) -> None:
    rows = [
        {
            "StudentUniqueId": row["studentuniqueid"],
            "Name.FirstName": row["name_firstname"],
            "Name.LastSurname": row["name_lastsurname"],
            "BirthData.BirthDate": row["birthdata_birthdate"],
            "BirthData.BirthSex": row["birthdata_birthsex"],
        }
        for row in whole(load.source(installed), "student").iter_rows(named=True)
    ]

    assert [] == violations(schemas, "Student", interchange("InterchangeStudent", "Student", rows))
    rows[0]["BirthData.BirthDate"] = "hier"
    assert violations(schemas, "Student", interchange("InterchangeStudent", "Student", rows[:1]))


def test_enrolments_written_in_bulk_are_what_ed_fi_published(installed: Installation, schemas: Path) -> None:
    rows = [
        {
            "StudentReference.StudentIdentity.StudentUniqueId": row[STUDENT],
            "SchoolReference.SchoolIdentity.SchoolId": row[SCHOOL],
            "SchoolYear": row["schoolyear"] and f"{int(row['schoolyear']) - 1}-{row['schoolyear']}",
            "EntryDate": row["entrydate"],
            "EntryGradeLevel": row["entrygradelevel"],
            "ExitWithdrawDate": row["exitwithdrawdate"],
        }
        for row in whole(load.source(installed), "student_school_associations").iter_rows(named=True)
    ]
    tree = interchange("InterchangeStudentEnrollment", "StudentSchoolAssociation", rows)

    assert [] == violations(schemas, "StudentEnrollment", tree)


def test_a_wrong_secret_stops_and_is_named_but_not_shown(installed: Installation) -> None:
    wrong = replace(installed, secrets={"client_secret": "not-the-secret"})

    with pytest.raises(ConfigurationError, match="client_secret") as caught:
        whole(load.source(wrong), "school")

    assert "not-the-secret" not in caught.value.english + caught.value.french


def test_an_ods_that_is_down_may_be_tried_again(installed: Installation) -> None:
    with pytest.raises(RetryableError, match=f"edfi@{BOARD}"):
        whole(small_pages(replace(installed, address="http://127.0.0.1:1"), tries=1), "school")


@pytest.mark.parametrize("fault", ["busy", "429", "expired-token", "duplicate"])
def test_what_passes_leaves_no_trace(
    province: Province, installed: Installation, tmp_path: Path, fault: str
) -> None:
    with running(province, tmp_path, fault) as made:
        found = whole(small_pages(made.installation(f"edfi@{BOARD}")), "student")

    assert whole(load.source(installed), "student").equals(found)


@pytest.mark.parametrize("fault", ["html200", "cut", "repeat-token", "encoding"])
def test_an_answer_that_cannot_be_right_is_refused(province: Province, tmp_path: Path, fault: str) -> None:
    with running(province, tmp_path, fault) as made, pytest.raises(HubError, match="edfi@"):
        whole(small_pages(made.installation(f"edfi@{BOARD}"), tries=1), "student")


def test_a_key_under_another_name_is_named(province: Province, tmp_path: Path) -> None:
    with (
        running(province, tmp_path, "missing-column") as made,
        pytest.raises(ConfigurationError, match="student/studentuniqueid is in no record"),
    ):
        whole(load.source(made.installation(f"edfi@{BOARD}")), "student")


def test_a_recorded_answer_gives_rows_under_the_contract_s_columns() -> None:
    manifest, streams = load.manifest("edfi"), contract.read(FOLDER / "contract" / "streams.yaml")
    for name in manifest.streams:
        frame = samples.frame(manifest, name, FOLDER / "samples" / f"{name}.json")
        assert list(streams[name].names) == frame.columns
        assert frame.height
