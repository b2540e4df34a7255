"""The handoff to the cégep, against a real college on loopback and a real PostgreSQL."""

import base64
import json
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from canonical_model.errors import ConfigurationError, RetryableError
from connectors.kit import sandbox
from connectors.kit.province.generate import generate
from connectors.kit.sandbox import Running
from gateway import handoff, release
from gateway.evidence import chain
from gateway.handoff import document, sending, service
from gateway.keys import public_pem
from gateway.store import exchanges
from gateway.store.hub import Hub
from gateway.store.schema import decision, evidence_entry
from tests.conftest import MOMENT
from tests.school import DAY, School, demo_site

CLARA = "clara@916000"
EXCHANGE = "run-1/handoff/762000-916000"
LATE_BOARD = "889000"


@dataclass
class Evening:
    """A hub, its pupils, and the college they go to."""

    hub: Hub
    folder: Path
    stack: ExitStack
    school: School
    college: Any = None
    running: Running | None = None

    def open(self, *faults: str) -> None:
        """Start the college (again), with faults; it has the hub's public key."""
        province = generate(7, students=30, boards=1, day=DAY)
        told = {CLARA: frozenset(faults)}
        self.running = self.stack.enter_context(
            sandbox.running(province, self.folder, systems=[CLARA], faults=told)
        )
        self.college = self.running.systems[0]
        (self.college.folder / "hub.pem").write_bytes(public_pem(self.hub.keys))
        demo_site(self.hub, self.running.entries)

    def prepare(self, run: str = "run-1", day: date = DAY) -> list[str]:
        return handoff.prepare(self.hub, run=run, day=day, moment=MOMENT)

    def deliver(self, exchange: str = EXCHANGE) -> dict[str, Any]:
        return dict(handoff.deliver(self.hub, exchange, moment=MOMENT))

    def received(self) -> list[str]:
        """The given names that the college holds."""
        return sorted(item["sections"]["identity"][0]["given_name"] for item in self.college.received())

    def evidence(self, person: str | None = None) -> list[dict[str, Any]]:
        query = sa.select(evidence_entry.c.body).order_by(evidence_entry.c.number)
        with self.hub.transaction() as connection:
            bodies = [json.loads(row) for row in connection.scalars(query)]
        return [body for body in bodies if person is None or body["person"] == person]

    def codes(self, person: str | None = None) -> list[str]:
        return [f"{body['kind']}:{body['facts'].get('reason', '')}" for body in self.evidence(person)]

    def rows(self) -> list[sa.Row[Any]]:
        with self.hub.transaction() as connection:
            return list(connection.execute(sa.select(decision).order_by(decision.c.exchange, "person")))


@pytest.fixture
def evening(hub: Hub, tmp_path: Path) -> Iterator[Evening]:
    with ExitStack() as stack:
        made = Evening(hub, tmp_path / "sandbox", stack, School(hub))
        made.open()
        yield made


def test_only_finishing_pupils_whom_an_agreement_and_a_consent_permit_are_handed_over(
    evening: Evening,
) -> None:
    school = evening.school
    school.pupil(1)
    school.answer(1)
    silent = school.pupil(2)
    no = school.pupil(3)
    school.answer(3)
    school.refusal(3)
    school.pupil(4, level="SECONDARY4")
    school.answer(4)
    school.pupil(5, left_on=date(2025, 12, 1))
    school.answer(5)

    assert EXCHANGE in evening.prepare()
    counts = evening.deliver()

    assert ["Élève1"] == evening.received()
    assert {
        "population": 3, "released": 1, "unchanged": 0, "received": 1, "rejected": {},
        "withheld": {"consent-refused": 1, "no-consent-in-force": 1},
    } == counts  # fmt: skip
    assert ["release.refused:no-consent-in-force"] == evening.codes(silent)
    assert ["release.refused:consent-refused"] == evening.codes(no)


