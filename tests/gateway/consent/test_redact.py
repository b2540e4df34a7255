"""Redaction: only what was decided, of the body it was decided for, and no trace of the rest."""

from datetime import date
from typing import Any

import pytest

from canonical_model import resources
from canonical_model.base import SENSITIVITY
from canonical_model.released import Decision, Released
from gateway.consent import policy
from gateway.consent.agreements import parse
from gateway.consent.decide import Subject, decide
from gateway.consent.redact import redact

DAY = date(2026, 2, 16)
AGREEMENT = """
agreement: a
version: 1
from: [762000]
to: [916000]
purpose: admission
basis: law
law: LIP
sections: {identity: refusable, results_local: refusable, finance: refusable}
period: {start: 2025-09-01}
outside_quebec: no
transport: clara
"""
STUDENT: dict[str, Any] = {
    "resource_type": "Student",
    "subject": [{"system": "fiche:762000", "value": "0001234"}],
    "organization": "762000",
    "family_name": "Exemple",
    "given_name": "Ève",
    "birth_date": "2009-03-14",
    "sex": {"system": "sex", "version": "2024-07-01", "code": "F"},
    "code_permanent": "EXEE76530901",
}
CONTRACT: dict[str, Any] = {
    "resource_type": "ChildcareContract",
    "subject": STUDENT["subject"],
    "organization": "762000",
    "daycare": "SG1",
    "payer": "P1",
    "social_insurance_number": "046454286",
}


def decision(*asked: str) -> Decision:
    return decide(
        Subject("p1", frozenset({"762000"}), frozenset({date(2009, 3, 14)}), ()),
        recipient="916000", purpose="admission", asked=asked, agreements=(parse(AGREEMENT, "a.yaml"),),
        policy=policy.in_force(DAY), day=DAY,
    )  # fmt: skip


def test_a_section_that_was_not_decided_does_not_appear_in_any_form() -> None:
    held = {"identity": [STUDENT], "finance": [CONTRACT], "health": [{"resource_type": "X"}]}

    found = redact(decision("identity"), held, organizations={"762000"})

    assert ["identity"] == list(found)
    assert "762" not in str(found["identity"][0].get("subject", ""))


def test_what_the_store_adds_and_who_it_is_about_have_no_way_out() -> None:
    stored = {**STUDENT, "version": 3, "key": "gpi@762000/1", "person": "p1", "total": 7, "count": 7}

    (record,) = redact(decision("identity"), {"identity": [stored]}, organizations={"762000"})["identity"]

    assert STUDENT.keys() - {"subject"} == record.keys()


def test_the_social_insurance_number_never_leaves_with_its_section() -> None:
    (record,) = redact(decision("finance"), {"finance": [CONTRACT]}, organizations={"762000"})["finance"]

    assert "046454286" not in str(record)
    assert "SG1" == record["daycare"]


def test_another_body_s_records_stay() -> None:
    other = {**STUDENT, "organization": "711000"}

    assert {} == redact(decision("identity"), {"identity": [other]}, organizations={"762000"})


def test_a_record_filed_under_another_section_or_of_no_known_kind_stays() -> None:
    held = {"results_local": [STUDENT, {"resource_type": "Secret", "organization": "762000"}, {}]}

    assert {} == redact(decision("results_local"), held, organizations={"762000"})


def test_an_empty_section_is_absent_and_not_counted() -> None:
    assert {} == redact(decision("identity"), {"identity": []}, organizations={"762000"})


def test_no_resource_keeps_a_field_that_says_who_it_is_about() -> None:
    for name in resources.NAMES:
        kind = resources.resource(name)
        if SENSITIVITY[kind.SECTION] == "restricted" or kind.SECTION == "consent":
            continue
        record = dict.fromkeys(kind.model_fields, "x") | {"resource_type": name, "organization": "762000"}
        held = {kind.SECTION: [record]}
        permitted = decision(kind.SECTION)
        for kept in redact(permitted, held, organizations={"762000"}).values():
            assert "subject" not in kept[0]


def test_a_refusal_cannot_be_made_into_a_release() -> None:
    refused = decision("health")

    with pytest.raises(PermissionError):
        Released(refused, subject="p1", resource={})
    with pytest.raises(PermissionError):
        Released(decision("identity"), subject="p2", resource={})
