"""Decide; fetch nothing. What nobody permitted is refused, and the refusal says why.

A section leaves when an agreement in force names it for this purpose, sender and recipient, and its
legal basis lets it: under consent, when an entitled person said yes; under a law, an agreement of
section 68 or a mandate, unless the section is refusable and was refused. One agreement carries one
decision, and under consent one body's question does. The only file that holds the seal.
"""

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from canonical_model.base import SENSITIVITY
from canonical_model.released import Decision
from canonical_model.seal import SEAL
from gateway.consent.agreements import Agreement, Basis, check
from gateway.consent.answers import Answer, standing
from gateway.consent.policy import Policy
from gateway.consent.reasons import REFUSALS, Reason

_PERMITTED: Mapping[Basis, Reason] = {
    "consent_53_1": "permitted-by-consent",
    "law": "permitted-by-law",
    "agreement_68": "permitted-by-agreement",
    "mandate_67_2": "permitted-by-mandate",
}


@dataclass(frozen=True, slots=True)
class Subject:
    """What a decision needs to know of one person.

    `id`: the hub's. `organizations`: the bodies whose records would leave. `birth_dates`: as each
    board says it; usually one. `answers`: everything that was answered about this person.
    """

    id: str
    organizations: frozenset[str]
    birth_dates: frozenset[date]
    answers: tuple[Answer, ...]


