"""Money, slips, agreements, bundles: what must agree inside one document, and what is refused when it does not."""

import copy
import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from canonical_model import resources, rules
from canonical_model.base import problems
from canonical_model.elements import described
from canonical_model.generated import documents

Document = dict[str, Any]
MINE = (
    "Agreement",
    "AuditEvent",
    "Bundle",
    "Charge",
    "Invoice",
    "LedgerTransaction",
    "Provenance",
    "TaxSlip",
)


def document(name: str, fits: Callable[[Document], bool] = lambda _: True) -> Document:
    """The first generated document of that shape."""
    return next(one for one in documents(name, 300, 7) if fits(one))


def found(name: str, content: Document) -> list[tuple[str, str]]:
    """What is wrong with it; nothing when it is valid."""
    try:
        resources.resource(name).model_validate_json(json.dumps(content))
    except ValidationError as error:
        return problems(error)
    return []


def code(of: str) -> Callable[[Document], bool]:
    return lambda one: one["code"]["code"] == of


def money(text: str) -> Document:
    return {"amount": text, "currency": "CAD"}


def coding(system: str, value: str) -> Document:
    return {"system": system, "version": "2024-07-01", "code": value}


@pytest.mark.parametrize("name", MINE)
def test_every_field_says_what_it_means(name: str) -> None:
    kind = resources.resource(name)

    assert all(item.french and item.english for item in described(kind, kind.SECTION))


def test_a_charge_is_the_share_of_quantity_times_price() -> None:
    charge = document("Charge") | {
        "quantity": "6", "unit_price": money("16.20"), "share": "50", "amount": money("48.60"),
        "non_eligible": money("28.50"),
    }  # fmt: skip

    assert [] == found("Charge", charge)
    assert [] == found(
        "Charge", charge | {"amount": money("48.59")}
    )  # the cent that a split gives to one of two
    assert [("(record)", "charge-amount")] == found("Charge", charge | {"amount": money("48.62")})
    assert [("(record)", "non-eligible-above-amount")] == found(
        "Charge", charge | {"non_eligible": money("48.61")}
    )
    assert [("amount", "negative-amount")] == found("Charge", charge | {"amount": money("-48.60")})
    assert [("amount.amount", "money-is-text")] == found("Charge", charge | {"amount": {"amount": 48.6}})


@given(cents=st.integers(-100_000, 100_000).filter(bool))
def test_an_invoice_adds_up_to_the_cent_or_is_refused(cents: int) -> None:
    invoice = document("Invoice")
    wrong = Decimal(invoice["total"]["amount"]) + Decimal(cents) / 100
    rule = "invoice-total" if wrong >= 0 else "negative-amount"

    assert [] == found("Invoice", invoice)
    assert rule in {what for _, what in found("Invoice", invoice | {"total": money(f"{wrong:.2f}")})}


def test_an_invoice_cannot_change_nor_its_lines() -> None:
    held: Any = resources.resource("Invoice").model_validate_json(json.dumps(document("Invoice")))

    with pytest.raises(ValidationError, match="frozen"):
        held.lines[0].amount = held.total
    assert isinstance(held.lines, tuple)


def test_a_credit_note_and_nothing_else_names_the_invoice_it_mends() -> None:
    note = document("Invoice", lambda one: one["kind"]["code"] == "credit_note")
    invoice = document("Invoice", lambda one: one["kind"]["code"] == "invoice")
    without = {name: value for name, value in note.items() if name != "credited_invoice"}

    assert [("(record)", "credited-invoice")] == found("Invoice", without)
    assert [("(record)", "credited-invoice")] == found("Invoice", invoice | {"credited_invoice": "F-1"})
    assert [("(record)", "due-before-issued")] == found("Invoice", invoice | {"due_on": "1999-01-01"})


def ledger(*entries: tuple[str, str, str]) -> Document:
    sides = [{"account": "3-1-20000", "fund": fund, side: money(text)} for fund, side, text in entries]
    return document("LedgerTransaction") | {"entries": sides}


def test_debits_equal_credits_in_all_and_in_each_fund() -> None:
    unequal = [("(record)", "debit-equals-credit")]

    assert [] == found(
        "LedgerTransaction",
        ledger(("1", "debit", "405.70"), ("1", "credit", "389.50"), ("1", "credit", "16.20")),
    )
    assert unequal == found("LedgerTransaction", ledger(("1", "debit", "405.70"), ("1", "credit", "405.69")))
    assert unequal == found("LedgerTransaction", ledger(("1", "debit", "19.00"), ("2", "credit", "19.00")))


