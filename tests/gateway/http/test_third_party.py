"""A learning platform before the real gateway, over loopback: what is refused never reaches its store."""

import json
import socket
import threading
import time
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
import uvicorn

from canonical_model import strict_yaml
from connectors.kit import load, sandbox
from connectors.kit.province.generate import generate
from connectors.kit.province.model import Province
from gateway import release
from gateway.http import clients, tokens
from gateway.http.app import create_app
from gateway.store.hub import Hub
from gateway.store.schema import evidence_entry
from tests.conftest import MOMENT
from tests.school import DAY, School, demo_site

CLIENT = "clara-916000"
GIVEN, SILENT, NO = 1, 2, 3
Message = MutableMapping[str, Any]
App = Callable[[Message, Any, Any], Awaitable[None]]


@dataclass
class Edge:
    """The gateway on loopback, the platform's secret there, and a clock that a test moves."""

    hub: Hub
    address: str
    secret: str
    school: School
    refuse_next: list[int]
    later: timedelta = timedelta(0)

    def now(self) -> datetime:
        return MOMENT + self.later

    def decisions(self) -> list[tuple[str, str]]:
        with self.hub.transaction() as connection:
            bodies = connection.scalars(sa.select(evidence_entry.c.body).order_by(evidence_entry.c.number))
            found = [json.loads(body) for body in bodies]
        return [(entry["kind"], entry["facts"].get("reason", "")) for entry in found]


@pytest.fixture
def edge(hub: Hub) -> Iterator[Edge]:
    site = demo_site(hub)
    held = Edge(hub, "", clients.provision(site)[CLIENT], School(hub), [])
    for fiche in (GIVEN, SILENT, NO):
        held.school.pupil(fiche)
    held.school.answer(GIVEN)
    held.school.answer(NO)
    held.school.refusal(NO)
    app = create_app(hub, now=held.now)

    async def hurried(scope: Message, receive: Any, send: Any) -> None:
        """The gateway behind a proxy that says 429 to some calls, as one of a site would."""
        if scope["type"] == "http" and scope["path"].startswith("/v1/") and held.refuse_next:
            status = held.refuse_next.pop()
            await send({"type": "http.response.start", "status": status, "headers": [(b"retry-after", b"0")]})
            await send({"type": "http.response.body", "body": b""})
            return
        await app(scope, receive, send)

    with _served(hurried) as address:
        held.address = address
        yield held


@contextmanager
def _served(app: App) -> Iterator[str]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, lifespan="off"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.01)
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(timeout=10)


@pytest.fixture(scope="module")
def province() -> Province:
    """One board whose three pupils, in the last year, are those of the school; a fourth is too young."""
    made = generate(7, students=4, boards=1, day=date(2026, 2, 16))
    levels = ("SECONDARY5", "SECONDARY5", "SECONDARY5", "SECONDARY1")
    pupils = tuple(
        replace(pupil, fiche=fiche, level=level)
        for fiche, (pupil, level) in enumerate(zip(made.boards[0].pupils, levels, strict=True), start=1)
    )
    return replace(made, boards=(replace(made.boards[0], pupils=pupils),))


class Operator:
    """Who runs the platform: sends it to the hub, and asks how much it keeps."""

    def __init__(self, edge: Edge, entry: dict[str, Any], client: httpx.Client, folder: Path) -> None:
        self.edge, self.entry, self.client, self.folder = edge, entry, client, folder

    def send(self, **changed: str) -> httpx.Response:
        told = {"hub": self.edge.address, "client_id": CLIENT, "client_secret": self.edge.secret,
                "purpose": "admission"}  # fmt: skip
        key = {"X-Api-Key": self.entry["secrets"]["api_key"]}
        return self.client.post(
            f"{self.entry['address']}/visit", json=told | changed, headers=key, timeout=30
        )

    def stored(self) -> bytes:
        return b"".join(path.read_bytes() for path in self.folder.rglob("*.sqlite3*"))


@contextmanager
def platform(edge: Edge, province: Province, folder: Path, *faults: str) -> Iterator[Operator]:
    told = {"lms": frozenset(faults)} if faults else {}
    with (
        sandbox.running(province, folder, systems=["lms"], faults=told) as made,
        httpx.Client(trust_env=False) as client,
    ):
        yield Operator(edge, made.entries[0], client, folder)


def test_a_refused_pupil_never_reaches_the_platform_s_store(
    edge: Edge, province: Province, tmp_path: Path
) -> None:
    with platform(edge, province, tmp_path) as operator:
        answer = operator.send()

        assert {"given": 2, "unchanged": 0, "refused": 4, "forgotten": 0, "tokens": 1} == answer.json()
        stored = operator.stored()
    assert "Élève1".encode() in stored
    assert "Élève2".encode() not in stored
    assert "Élève3".encode() not in stored


