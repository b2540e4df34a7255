"""Reading a section over HTTP: the same door, and silence on who is refused and who does not exist."""

import json
import logging
import re
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
import uvicorn
from sqlalchemy.exc import OperationalError
from starlette.testclient import TestClient

from canonical_model.base import SENSITIVITY
from gateway import release
from gateway.http import clients, problems
from gateway.http.app import create, create_app
from gateway.store import dossier
from gateway.store.hub import Hub
from gateway.store.schema import decision, evidence_entry
from tests.conftest import MOMENT
from tests.school import DAY, School, demo_site

CLIENT = "clara-916000"
CODE = "EXEE76530901"
Asked = httpx.Response


@dataclass
class Edge:
    """The application over a hub with pupils, and a college that signs in to it."""

    hub: Hub
    http: TestClient
    school: School
    secret: str

    def token(self, scope: str = "") -> str:
        form = {"grant_type": "client_credentials"} | ({"scope": scope} if scope else {})
        answer = self.http.post("/oauth/token", data=form, auth=(CLIENT, self.secret))
        assert 200 == answer.status_code, answer.text
        return str(answer.json()["access_token"])

    def read(self, person: str, section: str = "identity", **headers: str) -> Asked:
        sent = {"Authorization": f"Bearer {self.token()}", "Passerelle-Purpose": "admission"}
        return self.http.get(
            f"/v1/dossiers/{person}/{section}",
            headers=sent | {name.replace("_", "-"): value for name, value in headers.items()},
        )

    def evidence(self) -> list[dict[str, Any]]:
        query = sa.select(evidence_entry.c.body).order_by(evidence_entry.c.number)
        with self.hub.transaction() as connection:
            return [json.loads(row) for row in connection.scalars(query)]


def at_noon() -> datetime:
    return MOMENT


@pytest.fixture
def edge(hub: Hub) -> Iterator[Edge]:
    site = demo_site(hub)
    secrets = clients.provision(site)
    with TestClient(create_app(hub, now=at_noon), raise_server_exceptions=True) as http:
        yield Edge(hub, http, School(hub), secrets[CLIENT])


def test_a_section_that_is_permitted_is_given_with_the_marker_of_its_decision(edge: Edge) -> None:
    person = edge.school.pupil(1, code_permanent=CODE)
    edge.school.answer(1)

    answer = edge.read(person)

    assert 200 == answer.status_code
    (record,) = answer.json()["records"]
    assert ("Exemple", CODE) == (record["family_name"], record["code_permanent"])
    assert {"section": "identity", "purpose": "admission", "recipient": "916000"} == {
        name: value for name, value in answer.json().items() if name != "records"
    }
    (entry,) = edge.evidence()
    assert ("release.permitted", person) == (entry["kind"], entry["person"])
    assert answer.headers["passerelle-decision"] == entry["facts"]["marker"]
    assert f"http:{CLIENT}:{answer.headers['passerelle-request']}" == entry["facts"]["exchange"]
    assert person not in answer.text


def test_it_is_the_same_decision_as_the_handoff_s(edge: Edge) -> None:
    person = edge.school.pupil(1)
    edge.school.answer(1)
    with edge.hub.transaction() as connection:
        (decided,) = release.decide_for(
            connection, edge.hub.keys, edge.hub.settings, persons=[person], recipient="916000",
            purpose="admission", sections={"identity"}, day=DAY,
        )  # fmt: skip

    assert decided.marker == edge.read(person).headers["passerelle-decision"]


def test_a_person_is_named_by_hub_id_or_by_an_identifier(edge: Edge) -> None:
    person = edge.school.pupil(1, code_permanent=CODE)
    edge.school.answer(1)

    names = (person, f"code-permanent|{CODE}", "fiche:762000|0000001", f"code-permanent%7C{CODE}")

    assert [200, 200, 200, 200] == [edge.read(name).status_code for name in names]


def test_a_refused_person_and_one_who_does_not_exist_cannot_be_told_apart(edge: Edge) -> None:
    silent = edge.school.pupil(1)
    references = (silent, "018f3c1e-6f43-8a5b-9c0d-1a2b3c4d5e6f", "code-permanent|ZZZZ99999999", "not-an-id")

    answers = [edge.read(reference) for reference in references]

    def told(answer: Asked) -> tuple[Any, ...]:
        body = {name: value for name, value in answer.json().items() if name != "instance"}
        headers = {n: v for n, v in answer.headers.items() if n not in ("passerelle-request", "date")}
        return answer.status_code, body, headers

    assert {403} == {answer.status_code for answer in answers}
    assert "urn:passerelle:problem:refused" == answers[0].json()["type"]
    assert all(told(answers[0]) == told(answer) for answer in answers)
    assert ["no-consent-in-force"] + ["unknown-person"] * 3 == [
        entry["facts"]["reason"] for entry in edge.evidence()
    ]