def test_the_document_is_signed_by_the_hub_and_holds_only_what_was_decided(evening: Evening) -> None:
    person = evening.school.pupil(1, code_permanent="EXEE76530901")
    evening.school.answer(1, sections=("identity",))

    evening.prepare()
    evening.deliver()

    (document,) = evening.college.received()
    (entry,) = evening.evidence(person)
    assert {"identity"} == document["sections"].keys()
    assert {
        "format": "passerelle-dossier/1", "issuer": "762000", "recipient": "916000", "purpose": "admission",
        "issued_on": "2026-02-16", "decision": entry["facts"]["marker"],
    } == {name: document[name] for name in document if name != "sections"}  # fmt: skip
    assert [["results_local", "section-not-consented"]] == [
        list(i) for i in entry["facts"]["withheld"].items()
    ]
    assert person not in json.dumps(document)
    assert "fiche" not in json.dumps(document)


def test_the_signature_verifies_with_the_public_key_alone(evening: Evening) -> None:
    evening.school.pupil(1)
    evening.school.answer(1)
    with evening.hub.transaction() as connection:
        person = release.dossier.find_person(connection, "fiche:762000|0000001")
        result = release.release(
            connection, evening.hub.keys, evening.hub.settings, exchange="t", persons=[str(person)],
            recipient="916000", purpose="admission", sections=service.SECTIONS, day=DAY, moment=MOMENT,
        )  # fmt: skip

    signing = document.signer(evening.hub.keys)
    text = document.render(signing, result.released[0], issuer="762000", issued_on=DAY).decode()

    head, payload, signature = text.split(".")
    key: Any = load_pem_public_key(public_pem(evening.hub.keys))
    key.verify(base64.urlsafe_b64decode(signature + "=="), f"{head}.{payload}".encode())
    header = json.loads(base64.urlsafe_b64decode(head + "=="))
    assert {"alg": "Ed25519", "kid": signing.kid, "typ": "passerelle-dossier+jws"} == header


def test_a_consent_withdrawn_before_the_release_removes_that_pupil_and_its_count(evening: Evening) -> None:
    for fiche in (1, 2, 3):
        evening.school.pupil(fiche)
        key = evening.school.answer(fiche)
    release.withdraw_consent(evening.hub, key, day=DAY, moment=MOMENT)

    evening.prepare()
    counts = evening.deliver()

    assert ["Élève1", "Élève2"] == evening.received()
    assert (3, 2, {"consent-withdrawn": 1}) == (counts["population"], counts["released"], counts["withheld"])


def test_a_consent_withdrawn_between_decision_and_delivery_removes_exactly_that_pupil(
    evening: Evening,
) -> None:
    people = {}
    for fiche in (1, 2, 3):
        people[fiche] = evening.school.pupil(fiche)
        key = evening.school.answer(fiche)
    evening.prepare()

    # Its own day is after the exchange's: what the hub knows of stops what leaves from now on.
    release.withdraw_consent(evening.hub, key, day=DAY + timedelta(days=1), moment=MOMENT)
    counts = evening.deliver()

    assert ["Élève1", "Élève2"] == evening.received()
    assert (2, 2, {"consent-withdrawn": 1}) == (counts["released"], counts["received"], counts["withheld"])
    assert ["release.permitted:permitted-by-consent", "consent.withdrawn:",
            "release.refused:consent-withdrawn"] == evening.codes(people[3])  # fmt: skip
    left = {str(row.person): (row.reason, row.delivered_at is not None) for row in evening.rows()}
    assert ("consent-withdrawn", False) == left[people[3]]
    assert ("permitted-by-consent", True) == left[people[1]]


