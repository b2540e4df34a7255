"""Verify an export of Passerelle's evidence without Passerelle.

    python verifier.py EVIDENCE.jsonl [PUBLIC_KEY.pem]

Needs Python 3.9 or newer and the package `cryptography`, nothing else: a parent, a college or the
Commission d'accès à l'information can run it. Exit 0: every entry holds and every signed head agrees;
exit 4: it names the first entry that does not; exit 2: a file cannot be read or is no export. Without a
key file it uses the key inside the export and says so: ask the hub's owner for the key by another way.
"""

from __future__ import annotations

import base64
import hashlib
import json
import sys
from collections.abc import Iterable
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

FORMAT = "passerelle-evidence/1"
NO_EXPORT = "not-an-export"
GENESIS = hashlib.sha256(b"passerelle-evidence/1").digest()


@dataclass(frozen=True)
class Verdict:
    """How far the chain was read. `broken`: number of the first entry that does not hold, and why."""

    entries: int
    heads: int
    broken: int | None = None
    reason: str | None = None

    @property
    def holds(self) -> bool:
        return self.reason is None


def head_bytes(number: int, last: bytes, merkle: bytes, signed_at: str) -> bytes:
    """What a head's signature covers."""
    return f"{FORMAT}|{number}|{last.hex()}|{merkle.hex()}|{signed_at}".encode()


def merkle_root(hashes: list[bytes]) -> bytes:
    """RFC 6962: leaves and nodes are hashed apart; a lone node goes up unchanged."""
    level = [hashlib.sha256(b"\x00" + leaf).digest() for leaf in hashes]
    while len(level) > 1:
        pairs = [
            hashlib.sha256(b"\x01" + level[i] + level[i + 1]).digest() for i in range(0, len(level) - 1, 2)
        ]
        level = pairs + ([level[-1]] if len(level) % 2 else [])
    return level[0] if level else GENESIS


def verify(lines: Iterable[bytes], *, trusted_key: bytes | None = None) -> Verdict:
    """Read the first line (key, heads) and every entry after it; stop at the first that does not hold."""
    source = iter(lines)
    opened = _opened(next(source, b""), trusted_key)
    if opened is None:
        return Verdict(0, 0, 0, NO_EXPORT)
    key, heads = opened
    previous = GENESIS
    hashes: list[bytes] = []
    for line in source:
        number = len(hashes) + 1
        reason, previous = _entry(line, number, previous)
        if reason is None:
            hashes.append(previous)
            reason = _head(heads.get(number), hashes, key)
        if reason is not None:
            return Verdict(len(hashes), 0, number, reason)
    if missing := [number for number in heads if number > len(hashes)]:
        return Verdict(len(hashes), 0, len(hashes) + 1, f"entries-missing-up-to-{max(missing)}")
    return Verdict(len(hashes), len(heads))


def _opened(
    line: bytes, trusted_key: bytes | None
) -> tuple[Ed25519PublicKey, dict[int, dict[str, object]]] | None:
    """The key and the heads, by number, that the first line holds; None when it is not that of an export."""
    try:
        first = json.loads(line)
        said = first["heads"]
        heads = {head["number"]: head for head in said}
        key = load_pem_public_key(trusted_key or first["public_key"].encode())
    except (ValueError, KeyError, TypeError, AttributeError, UnsupportedAlgorithm):
        return None
    listed = isinstance(said, list) and all(isinstance(head, dict) for head in said)
    if not listed or any(type(number) is not int for number in heads):
        return None
    if first.get("format") != FORMAT or not isinstance(key, Ed25519PublicKey):
        return None
    return key, heads


def _entry(line: bytes, number: int, previous: bytes) -> tuple[str | None, bytes]:
    try:
        entry = json.loads(line)
        found = bytes.fromhex(entry["hash"])
        body = entry["body"].encode()
    except (ValueError, KeyError, TypeError, AttributeError):
        return "entry-not-readable", previous
    if entry.get("number") != number:
        return "entry-missing-or-out-of-order", previous
    if hashlib.sha256(previous + body).digest() != found:
        return "entry-altered", previous
    try:
        inner = json.loads(body)["number"]
    except (ValueError, KeyError, TypeError):
        return "entry-not-readable", previous
    return (None, found) if inner == number else ("entry-missing-or-out-of-order", previous)


def _head(head: dict[str, object] | None, hashes: list[bytes], key: Ed25519PublicKey) -> str | None:
    if head is None:
        return None
    root = merkle_root(hashes)
    if head.get("hash") != hashes[-1].hex() or head.get("merkle_root") != root.hex():
        return "head-disagrees"
    signed = head_bytes(len(hashes), hashes[-1], root, str(head.get("signed_at")))
    try:
        key.verify(base64.b64decode(str(head.get("signature"))), signed)
    except (InvalidSignature, ValueError):
        return "head-signature-wrong"
    return None


def main(arguments: list[str]) -> int:
    """The command line: prints the verdict in French and English."""
    if not 1 <= len(arguments) <= 2:
        print(__doc__)
        return 2
    key = None
    try:
        if len(arguments) == 2:
            with open(arguments[1], "rb") as file:
                key = file.read()
        with open(arguments[0], "rb") as file:
            verdict = verify(file, trusted_key=key)
    except OSError as error:
        print(f"{error.filename} : illisible. / cannot be read.")
        return 2
    if key is None:
        print("Clé publique : celle du fichier lui-même. / Public key: the one in the export itself.")
    if verdict.holds:
        print(f"Intacte : {verdict.entries} inscriptions, {verdict.heads} têtes signées. / Intact.")
        return 0
    if verdict.reason == NO_EXPORT:
        print("Ce n'est pas un export de preuve, ou pas une clé. / Not an export of evidence, or not a key.")
        return 2
    print(f"ROMPUE à l'inscription {verdict.broken} ({verdict.reason}). / BROKEN at that entry.")
    return 4


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
