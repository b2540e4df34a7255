"""Keys: the master key, sealing by AES-256-GCM, keyed digests, the hub's signing key (Ed25519).

A key that the hub makes itself is written once, readable by its owner only. Losing the master key
loses every sealed section: the README says how to keep a copy.
"""

import hashlib
import hmac
import os
import secrets
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from canonical_model.errors import ConfigurationError
from gateway.settings import Settings

KEY_BYTES = 32
NONCE_BYTES = 12


@dataclass(frozen=True)
class Keys:
    """All keys of one installation, derived from the master key by purpose (HKDF-SHA-256)."""

    master: bytes = field(repr=False)
    signing: Ed25519PrivateKey = field(repr=False)

    def derived(self, purpose: str) -> bytes:
        """A 32-byte key for one purpose, as ``raw`` or ``section:<id>``."""
        return HKDF(hashes.SHA256(), KEY_BYTES, salt=None, info=purpose.encode()).derive(self.master)

    @cached_property
    def _digest_key(self) -> bytes:
        return self.derived("keyed-digest")

    def keyed_digest(self, *parts: str) -> bytes:
        """32 bytes that identify `parts` and cannot be guessed back without the master key."""
        text = "\x1f".join(parts).encode()
        return hmac.new(self._digest_key, text, hashlib.sha256).digest()


def seal(key: bytes, plain: bytes, bound_to: str) -> bytes:
    """`plain` under AES-256-GCM, bound to a context that `unseal` must name again."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, plain, bound_to.encode())


def unseal(key: bytes, sealed: bytes, bound_to: str) -> bytes:
    """The plain bytes. Raises ConfigurationError when key, context or bytes are not the right ones."""
    try:
        return AESGCM(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], bound_to.encode())
    except (InvalidTag, ValueError) as error:  # ValueError: cut off within the nonce
        raise ConfigurationError(
            "master key: it does not open this content. Restore the key file that wrote it.",
            "clé maîtresse : elle n'ouvre pas ce contenu. Rétablissez le fichier de clé d'origine.",
        ) from error


def load(settings: Settings, *, make: bool = True) -> Keys:
    """The keys of this installation. The master key is made on first use, unless PASSERELLE_MASTER_KEY_FILE
    names its file or `make` is false: then an absent file is a ConfigurationError.
    """
    if settings.master_key_file is not None and not settings.master_key_path.is_file():
        raise ConfigurationError(
            "PASSERELLE_MASTER_KEY_FILE: the file is absent. Restore it, or unset the variable.",
            "PASSERELLE_MASTER_KEY_FILE : le fichier est absent. Rétablissez-le, ou retirez la variable.",
        )
    if not make and not settings.master_key_path.is_file():
        raise ConfigurationError(
            f"{settings.master_key_path}: the master key is absent, and the database was written with it."
            " Restore the file from your copy.",
            f"{settings.master_key_path} : la clé maîtresse est absente, et la base a été écrite avec elle."
            " Rétablissez le fichier d'après votre copie.",
        )
    master = _kept(settings.master_key_path, secrets.token_bytes(KEY_BYTES))
    if len(master) != KEY_BYTES:
        raise ConfigurationError(
            f"master key: {KEY_BYTES} bytes are expected. Restore the right file.",
            f"clé maîtresse : {KEY_BYTES} octets sont attendus. Rétablissez le bon fichier.",
        )
    fresh = Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return Keys(master, _signing(_kept(settings.keys_folder / "signing.pem", fresh)))


def _signing(pem: bytes) -> Ed25519PrivateKey:
    try:
        found = serialization.load_pem_private_key(pem, password=None)
    except (ValueError, TypeError):  # TypeError: it is encrypted
        found = None
    if not isinstance(found, Ed25519PrivateKey):
        raise ConfigurationError(
            "signing.pem: an Ed25519 private key in PEM is expected. Restore the file that the hub made.",
            "signing.pem : une clé privée Ed25519 au format PEM est attendue. Rétablissez le fichier d'origine.",
        )
    return found


def public_pem(keys: Keys) -> bytes:
    """The public half of the signing key, for whoever verifies."""
    return keys.signing.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def _kept(path: Path, fresh: bytes) -> bytes:
    """The file's bytes; `fresh` is written first when there is no file. Safe when two processes start at once."""
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f"{path.name}.{os.getpid()}")
        part.touch(mode=0o600)
        with part.open("wb") as file:
            file.write(fresh)
            file.flush()
            os.fsync(file.fileno())  # what this key seals must not outlive the key in a power cut
        try:
            os.link(part, path)
        except FileExistsError:
            pass
        finally:
            part.unlink()
    return path.read_bytes()
