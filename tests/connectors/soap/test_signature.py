"""X.509 signatures: what is signed is what was sent, by the partner, now; anything else is refused."""

import copy
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519
from lxml import etree

from canonical_model.errors import ConfigurationError
from connectors.kit.installation import Installation
from connectors.kit.soap import signature
from connectors.kit.soap.names import DS, V12, WSSE, WSU
from connectors.kit.soap.signature import SignatureError
from connectors.kit.soap_server import Guard
from connectors.kit.soap_server.pairs import Pair
from tests.connectors.soap.conftest import PIECE, endpoint, pair, serving, signed, speaking

ENVELOPE = (
    f'<e:Envelope xmlns:e="{V12.envelope}"><e:Header/>'
    '<e:Body><a xmlns="urn:essai">été</a></e:Body></e:Envelope>'
)


@pytest.fixture
def now() -> datetime:
    return datetime.now(UTC)


def made(hub: Pair, moment: datetime) -> etree._Element:
    envelope = etree.fromstring(ENVELOPE)
    signature.sign(envelope, V12, hub.trusting(None), moment)
    return etree.fromstring(etree.tostring(envelope))


def refusal(envelope: etree._Element, own: Pair, trusted: Pair | None, moment: datetime) -> str:
    with pytest.raises(SignatureError) as caught:
        signature.verify(envelope, V12, own.trusting(trusted), moment)
    return caught.value.reason


@pytest.mark.parametrize("port", ["Port11", "Port12"])
@pytest.mark.parametrize("style", ["document", "rpc"])
def test_messages_are_signed_both_ways(
    hub: Pair, partner_pair: Pair, tmp_path: Path, style: str, port: str
) -> None:
    guard = Guard(signing=partner_pair.trusting(hub))
    with (
        serving(endpoint(style, parts=True, guard=guard)) as address,
        speaking(
            signed(address, hub, partner_pair, tmp_path, port=port), style, authentication="x509"
        ) as client,
    ):
        answer = client.call("Chercher", nombre=2, texte="é")

    assert 2 == answer.total
    assert PIECE == answer.fiche[0].piece  # a part is under the signature, as if it stood in the envelope


def test_a_message_signed_by_another_is_refused_as_a_sign_in(
    hub: Pair, partner_pair: Pair, tmp_path: Path
) -> None:
    guard = Guard(signing=partner_pair.trusting(hub))
    with (
        serving(endpoint(guard=guard)) as address,
        speaking(signed(address, pair("autre"), partner_pair, tmp_path), authentication="x509") as client,
        pytest.raises(ConfigurationError, match="secret private_key"),
    ):
        client.call("Chercher", nombre=0)


@pytest.mark.parametrize("signs", [True, False])
def test_an_answer_that_is_not_the_partners_is_refused(
    hub: Pair, partner_pair: Pair, tmp_path: Path, signs: bool
) -> None:
    guard = Guard(signing=pair("imposteur").trusting(hub)) if signs else Guard()
    with (
        serving(endpoint(guard=guard)) as address,
        speaking(signed(address, hub, partner_pair, tmp_path), authentication="x509") as client,
        pytest.raises(ConfigurationError, match="invalid" if signs else "absent"),
    ):
        client.call("Chercher", nombre=0)


def test_a_clock_that_stands_apart_is_named(
    hub: Pair, partner_pair: Pair, tmp_path: Path, now: datetime
) -> None:
    guard = Guard(signing=partner_pair.trusting(hub))
    with (
        serving(endpoint(guard=guard)) as address,
        speaking(
            signed(address, hub, partner_pair, tmp_path),
            authentication="x509",
            now=lambda: now - timedelta(minutes=15),
        ) as client,
        pytest.raises(ConfigurationError, match="clock of this machine"),
    ):
        client.call("Chercher", nombre=0)


def test_what_was_signed_passes_and_a_changed_letter_does_not(hub: Pair, now: datetime) -> None:
    envelope = made(hub, now)
    signature.verify(envelope, V12, hub.trusting(hub), now)

    found = envelope.find(".//{urn:essai}a")
    assert found is not None
    found.text = "hiver"

    assert "invalid" == refusal(envelope, hub, hub, now)


