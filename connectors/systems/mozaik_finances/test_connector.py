"""Mozaïk-Finances over REST, its live sandbox: one receipt for one journal; a refusal leaves nothing behind."""

import json
import re
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pytest

from canonical_model import strict_yaml
from canonical_model.errors import ConfigurationError, IntegrityError, RetryableError
from connectors.kit import load, sandbox
from connectors.kit.installation import Installation
from connectors.kit.protocol import Delivery, Receipt
from connectors.kit.province.generate import generate
from connectors.kit.province.model import Province
from connectors.kit.rest import PartnerRefusedError, RestClient
from connectors.kit.sandbox import Running

BOARD = "762000"
SYSTEM = f"mozaik_finances@{BOARD}"
FOLDER = Path(__file__).parent
Start = Callable[..., Running]


@pytest.fixture(scope="module")
def province() -> Province:
    """The smallest province: the ERP only needs to know its boards."""
    return generate(7, students=30, boards=1, day=date(2026, 2, 16))


@pytest.fixture
def start(province: Province, tmp_path: Path) -> Iterator[Start]:
    """Starts the ERP, with faults; started again it finds its folder as it was."""
    with ExitStack() as stack:

        def begin(*faults: str) -> Running:
            told = {SYSTEM: frozenset(faults)}
            return stack.enter_context(sandbox.running(province, tmp_path, systems=[SYSTEM], faults=told))

        yield begin


def content(**changed: Any) -> dict[str, Any]:
    """The journal of samples/journal.json, as the hub hands it over."""
    wire = json.loads((FOLDER / "samples" / "journal.json").read_text())
    lines = [
        {"account": line["compte"], "debit": line["debit"], "credit": line["credit"]}
        for line in wire["lignes"]
    ]
    return {
        "number": wire["numero"],
        "organization": wire["organisme"],
        "fiscal_year": wire["exercice"],
        "day": wire["date_ecriture"],
        "currency": wire["devise"],
        "total_debit": wire["total_debit"],
        "total_credit": wire["total_credit"],
        "lines": lines,
    } | changed


def post(installation: Installation, document: dict[str, Any]) -> Receipt:
    """Deliver one journal as the gateway does."""
    target = load.target(installation)
    try:
        return target.deliver(Delivery(key=document["number"], released=(), content=document))
    finally:
        target.close()


def held(running: Running) -> tuple[str, ...]:
    """What the ERP posted."""
    journals: tuple[str, ...] = running.systems[0].journals()  # type: ignore[attr-defined]
    return journals


def test_the_sample_is_what_the_contract_says() -> None:
    sample = json.loads((FOLDER / "samples" / "journal.json").read_text())
    schemas = strict_yaml.load_file(FOLDER / "contract" / "openapi.yaml")["components"]["schemas"]
    amount = re.compile(schemas["Montant"]["pattern"])
    account = re.compile(schemas["Ligne"]["properties"]["compte"]["pattern"])

    assert set(schemas["Journal"]["required"]) == sample.keys() == schemas["Journal"]["properties"].keys()
    assert all(set(schemas["Ligne"]["required"]) == entry.keys() for entry in sample["lignes"])
    assert all(account.match(entry["compte"]) for entry in sample["lignes"])
    assert all(amount.match(entry[side]) for entry in sample["lignes"] for side in ("debit", "credit"))


def test_every_refusal_of_the_sandbox_is_a_code_of_the_contract() -> None:
    written = (FOLDER / "sandbox.py").read_text()
    schemas = strict_yaml.load_file(FOLDER / "contract" / "openapi.yaml")["components"]["schemas"]
    used = set(re.findall(r'(?:_RefusedError\(\s*|problem\(\d+, )"([a-z-]+)"', written)) - {"panne"}
    used.add("jeton-invalide")  # the answer of every REST sandbox to a call without a token

    assert set(schemas["Probleme"]["properties"]["code"]["enum"]) == used


def test_a_journal_is_posted_once_and_its_receipt_adds_up(start: Start) -> None:
    running = start()
    receipt = post(running.installation(SYSTEM), content())

    assert ("MF-762000-000001", 5, ()) == (receipt.number, receipt.accepted, receipt.refused)
    assert ("GARDE-762000-000001",) == held(running)
    balances: dict[str, int] = running.systems[0].balances()  # type: ignore[attr-defined]
    assert 0 == sum(balances.values())
    assert 10570 == balances["762-1-00000-113100"]


def test_the_same_journal_gives_the_same_receipt_even_after_the_erp_was_restarted(start: Start) -> None:
    first = post(start().installation(SYSTEM), content())
    running = start()

    assert first == post(running.installation(SYSTEM), content())
    assert ("GARDE-762000-000001",) == held(running)


