"""Slips on a real database: R, A, D, numbers, files, summary; a killed step ends as one that was not."""

import json
import stat
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
from lxml import etree

from canonical_model.errors import ConfigurationError, IntegrityError
from gateway.billing import slip_files
from gateway.billing.rl24_xml import MARK
from gateway.store.schema import evidence_entry, exchange, journal, ledger_entry, slip, slip_number
from tests.gateway.billing.board import Daycare, family
from tests.gateway.billing.invented import OTHER_SIN

NAMES = {"t": "http://www.mrq.gouv.qc.ca/T5"}
Erp = Callable[..., Any]


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
