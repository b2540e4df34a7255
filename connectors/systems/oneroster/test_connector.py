"""OneRoster against its live sandbox: a real rostering provider on loopback, held against 1EdTech's own document."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import httpx
import polars as pl
import pytest
from jsonschema import Draft202012Validator, FormatChecker  # type: ignore[import-untyped] # no stubs installed

from canonical_model.errors import ConfigurationError, HubError, RetryableError
from connectors.kit import contract, load, sandbox
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
ROOT = "/ims/oneroster/rostering/v1p2"
BODIES = {
    "orgs": ("Org", "org"), "academicSessions": ("AcademicSession", "academicSession"),
    "courses": ("Course", "course"), "classes": ("Class", "class"), "users": ("User", "user"),
    "demographics": ("Demographics", "demographics"), "enrollments": ("Enrollment", "enrollment"),
}  # fmt: skip
PARTS = {"schools": "orgs", "gradingPeriods": "academicSessions", "students": "users", "teachers": "users"}


@pytest.fixture(scope="module")
def province() -> Province:
    """One board of three hundred pupils."""
    return generate(7, students=300, boards=1, day=DAY)


@contextmanager
def running(province: Province, folder: Path, *faults: str) -> Iterator[sandbox.Running]:
    told = {"oneroster": frozenset(faults)} if faults else {}
    with sandbox.running(province, folder, systems=["oneroster"], faults=told) as made:
        yield made


@pytest.fixture(scope="module")
def provider(province: Province, tmp_path_factory: pytest.TempPathFactory) -> Iterator[sandbox.Running]:
    """The simulated provider, without a fault."""
    with running(province, tmp_path_factory.mktemp("oneroster")) as made:
        yield made


@pytest.fixture(scope="module")
def installed(provider: sandbox.Running) -> Installation:
    return provider.installation(f"oneroster@{BOARD}")


@pytest.fixture(scope="module")
def client(installed: Installation) -> Iterator[httpx.Client]:
    """A consumer that the project did not write, signed in."""
    scope = load.manifest("oneroster").authentication.scope
    with httpx.Client(base_url=installed.address, timeout=30) as made:
        answer = made.post(
            "/oauth/token",
            data={"grant_type": "client_credentials", "scope": scope},
            auth=(installed.options["client_id"], installed.secrets["client_secret"]),
        )
        made.headers["Authorization"] = f"Bearer {answer.raise_for_status().json()['access_token']}"
        yield made


@pytest.fixture(scope="module")
def published() -> dict[str, Any]:
    """1EdTech's own document of the rostering service, kept beside the repository and never in it."""
    folder = load.SYSTEMS.parents[2] / "shared" / "conformance" / "1edtech" / "oneroster-1.2"
    path = folder / "onerosterv1p2rostersservice_openapi3_v1p0.json"
    if not path.is_file():
        pytest.skip("../shared/conformance is absent: other people's schemas are not kept in this repository")
    found: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return found


def faults_of(published: dict[str, Any], component: str, body: Any) -> list[str]:
    """Where a body is not as the document wants it: places and rules, never values."""
    schema = {"$ref": f"#/components/schemas/{component}", "components": published["components"]}
    validator = Draft202012Validator(schema, format_checker=FormatChecker())
    return [
        "/".join(map(str, fault.absolute_path)) + f" {fault.validator}"
        for fault in validator.iter_errors(body)
    ]


def small_pages(installation: Installation, rows: int = 70, **limits: Any) -> Source:
    """The connector as the manifest declares it, with smaller pages."""
    manifest = load.manifest("oneroster")
    limited = replace(manifest.limits, page_rows=rows, **limits)
    return declared_source(replace(manifest, limits=limited), installation)


def whole(source: Source, stream: str, since: str | None = None) -> pl.DataFrame:
    """All frames of a stream; ends the pull."""
    try:
        return pl.concat([page.frame for page in source.pages(stream, WINDOW, since=since)])
    finally:
        source.close()


def test_every_stream_has_the_contract_s_columns_as_text_and_its_count_agrees(
    installed: Installation,
) -> None:
    streams = contract.read(FOLDER / "contract" / "streams.yaml")

    for name in load.manifest("oneroster").streams:
        frame = whole(load.source(installed), name)
        assert list(streams[name].names) == frame.columns
        assert {pl.String} == set(frame.dtypes)
        source = load.source(installed)
        assert source.count(name, WINDOW) == frame.height > 0
        source.close()


