"""Whose record is it: identifiers to persons. Merges nobody on doubt; a doubt is a person's work.

A person's hub id is a keyed digest of the first board file that named them: the same on every run,
and not to be guessed from the file number. A code permanent joins two boards' files of one pupil only
when the birth date agrees; one code on two different children is set aside (rule shared-identifier).
"""

import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from gateway.keys import Keys
from gateway.store.schema import person, person_identifier, resource_version

Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Claim:
    """One record that says who someone is: its key, identifiers (board file first), birth date as text."""

    key: str
    identifiers: tuple[Pair, ...]
    birth_date: str


def find(connection: sa.Connection, pairs: Iterable[Pair]) -> dict[Pair, str]:
    """The persons that hold those identifiers."""
    wanted = sorted(set(pairs))
    if not wanted:
        return {}
    rows = connection.execute(
        sa.text(
            "select i.system, i.value, i.person from person_identifier i"
            " join unnest(cast(:systems as text[]), cast(:values as text[])) as w(system, value)"
            " using (system, value)"
        ),
        {"systems": [system for system, _ in wanted], "values": [value for _, value in wanted]},
    )
    return {(row.system, row.value): str(row.person) for row in rows}


def establish(
    connection: sa.Connection,
    keys: Keys,
    claims: Sequence[Claim],
    *,
    exchange: str,
    moment: datetime,
) -> tuple[dict[str, str], frozenset[str]]:
    """(claim key → person, keys set aside). New persons and new identifiers are written."""
    claims = sorted(claims, key=lambda claim: claim.identifiers)
    aside = _shared(claims)
    known = find(connection, (pair for claim in claims for pair in claim.identifiers))
    births = _birth_dates(connection, set(known.values()))
    matched: dict[str, str] = {}
    fresh: dict[str, str] = {}
    new_pairs: dict[Pair, str] = {}
    for claim in claims:
        if claim.key in aside:
            continue
        holders = {known[pair] for pair in claim.identifiers if pair in known}
        if len(holders) > 1 or (
            claim.identifiers[0] not in known
            and any(births.get(holder) not in (None, claim.birth_date) for holder in holders)
        ):
            aside |= {claim.key}
            continue
        who = holders.pop() if holders else _person_id(keys, claim.identifiers[0])
        if who not in births:
            fresh.setdefault(who, claim.birth_date)
            births[who] = claim.birth_date
        matched[claim.key] = who
        for pair in claim.identifiers:
            if pair not in known:
                known[pair] = new_pairs[pair] = who
    known_persons = _existing(connection, fresh)
    _insert(connection, person, [
        {"id": who, "exchange": exchange, "recorded_at": moment} for who in fresh if who not in known_persons
    ])  # fmt: skip
    _insert(connection, person_identifier, [
        {"system": system, "value": value, "person": who, "exchange": exchange}
        for (system, value), who in new_pairs.items()
    ])  # fmt: skip
    return matched, frozenset(aside)


def _shared(claims: Sequence[Claim]) -> frozenset[str]:
    """Claims of one batch that hold one identifier and differ in birth date."""
    by_pair: dict[Pair, list[Claim]] = defaultdict(list)
    for claim in claims:
        for pair in claim.identifiers:
            by_pair[pair].append(claim)
    return frozenset(
        claim.key
        for held in by_pair.values()
        if len({claim.birth_date for claim in held}) > 1
        for claim in held
    )


def _person_id(keys: Keys, first: Pair) -> str:
    raw = bytearray(keys.keyed_digest("person", *first)[:16])
    raw[6], raw[8] = raw[6] & 0x0F | 0x80, raw[8] & 0x3F | 0x80  # UUID version 8: made by our own rule
    return str(uuid.UUID(bytes=bytes(raw)))


def _birth_dates(connection: sa.Connection, persons: set[str]) -> dict[str, str | None]:
    if not persons:
        return {}
    birth = resource_version.c.document["birth_date"].astext
    rows = connection.execute(
        sa.select(resource_version.c.person, birth).where(
            resource_version.c.resource == "Student",
            resource_version.c.recorded_to.is_(None),
            resource_version.c.person == sa.func.any(sa.cast(sorted(persons), sa.ARRAY(sa.Uuid()))),
        )
    )
    found: dict[str, str | None] = dict.fromkeys(persons)
    return found | {str(row[0]): row[1] for row in rows}


def _existing(connection: sa.Connection, persons: Mapping[str, str]) -> set[str]:
    if not persons:
        return set()
    wanted = sa.func.any(sa.cast(sorted(persons), sa.ARRAY(sa.Uuid())))
    return {str(row) for row in connection.scalars(sa.select(person.c.id).where(person.c.id == wanted))}


def _insert(connection: sa.Connection, table: sa.Table, rows: list[dict[str, object]]) -> None:
    if rows:
        connection.execute(sa.insert(table), rows)
