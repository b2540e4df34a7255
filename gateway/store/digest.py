"""One digest over what the store knows: two runs that ended the same have the same digest.

It covers persons (by their identifiers), every version with its opened document, withdrawn consents and
what stands in quarantine. It leaves out what differs between two honest runs (moments, run ids, hub ids
and keys) and what was sent to others: decisions, declarations, journals and slips.
"""

import hashlib
from collections import defaultdict

import orjson
import sqlalchemy as sa

from gateway.keys import Keys, unseal
from gateway.store.schema import consent_withdrawal, person_identifier, quarantine, resource_version
from gateway.store.versions import SectionKeys, context


def digest(connection: sa.Connection, keys: Keys) -> str:
    """SHA-256, in hexadecimal, over the store's content."""
    account = hashlib.sha256()
    names = _names(connection)
    for name in sorted(names.values()):
        account.update(orjson.dumps(name))
    version = resource_version.c
    rows = connection.execute(
        sa.select(resource_version).order_by(
            sa.collate(version.resource, "C"), sa.collate(version.key, "C"), version.version
        )
    ).all()
    section_keys = SectionKeys(connection, keys)
    section_keys.read({(str(row.person), row.section) for row in rows if row.document is None})
    for row in rows:
        pair = (str(row.person), row.section)
        document = row.document
        if document is None:
            document = orjson.loads(unseal(section_keys[pair], row.sealed, context(*pair)))
        said = [row.resource, row.key, row.version, names[pair[0]], document, row.recorded_to is None]
        account.update(orjson.dumps(said, option=orjson.OPT_SORT_KEYS))
    withdrawn = consent_withdrawal.c
    for row in connection.execute(
        sa.select(withdrawn.consent, withdrawn.day).order_by(sa.collate(withdrawn.consent, "C"))
    ):
        account.update(orjson.dumps(list(row)))
    faults = quarantine.c
    for fault in connection.execute(
        sa.select(
            faults.system, faults.stream, faults.row_key, faults.resource, faults.column, faults.rule,
            faults.path, faults.mended_at.is_(None),
        ).order_by(*[sa.collate(faults[name], "C") for name in _ORDER])
    ):  # fmt: skip
        account.update(orjson.dumps(list(fault)))
    return account.hexdigest()


_ORDER = ("system", "stream", "row_key", "resource", "column", "rule")


def _names(connection: sa.Connection) -> dict[str, list[list[str]]]:
    found: dict[str, list[list[str]]] = defaultdict(list)
    column = person_identifier.c
    for row in connection.execute(
        sa.select(column.person, column.system, column.value).order_by(
            sa.collate(column.system, "C"), sa.collate(column.value, "C")
        )
    ):
        found[str(row.person)].append([row.system, row.value])
    return found