@given(cents=st.lists(st.integers(1, 10**9), min_size=1, max_size=20), off=st.integers(-5, 5))
def test_a_transaction_that_is_a_cent_off_is_refused(cents: list[int], off: int) -> None:
    total = sum(cents) + off
    entries = [("1", "debit", f"{Decimal(one) / 100:.2f}") for one in cents]
    wanted = [] if off == 0 or total < 0 else ["debit-equals-credit"]
    if total >= 0:
        content = ledger(*entries, ("1", "credit", f"{Decimal(total) / 100:.2f}"))

        assert wanted == [rule for _, rule in found("LedgerTransaction", content)]


def test_an_entry_has_one_side_and_a_fiscal_year_two_years() -> None:
    content = ledger(("1", "debit", "1.00"), ("1", "credit", "1.00"))
    both = copy.deepcopy(content)
    both["entries"][0]["credit"] = money("1.00")

    assert [("entries.0", "debit-or-credit")] == found("LedgerTransaction", both)
    assert [("(record)", "fiscal-year")] == found("LedgerTransaction", content | {"fiscal_year": "20242026"})


def test_a_ledger_transaction_names_no_person() -> None:
    kind = resources.resource("LedgerTransaction")
    paths = {item.path for item in described(kind, kind.SECTION)}

    assert not {path for path in paths if "subject" in path or "name" in path or "payer" in path}


def slip(**boxes: Any) -> Document:
    """Vector V1 of facts/billing-rl24.md §17, with other boxes where told."""
    child = {
        "family_name": "Papatie", "given_name": "Zoé", "birth_date": "2018-05-10", "days": 110,
        "total": money("1203.70"), "non_eligible": money("1052.00"), "eligible": money("151.70"),
    }  # fmt: skip
    line = {name: value for name, value in (child | boxes).items() if value is not None}
    return document("TaxSlip", code("R")) | {"number": "101458755", "children": [line]}


def test_box_e_is_c_less_d_and_days_exclude_weeks() -> None:
    assert [] == found("TaxSlip", slip())
    assert [] == found("TaxSlip", slip(days=None, weeks=4))
    assert [("children.0", "box-e")] == found("TaxSlip", slip(eligible=money("151.71")))
    assert [("children.0", "days-or-weeks")] == found("TaxSlip", slip(weeks=4))
    assert [("children.0", "days-or-weeks")] == found("TaxSlip", slip(days=None))
    assert [("children.0.total", "box-maximum")] == found("TaxSlip", slip(total=money("10000000.00")))
    assert [("(record)", "slip-not-due")] == found(
        "TaxSlip", slip(total=money("190.00"), non_eligible=money("190.00"), eligible=money("0.00"))
    )


def test_a_slip_number_ends_with_its_remainder_by_seven() -> None:
    """Vector V9."""
    for number in ("101458766", "101458814", "101458825", "101461743", "240000014", "000000011"):
        assert [] == found("TaxSlip", slip() | {"number": number})
    assert [("number", "releve-24-wrong-check-digit")] == found("TaxSlip", slip() | {"number": "101458756"})


def test_the_code_of_a_slip_is_r_a_or_d_and_says_what_it_carries() -> None:
    """Vector V8: an amended slip has a number of its own and names the one before."""
    amended = slip() | {"code": coding("slip_code", "A"), "number": "101458766"}
    cancelled = slip() | {"code": coding("slip_code", "D")}

    assert [("code", "unknown-code")] == found("TaxSlip", slip() | {"code": coding("slip_code", "O")})
    assert [] == found("TaxSlip", amended | {"previous_number": "101458755"})
    assert [("(record)", "previous-slip")] == found("TaxSlip", amended)
    assert [("(record)", "previous-slip")] == found("TaxSlip", slip() | {"previous_number": "101458766"})
    assert [("(record)", "slip-number-reused")] == found(
        "TaxSlip", amended | {"previous_number": "101458766"}
    )
    assert [("(record)", "cancelled-slip-amounts")] == found("TaxSlip", cancelled)
    assert [] == found("TaxSlip", cancelled | {"children": []})


