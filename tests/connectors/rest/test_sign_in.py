"""The ways in against real servers: API key, mutual TLS, private authority; no secret in a message."""

import datetime as dt
import json
import ssl
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from canonical_model.errors import ConfigurationError
from connectors.kit.installation import Installation
from connectors.kit.manifest import Authentication, Limits
from connectors.kit.rest import RestClient, sign_in
from tests.connectors.rest.conftest import Serve, reply, system

ONCE = Limits(tries=1)
DAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class Issued:
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode()

    @property
    def key_pem(self) -> str:
        return self.key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ).decode()


def issue(name: str, issuer: Issued | None = None, *, begins: int = -1, ends: int = 1) -> Issued:
    """A certificate for this machine, valid from `begins` to `ends` days of now."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + begins * DAY)
        .not_valid_after(now + ends * DAY)
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    if issuer is None:
        usage = x509.KeyUsage(True, False, False, False, False, True, True, False, False)
        made = made.add_extension(usage, critical=True)
    else:
        held = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key())
        made = made.add_extension(held, critical=False)
    return Issued(made.sign((issuer.key if issuer else key), hashes.SHA256()), key)


@pytest.fixture(scope="module")
def authority() -> Issued:
    return issue("A private authority")


def partner_tls(folder: Path, server: Issued, clients: Issued | None = None) -> ssl.SSLContext:
    (folder / "server.pem").write_text(server.pem + server.key_pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem")
    if clients is not None:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(cadata=clients.pem)
    return context


def ok(handler: BaseHTTPRequestHandler, _: str) -> None:
    reply(handler, json.dumps({"who": handler.headers.get("X-Api-Key", "")}))


def ask(installation: Installation, kind: str, header: str = "") -> dict[str, object]:
    way_in = sign_in(installation, Authentication(kind, header=header))  # type: ignore[arg-type]
    client = RestClient(installation, way_in=way_in, limits=ONCE)
    try:
        return client.get_json("/v1")
    finally:
        client.close()


def test_an_api_key_goes_in_its_header(serve: Serve) -> None:
    assert {"who": "k3y"} == ask(system(serve(ok), {"api_key": "k3y\n"}), "api-key", "X-Api-Key")


def test_a_refused_key_names_the_secret_and_never_shows_it(serve: Serve) -> None:
    address = serve(lambda handler, _: reply(handler, b"{}", 401))

    with pytest.raises(ConfigurationError, match="api_key") as caught:
        ask(system(address, {"api_key": "k3y"}), "api-key", "X-Api-Key")

    assert "k3y" not in caught.value.english + caught.value.french


@pytest.mark.parametrize(
    ("kind", "named"),
    [("api-key", "api_key"), ("oauth2", "client_secret"), ("mutual-tls", "client_certificate")],
)
def test_an_absent_secret_is_named_before_anything_is_asked(kind: str, named: str) -> None:
    with pytest.raises(ConfigurationError, match=named):
        ask(system("https://127.0.0.1:1"), kind)


def test_a_key_that_would_break_the_header_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="api_key cannot be read") as caught:
        ask(system("http://127.0.0.1:1", {"api_key": "a\r\nHost: elsewhere"}), "api-key")

    assert "elsewhere" not in caught.value.english


def test_a_way_in_of_another_protocol_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="REST has no username-token"):
        ask(system("http://127.0.0.1:1"), "username-token")


@pytest.mark.parametrize("as_path", [False, True])
def test_mutual_tls_with_a_private_authority(
    serve: Serve, tmp_path: Path, authority: Issued, as_path: bool
) -> None:
    client = issue("passerelle", authority)
    address = serve(ok, partner_tls(tmp_path, issue("partner", authority), authority))
    secrets = {"client_certificate": client.pem, "client_key": client.key_pem}
    options = {"certificate_authority": authority.pem}
    if as_path:
        for told in (secrets, options):
            for name, content in told.items():
                (tmp_path / name).write_text(content)
                told[name] = str(tmp_path / name)

    assert {"who": ""} == ask(system(address, secrets, options), "mutual-tls")


def test_a_partner_that_does_not_know_our_certificate_is_a_sign_in_to_correct(
    serve: Serve, tmp_path: Path, authority: Issued
) -> None:
    client = issue("passerelle", issue("Another authority"))
    address = serve(ok, partner_tls(tmp_path, issue("partner", authority), authority))
    secrets = {"client_certificate": client.pem, "client_key": client.key_pem}

    with pytest.raises(ConfigurationError, match="refused our certificate"):
        ask(system(address, secrets, {"certificate_authority": authority.pem}), "mutual-tls")


def test_a_certificate_and_another_s_key_are_refused_without_showing_them(authority: Issued) -> None:
    one, other = issue("one", authority), issue("other", authority)
    for secrets in (
        {"client_certificate": one.pem, "client_key": other.key_pem},
        {"client_certificate": "/nowhere/s3cret.pem", "client_key": one.key_pem},
        {"client_certificate": one.pem, "client_key": "-----BEGIN s3cret"},
    ):
        with pytest.raises(ConfigurationError, match="cannot be read or used") as caught:
            ask(system("https://127.0.0.1:1", secrets), "mutual-tls")
        assert "s3cret" not in caught.value.english + caught.value.french
        assert caught.value.__cause__ is None


def test_mutual_tls_needs_https() -> None:
    with pytest.raises(ConfigurationError, match="https"):
        ask(system("http://127.0.0.1:1"), "mutual-tls")


@pytest.mark.parametrize(("days", "words"), [((-3, -1), "has expired"), ((1, 3), "is not valid yet")])
def test_a_certificate_out_of_its_days_stops_and_says_which_way(
    serve: Serve, tmp_path: Path, authority: Issued, days: tuple[int, int], words: str
) -> None:
    asked: list[str] = []
    server = issue("partner", authority, begins=days[0], ends=days[1])
    address = serve(lambda handler, _: asked.append(handler.path), partner_tls(tmp_path, server))

    with pytest.raises(ConfigurationError, match=words):
        ask(system(address, options={"certificate_authority": authority.pem}), "none")

    assert [] == asked


def test_a_private_authority_is_trusted_only_when_it_is_named(
    serve: Serve, tmp_path: Path, authority: Issued
) -> None:
    address = serve(ok, partner_tls(tmp_path, issue("partner", authority)))

    with pytest.raises(ConfigurationError, match="is not trusted"):
        ask(system(address), "none")
    with pytest.raises(ConfigurationError, match="is not trusted"):
        ask(system(address, options={"certificate_authority": issue("Another").pem}), "none")
    assert {"who": ""} == ask(system(address, options={"certificate_authority": authority.pem}), "none")