def test_withdrawing_twice_is_once_and_a_refusal_cannot_be_withdrawn(evening: Evening) -> None:
    evening.school.pupil(1)
    given = evening.school.answer(1)
    refused = evening.school.refusal(1)

    first = release.withdraw_consent(evening.hub, given, day=DAY, moment=MOMENT)
    again = release.withdraw_consent(evening.hub, given, day=DAY, moment=MOMENT)

    assert (True, False) == (first, again)
    assert 1 == evening.codes().count("consent.withdrawn:")
    for key in (refused, "nothing"):
        with pytest.raises(ConfigurationError):
            release.withdraw_consent(evening.hub, key, day=DAY, moment=MOMENT)


def test_the_consents_of_a_person_are_listed_with_their_withdrawal(evening: Evening) -> None:
    person = evening.school.pupil(1)
    key = evening.school.answer(1)
    evening.school.refusal(1)
    release.withdraw_consent(evening.hub, key, day=DAY, moment=MOMENT)

    found = release.list_consents(evening.hub, person)

    assert [(True, DAY), (False, None)] == [(item.given, item.withdrawn_on) for item in found]


def test_a_board_whose_agreement_is_not_in_force_has_its_pupils_counted_and_withheld(
    evening: Evening,
) -> None:
    late = School(evening.hub, LATE_BOARD)
    late.pupil(1)
    late.answer(1)

    made = evening.prepare()
    counts = evening.deliver(f"run-1/handoff/{LATE_BOARD}-916000")

    assert [f"run-1/handoff/{board}-916000" for board in ("711000", "762000", "889000")] == made
    assert {"agreement-not-in-force": 1} == counts["withheld"]
    assert (0, 0) == (counts["released"], counts["received"])
    assert () == evening.college.deliveries()


def test_from_its_first_day_that_agreement_serves_without_consent(evening: Evening) -> None:
    School(evening.hub, LATE_BOARD).pupil(1)

    evening.prepare(day=date(2026, 3, 4))
    counts = evening.deliver(f"run-1/handoff/{LATE_BOARD}-916000")

    assert 1 == counts["received"]


def test_the_same_day_again_delivers_nothing_and_says_unchanged(evening: Evening) -> None:
    evening.school.pupil(1)
    evening.school.answer(1)
    evening.prepare()
    first = evening.deliver()
    evidence = evening.evidence()

    evening.prepare()
    again = evening.deliver()
    assert (first, evidence) == (again, evening.evidence())

    evening.prepare("run-2")
    other = evening.deliver("run-2/handoff/762000-916000")

    assert (0, 1, 0) == (other["released"], other["unchanged"], other["received"])
    assert 1 == len(evening.college.deliveries())
    assert 1 == evening.codes().count("release.permitted:permitted-by-consent")


def test_a_changed_mark_is_delivered_again_and_so_is_its_correction_back(evening: Evening) -> None:
    evening.school.pupil(1, mark="82")
    evening.school.answer(1)
    for run, mark in (("run-1", "82"), ("run-2", "83"), ("run-3", "82"), ("run-4", "82")):
        evening.school.pupil(1, mark=mark)
        evening.prepare(run)
        handoff.deliver(
            evening.hub, f"{run}/handoff/762000-916000", moment=MOMENT + timedelta(days=int(run[-1]))
        )

    with evening.hub.transaction() as connection:
        counts = [
            row.counts["released"]
            for run in ("run-1", "run-2", "run-3", "run-4")
            for row in exchanges.of_run(connection, run)
            if "762000" in row.id
        ]
    assert [1, 1, 1, 0] == counts
    assert 3 == len(evening.college.deliveries())


