"""The three steps of billing on a real database with a live ERP: done twice is done once, figures agree."""

import json
import stat
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
from lxml import etree

from canonical_model.errors import ConfigurationError, IntegrityError, RetryableError
from gateway.billing import posting, service, slip_files
from gateway.billing.rl24_xml import MARK
from gateway.store.schema import evidence_entry, exchange, journal, ledger_entry, slip, slip_number
from tests.gateway.billing.board import Daycare
from tests.gateway.billing.invented import BOARD, OTHER_SIN

NAMES = {"t": "http://www.mrq.gouv.qc.ca/T5"}
Erp = Callable[..., Any]


def family(daycare: Daycare) -> None:
    """A child of separated parents: 70.99 charged; P1 owes 42.59 and pays it, P2 28.40 and pays 18.00."""
    daycare.child("0000001")
    daycare.contract("0000001", "P1", "60")
    daycare.contract("0000001", "P2", "40", social_insurance_number=OTHER_SIN)
    daycare.day("0000001", date(2025, 1, 8))
    daycare.day("0000001", date(2025, 1, 9), extra_hours=Decimal("0.25"))
    daycare.day("0000001", date(2025, 1, 17), "pedagogical_day", outing=True)
    daycare.day("0000001", date(2025, 3, 3), "break_day")
    daycare.pays("P1", "42.59", number="R1", fiche="0000001")
    daycare.pays("P2", "18.00", number="R2", fiche="0000001", channel="cheque")


# 9.50 + 9.50 + 0.79 + 16.20 + 15.00 + 20.00 = 70.99, by day: 42.59 of 60 %, 28.40 of 40 %


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
    sent = posting._sent

    def killed(*call: Any) -> Any:
        sent(*call)
        raise KeyboardInterrupt

    monkeypatch.setattr(posting, "_sent", killed)
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
    erp("html")
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


def test_slips_hold_what_was_paid_and_add_up_with_the_xml_and_the_summary(daycare: Daycare) -> None:
    family(daycare)
    counts = daycare.issue()
    files = daycare.files
    xml = etree.fromstring(files[f"{MARK}25762000001.xml"])
    summary = json.loads(files[f"{MARK}sommaire24_2025_762000_01.json"])

    def total(tag: str) -> int:
        return int(sum(Decimal(item.text) for item in xml.iterfind(f".//t:{tag}", NAMES)) * 100)

    assert 6059 == counts["paid_cents"] == counts["c_cents"]
    assert (2, "2", 2) == (
        counts["valid"],
        xml.findtext(".//t:T/t:NbReleves", None, NAMES),
        summary["slips"],
    )
    assert (counts["c_cents"], counts["d_cents"], counts["e_cents"]) == (
        total("C_FraisGardeTotal"),
        total("D_FraisGardeNonAdmissibles"),
        total("E_FraisGardeAdmissibles"),
    )
    assert (counts["c_cents"], counts["e_cents"]) == (
        round(Decimal(summary["total_c"]) * 100),
        round(Decimal(summary["total_e"]) * 100),
    )
    assert ["240000014", "240000025"] == [item.text for item in xml.iterfind(".//t:NoReleve", NAMES)]