@dataclass(frozen=True, slots=True)
class _Case:
    """One question: may `wanted` of this person go to `recipient` for `purpose` on `day`?"""

    subject: Subject
    recipient: str
    purpose: str
    wanted: frozenset[str]
    policy: Policy
    day: date


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What one agreement gives: the permitted sections, why not the others, the answer it rests on."""

    agreement: Agreement | None
    fields: frozenset[str]
    withheld: Mapping[str, Reason]
    answer: Answer | None


def decide(
    subject: Subject,
    *,
    recipient: str,
    purpose: str,
    asked: Collection[str],
    agreements: Iterable[Agreement],
    policy: Policy,
    day: date,
) -> Decision:
    """Permit some of `asked`, or refuse. Pure: the same facts give the same decision, in any order."""
    case = _Case(subject, recipient, purpose, frozenset(asked), policy, day)
    usable, lacking = _usable(case, agreements)
    outcomes = [
        _under(agreement, bodies, case)
        for agreement in sorted(usable, key=lambda agreement: agreement.id)
        for bodies in _bodies(agreement, subject)
    ]
    nothing = _Outcome(None, frozenset(), dict.fromkeys(case.wanted, lacking), None)
    return _decision(min(outcomes, key=lambda found: -len(found.fields), default=nothing), case)


def bodies(decision: Decision, subject: Subject, agreements: Iterable[Agreement]) -> frozenset[str]:
    """Whose records a decision lets leave: under consent, those of the one body that asked for it."""
    asked_by = {answer.key: answer.organization for answer in subject.answers}
    if decision.consent is not None:
        return frozenset({asked_by[decision.consent]})
    found = {agreement.id: agreement.senders for agreement in agreements}
    return found.get(decision.agreement or "", frozenset()) & subject.organizations


def _bodies(agreement: Agreement, subject: Subject) -> tuple[frozenset[str], ...]:
    """The bodies that are decided on together: one by one under consent, else all at once."""
    bound = agreement.senders & subject.organizations
    if agreement.basis != "consent_53_1":
        return (bound,)
    return tuple(frozenset({body}) for body in sorted(bound))


def decide_all(
    subjects: Iterable[Subject],
    *,
    recipient: str,
    purpose: str,
    asked: Collection[str],
    agreements: Iterable[Agreement],
    policy: Policy,
    day: date,
) -> tuple[Decision, ...]:
    """The same function over many persons: bulk knows no other rule."""
    known = tuple(agreements)
    return tuple(
        decide(
            subject, recipient=recipient, purpose=purpose, asked=asked, agreements=known,
            policy=policy, day=day,
        )
        for subject in subjects
    )  # fmt: skip


def _usable(case: _Case, agreements: Iterable[Agreement]) -> tuple[list[Agreement], Reason]:
    """The agreements that could serve, and the reason when there is none."""
    between = [
        item
        for item in agreements
        if case.recipient in item.recipients and item.senders & case.subject.organizations
    ]
    covering = [item for item in between if item.purpose == case.purpose]
    usable = [item for item in covering if not check(item, case.day, case.policy)]
    if covering:
        return usable, "agreement-not-in-force"
    return usable, "purpose-not-covered" if between else "no-agreement"


def _under(agreement: Agreement, bound: frozenset[str], case: _Case) -> _Outcome:
    """What `agreement` gives of the records of `bound`. Mandatory sections are weighed, asked or not.

    An answer binds the records of the body that asked for it, and of no other.
    """
    mandatory = frozenset(name for name, kind in agreement.sections.items() if kind == "mandatory")
    heard = tuple(item for item in case.subject.answers if item.organization in bound)
    rests_on: dict[str, Answer] = {}
    withheld: dict[str, Reason] = {}
    for section in sorted(case.wanted | mandatory):
        reason, answer = _section(section, agreement, case, heard)
        if reason is not None:
            withheld[section] = reason
        elif answer is not None:
            rests_on[section] = answer
    if mandatory & withheld.keys():
        for section in case.wanted - withheld.keys():
            withheld[section] = "mandatory-section-withheld"
    fields = case.wanted - withheld.keys()
    used = sorted((rests_on[name] for name in fields if name in rests_on), key=lambda item: item.key)
    told = {name: reason for name, reason in withheld.items() if name in case.wanted}
    return _Outcome(agreement, fields, told, used[0] if used else None)


def _section(
    section: str, agreement: Agreement, case: _Case, heard: tuple[Answer, ...]
) -> tuple[Reason | None, Answer | None]:
    """Why one section is withheld, or None with the answer that permits it, if it took one."""
    kind = agreement.sections.get(section)
    sensitivity = SENSITIVITY.get(section)
    if kind is None or sensitivity is None:
        return "section-not-in-agreement", None
    if sensitivity == "restricted":
        return "section-restricted", None
    if kind == "forbidden":
        return "section-forbidden", None
    if agreement.basis != "consent_53_1" and kind == "mandatory":
        return None, None
    stands = standing(
        section,
        heard,
        recipient=case.recipient,
        purpose=case.purpose,
        birth_dates=case.subject.birth_dates,
        sensitive=sensitivity == "sensitive",
        policy=case.policy,
        day=case.day,
    )
    if agreement.basis == "consent_53_1":
        return (None, stands.answer) if stands.permits else (stands.reason, None)
    return ("consent-refused", None) if stands.reason == "consent-refused" else (None, None)


def _decision(outcome: _Outcome, case: _Case) -> Decision:
    agreement, answer = outcome.agreement, outcome.answer
    reason: Reason
    if outcome.fields and agreement is not None:
        reason = _PERMITTED[agreement.basis]
    else:
        given = set(outcome.withheld.values()) or {"nothing-asked"}
        reason = next(code for code in REFUSALS if code in given)
    withheld = tuple(sorted(outcome.withheld.items()))
    facts = {
        "subject": case.subject.id,
        "recipient": case.recipient,
        "purpose": case.purpose,
        "day": case.day.isoformat(),
        "asked": sorted(case.wanted),
        "fields": sorted(outcome.fields),
        "reason": reason,
        "withheld": withheld,
        "agreement": agreement.id if agreement else None,
        "consent": answer.key if answer else None,
        "policy": case.policy.version,
    }
    text = json.dumps(facts, sort_keys=True, separators=(",", ":"))
    return Decision(
        subject=case.subject.id,
        recipient=case.recipient,
        purpose=case.purpose,
        fields=outcome.fields,
        reason=reason,
        withheld=withheld,
        basis=agreement.basis if agreement else None,
        agreement=agreement.id if agreement else None,
        consent=answer.key if answer else None,
        policy=case.policy.version,
        marker=hashlib.sha256(text.encode()).hexdigest(),
        seal=SEAL,
    )
