"""The learning platform before a scripted hub: what it keeps, what it deletes, how it waits and when it stops.

The real hub stands in tests/gateway/http/test_third_party.py: a connector knows nothing of the gateway.
"""

import json
import shutil
import sqlite3
from datetime import date
from pathlib import Path

import httpx
import pytest

from canonical_model import strict_yaml
from canonical_model.errors import ConfigurationError
from connectors.kit import load, sandbox
from connectors.kit import manifest as manifests
from connectors.kit.province.generate import generate
from connectors.systems.lms.reader import LONGEST_WAIT_SECONDS, Hub, Reader, Store, VisitError

PUPIL, OTHER = "fiche:762000|0000001", "fiche:762000|0000002"
SAMPLE = (Path(__file__).parent / "samples" / "identity.json").read_text("utf-8")
REFUSED = {"type": "urn:passerelle:problem:refused"}


class Scripted:
    """A hub that gives the answers it is told, in turn, and tokens that last; it keeps the calls."""

    def __init__(self) -> None:
        self.answers: list[httpx.Response] = []
        self.calls: list[httpx.Request] = []
        self.tokens = 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/oauth/token":
            self.tokens += 1
            return httpx.Response(200, json={"access_token": f"token-{self.tokens}", "expires_in": 300})
        self.calls.append(request)
        return self.answers.pop(0)

    def will(self, status: int, body: object = None, **headers: str) -> None:
        content = body if isinstance(body, str) else json.dumps(body)
        self.answers.append(
            httpx.Response(
                status, content=content, headers={n.replace("_", "-"): v for n, v in headers.items()}
            )
        )


class Platform:
    """The reader before that hub, with a clock and pauses that a test moves."""

    def __init__(self) -> None:
        self.hub, self.now, self.waits = Scripted(), 0.0, list[float]()
        self.store = Store(sqlite3.connect(":memory:"))
        self.reader = Reader(
            Hub("https://hub.example.org", "lms", "a-secret", "admission"),
            self.store,
            httpx.Client(transport=httpx.MockTransport(self.hub)),
            pause=self.waits.append,
            clock=lambda: self.now,
        )

    def visit(self, *people: str) -> dict[str, int]:
        return self.reader.visit(people or (PUPIL,), ("identity",)).counts()


@pytest.fixture
def platform() -> Platform:
    return Platform()


def test_what_is_given_is_kept_and_asked_for_with_its_etag_the_next_time(platform: Platform) -> None:
    platform.hub.will(200, SAMPLE, ETag='"one"', Passerelle_Decision="marker")
    platform.hub.will(304, ETag='"one"')

    assert (1, 0) == (platform.visit()["given"], platform.store.number() - 1)
    assert (0, 1) == (platform.visit()["given"], platform.store.number())

    first, second = platform.hub.calls
    assert "if-none-match" not in first.headers
    assert '"one"' == second.headers["if-none-match"]
    assert {"admission"} == {call.headers["passerelle-purpose"] for call in platform.hub.calls}


def test_a_refused_pupil_is_not_kept_and_what_was_kept_of_it_is_deleted(platform: Platform) -> None:
    platform.hub.will(200, SAMPLE, ETag='"one"')
    platform.hub.will(200, SAMPLE, ETag='"two"')
    platform.visit(PUPIL, OTHER)
    platform.hub.will(403, REFUSED)
    platform.hub.will(304)

    told = platform.visit(PUPIL, OTHER)

    assert (1, 1, 1) == (told["refused"], told["forgotten"], told["unchanged"])
    assert ("", '"two"') == (platform.store.etag(PUPIL, "identity"), platform.store.etag(OTHER, "identity"))


@pytest.mark.parametrize("status", [429, 503])
def test_a_hub_that_asks_to_wait_is_tried_again_after_that_wait(platform: Platform, status: int) -> None:
    platform.hub.will(status, Retry_After="7")
    platform.hub.will(200, SAMPLE)

    assert 1 == platform.visit()["given"]
    assert [7.0] == platform.waits


