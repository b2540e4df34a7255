"""WS-Security X.509 signature of one message: Body and Timestamp, signed and verified; nothing less passes.

Refused when verifying: another certificate than the partner's, a Body or Timestamp that the signature
does not cover, an id that two elements share (signature wrapping), an old or future Timestamp, an
algorithm weaker than SHA-256. Exclusive canonicalization; RSA or EC keys.
"""

import base64
import logging
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import signxml
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from lxml import etree
from signxml.algorithms import CanonicalizationMethod, DigestAlgorithm, SignatureMethod

from connectors.kit.soap.names import BASE64, DS, WSSE, WSU, X509_TOKEN, Version

LIFE = timedelta(minutes=5)  # of a message, and how far two clocks may stand apart

logging.getLogger("signxml").setLevel(logging.WARNING)  # at DEBUG it writes what it signs: people

_METHODS = frozenset(
    {
        SignatureMethod.RSA_SHA256,
        SignatureMethod.RSA_SHA384,
        SignatureMethod.RSA_SHA512,
        SignatureMethod.ECDSA_SHA256,
        SignatureMethod.ECDSA_SHA384,
        SignatureMethod.ECDSA_SHA512,
    }
)
_DIGESTS = frozenset({DigestAlgorithm.SHA256, DigestAlgorithm.SHA384, DigestAlgorithm.SHA512})
_ID = f"{{{WSU}}}Id"


class SignatureError(ValueError):
    """A message that is not the partner's, whole and of now. `reason`: a stable code; see `verify`."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Signing:
    """Our key and certificate, and the one certificate whose signatures are the partner's."""

    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
    certificate: x509.Certificate
    partner: x509.Certificate | None

    def __repr__(self) -> str:
        return "Signing(…)"  # a key in a traceback is a key in a log


def signing(key: bytes, certificate: bytes, partner: bytes | None) -> Signing:
    """From PEM. Raises ValueError, or TypeError for a key of another kind, when they are not such a pair."""
    loaded = serialization.load_pem_private_key(key, password=None)
    if not isinstance(loaded, (rsa.RSAPrivateKey, ec.EllipticCurvePrivateKey)):
        msg = "an RSA or EC key is expected"
        raise TypeError(msg)
    own = x509.load_pem_x509_certificate(certificate)
    if own.public_key() != loaded.public_key():
        msg = "the key is not the certificate's"
        raise ValueError(msg)
    return Signing(loaded, own, x509.load_pem_x509_certificate(partner) if partner else None)


def sign(envelope: etree._Element, version: Version, held: Signing, moment: datetime) -> None:
    """Add Timestamp, token and Signature to the Security header, which is made when it is absent."""
    security = _security(envelope, version)
    timestamp = etree.SubElement(security, f"{{{WSU}}}Timestamp", nsmap={"wsu": WSU})
    for name, at in (("Created", moment), ("Expires", moment + LIFE)):
        etree.SubElement(timestamp, f"{{{WSU}}}{name}").text = _written(at)
    body = envelope.find(version.tag("Body"))
    if body is None:
        raise SignatureError("body")
    token = etree.SubElement(
        security, f"{{{WSSE}}}BinarySecurityToken", {"ValueType": X509_TOKEN, "EncodingType": BASE64}
    )
    token.text = base64.b64encode(held.certificate.public_bytes(serialization.Encoding.DER)).decode()
    names = {}
    for element in (body, timestamp, token):
        names[element] = names_id = f"id-{secrets.token_hex(8)}"
        element.set(_ID, names_id)
    security.append(_signature(envelope, held, (names[body], names[timestamp]), names[token]))


def verify(envelope: etree._Element, version: Version, held: Signing, moment: datetime) -> None:
    """Raises SignatureError: ``absent``, ``invalid``, ``not-covered``, ``wrapped``, ``timestamp``, ``expired``.

    ``expired`` is also a partner's certificate that is not valid at `moment`.
    """
    partner = held.partner
    security = envelope.find(f"{version.tag('Header')}/{{{WSSE}}}Security")
    if partner is None or security is None or len(security.findall(f"{{{DS}}}Signature")) != 1:
        raise SignatureError("absent")
    if not partner.not_valid_before_utc <= moment <= partner.not_valid_after_utc:
        raise SignatureError("expired")
    body, timestamp = envelope.find(version.tag("Body")), security.find(f"{{{WSU}}}Timestamp")
    if body is None or timestamp is None:
        raise SignatureError("not-covered")
    covered = _covered(envelope, security)
    _checked(envelope, version, partner, len(covered))
    if body not in covered or timestamp not in covered:
        raise SignatureError("not-covered")
    _check_moment(timestamp, moment)


