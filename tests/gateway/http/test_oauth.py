"""OAuth 2 at the edge: who gets a token, what a token is worth, and every way in which it is not."""

import base64
import json
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc import jwt
from joserfc.jwk import OctKey, OKPKey
from starlette.testclient import TestClient

from canonical_model.errors import ConfigurationError
from gateway.handoff.document import signer
from gateway.http import clients, tokens
from gateway.http.app import create_app
from gateway.keys import public_pem
from gateway.store.hub import Hub
from tests.conftest import MOMENT
from tests.school import School, demo_site

CLIENT = "clara-916000"
FORM = {"grant_type": "client_credentials"}


@dataclass
class Edge:
    """The application, its clock, and the secret of its client."""

    hub: Hub
    secret: str
    clock: list[datetime] = field(default_factory=lambda: [MOMENT])
    http: Any = None
    person: str = ""

    def ask(self, data: dict[str, str] | None = None, **options: Any) -> httpx.Response:
        found: httpx.Response = self.http.post("/oauth/token", data=FORM if data is None else data, **options)
        return found

    def read(self, token: str) -> httpx.Response:
        found: httpx.Response = self.http.get(
            f"/v1/dossiers/{self.person}/identity",
            headers={"Authorization": f"Bearer {token}", "Passerelle-Purpose": "admission"},
        )
        return found


@pytest.fixture
def edge(hub: Hub) -> Iterator[Edge]:
    made = Edge(hub, clients.provision(demo_site(hub))[CLIENT])
    school = School(hub)
    made.person = school.pupil(1)
    school.answer(1)
    with TestClient(create_app(hub, now=lambda: made.clock[0])) as http:
        made.http = http
        yield made


def test_a_client_with_its_secret_gets_a_short_token_for_its_scopes(edge: Edge) -> None:
    answer = edge.ask(auth=(CLIENT, edge.secret))

    assert 200 == answer.status_code
    assert "no-store" == answer.headers["cache-control"]
    body = answer.json()
    assert ("Bearer", 300) == (body["token_type"], body["expires_in"])
    assert "dossier.identity dossier.results_local" == body["scope"]
    assert 200 == edge.read(body["access_token"]).status_code


def test_the_secret_may_be_posted_instead_and_fewer_scopes_asked_for(edge: Edge) -> None:
    form = {**FORM, "client_id": CLIENT, "client_secret": edge.secret, "scope": "dossier.identity"}

    assert "dossier.identity" == edge.ask(form).json()["scope"]


@pytest.mark.parametrize(
    ("form", "basic", "status", "error"),
    [
        (FORM, (CLIENT, "wrong"), 401, "invalid_client"),
        (FORM, ("nobody", "wrong"), 401, "invalid_client"),
        (FORM, None, 401, "invalid_client"),
        ({**FORM, "client_id": CLIENT}, None, 401, "invalid_client"),
        ({}, (CLIENT, None), 400, "invalid_request"),
        ({"grant_type": "password"}, (CLIENT, None), 400, "unsupported_grant_type"),
        ({**FORM, "scope": "dossier.health"}, (CLIENT, None), 400, "invalid_scope"),
        ({**FORM, "scope": "admin"}, (CLIENT, None), 400, "invalid_scope"),
        ({**FORM, "client_secret": "x"}, (CLIENT, None), 400, "invalid_request"),
        ({**FORM, "client_id": "other"}, (CLIENT, None), 400, "invalid_request"),
    ],
)
def test_a_wrong_request_for_a_token_gets_the_standard_s_code(
    edge: Edge, form: dict[str, str], basic: tuple[str, str | None] | None, status: int, error: str
) -> None:
    """RFC 6749 §5.2; a None secret stands for the right one."""
    auth = (basic[0], basic[1] or edge.secret) if basic else None

    answer = edge.ask(form or {"x": ""}, auth=auth)

    assert (status, {"error": error}) == (answer.status_code, answer.json())
    assert "no-store" == answer.headers["cache-control"]
    assert ("www-authenticate" in answer.headers) == (status == 401)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b'{"grant_type": "client_credentials"}', "application/json"),
        (b"grant_type=client_credentials&grant_type=client_credentials", "application/x-www-form-urlencoded"),
        (b"grant_type=%ff", "application/x-www-form-urlencoded"),
        (b"\xff\xfe", "application/x-www-form-urlencoded"),
        (b"a=" + b"x" * 20_000, "application/x-www-form-urlencoded"),
        (b"&".join(b"a%d=1" % n for n in range(50)), "application/x-www-form-urlencoded"),
    ],
)
def test_a_form_that_is_none_is_an_invalid_request(edge: Edge, body: bytes, kind: str) -> None:
    answer = edge.http.post(
        "/oauth/token", content=body, headers={"Content-Type": kind}, auth=(CLIENT, edge.secret)
    )

    assert 400 == answer.status_code
    assert answer.json()["error"] in ("invalid_request", "unsupported_grant_type")