def wrapped(envelope: etree._Element) -> None:
    """The signed Body is put aside under its id, and another takes its place."""
    body = envelope.find(V12.tag("Body"))
    header = envelope.find(V12.tag("Header"))
    assert body is not None
    assert header is not None
    aside = etree.SubElement(header, "{urn:x}aside")
    forged = copy.deepcopy(body)
    forged[0].text = "hiver"
    envelope.replace(body, forged)
    aside.append(body)


def moved(envelope: etree._Element) -> None:
    """As `wrapped`, and the forged Body has an id of its own."""
    wrapped(envelope)
    body = envelope.find(V12.tag("Body"))
    assert body is not None
    body.set(f"{{{WSU}}}Id", "autre")


def without(name: str) -> Callable[[etree._Element], None]:
    def change(envelope: etree._Element) -> None:
        for found in envelope.findall(f".//{name}"):
            parent = found.getparent()
            assert parent is not None
            parent.remove(found)

    return change


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (wrapped, "wrapped"),
        (moved, "not-covered"),
        (without(f"{{{WSU}}}Timestamp"), "not-covered"),
        (without(f"{{{DS}}}Signature"), "absent"),
        (without(f"{{{WSSE}}}Security"), "absent"),
        (without(f"{{{DS}}}SignatureValue"), "invalid"),
    ],
)
def test_a_message_taken_apart_is_refused(
    hub: Pair, now: datetime, change: Callable[[etree._Element], None], reason: str
) -> None:
    envelope = made(hub, now)
    change(envelope)

    assert reason == refusal(envelope, hub, hub, now)


@pytest.mark.parametrize("minutes", [-6, 11])
def test_an_old_or_future_message_is_refused(hub: Pair, now: datetime, minutes: int) -> None:
    assert "expired" == refusal(made(hub, now), hub, hub, now + timedelta(minutes=minutes))


def test_a_partners_certificate_that_ended_is_refused(now: datetime) -> None:
    old = pair("ancien", expired=True)

    assert "expired" == refusal(made(old, now), old, old, now)


def test_without_a_known_partner_nothing_is_right(hub: Pair, now: datetime) -> None:
    assert "absent" == refusal(made(hub, now), hub, None, now)


def test_a_key_is_never_shown(hub: Pair) -> None:
    assert "Signing(…)" == repr(hub.trusting(hub))


@pytest.mark.parametrize("spoiled", ["private_key", "certificate", "partner_certificate"])
def test_a_key_or_certificate_that_is_not_one_is_named_and_not_quoted(
    hub: Pair, partner_pair: Pair, tmp_path: Path, spoiled: str
) -> None:
    right = signed("http://127.0.0.1:1/x", hub, partner_pair, tmp_path)
    secrets, options = dict(right.secrets), dict(right.options)
    if spoiled == "private_key":
        secrets["private_key"] = "pas-une-clé"
    else:
        Path(options[spoiled]).write_text("pas-un-certificat", "utf-8")
    wrong = Installation(right.connector, right.organization, right.address, secrets, options)

    with pytest.raises(ConfigurationError, match=spoiled) as caught, speaking(wrong, authentication="x509"):
        pass

    assert "pas-une-clé" not in str(caught.value)


@pytest.mark.parametrize("absent", ["private_key", "certificate", "partner_certificate"])
def test_an_absent_key_or_certificate_is_named(
    hub: Pair, partner_pair: Pair, tmp_path: Path, absent: str
) -> None:
    right = signed("http://127.0.0.1:1/x", hub, partner_pair, tmp_path)
    secrets = {name: value for name, value in right.secrets.items() if name != absent}
    options = {name: value for name, value in right.options.items() if name != absent}

    with (
        pytest.raises(ConfigurationError, match=f"{absent} is absent"),
        speaking(
            Installation(right.connector, right.organization, right.address, secrets, options),
            authentication="x509",
        ),
    ):
        pass


def test_a_key_of_another_pair_or_kind_is_refused(hub: Pair, partner_pair: Pair) -> None:
    with pytest.raises(ValueError, match="not the certificate's"):
        signature.signing(hub.key, partner_pair.certificate, None)
    other = ed25519.Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    with pytest.raises(TypeError, match="RSA or EC"):
        signature.signing(other, hub.certificate, None)