def _signature(
    envelope: etree._Element, held: Signing, covered: tuple[str, str], token: str
) -> etree._Element:
    rsa_key = isinstance(held.key, rsa.RSAPrivateKey)
    signer = signxml.XMLSigner(
        method=signxml.methods.detached,
        signature_algorithm=SignatureMethod.RSA_SHA256 if rsa_key else SignatureMethod.ECDSA_SHA256,
        digest_algorithm=DigestAlgorithm.SHA256,
        c14n_algorithm=CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0,
    )
    references = [
        signxml.SignatureReference(
            URI=f"#{name}", c14n_method=CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0
        )
        for name in covered
    ]
    made: etree._Element = signer.sign(envelope, key=held.key, reference_uri=references)
    for found in made.findall(f"{{{DS}}}KeyInfo"):
        made.remove(found)
    info = etree.SubElement(made, f"{{{DS}}}KeyInfo")
    reference = etree.SubElement(info, f"{{{WSSE}}}SecurityTokenReference", nsmap={"wsse": WSSE})
    etree.SubElement(reference, f"{{{WSSE}}}Reference", {"URI": f"#{token}", "ValueType": X509_TOKEN})
    return made


def _checked(envelope: etree._Element, version: Version, partner: x509.Certificate, references: int) -> None:
    """Every digest and the signature's value, by the partner's certificate and no other."""
    expected = signxml.SignatureConfiguration(
        require_x509=True,
        location=f"./{version.tag('Header')}/{{{WSSE}}}Security/",
        expect_references=references,
        signature_methods=_METHODS,
        digest_algorithms=_DIGESTS,
        ignore_ambiguous_key_info=True,  # the key is the partner's whatever the message says
    )
    try:
        signxml.XMLVerifier().verify(envelope, x509_cert=partner, expect_config=expected)
    except (signxml.exceptions.SignXMLException, etree.LxmlError, ValueError, KeyError, TypeError):
        raise SignatureError("invalid") from None  # its words may quote the message


def _covered(envelope: etree._Element, security: etree._Element) -> list[etree._Element]:
    """The elements that the signature names, each by an id that it alone has."""
    held: dict[str, list[etree._Element]] = {}
    for element in envelope.iter(etree.Element):
        for name in _ids(element):
            held.setdefault(name, []).append(element)
    found = []
    for reference in security.iterfind(f"{{{DS}}}Signature/{{{DS}}}SignedInfo/{{{DS}}}Reference"):
        named = held.get(reference.get("URI", "").removeprefix("#"), [])
        if len(named) != 1:
            raise SignatureError("wrapped")
        found.append(named[0])
    return found


def _ids(element: etree._Element) -> Iterator[str]:
    for name, value in element.attrib.items():
        if etree.QName(name).localname in ("Id", "ID", "id"):
            yield str(value)


def _check_moment(timestamp: etree._Element, moment: datetime) -> None:
    created = _moment(timestamp.findtext(f"{{{WSU}}}Created"))
    expires = _moment(timestamp.findtext(f"{{{WSU}}}Expires"))
    if created is None:
        raise SignatureError("timestamp")
    if created > moment + LIFE or (expires or created + LIFE) + LIFE < moment:
        raise SignatureError("expired")


def _moment(text: str | None) -> datetime | None:
    try:
        found = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


def _written(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _security(envelope: etree._Element, version: Version) -> etree._Element:
    """The one Security header, marked as one that must be understood."""
    header = envelope.find(version.tag("Header"))
    if header is None:
        header = etree.Element(version.tag("Header"))
        envelope.insert(0, header)
    security = header.find(f"{{{WSSE}}}Security")
    if security is None:
        security = etree.SubElement(header, f"{{{WSSE}}}Security", nsmap={"wsse": WSSE})
    security.set(version.tag("mustUnderstand"), "1" if version.number == "1.1" else "true")
    return security
