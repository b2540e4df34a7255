"""Access tokens: signed JWTs of RFC 9068, short-lived, for this gateway only. Refuses another's algorithm.

What a client may do is asked of clients.yaml again at each request: a client that was struck off
there is refused at once, whatever its token says.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwt import JWTClaimsRegistry

from gateway.handoff.document import ALGORITHM, Signer

LIFETIME_SECONDS = 300
TYPE = "at+jwt"


@dataclass(frozen=True, slots=True)
class Grant:
    """What a valid token says: the client it was given to and the scopes it was given."""

    client: str
    scopes: frozenset[str]


def issue(signing: Signer, *, issuer: str, client: str, scopes: frozenset[str], moment: datetime) -> str:
    """A token for `client`, valid for LIFETIME_SECONDS from `moment`."""
    since = int(moment.timestamp())
    claims = {
        "iss": issuer,
        "aud": issuer,
        "sub": client,
        "client_id": client,
        "scope": " ".join(sorted(scopes)),
        "iat": since,
        "exp": since + LIFETIME_SECONDS,
        "jti": secrets.token_urlsafe(16),
    }
    header = {"alg": ALGORITHM, "kid": signing.kid, "typ": TYPE}
    return jwt.encode(header, claims, signing.key, algorithms=[ALGORITHM])


def verified(signing: Signer, text: str, *, issuer: str, moment: datetime) -> Grant | None:
    """What a token grants, or None when it is not one of this gateway's, for it, and in time.

    The algorithm is ours, never the token's choice: ``none`` and symmetric ones are refused.
    """
    try:
        token = jwt.decode(text, signing.key, algorithms=[ALGORITHM])
        _registry(issuer, moment).validate(token.claims)
    except (JoseError, ValueError, TypeError, KeyError):
        return None
    return _grant(token.header, token.claims)


def _registry(issuer: str, moment: datetime) -> JWTClaimsRegistry:
    return JWTClaimsRegistry(
        now=int(moment.timestamp()),
        leeway=0,
        iss={"essential": True, "value": issuer},
        aud={"essential": True, "value": issuer},
        exp={"essential": True},
        iat={"essential": True},
        client_id={"essential": True},
        scope={"essential": True},
    )


def _grant(header: Mapping[str, Any], claims: Mapping[str, Any]) -> Grant | None:
    client, scope = claims["client_id"], claims["scope"]
    if header.get("typ") != TYPE or not isinstance(client, str) or not isinstance(scope, str):
        return None  # our key signs dossiers too: a document is not a token
    return Grant(client, frozenset(scope.split()))