@pytest.mark.parametrize("header", ["Basic", "Basic !!!", "Basic bm9jb2xvbg==", "Digest x", "Basic /w=="])
def test_a_header_that_holds_no_credentials_is_no_client(edge: Edge, header: str) -> None:
    assert {"error": "invalid_client"} == edge.ask(headers={"Authorization": header}).json()


def test_a_client_whose_digest_is_absent_or_spoiled_gets_no_token(edge: Edge) -> None:
    path = edge.hub.settings.site_folder / "secrets" / "clients" / f"{CLIENT}.scrypt"
    for text in ("", "scrypt$1$2", "plain", "scrypt$99999999999$8$1$AAAA$AAAA", "scrypt$16384$8$1$!$!"):
        path.write_text(text)
        assert 401 == edge.ask(auth=(CLIENT, edge.secret)).status_code
    path.unlink()
    assert 401 == edge.ask(auth=(CLIENT, edge.secret)).status_code


def claims(edge: Edge, **changed: Any) -> dict[str, Any]:
    since = int(MOMENT.timestamp())
    issuer = edge.hub.settings.gateway_url
    right = {
        "iss": issuer, "aud": issuer, "sub": CLIENT, "client_id": CLIENT, "scope": "dossier.identity",
        "iat": since, "exp": since + 300, "jti": "1",
    }  # fmt: skip
    return {name: value for name, value in (right | changed).items() if value is not None}


def signed(edge: Edge, header: dict[str, Any] | None = None, **changed: Any) -> str:
    """A token by the hub's own key, with something wrong in it."""
    signing = signer(edge.hub.keys)
    made = {"alg": "Ed25519", "kid": signing.kid, "typ": "at+jwt"} | (header or {})
    return jwt.encode(made, claims(edge, **changed), signing.key, algorithms=["Ed25519"])


def unsigned(edge: Edge) -> str:
    parts = ({"alg": "none", "typ": "at+jwt"}, claims(edge))
    return ".".join(_text(json.dumps(part).encode()) for part in parts) + "."


def by_another_key(edge: Edge) -> str:
    pem = Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    header = {"alg": "Ed25519", "typ": "at+jwt", "kid": signer(edge.hub.keys).kid}
    return jwt.encode(header, claims(edge), OKPKey.import_key(pem), algorithms=["Ed25519"])


def by_the_public_key_as_a_secret(edge: Edge) -> str:
    """The classic confusion: HMAC keyed with what everybody can read."""
    key = OctKey.import_key(public_pem(edge.hub.keys).replace(b"-----", b""))
    return jwt.encode({"alg": "HS256", "typ": "at+jwt"}, claims(edge), key, algorithms=["HS256"])


def altered(edge: Edge) -> str:
    head, _, signature = signed(edge).split(".")
    body = claims(edge, scope="dossier.identity dossier.health")
    return ".".join((head, _text(json.dumps(body).encode()), signature))


def critical(edge: Edge) -> str:
    signing = signer(edge.hub.keys)
    header = {"alg": "Ed25519", "typ": "at+jwt", "crit": ["passerelle"], "passerelle": 1}
    text = ".".join(_text(json.dumps(part).encode()) for part in (header, claims(edge)))
    return f"{text}.{_text(edge.hub.keys.signing.sign(text.encode()))}" if signing.kid else ""


MISUSES: dict[str, Callable[[Edge], str]] = {
    "alg none": unsigned,
    "another key": by_another_key,
    "public key as secret": by_the_public_key_as_a_secret,
    "altered": altered,
    "expired": lambda edge: signed(edge, exp=int(MOMENT.timestamp()) - 1),
    "never expires": lambda edge: signed(edge, exp=None),
    "issued tomorrow": lambda edge: signed(edge, iat=int(MOMENT.timestamp()) + 86_400),
    "another audience": lambda edge: signed(edge, aud="https://elsewhere.example"),
    "no audience": lambda edge: signed(edge, aud=None),
    "another issuer": lambda edge: signed(edge, iss="https://elsewhere.example"),
    "struck-off client": lambda edge: signed(edge, client_id="gone"),
    "client is a number": lambda edge: signed(edge, client_id=7),
    "scope is a list": lambda edge: signed(edge, scope=["dossier.identity"]),
    "another type": lambda edge: signed(edge, {"typ": "JWT"}),
    "a dossier's type": lambda edge: signed(edge, {"typ": "passerelle-dossier+jws"}),
    "an unknown critical header": critical,
    "not a token": lambda _: "x.y.z",
    "not even that": lambda _: "é",
}


