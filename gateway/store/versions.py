"""Store versions in bulk: COPY into a staging table, compare by digest, write what is new or changed.

Nothing is updated in place but the moment a version ceased to be the latest. Unchanged records cost
their staging row only. Sensitive and restricted sections are sealed per person and section, under a
key of their own that the master key wraps: destroying that key destroys the content.
"""

import secrets
from collections.abc import Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import orjson
import psycopg
import sqlalchemy as sa

from canonical_model.base import SENSITIVITY
from gateway.keys import KEY_BYTES, Keys, seal, unseal
from gateway.store.schema import section_key


@dataclass(frozen=True, slots=True)
class Version:
    """One record ready to store. `key`: system and the source's own key. `document`: canonical JSON."""

    resource: str
    key: str
    person: str
    section: str
    organization: str
    document: str
    valid_from: date | None
    valid_to: date | None
    place: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Merged:
    """What a merge did: `new` + `changed` were stored, `unchanged` were already so."""

    new: int
    changed: int
    unchanged: int


class SectionKeys:
    """The keys of sealed sections, read or made in one go and kept for the length of one transaction."""

    def __init__(self, connection: sa.Connection, keys: Keys) -> None:
        self._connection = connection
        self._wrapping = keys.derived("section-keys")
        self._open: dict[tuple[str, str], bytes] = {}

    def __getitem__(self, pair: tuple[str, str]) -> bytes:
        """The key of one (person, section). Raises KeyError when `read` or `make` did not bring it."""
        return self._open[pair]

    def read(self, pairs: Collection[tuple[str, str]]) -> None:
        """Open the keys of those (person, section) that have one."""
        persons = sorted({person for person, _ in pairs})
        if not persons:
            return
        rows = self._connection.execute(
            sa.select(section_key).where(
                section_key.c.person == sa.func.any(sa.cast(persons, sa.ARRAY(sa.Uuid())))
            )
        )
        for row in rows:
            pair = (str(row.person), row.section)
            if pair in pairs:
                self._open[pair] = unseal(self._wrapping, row.wrapped, context(*pair))

    def make(self, pairs: AbstractSet[tuple[str, str]]) -> None:
        """Open the keys of all of them; the missing ones are made and kept."""
        self.read(pairs)
        rows = []
        for person, section in sorted(pairs - self._open.keys()):
            fresh = secrets.token_bytes(KEY_BYTES)
            self._open[person, section] = fresh
            wrapped = seal(self._wrapping, fresh, context(person, section))
            rows.append({"person": person, "section": section, "wrapped": wrapped})
        if rows:
            self._connection.execute(sa.insert(section_key), rows)


def context(person: str, section: str) -> str:
    """What a sealed content is bound to: it cannot be moved to another person or section."""
    return f"{person}:{section}"


def merge(
    connection: sa.Connection,
    keys: Keys,
    versions: Sequence[Version],
    *,
    exchange: str,
    moment: datetime,
) -> Merged:
    """Bring the latest versions up to `versions`, whose (resource, key) must be distinct."""
    sections = SectionKeys(connection, keys)
    sections.make({(v.person, v.section) for v in versions if SENSITIVITY[v.section] != "ordinary"})
    cursor = _driver(connection).cursor()
    cursor.execute(_STAGING)
    with cursor.copy(_COPY) as copy:
        for item in versions:
            digest = keys.keyed_digest(item.resource, item.key, item.person, item.document)
            document: str | None = item.document
            sealed: bytes | None = None
            if SENSITIVITY[item.section] != "ordinary":
                pair = (item.person, item.section)
                document, sealed = None, seal(sections[pair], item.document.encode(), context(*pair))
            copy.write_row((
                item.resource, item.key, item.person, item.section, item.organization, document,
                sealed, digest, item.valid_from, item.valid_to, orjson.dumps(item.place).decode(),
            ))  # fmt: skip
    cursor.execute("analyze pg_temp.staged_version")
    cursor.execute(_UNCHANGED)
    unchanged = cursor.rowcount
    cursor.execute(_CLOSE, {"moment": moment})
    changed = cursor.rowcount
    cursor.execute(_INSERT, {"exchange": exchange, "moment": moment})
    stored = cursor.rowcount
    cursor.execute("drop table pg_temp.staged_version")
    return Merged(new=stored - changed, changed=changed, unchanged=unchanged)


def _driver(connection: sa.Connection) -> psycopg.Connection[Any]:
    driver = connection.connection.driver_connection
    if not isinstance(driver, psycopg.Connection):
        raise TypeError(type(driver).__name__)
    return driver


_COLUMNS = (
    "resource, key, person, section, organization, document, sealed, digest, valid_from, valid_to, place"
)
_STAGING = (
    "create temporary table staged_version"
    " (like resource_version including defaults) on commit drop;"
    " alter table staged_version alter version drop not null,"
    " alter recorded_from drop not null, alter exchange drop not null"
)
_COPY = f"copy staged_version ({_COLUMNS}) from stdin"
_UNCHANGED = """
    delete from staged_version s using resource_version v
    where v.resource = s.resource and v.key = s.key and v.recorded_to is null and v.digest = s.digest
"""
_CLOSE = """
    update resource_version v set recorded_to = %(moment)s from staged_version s
    where v.resource = s.resource and v.key = s.key and v.recorded_to is null
"""
_INSERT = f"""
    insert into resource_version ({_COLUMNS}, version, recorded_from, exchange)
    select s.resource, s.key, s.person, s.section, s.organization, s.document, s.sealed, s.digest,
           s.valid_from, s.valid_to, s.place,
           coalesce((select max(version) from resource_version v
                     where v.resource = s.resource and v.key = s.key), 0) + 1,
           %(moment)s, %(exchange)s
    from staged_version s
"""  # noqa: S608 - column names are constants of this file
