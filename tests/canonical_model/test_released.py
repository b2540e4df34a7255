"""A decision cannot be forged or widened; a release carries what its decision names, about nobody else.

The seal is not imported here (contract `only-consent-seals`): decisions come from gateway.consent.decide.
"""

from collections.abc import Mapping
from dataclasses import FrozenInstanceError, fields, replace
from datetime import date
from typing import Any

import pytest

from canonical_model.released import Decision, Released
from gateway.consent import policy
from gateway.consent.agreements import parse
from gateway.consent.answers import Answer
from gateway.consent.decide import Subject, decide

DAY = date(2026, 2, 16)
AGREEMENT = parse(
    """
agreement: admission
version: 1
from: [762000]
to: [916000]
purpose: admission
basis: consent_53_1
sections: {identity: mandatory, results_local: refusable}
period: {start: 2025-09-01, end: 2026-09-01}
pia: EFVP-1
cai_received_on: 2025-06-01
outside_quebec: no
transport: clara
""",
    "a.yaml",
)
YES = Answer(
    key="mozaik_inscription@762000/1", organization="762000", recipient="916000", purpose="admission",
    sections=frozenset({"identity", "results_local"}), given=True, giver="student", given_on=date(2025, 11, 3),
    start=date(2025, 11, 3), end=date(2026, 9, 1), distinct=True,
)  # fmt: skip


def decision(*answers: Answer) -> Decision:
    return decide(
        Subject("p1", frozenset({"762000"}), frozenset({date(2009, 3, 14)}), answers),
        recipient="916000", purpose="admission", asked=frozenset({"identity", "results_local"}),
        agreements=(AGREEMENT,), policy=policy.in_force(DAY), day=DAY,
    )  # fmt: skip


def facts(held: Decision) -> dict[str, Any]:
    return {field.name: getattr(held, field.name) for field in fields(held)}


def release(held: Decision, resource: Mapping[str, Any], *, subject: str = "p1") -> Released:
    return Released(held, subject=subject, resource=resource)


def test_a_decision_cannot_be_forged() -> None:
    held = facts(decision(YES))

    for seal in (object(), None, True, "SEAL"):
        with pytest.raises(PermissionError, match=r"gateway\.consent\.decide only"):
            Decision(**held, seal=seal)
    with pytest.raises(TypeError, match="seal"):
        Decision(**held)


def test_a_decision_cannot_be_widened() -> None:
    held = decision(YES)

    with pytest.raises((ValueError, TypeError), match="seal"):
        replace(held, fields=frozenset({"health"}))
    with pytest.raises(PermissionError):
        replace(held, fields=frozenset({"health"}), seal=None)
    with pytest.raises((FrozenInstanceError, TypeError)):
        held.fields = frozenset({"health"})  # type: ignore[misc]
    assert not hasattr(held, "seal")


def test_only_named_sections_leave() -> None:
    with pytest.raises(
        PermissionError, match=r"Not named by the decision: childcare, health\. Redact first\."
    ):
        release(decision(YES), {"identity": [], "health": [], "childcare": []})


def test_a_decision_about_one_person_releases_no_other() -> None:
    with pytest.raises(PermissionError, match="another person"):
        release(decision(YES), {"identity": []}, subject="p2")


def test_a_refusal_releases_nothing() -> None:
    refused = decision()

    assert not refused.permits
    with pytest.raises(PermissionError, match=r"Refused \(no-consent-in-force\)"):
        release(refused, {})


def test_a_section_cannot_be_slipped_in_afterwards() -> None:
    resource: dict[str, Any] = {"identity": [{"family_name": "Exemple"}]}
    held = release(decision(YES), resource)
    rendered = held.with_document(b"<x/>")
    resource["health"] = []

    assert {"identity"} == held.resource.keys() == rendered.resource.keys()
    assert (None, b"<x/>") == (held.document, rendered.document)
    with pytest.raises(TypeError):
        held.resource["health"] = []  # type: ignore[index]
    with pytest.raises(PermissionError, match="Not named"):
        replace(held, resource={"health": []})
    with pytest.raises(PermissionError, match="another person"):
        replace(held, subject="p2")


def test_a_refusal_s_message_tells_nothing_of_the_person() -> None:
    with pytest.raises(PermissionError) as raised:
        release(decision(YES), {"identity": [{"family_name": "Exemple"}], "health": ["asthme"]})

    assert "Exemple" not in str(raised.value)
    assert "asthme" not in str(raised.value)