def test_a_receipt_lost_on_the_way_is_the_one_answered_later(start: Start) -> None:
    with pytest.raises(RetryableError):
        post(start("lost-receipt").installation(SYSTEM), content())
    running = start()

    assert "MF-762000-000001" == post(running.installation(SYSTEM), content()).number
    assert ("GARDE-762000-000001",) == held(running)


def test_another_journal_under_the_same_number_is_an_integrity_error_and_changes_nothing(
    start: Start,
) -> None:
    running = start()
    post(running.installation(SYSTEM), content())
    before = running.systems[0].balances()  # type: ignore[attr-defined]

    with pytest.raises(IntegrityError, match="GARDE-762000-000001"):
        post(running.installation(SYSTEM), content(day="2026-02-17"))
    assert before == running.systems[0].balances()  # type: ignore[attr-defined]


def line(account: str, debit: str, credit: str) -> dict[str, str]:
    return {"account": account, "debit": debit, "credit": credit}


@pytest.mark.parametrize(
    ("problem", "changed"),
    [
        ("journal-desequilibre", {"total_credit": "705.69"}),
        ("organisme-different", {"organization": "711000"}),
        ("exercice-different", {"fiscal_year": "20242025"}),
        ("montant-mal-forme", {"lines": [line("762-1-00000-1", "1,00", "0.00")] * 2}),
        ("compte-mal-forme", {"lines": [line("7621000001", "1.00", "0.00")] * 2}),
        ("ligne-double-sens", {"lines": [line("762-1-00000-1", "1.00", "1.00")] * 2}),
        (
            "fonds-desequilibre",
            {
                "lines": [line("762-1-00000-1", "1.00", "0.00"), line("762-2-00000-1", "0.00", "1.00")],
                "total_debit": "1.00",
                "total_credit": "1.00",
            },
        ),
    ],
)
def test_a_wrong_journal_is_refused_by_name_and_leaves_no_trace(
    start: Start, problem: str, changed: dict[str, Any]
) -> None:
    running = start()
    with pytest.raises(PartnerRefusedError) as refusal:
        post(running.installation(SYSTEM), content(**changed))

    assert (422, problem) == (refusal.value.status, refusal.value.problem)
    assert () == held(running)


def test_a_delivery_that_names_a_person_is_not_sent(start: Start) -> None:
    running = start()
    target = load.target(running.installation(SYSTEM))
    with pytest.raises(ConfigurationError, match="no person"):
        target.deliver(Delivery(key="GARDE-762000-000001", released=(object(),), content=content()))  # type: ignore[arg-type]
    target.close()

    assert () == held(running)


def test_a_receipt_about_something_else_is_an_integrity_error(start: Start) -> None:
    with pytest.raises(IntegrityError):
        post(start("miscount").installation(SYSTEM), content())


@pytest.mark.parametrize("fault", ["html200", "cut"])
def test_a_partner_that_answers_nonsense_is_tried_again_later(start: Start, fault: str) -> None:
    with pytest.raises(RetryableError):
        post(start(fault).installation(SYSTEM), content())


def test_a_busy_partner_is_tried_again_at_once(start: Start) -> None:
    running = start("busy")
    post(running.installation(SYSTEM), content())

    assert ("GARDE-762000-000001",) == held(running)


def test_a_slow_partner_is_given_up_in_time(start: Start) -> None:
    slow = start("slow").installation(SYSTEM)
    impatient = replace(slow, options={**slow.options, "timeout_seconds": "0.2"})
    with pytest.raises(RetryableError, match="no answer in time"):
        post(impatient, content())


def test_a_wrong_secret_stops_and_names_the_secret(start: Start) -> None:
    running = start()
    wrong = replace(running.installation(SYSTEM), secrets={"client_secret": "invented"})
    with pytest.raises(ConfigurationError, match="client_secret"):
        post(wrong, content())

    assert () == held(running)


def test_a_partner_that_is_down_is_retryable(start: Start) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{taken.getsockname()[1]}"
    away = replace(start().installation(SYSTEM), address=address)
    with pytest.raises(RetryableError):
        post(away, content())


def test_the_erp_answers_nobody_without_a_token(start: Start) -> None:
    running = start()
    base = running.installation(SYSTEM).address
    answers = [
        httpx.post(f"{base}/api/v1/journaux", json={}),
        httpx.get(f"{base}/api/v1/journaux/GARDE-762000-000001"),
        httpx.get(
            f"{base}/api/v1/journaux/GARDE-762000-000001",
            headers={"Authorization": "Bearer 99999999999.invented"},
        ),
    ]

    assert [401, 401, 401] == [answer.status_code for answer in answers]
    assert () == held(running)


def test_a_posted_journal_can_be_asked_for(start: Start) -> None:
    running = start()
    installation = running.installation(SYSTEM)
    receipt = post(installation, content())

    client = RestClient(installation, scope="journaux")
    found = client.get_json("/api/v1/journaux/GARDE-762000-000001")
    client.close()

    assert receipt.number == found["recu"]