def test_every_read_of_the_platform_went_through_a_decision(
    edge: Edge, province: Province, tmp_path: Path
) -> None:
    with platform(edge, province, tmp_path) as operator:
        operator.send()

    assert [
        ("release.permitted", "permitted-by-consent"), ("release.permitted", "permitted-by-consent"),
        ("release.refused", "no-consent-in-force"), ("release.refused", "no-consent-in-force"),
    ] == edge.decisions()[:4]  # fmt: skip
    assert 6 == len(edge.decisions())


def test_what_did_not_change_is_not_given_again_and_is_decided_again(
    edge: Edge, province: Province, tmp_path: Path
) -> None:
    with platform(edge, province, tmp_path) as operator:
        operator.send()
        again = operator.send().json()

    assert (0, 2, 4) == (again["given"], again["unchanged"], again["refused"])
    assert 12 == len(edge.decisions())


def test_a_withdrawn_consent_empties_the_platform_s_store_at_its_next_visit(
    edge: Edge, province: Province, tmp_path: Path
) -> None:
    with platform(edge, province, tmp_path) as operator:
        operator.send()
        release.withdraw_consent(edge.hub, f"gpi@762000/Consent/C{GIVEN}", day=DAY, moment=MOMENT)

        told = operator.send().json()

        assert (6, 2) == (told["refused"], told["forgotten"])
        key = {"X-Api-Key": operator.entry["secrets"]["api_key"]}
        kept = operator.client.get(f"{operator.entry['address']}/kept", headers=key).json()
    assert {"sections": 0} == kept


def test_a_429_is_waited_for_and_loses_nothing(edge: Edge, province: Province, tmp_path: Path) -> None:
    edge.refuse_next += [429, 503]
    with platform(edge, province, tmp_path) as operator:
        assert 2 == operator.send().json()["given"]
    assert [] == edge.refuse_next


def test_a_token_that_has_ended_at_the_hub_is_replaced(
    edge: Edge, province: Province, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    issue = tokens.issue
    ended = [timedelta(seconds=2 * tokens.LIFETIME_SECONDS)]

    def first_is_old(*arguments: Any, moment: datetime, **named: Any) -> str:
        return issue(*arguments, moment=moment - (ended.pop() if ended else timedelta(0)), **named)

    monkeypatch.setattr(tokens, "issue", first_is_old)
    with platform(edge, province, tmp_path) as operator:
        told = operator.send().json()

    assert (2, 2) == (told["given"], told["tokens"])


@pytest.mark.parametrize(("fault", "decisions"), [("no-purpose", 0), ("more-sections", 2)])
def test_what_the_platform_asks_wrongly_is_not_given(
    edge: Edge, province: Province, tmp_path: Path, fault: str, decisions: int
) -> None:
    with platform(edge, province, tmp_path, fault) as operator:
        answer = operator.send()

        assert (502, "wrong-question") == (answer.status_code, answer.json()["code"])
        assert b"health" not in operator.stored()
    assert decisions == len(
        edge.decisions()
    )  # of the first pupil's two sections, before it asked for a third


def test_a_platform_that_asks_for_everybody_gets_nobody_more(
    edge: Edge, province: Province, tmp_path: Path
) -> None:
    with platform(edge, province, tmp_path, "everybody") as operator:
        told = operator.send().json()

    assert (2, 6) == (told["given"], told["refused"])
    assert ("release.refused", "unknown-person") == edge.decisions()[-1]


def test_a_platform_that_never_renews_its_token_is_shut_out_when_it_ends(
    edge: Edge, province: Province, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    issue = tokens.issue
    ended = timedelta(seconds=2 * tokens.LIFETIME_SECONDS)
    monkeypatch.setattr(
        tokens, "issue", lambda *told, moment, **named: issue(*told, moment=moment - ended, **named)
    )
    with platform(edge, province, tmp_path, "stale-token") as operator:
        answer = operator.send()

    assert (502, "sign-in") == (answer.status_code, answer.json()["code"])
    assert [] == edge.decisions()


def test_a_wrong_secret_gets_no_token_and_no_decision(edge: Edge, province: Province, tmp_path: Path) -> None:
    with platform(edge, province, tmp_path) as operator:
        assert "sign-in" == operator.send(client_secret="guessed").json()["code"]
    assert [] == edge.decisions()


def test_the_platform_s_contract_is_a_part_of_the_hub_s_own(hub: Hub) -> None:
    demo_site(hub)
    contract = strict_yaml.load_file(load.manifest("lms").contract.path)
    ours = create_app(hub).openapi()["paths"]

    for path, methods in contract["paths"].items():
        for method, told in methods.items():
            assert told["responses"].keys() <= ours[path][method]["responses"].keys()
            named = {item["name"].lower() for item in told.get("parameters", [])}
            assert named <= {item["name"].lower() for item in ours[path][method].get("parameters", [])}
