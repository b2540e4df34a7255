"""What an installed system proves itself with: UsernameToken (text or digest), X.509 signature, or both.

Refused before anything is sent: an absent user, password, key or certificate. Each message is made safe
anew: a nonce and a timestamp serve once.
"""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from lxml import etree
from zeep.wsse.username import UsernameToken

from canonical_model.errors import ConfigurationError
from connectors.kit.installation import Installation
from connectors.kit.soap import signature
from connectors.kit.soap.envelope import version

Authentication = Literal["username-token", "x509", "mutual-tls", "none"]


class Security:
    """What zeep calls with each envelope it made. `signing`: None when messages are not signed."""

    def __init__(
        self,
        token: tuple[str, str, bool] | None,
        signing: signature.Signing | None,
        now: Callable[[], datetime],
    ) -> None:
        self._token = token
        self.signing = signing
        self._now = now

    def apply(self, envelope: etree._Element, headers: dict[str, str]) -> tuple[Any, dict[str, str]]:
        """The envelope with its Security header."""
        if self._token is not None:
            user, password, digest = self._token
            token = UsernameToken(user, password, use_digest=digest)  # its nonce is kept: one a message
            envelope, headers = token.apply(envelope, headers)
        if self.signing is not None:
            signature.sign(envelope, version(envelope), self.signing, self._now())
        return envelope, headers

    def check(self, envelope: etree._Element) -> None:
        """Raises SignatureError when answers are to be signed and this one is not the partner's."""
        if self.signing is not None:
            signature.verify(envelope, version(envelope), self.signing, self._now())


def security(
    installation: Installation, authentication: Authentication, now: Callable[[], datetime]
) -> Security:
    """From the options and secrets of systems.yaml. Raises ConfigurationError naming what is absent.

    ``username-token``: ``options.user``, the secret ``password``, ``options.password_type`` (text, the
    default, or digest). ``x509``: the secret ``private_key`` and the files ``options.certificate`` and
    ``options.partner_certificate``, all PEM; with ``options.user``, a UsernameToken too.
    ``mutual-tls``: nothing in the message; the wire shows the certificate.
    """
    signs = authentication == "x509"
    named = authentication == "username-token" or (signs and "user" in installation.options)
    token = _token(installation) if named else None
    return Security(token, _signing(installation) if signs else None, now)


def _token(installation: Installation) -> tuple[str, str, bool]:
    user, password = installation.options.get("user", ""), installation.secrets.get("password", "")
    if not user or not password:
        raise _absent(
            installation, "options.user or the secret password", "options.user ou le secret password"
        )
    kind = installation.options.get("password_type", "text")
    if kind not in ("text", "digest"):
        raise ConfigurationError(
            f"{installation.system}: options.password_type is text or digest. Correct systems.yaml.",
            f"{installation.system} : options.password_type est text ou digest. Corrigez systems.yaml.",
        )
    return user, password, kind == "digest"


def _signing(installation: Installation) -> signature.Signing:
    key = installation.secrets.get("private_key", "")
    if not key:
        raise _absent(installation, "the secret private_key", "le secret private_key")
    certificate = _file(installation, "certificate")
    partner = _file(installation, "partner_certificate")
    try:
        return signature.signing(key.encode(), certificate, partner)
    except (ValueError, TypeError):
        raise ConfigurationError(  # without the cause: it may quote the key
            f"{installation.system}: the key or a certificate is not PEM, or they are not of one pair."
            " Correct the secret private_key, options.certificate or options.partner_certificate.",
            f"{installation.system} : la clé ou un certificat n'est pas du PEM, ou ils ne vont pas ensemble."
            " Corrigez le secret private_key, options.certificate ou options.partner_certificate.",
        ) from None


def _file(installation: Installation, option: str) -> bytes:
    path = installation.options.get(option, "")
    if not path:
        raise _absent(installation, f"options.{option}", f"options.{option}")
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise ConfigurationError(
            f"{installation.system}: the file of options.{option} cannot be read. Correct systems.yaml.",
            f"{installation.system} : le fichier de options.{option} ne se lit pas. Corrigez systems.yaml.",
        ) from error


def _absent(installation: Installation, english: str, french: str) -> ConfigurationError:
    return ConfigurationError(
        f"{installation.system}: {english} is absent. Add it to systems.yaml.",
        f"{installation.system} : {french} est absent. Ajoutez-le à systems.yaml.",
    )
