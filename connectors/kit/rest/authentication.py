"""How the client signs in: OAuth 2 client credentials, API key, client certificate, or not at all.

Refused: a kind of another protocol, an absent secret, a certificate that cannot be read. A secret is never in a
message; only its name is.
"""

import base64
import os
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any
from urllib.parse import quote_plus

from canonical_model.errors import ConfigurationError
from connectors.kit.installation import Installation
from connectors.kit.manifest.model import Authentication
from connectors.kit.rest.errors import wrong_contract

TOKEN_MARGIN_SECONDS = 30.0  # a token is renewed this long before it ends
TOKEN_SECONDS = 300.0  # of a token endpoint that does not say (RFC 6749 §5.1 recommends that it does)

AskToken = Callable[[str, Mapping[str, str], bytes], Mapping[str, Any]]
"""Asks the token endpoint once: path, headers, form. Raises as the client's other calls do."""


class SignIn:
    """Nothing to sign in with; the other ways are made of this one. `to_correct`: what a refusal is about."""

    to_correct = "the authentication of the manifest"

    def headers(self, ask: AskToken) -> Mapping[str, str]:  # noqa: ARG002 - for a way that needs a token
        """The headers of one call."""
        return {}

    def renew(self) -> bool:
        """Forget what the partner refused; whether another try makes sense."""
        return False

    def certify(self, context: ssl.SSLContext) -> None:
        """Add the client certificate, when there is one."""

    @property
    def has_certificate(self) -> bool:
        """Whether `certify` adds one."""
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
            raise _absent(self._installation, "options.client_id", "client_secret")
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
            raise _absent(installation, "api_key")
        if not key.isascii() or not key.isprintable():
            raise _unreadable(installation, "api_key")
        self._headers = {header or "X-Api-Key": key}

    def headers(self, ask: AskToken) -> Mapping[str, str]:  # noqa: ARG002 - a key is always there
        """The key in its header."""
        return self._headers


class ClientCertificate(SignIn):
    """Mutual TLS: the secrets ``client_certificate`` and ``client_key``, each PEM text or the path of a file."""

    to_correct = "the secrets client_certificate and client_key"

    def __init__(self, installation: Installation) -> None:
        self._installation = installation
        if not installation.address.startswith("https:"):
            raise ConfigurationError(
                f"{installation.system}: a client certificate needs an https address. Correct systems.yaml.",
                f"{installation.system} : un certificat client demande une adresse https."
                " Corrigez systems.yaml.",
            )
        self._certificate, self._key = (self._pem(name) for name in ("client_certificate", "client_key"))

    def certify(self, context: ssl.SSLContext) -> None:
        """Add the certificate and its key. Raises ConfigurationError when they do not belong together."""
        try:
            with _as_file(self._certificate) as certificate, _as_file(self._key) as key:
                context.load_cert_chain(certificate, key, password="")  # or OpenSSL asks the terminal
        except (ssl.SSLError, OSError, ValueError):
            # `from None`: OpenSSL's text may hold a piece of the file
            raise _unreadable(self._installation, "client_certificate", "client_key") from None

    @property
    def has_certificate(self) -> bool:
        """Always."""
        return True

    def _pem(self, name: str) -> bytes:
        told = self._installation.secrets.get(name, "")
        if not told:
            raise _absent(self._installation, name)
        return pem(self._installation, name, told)


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


def tls(installation: Installation, way_in: SignIn) -> ssl.SSLContext | bool:
    """Whom to trust: the usual authorities, or the private one of ``options.certificate_authority`` alone."""
    if not installation.address.startswith("https:"):
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # trusts nobody, and costs no reading of authorities
    authority = installation.options.get("certificate_authority", "")
    if not authority and not way_in.has_certificate:
        return True
    try:
        told = pem(installation, "certificate_authority", authority).decode() if authority else None
        context = ssl.create_default_context(cadata=told)
    except (ssl.SSLError, ValueError):
        raise _unreadable(installation, "certificate_authority") from None
    way_in.certify(context)
    return context


def pem(installation: Installation, name: str, told: str) -> bytes:
    """The PEM text that is told, or that stands in the file that is told."""
    if "-----BEGIN " in told:
        return told.encode()
    try:
        return Path(told.strip()).read_bytes()
    except (OSError, ValueError):
        raise _unreadable(installation, name) from None  # the path may be a secret pasted in the wrong place


@contextmanager
def _as_file(content: bytes) -> Iterator[str]:
    """OpenSSL reads files only. In memory where the system can: a key that was on a disk can be found there."""
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create("pem")
        try:
            os.write(descriptor, content)
            yield f"/proc/self/fd/{descriptor}"
        finally:
            os.close(descriptor)
        return
    with NamedTemporaryFile() as file:  # readable by its owner only, gone at the end
        file.write(content)
        file.flush()
        yield file.name


def _seconds(value: Any) -> float | None:
    """`expires_in`, which some endpoints write as text."""
    try:
        return max(float(value), 0.0) if isinstance(value, (int, float, str)) else None
    except ValueError:
        return None


def _absent(installation: Installation, *names: str) -> ConfigurationError:
    english, french = " or ".join(names), " ou ".join(names)
    return ConfigurationError(
        f"{installation.system}: {english} is absent. Add it to systems.yaml.",
        f"{installation.system} : {french} est absent. Ajoutez-le à systems.yaml.",
    )


def _unreadable(installation: Installation, *names: str) -> ConfigurationError:
    english, french = " or ".join(names), " ou ".join(names)
    return ConfigurationError(
        f"{installation.system}: {english} cannot be read or used. Correct it in systems.yaml.",
        f"{installation.system} : {french} : lecture ou emploi impossible. Corrigez-le dans systems.yaml.",
    )
