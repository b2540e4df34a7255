"""Who may call a SOAP sandbox: UsernameToken (text or digest, a nonce serves once) and X.509 signature.

Refused with the faults of WS-Security: a wrong user or password, a digest that is old or served before, a
message that is not signed by the one certificate that is known here.
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime

from lxml import etree

from connectors.kit.soap import multipart, signature
from connectors.kit.soap.names import PASSWORD_DIGEST, WSSE, WSU, XOP_INCLUDE, Version
from connectors.kit.soap_server.written import SoapFaultAnswer


class Guard:
    """`users`: password by user; empty when nobody signs in by name. `signing`: messages both ways are signed."""

    def __init__(
        self, users: Mapping[str, str] | None = None, signing: signature.Signing | None = None
    ) -> None:
        self._users = dict(users or {})
        self._signing = signing
        self._served: set[str] = set()

    def check(self, envelope: etree._Element, version: Version) -> None:
        """Raises SoapFaultAnswer."""
        if self._users:
            self._check_token(envelope, version)
        if self._signing is None:
            return
        try:
            signature.verify(envelope, version, self._signing, _now())
        except signature.SignatureError as error:
            if error.reason == "expired":
                raise SoapFaultAnswer("wsse:MessageExpired", "EXPIRED", "The message is old.") from error
            kind = "wsse:InvalidSecurity" if error.reason == "absent" else "wsse:FailedCheck"
            raise SoapFaultAnswer(kind, "SIGNATURE", f"The signature: {error.reason}.") from error

    def sign(self, envelope: etree._Element, version: Version, parts: Mapping[str, bytes]) -> None:
        """Sign an answer when messages are signed here: as if its parts stood in it, so that they are signed too."""
        if self._signing is None:
            return
        included = [(found.getparent(), found) for found in envelope.iter(XOP_INCLUDE)]
        multipart.join_included(envelope, parts)
        signature.sign(envelope, version, self._signing, _now())
        for parent, found in included:
            if parent is not None:
                parent.text = None
                parent.append(found)

    def _check_token(self, envelope: etree._Element, version: Version) -> None:
        token = envelope.find(f"{version.tag('Header')}/{{{WSSE}}}Security/{{{WSSE}}}UsernameToken")
        user = token.findtext(f"{{{WSSE}}}Username", "") if token is not None else ""
        given = token.find(f"{{{WSSE}}}Password") if token is not None else None
        right = self._users.get(user, "")
        if token is None or given is None or not right:
            raise _refused()
        if given.get("Type") == PASSWORD_DIGEST:
            right = self._digest(token, right)
        if not hmac.compare_digest((given.text or "").encode(), right.encode()):
            raise _refused()

    def _digest(self, token: etree._Element, password: str) -> str:
        """The digest that this token must hold. Raises SoapFaultAnswer for a nonce that served or is old."""
        nonce = token.findtext(f"{{{WSSE}}}Nonce", "").strip()
        created = token.findtext(f"{{{WSU}}}Created", "")
        try:
            moment = datetime.fromisoformat(created)
        except ValueError:
            raise _refused() from None
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        if abs(_now() - moment) > signature.LIFE:
            raise SoapFaultAnswer("wsse:MessageExpired", "EXPIRED", "The token is old.")
        if not nonce or nonce in self._served:
            raise _refused()
        self._served.add(nonce)
        told = base64.b64decode(nonce) + created.encode() + password.encode()
        return base64.b64encode(hashlib.sha1(told).digest()).decode()  # noqa: S324 - the profile says SHA-1


def _refused() -> SoapFaultAnswer:
    return SoapFaultAnswer("wsse:FailedAuthentication", "SIGN_IN", "The sign-in was refused.")


def _now() -> datetime:
    return datetime.now(UTC)
