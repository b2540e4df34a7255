"""How the client signs in: OAuth 2 client credentials, API key, client certificate, or not at all.

Refused: a kind of another protocol, an absent secret, a certificate that cannot be read. A secret is never in a
message; only its name is.
"""

import base64
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote_plus

from canonical_model.errors import ConfigurationError
from connectors.kit.errors import absent, unreadable, wrong_contract
from connectors.kit.installation import Installation
from connectors.kit.manifest.model import Authentication
from connectors.kit.tls import ClientPair

TOKEN_MARGIN_SECONDS = 30.0  # a token is renewed this long before it ends
TOKEN_SECONDS = 300.0  # of a token endpoint that does not say (RFC 6749 §5.1 recommends that it does)

AskToken = Callable[[str, Mapping[str, str], bytes], Mapping[str, Any]]
"""Asks the token endpoint once: path, headers, form. Raises as the client's other calls do."""


class SignIn:
    """Nothing to sign in with; the other ways are made of this one.

    `to_correct`: what a refusal is about. `certificate`: what the hub shows on the wire, when there is one.
    """

    to_correct = "the authentication of the manifest"
    certificate: ClientPair | None = None

    def headers(self, ask: AskToken) -> Mapping[str, str]:  # noqa: ARG002 - for a way that needs a token
        """The headers of one call."""
        return {}

    def renew(self) -> bool:
        """Forget what the partner refused; whether another try makes sense."""
        return False


class Anonymous(SignIn):
    """A partner that asks for nothing."""


@dataclass(frozen=True, slots=True)
class _Token:
    value: str
    renew_at: float  # of the monotonic clock: a token ages even when the wall clock is set back


class ClientCredentials(SignIn):
    """OAuth 2 client credentials (RFC 6749 §4.4): ``options.client_id`` and the secret ``client_secret``."""

    to_correct = "the secret client_secret or options.client_id"

    def __init__(
        self,
        installation: Installation,
        *,
        token_path: str = "/oauth/token",  # noqa: S107 - a path, not a password
        scope: str = "",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._installation = installation
        self._token_path, self._scope, self._clock = token_path, scope, clock
        self._token: _Token | None = None

    def headers(self, ask: AskToken) -> Mapping[str, str]:
        """A bearer token, asked for first when there is none or it is about to end."""
        if self._token is None or self._clock() >= self._token.renew_at:
            self._token = self._new(ask)
        return {"Authorization": f"Bearer {self._token.value}"}

    def renew(self) -> bool:
        """The partner may have ended the token early; whether there was one to renew."""
        held, self._token = self._token, None
        return held is not None

    def _new(self, ask: AskToken) -> _Token:
        identity = self._installation.options.get("client_id", "")
        secret = self._installation.secrets.get("client_secret", "")
        if not identity or not secret:
            raise absent(self._installation.system, "options.client_id", "client_secret")
        pair = f"{quote_plus(identity)}:{quote_plus(secret)}".encode()  # RFC 6749 §2.3.1 encodes both
        headers = {
            "Authorization": f"Basic {base64.b64encode(pair).decode()}",
            "Content-Type": "application/x-www-form-urlencoded",
        }
        scope = f"&scope={quote_plus(self._scope)}" if self._scope else ""
        found = ask(self._token_path, headers, f"grant_type=client_credentials{scope}".encode())
        value, seconds = found.get("access_token"), _seconds(found.get("expires_in", TOKEN_SECONDS))
        if not isinstance(value, str) or not value.isascii() or not value.isprintable() or seconds is None:
            raise wrong_contract(
                f"{self._installation.system}{self._token_path}",
                "no access_token, or an expires_in that is not a number",
                "sans access_token, ou expires_in n'est pas un nombre",
            )
        return _Token(value, self._clock() + max(seconds - TOKEN_MARGIN_SECONDS, 0.0))


class ApiKey(SignIn):
    """A key in a header: the secret ``api_key``."""

    to_correct = "the secret api_key"

    def __init__(self, installation: Installation, header: str) -> None:
        key = installation.secrets.get("api_key", "").strip()
        if not key:
            raise absent(installation.system, "api_key")
        if not key.isascii() or not key.isprintable():
            raise unreadable(installation.system, "api_key")
        self._headers = {header or "X-Api-Key": key}

    def headers(self, ask: AskToken) -> Mapping[str, str]:  # noqa: ARG002 - a key is always there
        """The key in its header."""
        return self._headers


class ClientCertificate(SignIn):
    """Mutual TLS: the secrets ``client_certificate`` and ``client_key``, each PEM text or the path of a file."""

    to_correct = "the secrets client_certificate and client_key"

    def __init__(self, installation: Installation) -> None:
        self.certificate = ClientPair(installation)


def sign_in(installation: Installation, declared: Authentication) -> SignIn:
    """The way in that a manifest declares. Raises ConfigurationError for one that REST has not."""
    match declared.kind:
        case "oauth2":
            return ClientCredentials(installation, token_path=declared.token_path, scope=declared.scope)
        case "api-key":
            return ApiKey(installation, declared.header)
        case "mutual-tls":
            return ClientCertificate(installation)
        case "none":
            return Anonymous()
    raise ConfigurationError(
        f"{installation.connector}/manifest.yaml/authentication: REST has no {declared.kind}."
        " Write oauth2, api-key, mutual-tls or none.",
        f"{installation.connector}/manifest.yaml/authentication : REST ne connaît pas {declared.kind}."
        " Écrivez oauth2, api-key, mutual-tls ou none.",
    )


def _seconds(value: Any) -> float | None:
    """`expires_in`, which some endpoints write as text."""
    try:
        return max(float(value), 0.0) if isinstance(value, (int, float, str)) else None
    except ValueError:
        return None
