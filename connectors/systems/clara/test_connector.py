"""Clara against its live sandbox: one receipt for one delivery, whatever goes wrong on the way."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import date
from pathlib import Path
from shutil import copy
from types import SimpleNamespace
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
from connectors.kit.rest import PartnerRefusedError
from connectors.kit.sandbox import Running

SYSTEM = "clara@916000"
FOLDER = Path(__file__).parent
SAMPLE = json.loads((FOLDER / "samples" / "livraison.json").read_text("utf-8"))
Start = Callable[..., Running]


@pytest.fixture(scope="module")
def province() -> Province:
    """The smallest province: a college knows no board's pupils but by what it receives."""
    return generate(7, students=30, boards=1, day=date(2026, 2, 16))


@pytest.fixture
def start(province: Province, tmp_path: Path) -> Iterator[Start]:
    """Starts the college, with faults; started again it finds its folder as it was."""
    with ExitStack() as stack:

        def begin(*faults: str, key: bool = True) -> Running:
            told = {SYSTEM: frozenset(faults)}
            running = stack.enter_context(sandbox.running(province, tmp_path, systems=[SYSTEM], faults=told))
            if key:
                copy(FOLDER / "samples" / "hub.pem", college(running).folder / "hub.pem")
            return running

        yield begin


def college(running: Running) -> Any:
    """The simulated system itself, to see what it holds."""
    return running.systems[0]


def bundle(documents: Sequence[str] = tuple(SAMPLE["documents"]), key: str = "lot-1") -> Delivery:
    """A delivery of documents. Only the door out makes a Released; the target reads these two names of it."""
    released: list[Any] = [
        SimpleNamespace(document=text.encode(), decision=SimpleNamespace(marker=f"marker-{number}"))
        for number, text in enumerate(documents, start=1)
    ]
    return Delivery(key, released, None)


def deliver(installation: Installation, delivery: Delivery) -> Receipt:
    """As the gateway does."""
    target = load.target(installation)
    try:
        return target.deliver(delivery)
    finally:
        target.close()


def test_a_delivery_is_received_whole_and_its_receipt_comes_back(start: Start) -> None:
    running = start()

    receipt = deliver(running.installation(SYSTEM), bundle())

    assert ("MAI-000001", 2, ()) == (receipt.number, receipt.accepted, receipt.refused)
    assert "MAI-000001" == json.loads(receipt.raw)["recu"]
    assert ["916000", "916000"] == [item["recipient"] for item in college(running).received()]


def test_the_same_delivery_again_is_the_same_receipt_and_nothing_more_is_held(start: Start) -> None:
    running = start()

    once = deliver(running.installation(SYSTEM), bundle())
    restarted = start()
    twice = deliver(restarted.installation(SYSTEM), bundle())

    assert once == twice
    assert ("lot-1",) == college(restarted).deliveries()
    assert 2 == len(college(restarted).received())


def test_a_large_delivery_is_split_and_its_receipts_are_one(start: Start) -> None:
    """The same two documents again and again: of each call the college takes each once, and refuses the others."""
    many = bundle(SAMPLE["documents"] * 501)

    receipt = deliver(start().installation(SYSTEM), many)
    running = start("lost-receipt")
    again = deliver(running.installation(SYSTEM), many)

    assert ("lot-1/1", "lot-1/2", "lot-1/3") == college(running).deliveries()
    assert (6, 996) == (receipt.accepted, len(receipt.refused))
    assert [f"marker-{number}" for number in (3, 4)] == [marker for marker, _ in receipt.refused[:2]]
    assert "marker-1000" == receipt.refused[-1][0]
    assert 3 == len(json.loads(receipt.raw))
    assert receipt == again


def test_a_delivery_cut_between_two_calls_goes_on_where_it_was(start: Start) -> None:
    """The first call is taken and its answer lost: sent again, no document arrives twice."""
    running = start("lost-receipt")

    receipt = deliver(running.installation(SYSTEM), bundle(SAMPLE["documents"] * 300))

    assert ("lot-1/1", "lot-1/2") == college(running).deliveries()
    assert 600 == receipt.accepted + len(receipt.refused)


def test_a_key_used_for_another_content_is_refused_and_nothing_is_taken(start: Start) -> None:
    running = start()
    deliver(running.installation(SYSTEM), bundle())

    with pytest.raises(PartnerRefusedError) as caught:
        deliver(running.installation(SYSTEM), bundle(SAMPLE["documents"][:1]))

    assert (409, "cle-reutilisee") == (caught.value.status, caught.value.problem)
    assert 2 == len(college(running).received())


