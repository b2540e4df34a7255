"""The verifier alone: whatever it is given, it answers with a verdict; no altered byte of an export passes."""

import base64
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import example, given
from hypothesis import strategies as st

from gateway.evidence import verifier

SIGNING = Ed25519PrivateKey.from_private_bytes(b"s" * 32)
PUBLIC = SIGNING.public_key().public_bytes(
    serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.sampled_from(["number", "hash", "body", "heads", "x"]), inner)
    ),
    max_leaves=6,
)


def export(count: int = 4, heads: tuple[int, ...] = (2, 4)) -> list[bytes]:
    """An honest export, made here from the words of the format and not by chain.py."""
    previous, hashes, lines, signed = verifier.GENESIS, [], [], []
    for number in range(1, count + 1):
        body = json.dumps({"number": number, "kind": "intake.landed", "person": None, "facts": {"n": number}})
        previous = verifier.hashlib.sha256(previous + body.encode()).digest()
        hashes.append(previous)
        lines.append(json.dumps({"number": number, "body": body, "hash": previous.hex()}).encode() + b"\n")
        if number in heads:
            root = verifier.merkle_root(hashes)
            signature = SIGNING.sign(verifier.head_bytes(number, previous, root, "2026-02-16"))
            signed.append({
                "number": number, "hash": previous.hex(), "merkle_root": root.hex(), "signed_at": "2026-02-16",
                "signature": base64.b64encode(signature).decode(),
            })  # fmt: skip
    first = {"format": verifier.FORMAT, "public_key": PUBLIC.decode(), "heads": signed}
    return [json.dumps(first).encode() + b"\n", *lines]


def verify(lines: list[bytes]) -> verifier.Verdict:
    return verifier.verify(lines, trusted_key=PUBLIC)


def test_an_honest_export_holds() -> None:
    assert verifier.Verdict(entries=4, heads=2) == verify(export()) == verifier.verify(export())


@given(data=st.data())
def test_no_altered_byte_of_an_entry_passes(data: st.DataObject) -> None:
    lines = export()
    which = data.draw(st.integers(1, len(lines) - 1))
    line = lines[which].rstrip(b"\n")
    at = data.draw(st.integers(0, len(line) - 1))
    changed = line[:at] + bytes([line[at] ^ data.draw(st.integers(1, 255))]) + line[at + 1 :]
    lines[which] = changed
    found = verify(lines)

    same = _meaning(changed) == _meaning(line)
    assert same or (False, which) == (found.holds, found.broken)


def _meaning(line: bytes) -> Any:
    """What a line says: the same in upper-case hexadecimal, or with spaces around it."""
    try:
        entry = json.loads(line)
        return entry["number"], entry["body"], bytes.fromhex(entry["hash"])
    except (ValueError, KeyError, TypeError):
        return line


@given(kept=st.lists(st.integers(1, 4), max_size=4))
def test_entries_left_out_repeated_or_moved_do_not_pass(kept: list[int]) -> None:
    lines = export()

    assert (kept == [1, 2, 3, 4]) == verify([lines[0], *(lines[number] for number in kept)]).holds


def test_an_end_that_was_cut_off_and_signed_by_another_does_not_pass() -> None:
    lines = export()
    first = json.loads(lines[0])
    first["heads"] = first["heads"][:1]
    shorter = [json.dumps(first).encode(), *lines[1:3]]

    assert verify(shorter).holds  # nothing in it says that there was more: keep the last head elsewhere
    other = Ed25519PrivateKey.generate().public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )  # fmt: skip
    assert "head-signature-wrong" == verifier.verify(export(), trusted_key=other).reason


@given(lines=st.lists(st.binary() | JSON.map(lambda held: json.dumps(held).encode())))
def test_whatever_is_given_there_is_a_verdict_and_it_does_not_hold(lines: list[bytes]) -> None:
    assert not verifier.verify(lines).holds
    assert not verify(export()[:1] + lines).holds


@given(heads=JSON)
@example(heads=[{"number": "1"}])
@example(heads=[{"number": 9, "hash": 1}, {"number": None}])
@example(heads=[{"number": 2}])
def test_whatever_the_heads_are_there_is_a_verdict(heads: Any) -> None:
    first = {"format": verifier.FORMAT, "public_key": PUBLIC.decode(), "heads": heads}
    found = verify([json.dumps(first).encode(), *export()[1:]])

    assert found.holds == (heads == [])


@pytest.mark.parametrize("key", [b"", b"no key", PUBLIC[:60], PUBLIC.replace(b"MCow", b"AAAA")])
def test_a_key_that_is_none_is_no_export_to_verify(key: bytes) -> None:
    first = {"format": verifier.FORMAT, "public_key": key.decode(), "heads": []}

    assert verifier.NO_EXPORT == verifier.verify([json.dumps(first).encode()]).reason


def run(*arguments: object) -> tuple[int, str, str]:
    done = subprocess.run(
        [sys.executable, "-I", verifier.__file__, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def test_as_a_program_it_says_what_it_needs_and_names_what_it_cannot_read(tmp_path: Path) -> None:
    file, key = tmp_path / "e.jsonl", tmp_path / "key.pem"
    file.write_bytes(b"".join(export()))
    key.write_bytes(PUBLIC)

    assert (0, "") == run(file, key)[::2]
    assert "Intacte : 4 inscriptions" in run(file, key)[1]
    assert (2, "") == run()[::2]
    for wrong in ((tmp_path / "none",), (file, tmp_path / "none"), (tmp_path,)):
        code, said, err = run(*wrong)
        assert (2, "") == (code, err)
        assert str(wrong[-1]) in said