@pytest.mark.parametrize("reason", ["withdrawn", "refused", "under-fourteen", "not-a-client's-board"])
def test_a_refusal_gives_nothing_whatever_its_reason(edge: Edge, reason: str) -> None:
    school = School(edge.hub, "889000") if reason == "not-a-client's-board" else edge.school
    born = DAY.replace(year=2014) if reason == "under-fourteen" else DAY.replace(year=2009)
    person = school.pupil(1, born=born, code_permanent=CODE)
    key = school.answer(1)
    if reason == "withdrawn":
        release.withdraw_consent(edge.hub, key, day=DAY, moment=MOMENT)
    if reason == "refused":
        school.refusal(1)

    answer = edge.read(person)

    assert 403 == answer.status_code
    assert CODE not in answer.text
    assert "passerelle-decision" not in answer.headers
    assert "etag" not in answer.headers
    with edge.hub.transaction() as connection:
        (row,) = connection.execute(sa.select(decision)).all()
    assert ([], None) == (row.fields, row.content_digest)


def test_a_section_outside_the_agreement_is_refused_even_to_a_client_with_its_scope(edge: Edge) -> None:
    person = edge.school.pupil(1)
    edge.school.answer(1)
    path = edge.hub.settings.site_folder / "clients.yaml"
    path.write_text(
        path.read_text().replace("dossier.results_local", "dossier.results_local, dossier.health")
    )

    assert 403 == edge.read(person, "health").status_code


def test_a_client_of_another_organisation_gets_nothing_of_this_one_s_agreement(edge: Edge) -> None:
    person = edge.school.pupil(1)
    edge.school.answer(1)
    path = edge.hub.settings.site_folder / "clients.yaml"
    path.write_text(path.read_text().replace('"916000"', '"951000"'))

    answer = edge.read(person)

    assert (403, "urn:passerelle:problem:refused") == (answer.status_code, answer.json()["type"])
    assert ["no-agreement"] == [entry["facts"]["reason"] for entry in edge.evidence()]


def test_the_scope_of_another_section_is_not_enough(edge: Edge) -> None:
    person = edge.school.pupil(1)
    edge.school.answer(1)
    narrow = f"Bearer {edge.token('dossier.results_local')}"

    answer = edge.read(person, Authorization=narrow)

    assert (403, "urn:passerelle:problem:scope-insufficient") == (answer.status_code, answer.json()["type"])
    assert 'error="insufficient_scope"' in answer.headers["www-authenticate"]
    assert [] == edge.evidence()


def test_a_scope_that_was_taken_away_no_longer_serves(edge: Edge) -> None:
    person = edge.school.pupil(1)
    edge.school.answer(1)
    held = f"Bearer {edge.token()}"
    path = edge.hub.settings.site_folder / "clients.yaml"

    path.write_text(path.read_text().replace("dossier.identity, ", ""))
    assert 403 == edge.read(person, Authorization=held).status_code
    path.write_text("[]")
    answer = edge.http.get(
        f"/v1/dossiers/{person}/identity",
        headers={"Authorization": held, "Passerelle-Purpose": "admission"},
    )
    assert (401, "urn:passerelle:problem:token-invalid") == (answer.status_code, answer.json()["type"])
    assert [] == edge.evidence()


@pytest.mark.parametrize(
    ("purpose", "problem"),
    [("", "purpose-required"), ("research", "purpose-unknown"), ("ministry_declaration", "refused")],
)
def test_a_purpose_must_be_said_known_and_agreed(edge: Edge, purpose: str, problem: str) -> None:
    person = edge.school.pupil(1)
    edge.school.answer(1)

    answer = edge.read(person, Passerelle_Purpose=purpose)

    assert f"urn:passerelle:problem:{problem}" == answer.json()["type"]


