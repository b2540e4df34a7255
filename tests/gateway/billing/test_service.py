"""The three steps of billing on a real database with a live ERP: done twice is done once, figures agree."""

import json
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
import sqlalchemy as sa

from canonical_model.errors import ConfigurationError, IntegrityError, RetryableError
from gateway.billing import posting, service
from gateway.store.schema import evidence_entry, exchange, journal, ledger_entry, slip, slip_number
from tests.gateway.billing.board import Daycare, family
from tests.gateway.billing.invented import BOARD

Erp = Callable[..., Any]


def test_charges_are_receipts_and_arrears_and_what_is_overpaid_stays_credit(daycare: Daycare) -> None:
    family(daycare)
    daycare.pays("P1", "5.00", number="R3", fiche="0000001")
    counts = daycare.charge()

    assert (7099, 6059, 1040, 500) == (
        counts["charges_cents"],
        counts["receipts_cents"],
        counts["arrears_cents"],
        counts["credit_cents"],
    )
    assert (4, 2, {}) == (counts["days"], counts["payers"], counts["set_aside"])


def test_a_second_day_without_news_adds_nothing_anywhere(daycare: Daycare, erp: Erp) -> None:
    family(daycare)
    system = erp()
    first = (daycare.charge("r1"), daycare.post("r1"), daycare.issue("r1"))
    files, journals = daycare.files, daycare.all(journal)
    ledger, slips, numbers = daycare.all(ledger_entry), daycare.all(slip), daycare.all(slip_number)
    again = (daycare.charge("r2"), daycare.post("r2"), daycare.issue("r2"))

    assert "r1/erp/GARDE-762000-000001" == first[1]
    assert again[1] is None
    assert (0, first[0]["charges_cents"]) == (again[0]["ledger_entries_added"], again[0]["charges_cents"])
    assert ({"R": 2, "A": 0, "D": 0}, {"R": 0, "A": 0, "D": 0}) == (first[2]["slips"], again[2]["slips"])
    assert first[2] | {"slips": None} == again[2] | {"slips": None}
    assert files == daycare.files
    assert (journals, ledger, slips, numbers) == (
        daycare.all(journal),
        daycare.all(ledger_entry),
        daycare.all(slip),
        daycare.all(slip_number),
    )
    assert ("GARDE-762000-000001",) == system.journals()


def test_the_same_run_called_again_changes_not_even_its_exchanges(daycare: Daycare, erp: Erp) -> None:
    family(daycare)
    erp()
    daycare.charge(), daycare.post(), daycare.issue()
    before = daycare.all(exchange), daycare.all(evidence_entry)
    daycare.charge(), daycare.post(), daycare.issue()

    assert before == (daycare.all(exchange), daycare.all(evidence_entry))


def test_the_erp_s_receivable_is_what_the_payers_owe(daycare: Daycare, erp: Erp) -> None:
    family(daycare)
    system = erp()
    counts = daycare.charge()
    posted = daycare.counts(daycare.post() or "")

    balances = system.balances()
    assert counts["arrears_cents"] - counts["credit_cents"] == balances["762-1-00000-113100"]
    assert (4259, 1800) == (balances["762-1-00000-111100"], balances["762-1-00000-111300"])
    assert posted["journal_debit_cents"] == posted["journal_credit_cents"] == 7099 + 6059
    with daycare.hub.transaction() as connection:
        standing = service.standing(connection, BOARD)
    assert (7099, 6059, 1040, 13158, 1, 13158) == (
        standing.charges,
        standing.receipts,
        standing.receivable,
        standing.turnover,
        standing.posted,
        standing.posted_cents,
    )


def test_a_changed_day_after_posting_posts_the_difference(daycare: Daycare, erp: Erp) -> None:
    family(daycare)
    system = erp()
    daycare.charge(), daycare.post()
    daycare.day("0000001", date(2025, 1, 17), "pedagogical_day", outing=False)
    daycare.pays("P2", "17.00", number="R2", fiche="0000001", channel="cheque")
    daycare.charge("r2")
    second = daycare.counts(daycare.post("r2") or "")

    assert 1500 + 100 == second["journal_debit_cents"]
    assert ["credit_note", "credit_note", "reversal"] == [row.event for row in daycare.all(ledger_entry)][-3:]
    assert 7099 - 1500 - (6059 - 100) == system.balances()["762-1-00000-113100"]
    assert ("GARDE-762000-000001", "GARDE-762000-000002") == system.journals()


def test_an_answer_lost_after_posting_is_asked_for_again_and_nothing_is_posted_twice(
    daycare: Daycare, erp: Erp
) -> None:
    family(daycare)
    erp("lost-receipt")
    daycare.charge()
    with pytest.raises(RetryableError):
        daycare.post()
    assert ("failed", None) == (
        daycare.row("r1/erp/GARDE-762000-000001").state,
        daycare.all(journal)[0].receipt,
    )

    system = erp()
    assert "r1/erp/GARDE-762000-000001" == daycare.post("r2")
    assert ("done", "MF-762000-000001") == (
        daycare.row("r1/erp/GARDE-762000-000001").state,
        daycare.all(journal)[0].receipt,
    )
    assert ("GARDE-762000-000001",) == system.journals()