@pytest.mark.parametrize("misuse", MISUSES)
def test_a_token_that_is_not_ours_for_us_now_opens_nothing(edge: Edge, misuse: str) -> None:
    token = MISUSES[misuse](edge)

    answer = edge.http.get(
        f"/v1/dossiers/{edge.person}/identity",
        headers={b"Authorization": b"Bearer " + token.encode("latin-1"), b"Passerelle-Purpose": b"admission"},
    )

    assert (401, "urn:passerelle:problem:token-invalid") == (answer.status_code, answer.json()["type"])
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]
    assert "Exemple" not in answer.text


def test_the_right_token_made_the_same_way_opens(edge: Edge) -> None:
    assert 200 == edge.read(signed(edge)).status_code


def test_a_token_serves_until_its_end_and_not_after(edge: Edge) -> None:
    token = edge.ask(auth=(CLIENT, edge.secret)).json()["access_token"]

    edge.clock[0] = MOMENT + timedelta(seconds=tokens.LIFETIME_SECONDS - 1)
    assert 200 == edge.read(token).status_code
    edge.clock[0] = MOMENT + timedelta(seconds=tokens.LIFETIME_SECONDS + 1)
    assert 401 == edge.read(token).status_code


def test_a_stranger_is_told_to_bring_a_token(edge: Edge) -> None:
    for headers in ({}, {"Authorization": "Basic eDp5"}, {"Authorization": "Bearer"}):
        answer = edge.http.get(f"/v1/dossiers/{edge.person}/identity", headers=headers)
        assert (401, "Bearer") == (answer.status_code, answer.headers["www-authenticate"])


def test_two_tokens_are_none(edge: Edge) -> None:
    header = ("Authorization", f"Bearer {signed(edge)}")
    answer = edge.http.get(
        f"/v1/dossiers/{edge.person}/identity",
        headers=[header, header, ("Passerelle-Purpose", "admission")],
    )

    assert 401 == answer.status_code


def test_the_published_key_verifies_tokens_and_holds_no_secret(edge: Edge) -> None:
    metadata = edge.http.get("/.well-known/oauth-authorization-server").json()
    (key,) = edge.http.get("/.well-known/jwks.json").json()["keys"]
    token = edge.ask(auth=(CLIENT, edge.secret)).json()["access_token"]

    found = jwt.decode(token, OKPKey.import_key(key), algorithms=["Ed25519"])

    assert "d" not in key
    assert key["kid"] == found.header["kid"]
    assert metadata["issuer"] == found.claims["iss"] == edge.hub.settings.gateway_url
    assert metadata["jwks_uri"].endswith("/.well-known/jwks.json")


def test_provisioning_makes_what_is_absent_once_and_keeps_no_secret(hub: Hub) -> None:
    site = demo_site(hub)

    made = clients.provision(site)
    again = clients.provision(site)

    path = site / "secrets" / "clients" / f"{CLIENT}.scrypt"
    assert ([CLIENT], {}) == (list(made), again)
    assert made[CLIENT] not in path.read_text()
    assert 0o600 == stat.S_IMODE(path.stat().st_mode)


def test_a_digest_may_lie_in_the_environment(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    site = demo_site(hub)
    path = site / "clients.yaml"
    path.write_text(path.read_text().replace(f"file: secrets/clients/{CLIENT}.scrypt", "env: CLARA_DIGEST"))
    assert {} == clients.provision(site)

    assert clients.authenticated(site, CLIENT, "open") is None
    monkeypatch.setenv("CLARA_DIGEST", clients.digest("open"))

    assert clients.authenticated(site, CLIENT, "open") is not None
    assert clients.authenticated(site, CLIENT, "Open") is None


@pytest.mark.parametrize(
    "text",
    [
        "client: x",
        "- client: clara",
        "- {client: C!, organization: '916000', scopes: [dossier.identity], digest: {env: X}}",
        "- {client: c, organization: '9160', scopes: [dossier.identity], digest: {env: X}}",
        "- {client: c, organization: '916000', scopes: [dossier.consent], digest: {env: X}}",
        "- {client: c, organization: '916000', scopes: [], digest: {env: X}}",
        "- {client: c, organization: '916000', scopes: [dossier.identity], digest: plain}",
        "- {client: c, organization: '916000', scopes: [dossier.identity], digest: {env: X}, secret: s}",
        "- &a {client: c, organization: '916000', scopes: [dossier.identity], digest: {env: X}}",
        "- {client: c, organization: '916000', scopes: [dossier.identity], digest: {env: X}}\n" * 2,
    ],
)
def test_a_clients_file_that_says_something_else_is_refused_whole(hub: Hub, text: str) -> None:
    site = demo_site(hub)
    (site / "clients.yaml").write_text(text)

    with pytest.raises(ConfigurationError, match=r"clients\.yaml"):
        clients.clients(site)


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
