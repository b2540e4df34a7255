"""The partners' programs that may ask for a token: `<site>/clients.yaml`. Keeps digests, never a secret.

One entry is one client: its organisation, which is the recipient of whatever it reads, its scopes,
and where the scrypt digest of its secret lies. A client that is not written there is refused.
"""

import base64
import binascii
import hashlib
import hmac
import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from canonical_model import strict_yaml
from canonical_model.base import SENSITIVITY
from canonical_model.errors import ConfigurationError
from canonical_model.identifiers import CHECKS

SCOPES = tuple(f"dossier.{section}" for section in SENSITIVITY if section != "consent")
_COST, _BLOCK, _LANES = (
    2**14,
    8,
    1,
)  # OWASP's least for scrypt would be 2**17; a client secret is 256 random bits
_NAME = re.compile(r"^[a-z0-9][a-z0-9-]{0,62}$")
_KEYS = {"client", "organization", "scopes", "digest"}


@dataclass(frozen=True, slots=True)
class Client:
    """`id` of the client; `organization`, six digits, that it reads for; `scopes` it may be given."""

    id: str
    organization: str
    scopes: frozenset[str]
    digest_place: Mapping[str, str] = field(repr=False)


def clients(site: Path) -> Mapping[str, Client]:
    """Every client of the site, by id; none when there is no file. Raises ConfigurationError."""
    path = site / "clients.yaml"
    if not path.is_file():
        return {}
    stat = path.stat()
    return _read(path, stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=4)
def _read(path: Path, _changed_at: int, _size: int) -> Mapping[str, Client]:
    entries = strict_yaml.load_file(path)
    if not isinstance(entries, list):
        raise _wrong(path, "a list of clients is expected", "une liste de clients est attendue")
    found: dict[str, Client] = {}
    for entry in entries:
        client = _client(path, entry)
        if client.id in found:
            raise _wrong(path, f"{client.id} is written twice", f"{client.id} est écrit deux fois")
        found[client.id] = client
    return found


def _client(path: Path, entry: Any) -> Client:
    if not isinstance(entry, dict) or entry.keys() != _KEYS or not _NAME.match(entry["client"]):
        raise _wrong(
            path,
            f"a client has exactly {', '.join(sorted(_KEYS))}",
            f"un client a exactement {', '.join(sorted(_KEYS))}",
        )
    name = entry["client"]
    if CHECKS["organisme"](entry["organization"]).faults:
        raise _wrong(
            path,
            f"{name}: `organization` is six digits",
            f"{name} : `organization` compte six chiffres",
        )
    scopes = entry["scopes"]
    if not isinstance(scopes, list) or not scopes or not set(scopes) <= set(SCOPES):
        raise _wrong(
            path,
            f"{name}: `scopes` is a list of dossier.<section>",
            f"{name} : `scopes` liste des dossier.<section>",
        )
    place = entry["digest"]
    if not isinstance(place, dict) or place.keys() not in ({"file"}, {"env"}):
        raise _wrong(
            path,
            f"{name}: `digest` is {{file: path}} or {{env: NAME}}",
            f"{name} : `digest` est {{file: chemin}} ou {{env: NOM}}",
        )
    return Client(name, entry["organization"], frozenset(scopes), place)


def authenticated(site: Path, identity: str, secret: str) -> Client | None:
    """The client of that id and secret, or None. An unknown id costs the same work as a wrong secret."""
    client = clients(site).get(identity)
    held = _digest(site, client) if client is not None else None
    right = _matches(secret, held if held is not None else _NOBODY)
    return client if right and held is not None else None


def digest(secret: str) -> str:
    """The line that stands in a digest file: ``scrypt$N$r$p$salt$hash``."""
    salt = secrets.token_bytes(16)
    parts = (str(_COST), str(_BLOCK), str(_LANES), _text(salt), _text(_scrypt(secret, salt, _COST)))
    return "$".join(("scrypt", *parts))


def provision(site: Path) -> Mapping[str, str]:
    """Make absent digest files of the site's clients. Returns the new secrets, by client: show them once."""
    made = {}
    for client in clients(site).values():
        path = site / client.digest_place["file"] if "file" in client.digest_place else None
        if path is not None and not path.exists():
            secret = secrets.token_urlsafe(32)
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(digest(secret) + "\n")
            made[client.id] = secret
    return made


def _digest(site: Path, client: Client) -> str | None:
    if "env" in client.digest_place:
        return os.environ.get(client.digest_place["env"]) or None
    path = site / client.digest_place["file"]
    return path.read_text("ascii").strip() if path.is_file() else None


def _matches(secret: str, line: str) -> bool:
    try:
        kind, cost, block, lanes, salt, expected = line.split("$")
        if (kind, block, lanes) != ("scrypt", str(_BLOCK), str(_LANES)):
            return False
        found = _scrypt(secret, base64.b64decode(salt, validate=True), int(cost))
        return hmac.compare_digest(found, base64.b64decode(expected, validate=True))
    except (ValueError, binascii.Error):
        return False


def _scrypt(secret: str, salt: bytes, cost: int) -> bytes:
    return hashlib.scrypt(
        secret.encode(), salt=salt, n=cost, r=_BLOCK, p=_LANES, maxmem=256 * 1024 * 1024, dklen=32
    )


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def _wrong(path: Path, english: str, french: str) -> ConfigurationError:
    return ConfigurationError(
        f"{path}: {english}. Correct the file.", f"{path} : {french}. Corrigez le fichier."
    )


_NOBODY = digest(secrets.token_urlsafe(32))
