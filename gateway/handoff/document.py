"""One pupil's dossier as a signed document: a compact JWS over canonical JSON. Signs what was released only.

The bytes depend on nothing but the release, the day and the key: made again, they are the same.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any

import orjson
from cryptography.hazmat.primitives import serialization
from joserfc import jws
from joserfc.jwk import OKPKey

from canonical_model.released import Released
from gateway.keys import Keys

FORMAT = "passerelle-dossier/1"
TYPE = "passerelle-dossier+jws"
ALGORITHM = "Ed25519"  # RFC 9864; `EdDSA`, that does not say which curve, is deprecated by it


@dataclass(frozen=True, slots=True)
class Signer:
    """The hub's signing key as JOSE needs it. `kid` is the key's RFC 7638 thumbprint."""

    key: OKPKey
    kid: str

    def public(self) -> dict[str, Any]:
        """The public half, as an entry of a JWK set."""
        return {**self.key.as_dict(private=False), "kid": self.kid, "use": "sig", "alg": ALGORITHM}


def signer(keys: Keys) -> Signer:
    """The signer of this hub."""
    pem = keys.signing.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    key = OKPKey.import_key(pem)
    return Signer(key, key.thumbprint())


def render(signing: Signer, released: Released, *, issuer: str, issued_on: date) -> bytes:
    """The document of one release. `issuer`: the board whose records it holds."""
    decision = released.decision
    content = {
        "format": FORMAT,
        "issuer": issuer,
        "recipient": decision.recipient,
        "purpose": decision.purpose,
        "issued_on": issued_on.isoformat(),
        "decision": decision.marker,
        "sections": dict(released.resource),
    }
    header = {"alg": ALGORITHM, "kid": signing.kid, "typ": TYPE}
    payload = orjson.dumps(content, option=orjson.OPT_SORT_KEYS)
    return jws.serialize_compact(header, payload, signing.key, algorithms=[ALGORITHM]).encode("ascii")
