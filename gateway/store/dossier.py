"""Read the dossier: latest versions, sealed sections opened. Decides nothing: who may read is asked elsewhere."""

import uuid
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import orjson
import sqlalchemy as sa

from gateway.keys import Keys, unseal
from gateway.store import people
from gateway.store.schema import resource_version as version
from gateway.store.versions import SectionKeys, context


@dataclass(frozen=True, slots=True)
class Held:
    """One stored version. `place`: where it comes from (canonical_model.provenance.Place)."""

    resource: str
    key: str
    version: int
    person: str
    section: str
    organization: str
    document: dict[str, Any]
    place: dict[str, Any]
    digest: bytes
    recorded_from: datetime

    def holds(self, day: date) -> bool:
        """Whether the document's own period, half-open, holds that day; one without a start holds none."""
        period = self.document.get("period") or {}
        start, end = period.get("start"), period.get("end")
        text = day.isoformat()
        return start is not None and start <= text and (end is None or text < end)


def current(
    connection: sa.Connection,
    keys: Keys,
    resource: str,
    *,
    organization: str | None = None,
    person: str | None = None,
) -> Iterator[Held]:
    """Latest versions of one resource, of one organisation or person when named, ordered by key."""
    conditions = [version.c.resource == resource, version.c.recorded_to.is_(None)]
    if organization is not None:
        conditions.append(version.c.organization == organization)
    if person is not None:
        conditions.append(version.c.person == person)
    return _read(connection, keys, conditions)


def sections(
    connection: sa.Connection, keys: Keys, persons: Sequence[str], wanted: Collection[str]
) -> dict[str, dict[str, list[dict[str, Any]]]]:
    """Person → section → documents, of the latest versions; a person or section without any is absent."""
    found: dict[str, dict[str, list[dict[str, Any]]]] = {}
    conditions = [
        version.c.recorded_to.is_(None),
        version.c.section.in_(sorted(wanted)),
        version.c.person == sa.func.any(sa.cast(sorted(persons), sa.ARRAY(sa.Uuid()))),
    ]
    for held in _read(connection, keys, conditions):
        found.setdefault(held.person, {}).setdefault(held.section, []).append(held.document)
    return found


def of_person(connection: sa.Connection, keys: Keys, person: str, section: str | None = None) -> list[Held]:
    """All latest versions about a person, of one section when named."""
    conditions = [version.c.recorded_to.is_(None), version.c.person == person]
    if section is not None:
        conditions.append(version.c.section == section)
    return list(_read(connection, keys, conditions))


def find_person(connection: sa.Connection, reference: str) -> str | None:
    """The hub id of a person named by hub id or ``system|value``; None when unknown."""
    system, bar, value = reference.partition("|")
    if bar:
        return people.find(connection, [(system, value)]).get((system, value))
    try:
        wanted = str(uuid.UUID(reference))
    except ValueError:
        return None
    found = connection.scalar(sa.text("select id from person where id = :id"), {"id": wanted})
    return str(found) if found else None


def _read(
    connection: sa.Connection, keys: Keys, conditions: Sequence[sa.ColumnElement[bool]]
) -> Iterator[Held]:
    section_keys = SectionKeys(connection, keys)
    query = sa.select(version).where(*conditions).order_by(version.c.resource, version.c.key)
    rows = connection.execute(query).all()
    section_keys.read({(str(row.person), row.section) for row in rows if row.document is None})
    for row in rows:
        person = str(row.person)
        document = row.document
        if document is None:
            pair = (person, row.section)
            document = orjson.loads(unseal(section_keys[pair], row.sealed, context(*pair)))
        yield Held(
            row.resource, row.key, row.version, person, row.section, row.organization, document,
            row.place, row.digest, row.recorded_from,
        )  # fmt: skip