def test_killed_between_posting_and_recording_the_same_journal_gets_the_same_receipt(
    daycare: Daycare, erp: Erp, monkeypatch: pytest.MonkeyPatch
) -> None:
    family(daycare)
    system = erp()
    daycare.charge()

    def killed(*_: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(posting, "_close", killed)
    with pytest.raises(KeyboardInterrupt):
        daycare.post()
    monkeypatch.undo()

    assert "r1/erp/GARDE-762000-000001" == daycare.post()
    assert ("GARDE-762000-000001",) == system.journals()
    assert 1 == len(daycare.all(journal))


def test_a_missing_account_stops_the_posting_and_nothing_left(daycare: Daycare, erp: Erp) -> None:
    family(daycare)
    system = erp()
    accounts = daycare.hub.settings.site_folder / "accounts.yaml"
    text = accounts.read_text()
    accounts.write_text(text.replace("    break_day: 762-1-15310-710300\n", ""))
    daycare.charge()
    with pytest.raises(ConfigurationError, match=r"no account for revenue\.break_day"):
        daycare.post()
    assert ((), []) == (system.journals(), daycare.all(journal))

    accounts.write_text(text)
    assert daycare.post() is not None


def test_a_journal_that_the_erp_finds_wrong_is_withdrawn_and_built_anew(daycare: Daycare, erp: Erp) -> None:
    family(daycare)
    system = erp("unknown-account")
    daycare.charge()
    with pytest.raises(ConfigurationError, match="compte-inconnu"):
        daycare.post()
    assert ((), []) == (system.journals(), daycare.all(journal))
    assert "failed" == daycare.row("r1/erp/GARDE-762000-000001").state

    assert "r1/erp/GARDE-762000-000001" == daycare.post()
    assert "done" == daycare.row("r1/erp/GARDE-762000-000001").state


def test_an_erp_that_does_not_answer_stops_before_the_issue_of_nothing(daycare: Daycare, erp: Erp) -> None:
    family(daycare)
    erp("html200")
    daycare.charge()
    with pytest.raises(RetryableError):
        daycare.post()

    assert daycare.all(journal)[0].receipt is None


def test_a_price_above_the_cap_charges_nobody(daycare: Daycare) -> None:
    family(daycare)
    prices = daycare.hub.settings.site_folder / "childcare.yaml"
    prices.write_text(prices.read_text().replace("class_day: 9.50", "class_day: 9.55", 1))
    with pytest.raises(ConfigurationError, match="above the cap"):
        daycare.charge()

    assert ([], [], []) == (daycare.all(ledger_entry), daycare.all(exchange), daycare.all(evidence_entry))


def test_days_that_nobody_answers_for_are_counted_and_not_charged(daycare: Daycare) -> None:
    daycare.child("0000001")
    daycare.child("0000002")
    daycare.contract("0000002", "P2", "40")
    daycare.day("0000001", date(2025, 1, 8))
    daycare.day("0000002", date(2025, 1, 8))
    daycare.pays("P2", "9.50", number="R1", fiche="0000002")
    counts = daycare.charge()

    assert {"no-contract": 1, "shares-not-100": 1} == counts["set_aside"]
    assert (0, 950) == (counts["charges_cents"], counts["credit_cents"])


def test_what_lies_after_the_day_does_not_count_yet(daycare: Daycare) -> None:
    family(daycare)
    early = daycare.charge("r1", date(2025, 1, 31))
    whole = daycare.charge("r2")

    assert (5099, 0) == (early["charges_cents"], early["receipts_cents"])
    assert (7099, 6059) == (whole["charges_cents"], whole["receipts_cents"])


@pytest.mark.parametrize(
    "altered",
    [
        sa.delete(ledger_entry).where(ledger_entry.c.detail == "break_day"),
        sa.update(ledger_entry).where(ledger_entry.c.detail == "bank").values(cents=1),
        sa.update(ledger_entry).where(ledger_entry.c.detail == "bank").values(event="invoice"),
    ],
)
def test_a_ledger_that_was_altered_is_noticed(daycare: Daycare, erp: Erp, altered: Any) -> None:
    family(daycare)
    erp()
    daycare.charge(), daycare.post()
    with daycare.hub.transaction() as connection:
        connection.execute(altered)
    with pytest.raises(IntegrityError, match="the ledger differs"):
        daycare.charge("r2")


def test_evidence_tells_each_step_without_naming_anybody(daycare: Daycare, erp: Erp) -> None:
    family(daycare)
    erp()
    daycare.charge(), daycare.post(), daycare.issue()
    kinds = [row.kind for row in daycare.all(evidence_entry)]
    bodies = [json.loads(row.body) for row in daycare.all(evidence_entry)]

    assert [
        "billing.charged",
        "delivery.queued",
        "delivery.sent",
        "billing.journal-posted",
        "billing.slips-issued",
        "billing.slip-files-written",
    ] == kinds
    assert {None} == {body["person"] for body in bodies}
    assert "MF-762000-000001" == bodies[3]["facts"]["receipt"]
