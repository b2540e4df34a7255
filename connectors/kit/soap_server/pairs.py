"""Keys and self-signed certificates for sandboxes and tests; never for a real partner, who trusts no such thing."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from connectors.kit.soap.signature import Signing, signing

LIFE = timedelta(days=3650)


@dataclass(frozen=True, slots=True)
class Pair:
    """A key and its certificate, as PEM."""

    key: bytes
    certificate: bytes

    def __repr__(self) -> str:
        return "Pair(…)"

    def trusting(self, other: "Pair | None") -> Signing:
        """What signs with this pair and takes only what the other one signed."""
        return signing(self.key, self.certificate, other.certificate if other else None)


def make(name: str, *, begins: datetime | None = None, ends: datetime | None = None) -> Pair:
    """A new RSA pair whose certificate bears a name; valid from an hour ago unless told."""
    begins = begins or datetime.now(UTC) - timedelta(hours=1)
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(ends or begins + LIFE)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    plain = serialization.NoEncryption()
    return Pair(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain), made.public_bytes(pem))


def kept(folder: Path, name: str) -> Pair:
    """The pair of that name in a folder, made the first time: a partner keeps its key when it starts again."""
    key, certificate = folder / f"{name}.key.pem", folder / f"{name}.pem"
    if not certificate.exists():
        made = make(name)
        key.touch(mode=0o600)
        key.write_bytes(made.key)
        certificate.write_bytes(made.certificate)  # last: one that is there has its key
    return Pair(key.read_bytes(), certificate.read_bytes())