def test_two_purposes_are_none(edge: Edge) -> None:
    headers = [("Authorization", f"Bearer {edge.token()}"), ("Passerelle-Purpose", "admission")]

    answer = edge.http.get("/v1/dossiers/x/identity", headers=[*headers, headers[-1]])

    assert "urn:passerelle:problem:purpose-required" == answer.json()["type"]


@pytest.mark.parametrize("section", ["consent", "horoscope", "$export"])
def test_a_section_that_cannot_be_released_does_not_exist(edge: Edge, section: str) -> None:
    answer = edge.read("x", section)

    assert (404, "urn:passerelle:problem:section-unknown") == (answer.status_code, answer.json()["type"])


@pytest.mark.parametrize("person", ["a%00b", "a%0Ab", "x" * 101, "%7C", "a%7C%ED%A0%80"])
def test_a_name_that_no_person_has_is_an_answer_and_no_fault(edge: Edge, person: str) -> None:
    assert edge.read(person).status_code in (400, 403)


def test_a_broken_file_of_the_site_stops_the_read_and_the_log_says_which(
    edge: Edge, caplog: pytest.LogCaptureFixture
) -> None:
    person = edge.school.pupil(1)
    (edge.hub.settings.site_folder / "agreements" / "broken.yaml").write_text("agreement: x")

    answer = edge.read(person)

    assert (500, "urn:passerelle:problem:internal") == (answer.status_code, answer.json()["type"])
    assert "broken.yaml" not in answer.text
    assert "broken.yaml" in caplog.text


def test_an_etag_saves_the_bytes_and_not_the_decision_nor_its_evidence(edge: Edge) -> None:
    person = edge.school.pupil(1)
    key = edge.school.answer(1)
    first = edge.read(person)

    same = edge.read(person, If_None_Match=first.headers["etag"])
    edge.school.pupil(1, code_permanent=CODE)
    changed = edge.read(person, If_None_Match=first.headers["etag"])
    release.withdraw_consent(edge.hub, key, day=DAY, moment=MOMENT)
    refused = edge.read(person, If_None_Match=changed.headers["etag"])

    assert [200, 304, 200, 403] == [item.status_code for item in (first, same, changed, refused)]
    assert b"" == same.content
    assert 5 == len(edge.evidence())


def test_a_consent_that_one_board_asked_for_does_not_open_the_records_of_another(edge: Edge) -> None:
    other = School(edge.hub, "711000")
    person = edge.school.pupil(1, code_permanent=CODE)
    edge.school.answer(1)
    assert person == other.pupil(9, code_permanent=CODE)

    records = edge.read(person, "results_local").json()["records"]

    assert ["762000"] == [record["organization"] for record in records]


def test_errors_speak_french_unless_english_is_asked_for_and_hold_both(edge: Edge) -> None:
    french = edge.http.get("/v1/dossiers/x/identity")
    english = edge.http.get("/v1/dossiers/x/identity", headers={"Accept-Language": "en-CA, fr;q=0.5"})

    assert ("Jeton requis", "fr") == (french.json()["title"], french.headers["content-language"])
    assert ("Token required", "en") == (english.json()["title"], english.headers["content-language"])
    assert problems.MEDIA_TYPE == french.headers["content-type"]
    assert french.json()["detail_en"] == english.json()["detail"]


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/nothing", 404), ("POST", "/healthz", 405), ("PUT", "/v1", 404)]
)
def test_every_error_is_a_problem(edge: Edge, method: str, path: str, status: int) -> None:
    answer = edge.http.request(method, path)

    assert (status, problems.MEDIA_TYPE) == (answer.status_code, answer.headers["content-type"])