def test_a_wait_that_is_too_long_ends_the_visit_for_a_later_try(platform: Platform) -> None:
    platform.hub.will(429, Retry_After=str(int(LONGEST_WAIT_SECONDS) + 1))

    with pytest.raises(VisitError, match="unavailable"):
        platform.visit()
    assert [] == platform.waits


def test_a_token_is_used_until_it_nears_its_end(platform: Platform) -> None:
    for _ in range(3):
        platform.hub.will(200, SAMPLE)
    platform.visit(PUPIL, OTHER)
    assert 1 == platform.hub.tokens
    platform.now = 290.0

    platform.visit()

    assert 2 == platform.hub.tokens
    assert "Bearer token-2" == platform.hub.calls[-1].headers["authorization"]


def test_a_token_that_the_hub_ended_early_is_replaced_once(platform: Platform) -> None:
    platform.hub.will(401)
    platform.hub.will(200, SAMPLE)
    assert (1, 2) == (platform.visit()["given"], platform.hub.tokens)

    platform.hub.will(401)
    platform.hub.will(401)
    with pytest.raises(VisitError, match="sign-in"):
        platform.visit()


@pytest.mark.parametrize("status", [400, 404])
def test_a_question_that_is_refused_by_name_stops_the_visit_and_shows_nobody(
    platform: Platform, status: int
) -> None:
    platform.hub.will(status, {"type": "urn:passerelle:problem:purpose-required"})

    with pytest.raises(VisitError) as raised:
        platform.visit()

    assert ("wrong-question", status) == (raised.value.code, raised.value.status)
    assert PUPIL not in str(raised.value)


def test_a_scope_that_is_lacking_is_no_refusal_of_a_pupil(platform: Platform) -> None:
    platform.hub.will(200, SAMPLE)
    platform.visit()
    platform.hub.will(403, {"type": "urn:passerelle:problem:scope-insufficient"})

    with pytest.raises(VisitError, match="wrong-question"):
        platform.visit()
    assert 1 == platform.store.number()


def test_its_operator_signs_in_with_a_key_and_learns_counts_only(tmp_path: Path) -> None:
    province = generate(7, students=60, boards=1, day=date(2026, 2, 16))
    with sandbox.running(province, tmp_path, systems=["lms"]) as made, httpx.Client() as client:
        (entry,) = made.entries
        key = {"X-Api-Key": entry["secrets"]["api_key"]}
        base = entry["address"]
        nowhere = {
            "hub": "http://127.0.0.1:1",
            "client_id": "a",
            "client_secret": "b",
            "purpose": "admission",
        }

        assert 401 == client.get(f"{base}/kept").status_code
        assert 401 == client.post(f"{base}/visit", json=nowhere).status_code
        assert 400 == client.post(f"{base}/visit", json={"hub": ""}, headers=key).status_code
        assert {"sections": 0} == client.get(f"{base}/kept", headers=key).json()


def test_it_is_a_connector_that_pulls_so_the_hub_never_calls_it() -> None:
    told = load.manifest("lms")

    assert ("pulls", None, (), {}) == (told.direction, told.entry, told.secrets, dict(told.streams))


@pytest.mark.parametrize(
    "line",
    ["entry: target:Lms", "identity: refers", "secrets: [client_secret]", "streams: {pupils: [fiche]}",
     "mappings: [gpi/student@1]", "authentication: {kind: none}"],
)  # fmt: skip
def test_what_the_hub_would_need_to_call_it_has_no_place_in_its_manifest(tmp_path: Path, line: str) -> None:
    folder = tmp_path / "lms"
    shutil.copytree(load.SYSTEMS / "lms", folder)
    (folder / "manifest.yaml").write_text(f"{(folder / 'manifest.yaml').read_text('utf-8')}{line}\n", "utf-8")

    with pytest.raises(ConfigurationError, match="it comes to the hub, which never calls it"):
        manifests.read(folder)


def test_its_sample_is_what_the_contract_says() -> None:
    contract = strict_yaml.load_file(load.manifest("lms").contract.path)

    assert {"/oauth/token", "/v1/dossiers/{person}/{section}"} == contract["paths"].keys()
    assert {"section", "purpose", "recipient", "records"} == json.loads(SAMPLE).keys()
