"""The one door out: decide, read, redact, account. Nothing leaves the hub another way.

Decisions, the rows that remember them and their evidence are one transaction, the caller's. Asked
again under the same exchange, what has not changed is written nowhere a second time; what has
changed since, as a consent withdrawn between preparing and delivering, is decided anew.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, cast

import orjson
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from canonical_model.errors import ConfigurationError
from canonical_model.released import Decision, Released
from gateway.consent import agreements as agreement_files
from gateway.consent import policy as rules
from gateway.consent.agreements import Agreement
from gateway.consent.answers import Answer, Giver
from gateway.consent.decide import Subject, bodies, decide_all
from gateway.consent.redact import redact
from gateway.evidence.chain import Entry, append
from gateway.keys import Keys
from gateway.settings import Settings
from gateway.store import dossier
from gateway.store.dossier import Held
from gateway.store.hub import Hub
from gateway.store.schema import consent_withdrawal, resource_version
from gateway.store.schema import decision as decision_table

NOTHING_DELIVERED: Mapping[str, bytes] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class ReleaseResult:
    """`released` may leave; `refused` may not, each with its reason; `unchanged`: the recipient has it."""

    released: tuple[Released, ...]
    refused: tuple[Decision, ...]
    unchanged: tuple[Decision, ...] = ()


@dataclass(frozen=True, slots=True)
class _Question:
    """May these sections go there, for that, on that day?"""

    recipient: str
    purpose: str
    sections: frozenset[str]
    day: date


def agreements(settings: Settings) -> tuple[Agreement, ...]:
    """Every agreement of the site, in or out of force. Raises ConfigurationError naming the file."""
    folder = settings.site_folder / "agreements"
    stamps = tuple(
        (path, path.stat().st_mtime_ns, path.stat().st_size) for path in sorted(folder.glob("*.yaml"))
    )
    return _parsed(stamps)


@lru_cache(maxsize=4)
def _parsed(stamps: tuple[tuple[Path, int, int], ...]) -> tuple[Agreement, ...]:
    """Read again when a file was added, removed or changed; a request pays for a `stat` only."""
    return agreement_files.parse_all({path.name: path.read_text("utf-8") for path, _, _ in stamps})


def decide_for(
    connection: sa.Connection,
    keys: Keys,
    settings: Settings,
    *,
    persons: Sequence[str],
    recipient: str,
    purpose: str,
    sections: Collection[str],
    day: date,
    organization: str | None = None,
) -> tuple[Decision, ...]:
    """The decision on each person, in the order given. Releases nothing and writes nothing down.

    `organization` limits what could leave to one body's records; None: every body that knows the person.
    """
    subjects = _subjects(connection, keys, persons, organization, day)
    question = _Question(recipient, purpose, frozenset(sections), day)
    return _decided(subjects, question, agreements(settings))


def release(
    connection: sa.Connection,
    keys: Keys,
    settings: Settings,
    *,
    exchange: str,
    persons: Sequence[str],
    recipient: str,
    purpose: str,
    sections: Collection[str],
    day: date,
    moment: datetime,
    organization: str | None = None,
    delivered: Mapping[str, bytes] = NOTHING_DELIVERED,
) -> ReleaseResult:
    """Decide on each person, and give the redacted sections of those whom an agreement and a consent permit.

    `delivered`: content digest (column decision.content_digest) of what the recipient has, by person;
    who would get the same again is `unchanged`, and neither released nor written down. Every other
    outcome is a row of the table decision and an entry of evidence, once for an exchange.

    Call it last in a transaction: evidence holds its chain until the commit.
    """
    subjects = _subjects(connection, keys, persons, organization, day)
    question = _Question(recipient, purpose, frozenset(sections), day)
    known = agreements(settings)
    decisions = _decided(subjects, question, known)
    permitted = [item.subject for item in decisions if item.permits]
    held = dossier.sections(connection, keys, permitted, sections) if permitted else {}
    released: list[Released] = []
    unchanged: list[Decision] = []
    digests: dict[str, bytes | None] = {}
    for subject, decision in zip(subjects, decisions, strict=True):
        if not decision.permits:
            continue
        whose = bodies(decision, subject, known)
        resource = redact(decision, held.get(subject.id, {}), organizations=whose)
        digest = content_digest(keys, decision, resource)
        if delivered.get(subject.id) == digest:
            unchanged.append(decision)
        else:
            digests[subject.id] = digest
            released.append(Released(decision, subject=subject.id, resource=resource))
    refused = tuple(item for item in decisions if not item.permits)
    told = [*(item.decision for item in released), *refused]
    _account(connection, exchange, told, digests, moment)
    return ReleaseResult(tuple(released), refused, tuple(unchanged))


def refuse_unknown(
    connection: sa.Connection,
    *,
    exchange: str,
    recipient: str,
    purpose: str,
    sections: Collection[str],
    day: date,
    moment: datetime,
) -> None:
    """Write down that somebody asked for a person whom the hub does not know. Call it last, as `release`."""
    facts = {
        "exchange": exchange,
        "recipient": recipient,
        "purpose": purpose,
        "asked": sorted(sections),
        "day": day.isoformat(),
        "reason": "unknown-person",
    }
    append(connection, moment, Entry("release.refused", None, facts))


def content_digest(keys: Keys, decision: Decision, resource: Mapping[str, Any]) -> bytes:
    """What identifies a content for a recipient and a purpose, whatever the day and the marker."""
    text = orjson.dumps(resource, option=orjson.OPT_SORT_KEYS).decode()
    return keys.keyed_digest("release", decision.recipient, decision.purpose, text)


def withdraw_consent(hub: Hub, consent_key: str, *, day: date, moment: datetime) -> bool:
    """Withdraw one consent from `day` on. Returns False when it already was: withdrawing twice is once.

    The door out heeds it at once, even on a decision of an earlier business day. Raises
    ConfigurationError when there is no such consent, or when the answer was a refusal.
    """
    with hub.transaction() as connection:
        query = sa.select(resource_version.c.person).where(
            resource_version.c.resource == "Consent",
            resource_version.c.key == consent_key,
            resource_version.c.recorded_to.is_(None),
        )
        person = connection.execute(query).scalar_one_or_none()
        held = (
            {item.key: item for item in dossier.of_person(connection, hub.keys, str(person), "consent")}
            if person is not None
            else {}
        )
        if consent_key not in held or held[consent_key].document["answer"]["code"] != "given":
            raise ConfigurationError(
                f"consent {consent_key}: there is no consent of that key to withdraw."
                " Look it up with `passerelle consent list`.",
                f"consentement {consent_key} : aucun consentement de cette clé à retirer."
                " Cherchez-le avec `passerelle consent list`.",
            )
        fresh = connection.execute(
            insert(consent_withdrawal)
            .values(consent=consent_key, day=day, recorded_at=moment)
            .on_conflict_do_nothing()
            .returning(consent_withdrawal.c.consent)
        ).one_or_none()
        if fresh is not None:
            document = held[consent_key].document
            facts = {
                "consent": consent_key,
                "from": day.isoformat(),
                "recipient": document["recipient"],
                "purpose": document["purpose"]["code"],
            }
            append(connection, moment, Entry("consent.withdrawn", str(person), facts))
        return fresh is not None


def list_consents(hub: Hub, person: str) -> tuple[Answer, ...]:
    """Everything that was answered about a person, withdrawals included, oldest first."""
    with hub.transaction() as connection:
        held = dossier.of_person(connection, hub.keys, person, "consent")
        withdrawn = _withdrawals(connection, held)
        found = [_answer(item, withdrawn.get(item.key)) for item in held]
    return tuple(sorted(found, key=lambda item: (item.given_on, item.key)))


def _decided(
    subjects: Sequence[Subject], question: _Question, known: Sequence[Agreement]
) -> tuple[Decision, ...]:
    return decide_all(
        subjects,
        recipient=question.recipient,
        purpose=question.purpose,
        asked=question.sections,
        agreements=known,
        policy=rules.in_force(question.day),
        day=question.day,
    )


def _subjects(
    connection: sa.Connection, keys: Keys, persons: Sequence[str], organization: str | None, day: date
) -> tuple[Subject, ...]:
    """The facts a decision rests on. Two boards may know one person, and disagree on the birth date."""
    wanted = tuple(dict.fromkeys(persons))
    births: dict[str, set[date]] = defaultdict(set)
    holders: dict[str, set[str]] = defaultdict(set)
    for person, held in dossier.sections(connection, keys, wanted, {"identity"}).items():
        for document in held.get("identity", ()):
            births[person].add(date.fromisoformat(document["birth_date"]))
            holders[person].add(document["organization"])
    answers = _answers(connection, keys, frozenset(wanted), organization, day)
    return tuple(
        Subject(
            id=person,
            organizations=frozenset(holders[person] if organization is None else {organization}),
            birth_dates=frozenset(births[person]),
            answers=tuple(answers[person]),
        )
        for person in wanted
    )


def _answers(
    connection: sa.Connection, keys: Keys, persons: frozenset[str], organization: str | None, day: date
) -> Mapping[str, list[Answer]]:
    alone = next(iter(persons)) if len(persons) == 1 else None
    held = [
        item
        for item in dossier.current(connection, keys, "Consent", organization=organization, person=alone)
        if item.person in persons
    ]
    withdrawn = _withdrawals(connection, held)
    found: dict[str, list[Answer]] = defaultdict(list)
    for item in held:
        # Whatever its own day, a withdrawal that the hub knows of stops what leaves from now on.
        since = min(day, withdrawn[item.key]) if item.key in withdrawn else None
        found[item.person].append(_answer(item, since))
    return found


def _withdrawals(connection: sa.Connection, held: Iterable[Held]) -> Mapping[str, date]:
    keys = [item.key for item in held]
    query = sa.select(consent_withdrawal.c.consent, consent_withdrawal.c.day).where(
        consent_withdrawal.c.consent == sa.func.any(sa.cast(keys, sa.ARRAY(sa.Text())))
    )
    return {row.consent: row.day for row in connection.execute(query)}


def _answer(held: Held, withdrawn_on: date | None) -> Answer:
    document = held.document
    end = document["period"].get("end")
    return Answer(
        key=held.key,
        organization=held.organization,
        recipient=document["recipient"],
        purpose=document["purpose"]["code"],
        sections=frozenset(document["sections"]),
        given=document["answer"]["code"] == "given",
        giver=cast("Giver", document["given_by"]["code"]),
        given_on=date.fromisoformat(document["given_on"]),
        start=date.fromisoformat(document["period"]["start"]),
        end=date.fromisoformat(end) if end else None,
        distinct=document["distinct"],
        withdrawn_on=withdrawn_on,
        # The model's Consent does not say how it was given: express is never presumed (C5).
        express=False,
    )


def _account(
    connection: sa.Connection,
    exchange: str,
    decisions: Sequence[Decision],
    digests: Mapping[str, bytes | None],
    moment: datetime,
) -> None:
    """Rows and evidence of the outcomes that this exchange does not know yet."""
    query = sa.select(decision_table).where(decision_table.c.exchange == exchange)
    before = {str(row.person): (row.marker, row.content_digest) for row in connection.execute(query)}
    fresh = [
        item for item in decisions if before.get(item.subject) != (item.marker, digests.get(item.subject))
    ]
    if not fresh:
        return
    statement = insert(decision_table)
    changed = ("recipient", "purpose", "fields", "reason", "marker", "content_digest")
    statement = statement.on_conflict_do_update(
        index_elements=["exchange", "person"],
        set_={name: statement.excluded[name] for name in changed},
    )
    rows = [
        {
            "exchange": exchange,
            "person": item.subject,
            "recipient": item.recipient,
            "purpose": item.purpose,
            "fields": sorted(item.fields),
            "reason": item.reason,
            "marker": item.marker,
            "content_digest": digests.get(item.subject),
        }
        for item in fresh
    ]
    connection.execute(statement, rows)
    append(connection, moment, *(_entry(exchange, item, digests.get(item.subject)) for item in fresh))


def _entry(exchange: str, decision: Decision, digest: bytes | None) -> Entry:
    facts = {
        "exchange": exchange,
        "recipient": decision.recipient,
        "purpose": decision.purpose,
        "fields": sorted(decision.fields),
        "reason": decision.reason,
        "withheld": dict(decision.withheld),
        "basis": decision.basis,
        "agreement": decision.agreement,
        "consent": decision.consent,
        "policy": decision.policy,
        "marker": decision.marker,
        "content": digest.hex() if digest else None,
    }
    kind = "release.permitted" if decision.permits else "release.refused"
    return Entry(kind, decision.subject, facts)