def test_every_pupil_and_every_seat_is_read_and_no_teacher(
    province: Province, installed: Installation
) -> None:
    pupils = province.board(BOARD).pupils
    users, seats = whole(load.source(installed), "users"), whole(load.source(installed), "enrollments")

    assert {f"{pupil.fiche:07d}" for pupil in pupils} == set(users["identifier"])
    assert len(pupils) + sum(len(pupil.marks) for pupil in pupils) == seats.height
    assert set(seats["usersourcedid"]) == set(users["sourcedid"])


def test_every_reference_leads_to_a_row(installed: Installation) -> None:
    held = {name: whole(load.source(installed), name) for name in load.manifest("oneroster").streams}

    for stream, column, to in (
        ("orgs", "parentsourcedid", "orgs"), ("academicsessions", "parentsourcedid", "academicsessions"),
        ("courses", "schoolyearsourcedid", "academicsessions"), ("courses", "orgsourcedid", "orgs"),
        ("classes", "coursesourcedid", "courses"), ("classes", "schoolsourcedid", "orgs"),
        ("classes", "termsourcedids", "academicsessions"), ("enrollments", "classsourcedid", "classes"),
        ("enrollments", "schoolsourcedid", "orgs"), ("demographics", "sourcedid", "users"),
    ):  # fmt: skip
        assert set(held[stream][column].drop_nulls()) <= set(held[to]["sourcedid"]), (stream, column)


def test_a_pull_that_was_cut_goes_on_after_its_last_page(installed: Installation) -> None:
    source = small_pages(installed)
    pages = source.pages("users", WINDOW)
    first, second = next(pages), next(pages)
    source.close()
    again = small_pages(installed)
    rest = list(again.pages("users", WINDOW, position=second.position))
    again.close()

    frames = [first.frame, second.frame, *(page.frame for page in rest)]
    assert pl.concat(frames).equals(whole(load.source(installed), "users"))