def test_files_are_the_owner_s_only_and_name_no_person(daycare: Daycare) -> None:
    family(daycare)
    daycare.issue()
    folder = slip_files.folder(daycare.hub.settings.root)

    assert {0o600} == {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
    assert 0o700 == stat.S_IMODE(folder.stat().st_mode)
    assert {f"{MARK}25762000001.xml", f"{MARK}sommaire24_2025_762000_01.json"} == set(daycare.files)


def test_no_table_but_the_sealed_content_holds_a_name_or_a_sin(daycare: Daycare, erp: Erp) -> None:
    family(daycare)
    erp()
    daycare.charge(), daycare.post(), daycare.issue()
    tables = (exchange, journal, ledger_entry, slip, slip_number, evidence_entry)
    text = "".join(repr(row) for table in tables for row in daycare.all(table))

    for value in ("Invention", "Zoé", "Exemple", OTHER_SIN, "046454286", "2018-05-04"):
        assert value not in text


def test_killed_before_the_files_are_written_the_next_call_writes_the_same_bytes(
    daycare: Daycare, monkeypatch: pytest.MonkeyPatch
) -> None:
    family(daycare)
    monkeypatch.setattr(slip_files, "_written", _killed)
    with pytest.raises(KeyboardInterrupt):
        daycare.issue()
    monkeypatch.undo()
    assert ({}, 2) == (daycare.files, len(daycare.all(slip)))

    daycare.issue()
    written = daycare.files
    with daycare.hub.transaction() as connection:
        connection.execute(sa.update(slip).values(written_at=None))
    daycare.issue()

    assert written == daycare.files
    assert 2 == len(daycare.all(slip))


def _killed(*_: Any) -> Any:
    raise KeyboardInterrupt


def test_killed_while_issuing_no_number_is_lost(daycare: Daycare, monkeypatch: pytest.MonkeyPatch) -> None:
    family(daycare)
    monkeypatch.setattr("gateway.billing.issuing.append", _killed)
    with pytest.raises(KeyboardInterrupt):
        daycare.issue()
    monkeypatch.undo()
    assert ([], []) == (daycare.all(slip), daycare.all(slip_number))

    daycare.issue()
    assert {"240000014", "240000025"} == {row.number for row in daycare.all(slip)}


def test_a_late_payment_makes_an_amended_slip_with_a_new_number(daycare: Daycare) -> None:
    family(daycare)
    daycare.issue("r1")
    daycare.pays("P2", "10.40", number="R9", fiche="0000001", on=date(2026, 3, 20))
    counts = daycare.issue("r2", date(2026, 3, 31))
    xml = etree.fromstring(daycare.files[f"{MARK}25762000002.xml"])

    assert ({"R": 0, "A": 1, "D": 0}, 2, 7099) == (counts["slips"], counts["valid"], counts["c_cents"])
    assert ("240000036", "240000025") == (
        xml.findtext(".//t:A/t:NoReleve", None, NAMES),
        xml.findtext(".//t:A/t:NoReleveDerniereTrans", None, NAMES),
    )
    assert "amended" == json.loads(daycare.files[f"{MARK}sommaire24_2025_762000_02.json"])["kind"]


def test_a_wrong_sin_makes_a_cancelled_and_a_new_slip_in_two_files(daycare: Daycare) -> None:
    family(daycare)
    daycare.issue("r1")
    daycare.contract("0000001", "P1", "60", social_insurance_number=OTHER_SIN)
    counts = daycare.issue("r2")
    rows = [(row.number, row.code, row.sequence) for row in daycare.all(slip) if row.payer == "P1"]

    assert ({"R": 1, "A": 0, "D": 1}, 2) == (counts["slips"], counts["valid"])
    assert [("240000014", "D", 2), ("240000014", "R", 1), ("240000036", "R", 3)] == sorted(rows)
    assert b"<D>" in daycare.files[f"{MARK}25762000003.xml"]


def test_a_receipt_taken_back_cancels_the_slip_and_a_new_payment_makes_a_new_one(daycare: Daycare) -> None:
    family(daycare)
    daycare.issue("r1")
    daycare.pays("P2", "0.01", number="R2", fiche="0000001", channel="cheque")
    cancelled = daycare.issue("r2")
    daycare.pays("P2", "18.00", number="R2", fiche="0000001", channel="cheque")
    renewed = daycare.issue("r3")

    assert ({"R": 0, "A": 0, "D": 1}, 1, 1) == (
        cancelled["slips"],
        cancelled["valid"],
        cancelled["federal_receipts"],
    )
    assert ({"R": 1, "A": 0, "D": 0}, 2, 6059) == (renewed["slips"], renewed["valid"], renewed["c_cents"])
    assert 3 == len({row.number for row in daycare.all(slip)})


def test_without_a_sin_no_slip_is_issued_and_the_count_says_why(daycare: Daycare) -> None:
    family(daycare)
    daycare.contract("0000001", "P2", "40", social_insurance_number=None)
    counts = daycare.issue()

    assert ({"no-sin": 1}, 1800, 1) == (counts["not_issued"], counts["not_issued_cents"], counts["valid"])
    assert counts["paid_cents"] == counts["c_cents"] + counts["not_issued_cents"] + counts["federal_cents"]


def test_a_payer_who_is_set_aside_keeps_the_slip_that_he_has(daycare: Daycare) -> None:
    family(daycare)
    daycare.issue("r1")
    daycare.child("0000002")
    daycare.contract("0000002", "P2", family_name="Autre")
    daycare.pays("P2", "1.00", number="R9", fiche="0000001")
    counts = daycare.issue("r2")

    assert ({"R": 0, "A": 0, "D": 0}, 2, {"payer-ambiguous": 1}) == (
        counts["slips"],
        counts["valid"],
        counts["not_issued"],
    )
    assert (6159, 100) == (counts["paid_cents"], counts["not_issued_cents"])
    assert counts["paid_cents"] == counts["c_cents"] + counts["not_issued_cents"] + counts["federal_cents"]


def test_a_payer_of_class_days_only_gets_a_federal_receipt(daycare: Daycare) -> None:
    daycare.child("0000001")
    daycare.contract("0000001", "P1")
    daycare.day("0000001", date(2025, 1, 8))
    daycare.pays("P1", "9.50", number="R1", fiche="0000001")
    counts = daycare.issue()

    assert (1, 950, 0) == (counts["federal_receipts"], counts["federal_cents"], counts["valid"])
    assert {} == daycare.files


def test_an_exhausted_series_issues_nothing(daycare: Daycare) -> None:
    family(daycare)
    prices = daycare.hub.settings.site_folder / "childcare.yaml"
    prices.write_text(prices.read_text().replace('series_last: "24099999"', 'series_last: "24000001"'))
    with pytest.raises(ConfigurationError, match="no number is left"):
        daycare.issue()

    assert ([], [], {}) == (daycare.all(slip), daycare.all(slip_number), daycare.files)


def test_slips_that_differ_from_receipts_stop_everything(daycare: Daycare) -> None:
    family(daycare)
    daycare.issue()
    with daycare.hub.transaction() as connection:
        connection.execute(sa.update(slip).values(c_cents=slip.c.c_cents + 1, e_cents=slip.c.e_cents + 1))
    with pytest.raises(IntegrityError, match="slips differ from receipts"):
        daycare.issue("r2")


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
        "billing.journal-posted",
        "billing.slips-issued",
        "billing.slip-files-written",
    ] == kinds
    assert {None} == {body["person"] for body in bodies}
    assert "MF-762000-000001" == bodies[1]["facts"]["receipt"]
