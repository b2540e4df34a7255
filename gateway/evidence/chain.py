"""The append-only account: each entry holds the hash of the one before it; the head is signed.

An entry is written in the transaction of what it tells of. `body` is canonical JSON and is exactly
what was hashed: SHA-256(previous hash ‖ body). A head signs (number, hash, Merkle root of all entry
hashes) with Ed25519, so that cutting the chain's end off is noticed too.
"""

import base64
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
import sqlalchemy as sa

from gateway.evidence import verifier
from gateway.keys import Keys
from gateway.store.schema import evidence_entry, evidence_head

_LOCK = 0x45766964  # one writer at a time: a chain has one end


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened. `person`: hub id, when it is about someone. `facts`: ids, counts, digests, codes."""

    kind: str
    person: str | None
    facts: Mapping[str, Any]


def append(connection: sa.Connection, moment: datetime, *entries: Entry) -> int:
    """Add entries at the end of the chain and return the number of the last one.

    Call it last in a transaction: it holds the chain until the commit.
    """
    connection.execute(sa.text("select pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    number, previous = _end(connection)
    rows = []
    for entry in entries:
        number += 1
        body = orjson.dumps(
            {
                "number": number,
                "at": moment.isoformat(),
                "kind": entry.kind,
                "person": entry.person,
                "facts": dict(entry.facts),
            },
            option=orjson.OPT_SORT_KEYS,
        )
        row_hash = hashlib.sha256(previous + body).digest()
        rows.append(
            {
                "number": number,
                "body": body.decode(),
                "hash": row_hash,
                "person": entry.person,
                "kind": entry.kind,
            }
        )
        previous = row_hash
    if rows:
        connection.execute(sa.insert(evidence_entry), rows)
    return number


def _end(connection: sa.Connection) -> tuple[int, bytes]:
    last = connection.execute(
        sa.select(evidence_entry.c.number, evidence_entry.c.hash)
        .order_by(evidence_entry.c.number.desc())
        .limit(1)
    ).one_or_none()
    return (last.number, last.hash) if last else (0, verifier.GENESIS)


def sign_head(connection: sa.Connection, keys: Keys, moment: datetime) -> Mapping[str, Any] | None:
    """Sign the present end of the chain, once for each end. Returns the head, or None for an empty chain."""
    connection.execute(sa.text("select pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    number, last = _end(connection)
    if number == 0:
        return None
    held = connection.execute(sa.select(evidence_head).where(evidence_head.c.number == number)).one_or_none()
    if held is None:
        hashes = connection.scalars(sa.select(evidence_entry.c.hash).order_by(evidence_entry.c.number))
        root = verifier.merkle_root(list(hashes))
        signed_at = moment.isoformat()
        signature = keys.signing.sign(verifier.head_bytes(number, last, root, signed_at))
        connection.execute(
            sa.insert(evidence_head).values(
                number=number, hash=last, merkle_root=root, signed_at=signed_at, signature=signature
            )
        )
    return head(connection)


def head(connection: sa.Connection) -> Mapping[str, Any] | None:
    """The newest signed head as the export writes it, or None."""
    found = connection.execute(
        sa.select(evidence_head).order_by(evidence_head.c.number.desc()).limit(1)
    ).one_or_none()
    return _exported_head(found) if found else None


def _exported_head(row: sa.Row[Any]) -> dict[str, Any]:
    return {
        "number": row.number,
        "hash": row.hash.hex(),
        "merkle_root": row.merkle_root.hex(),
        "signed_at": row.signed_at,
        "signature": base64.b64encode(row.signature).decode(),
    }


def lines(connection: sa.Connection, public_key_pem: bytes) -> Iterable[bytes]:
    """The chain as the export and the verifier read it: key and heads first, then one line an entry."""
    heads = [
        _exported_head(row)
        for row in connection.execute(sa.select(evidence_head).order_by(evidence_head.c.number))
    ]
    yield orjson.dumps(
        {"format": verifier.FORMAT, "public_key": public_key_pem.decode(), "heads": heads},
        option=orjson.OPT_APPEND_NEWLINE,
    )
    query = sa.select(evidence_entry.c.number, evidence_entry.c.body, evidence_entry.c.hash).order_by(
        evidence_entry.c.number
    )
    for row in connection.execute(query.execution_options(yield_per=10_000)):
        yield orjson.dumps(
            {"number": row.number, "body": row.body, "hash": row.hash.hex()},
            option=orjson.OPT_APPEND_NEWLINE,
        )


def verify(connection: sa.Connection, public_key_pem: bytes) -> verifier.Verdict:
    """Read the whole chain again, and the columns copied for finding, and say whether it holds."""
    verdict = verifier.verify(lines(connection, public_key_pem), trusted_key=public_key_pem)
    astray = connection.scalar(_COPIES_ASTRAY)
    if verdict.holds and astray is not None:
        return verifier.Verdict(verdict.entries, verdict.heads, astray, "copied-column-differs")
    return verdict


_COPIES_ASTRAY = sa.text(
    """
    select min(number) from evidence_entry where case when body is json then
        body::jsonb ->> 'kind' is distinct from kind
        or body::jsonb ->> 'person' is distinct from person::text
    else true end
    """
)


def kinds(connection: sa.Connection) -> Sequence[tuple[str, int]]:
    """How many entries of each kind there are."""
    query = sa.select(evidence_entry.c.kind, sa.func.count()).group_by(evidence_entry.c.kind).order_by("kind")
    return [(row[0], row[1]) for row in connection.execute(query)]