def test_a_fault_of_the_gateway_tells_nothing_and_logs_no_value(
    edge: Edge, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> None:
        message = f"row of {CODE}"
        raise ValueError(message)

    monkeypatch.setattr(dossier, "find_person", broken)
    with caplog.at_level(logging.DEBUG):
        answer = edge.read(f"code-permanent|{CODE}")
    ours = [record.getMessage() for record in caplog.records if record.name != "httpx"]  # the test's own

    assert (500, "urn:passerelle:problem:internal") == (answer.status_code, answer.json()["type"])
    assert not any(CODE in text for text in (answer.text, *ours))
    assert any("ValueError" in text for text in ours)
    assert [] == edge.evidence()


def test_a_database_that_is_away_is_unavailable_and_not_a_fault(
    edge: Edge, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise OperationalError("select 1", {}, Exception("gone"))

    monkeypatch.setattr(dossier, "find_person", away)

    assert 503 == edge.read("x").status_code
    assert 200 == edge.http.get("/readyz").status_code


def test_the_log_has_the_route_s_template_and_never_the_path(
    edge: Edge, caplog: pytest.LogCaptureFixture
) -> None:
    edge.school.pupil(1, code_permanent=CODE)
    with caplog.at_level(logging.INFO, logger="passerelle.gateway"):
        edge.read(f"code-permanent|{CODE}")

    lines = [record.getMessage() for record in caplog.records if record.name == "passerelle.gateway"]
    assert any(line.startswith("GET /v1/dossiers/{person}/{section} 403") for line in lines)
    assert not any(CODE in line for line in lines)


def test_the_contract_is_openapi_3_1_with_an_example_for_every_answer_that_has_a_body(edge: Edge) -> None:
    schema = edge.http.get("/openapi.json").json()

    assert schema["openapi"].startswith("3.1")
    assert {"/oauth/token", "/v1/dossiers/{person}/{section}", "/healthz", "/readyz"} <= schema[
        "paths"
    ].keys()
    read = schema["paths"]["/v1/dossiers/{person}/{section}"]["get"]
    for status in ("200", "400", "401", "403", "404", "503"):
        (content,) = read["responses"][status]["content"].values()
        assert content.get("example") or content.get("examples")
    scopes = schema["components"]["securitySchemes"]["client_credentials"]["flows"]["clientCredentials"]
    assert {f"dossier.{section}" for section in SENSITIVITY if section != "consent"} == scopes[
        "scopes"
    ].keys()


def test_every_problem_that_the_contract_shows_exists_and_is_shown(edge: Edge) -> None:
    text = json.dumps(edge.http.get("/openapi.json").json())
    elsewhere = {"not-found", "method-not-allowed"}  # of paths that the contract does not have

    assert {code for code in problems.PROBLEMS if problems.PREFIX + code in text} | elsewhere == set(
        problems.PROBLEMS
    )


def test_the_documentation_page_loads_nothing_from_elsewhere(edge: Edge) -> None:
    page = edge.http.get("/docs")

    assert 200 == page.status_code
    assert "/v1/dossiers/{person}/{section}" in page.text
    assert "<script" not in page.text
    assert "src=" not in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]


def test_a_real_server_on_loopback_serves_the_hub_of_its_settings(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`uvicorn --factory gateway.http.app:create`, as the day starts it; the real clock, a rehearsed day."""
    secret = clients.provision(demo_site(hub))[CLIENT]
    school = School(hub)
    person = school.pupil(1)
    school.answer(1)
    settings = hub.settings
    for name, value in (
        ("HOME", settings.root), ("DATABASE_URL", settings.database_url), ("DAY", DAY.isoformat()),
    ):  # fmt: skip
        monkeypatch.setenv(f"PASSERELLE_{name}", str(value))
    server = uvicorn.Server(
        uvicorn.Config(create, factory=True, port=0, log_level="warning", access_log=False)
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        _until(lambda: server.started)
        (listener,) = server.servers[0].sockets
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with httpx.Client(base_url=address, trust_env=False) as http:
            assert {"status": "ready"} == http.get("/readyz").json()
            token = http.post(
                "/oauth/token", data={"grant_type": "client_credentials"}, auth=(CLIENT, secret)
            ).json()["access_token"]
            answer = http.get(
                f"/v1/dossiers/{person}/identity",
                headers={"Authorization": f"Bearer {token}", "Passerelle-Purpose": "admission"},
            )
    finally:
        server.should_exit = True
        thread.join(timeout=10)

    assert 200 == answer.status_code
    assert datetime.now(UTC) > MOMENT


def _until(condition: Callable[[], bool]) -> None:
    for _ in range(400):
        if condition():
            return
        time.sleep(0.05)
    pytest.fail("the server did not start")


def test_the_readme_lists_every_problem_and_every_path(edge: Edge) -> None:
    text = (Path(problems.__file__).parent / "README.md").read_text("utf-8")
    rows = dict(re.findall(r"^\| `([a-z-]+)` \| (\d{3}) \|$", text, re.MULTILINE))
    paths = set(re.findall(r"`(/[^`]*)`", text.partition("## Problems")[0]))

    assert {code: str(problem.status) for code, problem in problems.PROBLEMS.items()} == rows
    assert set(edge.http.get("/openapi.json").json()["paths"]) | {"/openapi.json", "/docs"} == paths