def test_killed_after_the_college_took_it_the_same_delivery_gives_the_same_receipt(
    evening: Evening, monkeypatch: pytest.MonkeyPatch
) -> None:
    evening.school.pupil(1)
    evening.school.answer(1)
    evening.prepare()
    with monkeypatch.context() as killed:
        killed.setattr(sending, "_close", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            evening.deliver()
    before = evening.evidence()

    counts = evening.deliver()

    assert 1 == counts["received"]
    assert 1 == len(evening.college.deliveries())
    assert ["delivery.sent", "handoff.delivered"] == [
        body["kind"] for body in evening.evidence()[len(before) :]
    ]
    assert 1 == len({body["facts"]["key"] for body in evening.evidence() if body["kind"] == "delivery.sent"})
    with evening.hub.transaction() as connection:
        held = exchanges.find(connection, EXCHANGE)
    assert held is not None
    assert ("done", "MAI-000001") == (held.state, held.receipt["number"])


def test_killed_while_preparing_nothing_is_half_done(
    evening: Evening, monkeypatch: pytest.MonkeyPatch
) -> None:
    evening.school.pupil(1)
    evening.school.answer(1)
    with monkeypatch.context() as killed:
        killed.setattr(exchanges, "record", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            evening.prepare()

    assert [] == evening.rows()
    assert [] == evening.evidence()
    evening.prepare()
    assert 1 == evening.deliver()["received"]


def test_a_college_that_is_down_leaves_the_exchange_failed_and_a_later_try_mends_it(
    evening: Evening,
) -> None:
    evening.school.pupil(1)
    evening.school.answer(1)
    evening.open("html200")
    evening.prepare()

    with pytest.raises(RetryableError):
        evening.deliver()

    with evening.hub.transaction() as connection:
        held = exchanges.find(connection, EXCHANGE)
    assert held is not None
    assert ("failed", "retryable") == (held.state, held.failure["code"])
    assert [None] == [row.delivered_at for row in evening.rows()]
    evening.open()
    assert 1 == evening.deliver()["received"]


def test_what_the_college_refuses_is_not_marked_delivered_and_is_sent_again(evening: Evening) -> None:
    for fiche in (1, 2):
        evening.school.pupil(fiche)
        evening.school.answer(fiche)
    evening.open("refuse-first")
    evening.prepare()
    first = evening.deliver()

    evening.open()
    evening.prepare("run-2")
    second = evening.deliver("run-2/handoff/762000-916000")

    assert (2, 1, {"format-inconnu": 1}) == (first["released"], first["received"], first["rejected"])
    assert (1, 1, 1) == (second["released"], second["unchanged"], second["received"])
    assert ["Élève1", "Élève2"] == evening.received()


def test_every_exchange_balances_and_the_chain_of_evidence_holds(evening: Evening) -> None:
    for fiche in range(1, 13):
        evening.school.pupil(fiche)
        if fiche % 3:
            evening.school.answer(fiche, distinct=fiche % 2 == 0)
    for exchange in evening.prepare():
        counts = evening.deliver(exchange)
        apart = counts["released"] + counts["unchanged"] + sum(counts["withheld"].values())
        assert counts["population"] == apart

    kinds = Counter(body["kind"] for body in evening.evidence())
    assert {
        "release.permitted": 4, "release.refused": 8, "handoff.delivered": 3,
        "delivery.queued": 1, "delivery.sent": 1,
    } == kinds  # fmt: skip
    with evening.hub.transaction() as connection:
        assert chain.verify(connection, public_pem(evening.hub.keys)).holds


def test_evidence_names_the_person_by_hub_id_and_by_nothing_else(evening: Evening) -> None:
    evening.school.pupil(1, code_permanent="EXEE76530901")
    evening.school.answer(1)
    evening.prepare()
    evening.deliver()

    text = json.dumps(evening.evidence(), ensure_ascii=False)

    assert not any(word in text for word in ("Élève1", "EXEE76530901", "0000001", "Exemple"))


def test_a_college_that_is_not_installed_has_no_route(evening: Evening) -> None:
    demo_site(evening.hub)

    assert [] == evening.prepare()


def test_delivering_what_was_never_prepared_is_refused(evening: Evening) -> None:
    with pytest.raises(ConfigurationError, match="Prepare it first"):
        evening.deliver("run-9/handoff/762000-916000")
