"""Keys: made once, for their owner only; each purpose has its own; a wrong one opens nothing and is told as such."""

import multiprocessing
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from hypothesis import given
from hypothesis import strategies as st

from canonical_model.errors import ConfigurationError
from gateway import keys as hub_keys
from gateway.keys import Keys, seal, unseal
from gateway.settings import Settings

KEY = b"k" * 32


def test_keys_are_made_once_and_for_their_owner_only(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    first, second = hub_keys.load(settings), hub_keys.load(settings)

    assert first.master == second.master
    assert hub_keys.public_pem(first) == hub_keys.public_pem(second)
    assert {"master.key": 0o600, "signing.pem": 0o600} == {
        path.name: path.stat().st_mode & 0o777 for path in settings.keys_folder.iterdir()
    }


def _load(home: Path) -> bytes:
    return hub_keys.load(Settings(home=home)).master


def test_processes_that_start_at_once_agree_on_the_keys(tmp_path: Path) -> None:
    with multiprocessing.get_context("fork").Pool(4) as pool:
        assert 1 == len(set(pool.map(_load, [tmp_path] * 8)))


def test_each_purpose_has_a_key_of_its_own(tmp_path: Path) -> None:
    keys = hub_keys.load(Settings(home=tmp_path))

    assert 3 == len({keys.derived("raw"), keys.derived("section-keys"), keys.master})
    assert keys.derived("raw") == keys.derived("raw")


def test_a_digest_needs_the_key_and_keeps_its_parts_apart(tmp_path: Path) -> None:
    keys, other = (hub_keys.load(Settings(home=tmp_path / name)) for name in ("a", "b"))

    said = [keys.keyed_digest(*parts) for parts in (("a", "bc"), ("ab", "c"), ("abc",))]
    assert 4 == len({*said, other.keyed_digest("a", "bc")})


def test_what_is_shown_of_the_keys_holds_none(tmp_path: Path) -> None:
    keys = hub_keys.load(Settings(home=tmp_path))

    assert "Keys()" == repr(keys)


@given(plain=st.binary(max_size=200), about=st.text(max_size=20))
def test_what_is_sealed_opens_with_its_key_and_context(plain: bytes, about: str) -> None:
    assert plain == unseal(KEY, seal(KEY, plain, about), about)


@given(data=st.data(), plain=st.binary(min_size=1, max_size=50))
def test_no_altered_or_shortened_byte_opens(data: st.DataObject, plain: bytes) -> None:
    sealed = seal(KEY, plain, "p1:finance")
    at = data.draw(st.integers(0, len(sealed) - 1))
    altered = sealed[:at] + bytes([sealed[at] ^ data.draw(st.integers(1, 255))]) + sealed[at + 1 :]

    for wrong in (altered, sealed[:at]):
        with pytest.raises(ConfigurationError, match="Restore the key file"):
            unseal(KEY, wrong, "p1:finance")


def test_a_sealed_content_cannot_be_moved_to_another_person_or_opened_with_another_key() -> None:
    sealed = seal(KEY, b"x", "p1:finance")

    for key, about in ((KEY, "p2:finance"), (b"z" * 32, "p1:finance")):
        with pytest.raises(ConfigurationError, match="does not open this content"):
            unseal(key, sealed, about)


def test_a_key_file_that_was_named_and_is_absent_is_not_made(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, master_key_file=tmp_path / "vault" / "key")

    with pytest.raises(ConfigurationError, match="PASSERELLE_MASTER_KEY_FILE: the file is absent"):
        hub_keys.load(settings)
    assert not (tmp_path / "vault").exists()


def test_a_key_file_elsewhere_is_used(tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(KEY)

    assert KEY == hub_keys.load(Settings(home=tmp_path / "home", master_key_file=tmp_path / "key")).master


def pem(home: Path, content: bytes) -> Path:
    hub_keys.load(Settings(home=home))
    (home / "keys" / "signing.pem").write_bytes(content)
    return home


def test_a_broken_key_file_is_named(tmp_path: Path) -> None:
    other_kind = generate_private_key(SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    for number, content in enumerate((b"", b"not a key", other_kind)):
        with pytest.raises(ConfigurationError, match=r"signing\.pem: an Ed25519 private key") as raised:
            hub_keys.load(Settings(home=pem(tmp_path / str(number), content)))
        assert "Rétablissez" in raised.value.french

    home = tmp_path / "short"
    hub_keys.load(Settings(home=home))
    (home / "keys" / "master.key").write_bytes(b"short")
    with pytest.raises(ConfigurationError, match="master key: 32 bytes are expected"):
        hub_keys.load(Settings(home=home))


def test_a_hub_s_signature_is_verified_by_its_public_half(tmp_path: Path) -> None:
    keys: Keys = hub_keys.load(Settings(home=tmp_path))
    public = serialization.load_pem_public_key(hub_keys.public_pem(keys))

    public.verify(keys.signing.sign(b"x"), b"x")  # type: ignore[union-attr, call-arg]