def test_the_sin_alone_is_restricted_and_zeros_are_none() -> None:
    """Vector V10."""
    kind = resources.resource("TaxSlip")
    restricted = [item.path for item in described(kind, kind.SECTION) if item.sensitivity == "restricted"]
    content = slip()
    content["payer"]["social_insurance_number"] = "000000000"

    assert ["payer.social_insurance_number"] == restricted
    assert [("payer.social_insurance_number", "nas-all-zeros")] == found("TaxSlip", content)


def test_an_agreement_names_who_sends_who_receives_and_no_restricted_section() -> None:
    content = document("Agreement")
    senders = [party | {"role": coding("agreement_role", "sender")} for party in content["parties"]]
    health = {"section": "health", "section_class": coding("section_class", "refusable")}
    bullying = health | {"section": "bullying"}
    forbidden = bullying | {"section_class": coding("section_class", "forbidden")}

    assert [] == found("Agreement", content | {"sections": [health, forbidden]})
    assert [("(record)", "agreement-parties")] == found("Agreement", content | {"parties": senders})
    assert [("(record)", "section-twice")] == found("Agreement", content | {"sections": [health, health]})
    assert [("(record)", "section-restricted")] == found("Agreement", content | {"sections": [bullying]})


def bundle(*entries: Document) -> Document:
    return document("Bundle") | {"entries": list(entries)}


def test_a_bundle_holds_any_resource_of_the_model_and_gives_it_back() -> None:
    for name in resources.NAMES:
        if name == "Bundle":
            continue
        content = bundle({"resource": document(name)})
        held: Any = resources.resource("Bundle").model_validate_json(json.dumps(content))
        again = resources.resource("Bundle").model_validate_json(held.model_dump_json())

        assert type(held.entries[0].resource) is resources.resource(name)
        assert held == again
        hash(held)


def test_what_is_wrong_inside_a_bundle_is_told_by_its_own_place_and_rule() -> None:
    student = document("Student")
    entries = (
        {"resource": student | {"birth_date": "2012-02-30"}},
        {"resource": {"resource_type": "Zorglub"}},
        {"resource": {"family_name": "Papatie"}},
        {"resource": document("Bundle")},
        {"resource": student, "reference": {"resource": "Student", "key": "1"}},
        {},
        {"resource": 7},
    )

    assert [
        ("entries.0.resource.birth_date", "date-parsing"),
        ("entries.1.resource", "unknown-resource-type"),
        ("entries.2.resource", "unknown-resource-type"),
        ("entries.3.resource", "bundle-in-bundle"),
        ("entries.4", "reference-or-resource"),
        ("entries.5", "reference-or-resource"),
        ("entries.6.resource", "model-type"),
    ] == found("Bundle", bundle(*entries))


def test_a_bundle_is_bounded() -> None:
    entry = {"reference": {"resource": "Student", "key": "1"}}

    assert [] == found("Bundle", bundle(*[entry] * 1000))
    assert [("entries", "too-long")] == found("Bundle", bundle(*[entry] * 1001))
    assert ("entries", "too-short") in found("Bundle", bundle())


def test_every_rule_of_money_slips_agreements_and_bundles_has_words() -> None:
    told = {
        "charge-amount", "non-eligible-above-amount", "negative-amount", "invoice-total", "due-before-issued",
        "credited-invoice", "debit-or-credit", "debit-equals-credit", "fiscal-year", "box-e", "box-maximum",
        "days-or-weeks", "previous-slip", "slip-number-reused", "cancelled-slip-amounts", "slip-not-due",
        "agreement-parties", "section-twice", "section-restricted", "unknown-resource-type", "bundle-in-bundle",
        "reference-or-resource", "extra-forbidden", "date-parsing", "too-long", "model-type", "json-invalid",
    }  # fmt: skip

    assert told <= set(rules.known())


def test_the_domain_of_an_entry_is_the_first_part_of_its_kind() -> None:
    entry = document("AuditEvent") | {
        "kind": "release.refused",
        "domain": coding("audit_event_kind", "release"),
    }

    assert [] == found("AuditEvent", entry)
    assert [] == found("AuditEvent", {key: value for key, value in entry.items() if key != "domain"})
    assert [("(record)", "domain-disagrees")] == found("AuditEvent", entry | {"kind": "intake.landed"})