def test_a_document_that_was_altered_is_refused_by_its_decision_and_the_others_are_taken(
    start: Start,
) -> None:
    running = start()
    good, bad = SAMPLE["documents"]
    head, payload, signature = bad.split(".")
    altered = f"{head}.{payload[:-4]}AAAA.{signature}"

    receipt = deliver(running.installation(SYSTEM), bundle([altered, good]))

    assert 1 == receipt.accepted
    assert (("marker-1", "signature-invalide"),) == receipt.refused
    assert 1 == len(college(running).received())


def test_an_unsigned_document_and_one_that_comes_twice_are_refused(start: Start) -> None:
    head = "eyJhbGciOiJub25lIn0"  # {"alg":"none"}
    good = SAMPLE["documents"][0]
    unsigned = f"{head}.{good.split('.')[1]}."

    receipt = deliver(start().installation(SYSTEM), bundle([unsigned, good, good]))

    assert (("marker-1", "signature-invalide"), ("marker-3", "document-double")) == receipt.refused


def test_without_the_hub_s_public_key_the_college_takes_nothing(start: Start) -> None:
    running = start(key=False)

    with pytest.raises(PartnerRefusedError, match="cle-du-hub-absente"):
        deliver(running.installation(SYSTEM), bundle())

    assert () == college(running).received()


def test_a_receipt_lost_on_the_way_is_asked_for_again_and_is_the_same(start: Start) -> None:
    running = start("lost-receipt")

    receipt = deliver(running.installation(SYSTEM), bundle())

    assert ("MAI-000001", 2) == (receipt.number, receipt.accepted)
    assert ("lot-1",) == college(running).deliveries()


def test_a_college_that_is_busy_at_first_is_asked_again(start: Start) -> None:
    assert 2 == deliver(start("busy").installation(SYSTEM), bundle()).accepted


@pytest.mark.parametrize("fault", ["html200", "cut"])
def test_an_answer_that_is_no_receipt_is_for_a_later_try(start: Start, fault: str) -> None:
    with pytest.raises(RetryableError, match="clara@916000/api/v1/livraisons"):
        deliver(start(fault).installation(SYSTEM), bundle())


def test_a_slow_college_is_given_up_after_the_time_that_the_site_allows(start: Start) -> None:
    installation = start("slow").installation(SYSTEM)
    options = {**installation.options, "timeout_seconds": "0.3"}

    with pytest.raises(RetryableError, match="no answer in time"):
        deliver(replace(installation, options=options), bundle())


def test_a_receipt_that_does_not_add_up_is_not_taken_for_one(start: Start) -> None:
    with pytest.raises(IntegrityError, match=r"1 \+ 0 of 2 documents"):
        deliver(start("miscount").installation(SYSTEM), bundle())


def test_a_refused_document_is_named_by_its_decision(start: Start) -> None:
    receipt = deliver(start("refuse-first").installation(SYSTEM), bundle())

    assert (1, (("marker-1", "format-inconnu"),)) == (receipt.accepted, receipt.refused)


def test_a_wrong_secret_says_which_one_and_nothing_is_sent(start: Start) -> None:
    running = start()
    installation = replace(running.installation(SYSTEM), secrets={"client_secret": "not-this-one"})

    with pytest.raises(ConfigurationError, match="client_secret") as caught:
        deliver(installation, bundle())

    assert "not-this-one" not in caught.value.english + caught.value.french
    assert () == college(running).received()


def test_no_message_holds_a_document_or_a_person(start: Start) -> None:
    running = start()
    with pytest.raises(PartnerRefusedError) as caught:
        deliver(running.installation(SYSTEM), bundle([]))

    assert "nombre-different" == caught.value.problem
    for text in (caught.value.english, caught.value.french):
        assert not any(document[:20] in text for document in SAMPLE["documents"])


def test_the_sandbox_answers_at_every_path_of_the_contract_and_at_no_other(start: Start) -> None:
    contract = strict_yaml.load_file(FOLDER / "contract" / "openapi.yaml")
    running = start()

    routes = {(route.path, method) for route in college(running).app().routes for method in route.methods}

    told = {(path, method.upper()) for path, operations in contract["paths"].items() for method in operations}
    assert told == {(path, method) for path, method in routes if method != "HEAD"}


def test_nobody_without_a_token_learns_whether_a_delivery_exists(start: Start) -> None:
    running = start()
    deliver(running.installation(SYSTEM), bundle())
    address = running.installation(SYSTEM).address

    known = httpx.get(f"{address}/api/v1/livraisons/lot-1", trust_env=False)
    unknown = httpx.get(f"{address}/api/v1/livraisons/lot-2", trust_env=False)

    assert 401 == known.status_code
    assert (known.status_code, known.content) == (unknown.status_code, unknown.content)