def test_since_the_cursor_only_what_changed_is_given_and_counted(installed: Installation) -> None:
    users = whole(load.source(installed), "users")
    middle = sorted(users["datelastmodified"])[users.height // 2]
    later = whole(load.source(installed), "users", since=middle)
    source = load.source(installed)

    assert set(users.filter(pl.col("datelastmodified") >= middle)["sourcedid"]) == set(later["sourcedid"])
    assert 0 < later.height < users.height
    assert later.height == source.count_since("users", WINDOW, middle)
    source.close()


def test_a_second_pull_begins_ten_minutes_before_the_greatest_change(
    installed: Installation, tmp_path: Path
) -> None:
    manifest, source = load.manifest("oneroster"), load.source(installed)
    first = pull(source, manifest, "orgs", WINDOW, landing=Landing(tmp_path / "first"))
    again = pull(source, manifest, "orgs", WINDOW, landing=Landing(tmp_path / "again"), since=first.cursor)
    source.close()

    assert timedelta(minutes=10) == manifest.streams["orgs"].lag
    assert 0 < again.rows < first.rows
    assert again.cursor == first.cursor


def test_what_is_to_be_deleted_is_landed_and_counted_as_flagged(
    provider: sandbox.Running, installed: Installation, tmp_path: Path
) -> None:
    source = load.source(installed)
    pulled = pull(source, load.manifest("oneroster"), "users", WINDOW, landing=Landing(tmp_path))
    source.close()
    gone = provider.systems[0].planted["to-be-deleted"]  # type: ignore[attr-defined]

    users = pl.concat(pulled.frames())
    assert 1 == pulled.flagged
    assert [f"{gone:07d}"] == users.filter(status="tobedeleted")["identifier"].to_list()


def test_every_collection_follows_the_contract_that_1edtech_published(
    client: httpx.Client, published: dict[str, Any]
) -> None:
    assert faults_of(published, "OrgSetDType", {"orgs": [{"sourcedId": "o-1"}]})
    for collection in (*BODIES, *PARTS):
        assert f"/{collection}" in published["paths"]
        kind, _ = BODIES[PARTS.get(collection, collection)]
        answer = client.get(f"{ROOT}/{collection}", params={"limit": 300})
        (members,) = answer.json().values()
        assert members
        assert [] == faults_of(published, f"{kind}SetDType", answer.json()), collection


def test_a_single_object_follows_the_contract_that_1edtech_published(
    client: httpx.Client, published: dict[str, Any]
) -> None:
    for collection, (kind, member) in BODIES.items():
        (first,) = client.get(f"{ROOT}/{collection}", params={"limit": 1}).json()[collection]
        answer = client.get(f"{ROOT}/{collection}/{first['sourcedId']}")
        assert {member: first} == answer.json()
        assert [] == faults_of(published, f"Single{kind}DType", answer.json())


@pytest.mark.parametrize(
    ("path", "status", "minor"),
    [
        ("/users?filter=shoeSize>'40'", 400, "invalid_filter_field"),
        ("/users?filter=nothing", 400, "invalid_filter_field"),
        ("/users?fields=shoeSize", 400, "invalid_selection_field"),
        ("/users?limit=0", 400, "invaliddata"),
        ("/users/nobody", 404, "unknownobject"),
        ("/shoes", 404, "unknownobject"),
    ],
)
def test_a_refusal_follows_the_contract_that_1edtech_published(
    client: httpx.Client, published: dict[str, Any], path: str, status: int, minor: str
) -> None:
    answer = client.get(f"{ROOT}{path}")

    assert status == answer.status_code
    assert minor == answer.json()["imsx_CodeMinor"]["imsx_codeMinorField"][0]["imsx_codeMinorFieldValue"]
    assert [] == faults_of(published, "imsx_StatusInfoDType", answer.json())


def test_without_a_token_nothing_is_said(installed: Installation) -> None:
    answer = httpx.get(f"{installed.address}{ROOT}/users")

    assert 401 == answer.status_code
    assert "users" not in answer.json()


def test_the_links_lead_through_the_whole_collection(client: httpx.Client) -> None:
    seen, answer = [], client.get(f"{ROOT}/classes", params={"limit": 50})
    while True:
        seen += [body["sourcedId"] for body in answer.json()["classes"]]
        if "next" not in answer.links:
            break
        answer = client.get(answer.links["next"]["url"])

    assert len(set(seen)) == len(seen) == int(answer.headers["X-Total-Count"])
    assert {"first", "last", "prev"} == answer.links.keys()


def test_filter_sort_and_fields_do_what_they_say(client: httpx.Client) -> None:
    query = {"filter": "type='school' AND name~'cole'", "sort": "identifier", "orderBy": "desc"}
    query["fields"] = "identifier"
    found = client.get(f"{ROOT}/orgs", params=query).json()["orgs"]
    schools = client.get(f"{ROOT}/schools").json()["orgs"]

    assert found == sorted(({"identifier": body["identifier"]} for body in schools), key=str, reverse=True)
    either = client.get(f"{ROOT}/orgs", params={"filter": "type='school' OR type='district'"})
    assert len(schools) + 1 == int(either.headers["X-Total-Count"])


def test_a_wrong_secret_stops_and_is_named_but_not_shown(installed: Installation) -> None:
    wrong = replace(installed, secrets={"client_secret": "not-the-secret"})

    with pytest.raises(ConfigurationError, match="client_secret") as caught:
        whole(load.source(wrong), "orgs")

    assert "not-the-secret" not in caught.value.english + caught.value.french


def test_a_provider_that_is_down_may_be_tried_again(installed: Installation) -> None:
    with pytest.raises(RetryableError, match=f"oneroster@{BOARD}"):
        whole(small_pages(replace(installed, address="http://127.0.0.1:1"), tries=1), "orgs")


@pytest.mark.parametrize("fault", ["busy", "429", "expired-token", "duplicate"])
def test_what_passes_leaves_no_trace(
    province: Province, installed: Installation, tmp_path: Path, fault: str
) -> None:
    with running(province, tmp_path, fault) as made:
        found = whole(small_pages(made.installation(f"oneroster@{BOARD}")), "users")

    assert whole(load.source(installed), "users").equals(found)


@pytest.mark.parametrize("fault", ["html200", "cut", "repeat-token", "encoding"])
def test_an_answer_that_cannot_be_right_is_refused(province: Province, tmp_path: Path, fault: str) -> None:
    with running(province, tmp_path, fault) as made, pytest.raises(HubError, match="oneroster@"):
        whole(small_pages(made.installation(f"oneroster@{BOARD}"), tries=1), "users")


def test_a_key_under_another_name_is_named(province: Province, tmp_path: Path) -> None:
    with (
        running(province, tmp_path, "missing-column") as made,
        pytest.raises(ConfigurationError, match="classes/sourcedid is in no record"),
    ):
        whole(load.source(made.installation(f"oneroster@{BOARD}")), "classes")


def test_the_recorded_answers_follow_the_contract_that_1edtech_published(published: dict[str, Any]) -> None:
    manifest = load.manifest("oneroster")
    for name, stream in manifest.streams.items():
        path = FOLDER / "samples" / f"{name}.json"
        assert stream.request is not None
        kind, _ = BODIES[stream.request.records.removeprefix("/")]
        assert [] == faults_of(published, f"{kind}SetDType", json.loads(path.read_text("utf-8")))
        assert samples.frame(manifest, name, path).height
