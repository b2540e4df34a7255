"""Every style and version that a contract may have, our client against our server, over a real socket."""

from datetime import timedelta

import pytest
import zeep.exceptions
from lxml import etree

from canonical_model.errors import ConfigurationError, HubError, RetryableError
from connectors.kit.installation import Installation
from connectors.kit.manifest.model import Limits
from connectors.kit.soap import SoapFaultError
from connectors.kit.soap_server import ANSWER_FAULTS, WIRE_FAULTS, Guard
from tests.connectors.soap.conftest import PASSWORD, PIECE, USER, endpoint, named, serving, speaking

STYLES = ("document", "rpc")
PORTS = ("Port11", "Port12")


@pytest.mark.parametrize("port", PORTS)
@pytest.mark.parametrize("style", STYLES)
def test_each_style_and_version_is_spoken(style: str, port: str) -> None:
    with (
        serving(endpoint(style)) as address,
        speaking(named(address, port=port), style) as client,
    ):
        answer = client.call("Chercher", nombre=2, texte="é")
        element = client.element("Chercher", nombre=2, texte="é")

    assert ["été 1", "été 2"] == [record.titre for record in answer.fiche]
    assert 2 == len(list(element.iter("{urn:essai}fiche")))


@pytest.mark.parametrize("port", PORTS)
@pytest.mark.parametrize("style", STYLES)
def test_parts_are_joined_to_their_elements(style: str, port: str) -> None:
    with (
        serving(endpoint(style, parts=True)) as address,
        speaking(named(address, port=port), style) as client,
    ):
        answer = client.call("Chercher", nombre=2, texte="")
        raw = client.answer("Chercher", nombre=2, texte="")

    assert PIECE == answer.fiche[0].piece
    assert {"piece@1": PIECE} == raw.attached
    assert raw.element.find(".//{http://www.w3.org/2004/08/xop/include}Include") is None


@pytest.mark.parametrize("port", PORTS)
@pytest.mark.parametrize("style", STYLES)
def test_a_senders_fault_stops_with_its_code(style: str, port: str) -> None:
    with (
        serving(endpoint(style)) as address,
        speaking(named(address, port=port), style) as client,
        pytest.raises(SoapFaultError) as caught,
    ):
        client.call("Chercher", nombre=-1, texte="")

    assert "NOMBRE_NEGATIF" == caught.value.fault


@pytest.mark.parametrize("kind", ["text", "digest"])
@pytest.mark.parametrize("port", PORTS)
def test_a_user_signs_in_by_text_or_digest(port: str, kind: str) -> None:
    with serving(endpoint()) as address:
        with speaking(named(address, port=port, password_type=kind)) as client:
            assert client.call("Chercher", nombre=0).total == 0
            assert client.call("Chercher", nombre=0).total == 0  # another nonce
        wrong = Installation(
            "essai",
            "762000",
            address,
            {"password": "faux"},
            {"user": USER, "port": port, "password_type": kind},
        )
        with speaking(wrong) as client, pytest.raises(ConfigurationError, match="secret password") as caught:
            client.call("Chercher", nombre=0)

    assert "FailedAuthentication" in caught.value.english
    assert "faux" not in caught.value.english + caught.value.french


def test_a_digest_does_not_carry_the_password_and_serves_once() -> None:
    with speaking(named("http://127.0.0.1:1/x", password_type="digest")) as client:
        message, _ = client._contract.message("Chercher", {"nombre": 1})
    guard, envelope = Guard({USER: PASSWORD}), etree.fromstring(message)
    version = client._contract.version

    guard.check(envelope, version)

    assert PASSWORD.encode() not in message
    with pytest.raises(Exception, match="sign-in was refused"):
        guard.check(envelope, version)


def test_a_contract_of_two_versions_is_spoken_in_the_newer_one() -> None:
    with speaking(named("http://127.0.0.1:1/x")) as client:
        assert "1.2" == client._contract.version.number


def test_a_port_that_the_contract_lacks_is_refused_with_those_it_has() -> None:
    with (
        pytest.raises(ConfigurationError, match=r"Port11, Port12"),
        speaking(named("http://127.0.0.1:1/x", port="Port13")),
    ):
        pass


def test_an_unknown_password_type_is_refused_before_anything_is_sent() -> None:
    with (
        pytest.raises(ConfigurationError, match="password_type"),
        speaking(named("http://127.0.0.1:1/x", password_type="sha")),
    ):
        pass


TRANSIENT = ("cut", "down", "encoding", "fault", "html200", "slow")
SURVIVED = ("429", "busy", "cut-first")
SPOILED = ("duplicate", "missing-field")


def test_every_fault_on_demand_has_its_answer_here() -> None:
    assert sorted(WIRE_FAULTS) == sorted((*TRANSIENT, *SURVIVED))
    assert sorted(ANSWER_FAULTS) == sorted(SPOILED)


@pytest.mark.parametrize("port", PORTS)
@pytest.mark.parametrize("fault", TRANSIENT)
def test_a_fault_that_may_pass_is_left_for_later(fault: str, port: str) -> None:
    with (
        serving(endpoint(faults=frozenset({fault}))) as address,
        speaking(named(address, port=port, timeout_seconds="0.3"), limits=Limits(tries=2)) as client,
        pytest.raises(RetryableError, match="2 times"),
    ):
        client.call("Chercher", nombre=1)


@pytest.mark.parametrize("port", PORTS)
@pytest.mark.parametrize("fault", SURVIVED)
def test_a_fault_of_the_first_call_costs_one_more_try(fault: str, port: str) -> None:
    waits: list[float] = []
    with (
        serving(endpoint(faults=frozenset({fault}))) as address,
        speaking(named(address, port=port), pause=waits.append) as client,
    ):
        assert client.call("Chercher", nombre=1).total == 1

    assert 1 == len(waits)
    assert fault == "cut-first" or [1.0] == waits  # the partner's Retry-After


def test_a_record_served_twice_is_read_twice_for_the_mapping_to_judge() -> None:
    with serving(endpoint(faults=frozenset({"duplicate"}))) as address, speaking(named(address)) as client:
        assert [1, 2, 2] == [record.numero for record in client.call("Chercher", nombre=2).fiche]


@pytest.mark.parametrize("style", STYLES)
def test_a_record_without_a_field_of_the_contract_is_refused(style: str) -> None:
    with (
        serving(endpoint(style, faults=frozenset({"missing-field"}))) as address,
        speaking(named(address), style) as client,
        pytest.raises(HubError, match="not what the contract says"),
    ):
        client.call("Chercher", nombre=1, texte="")


def test_no_try_begins_after_the_age_of_the_call() -> None:
    waits: list[float] = []
    limits = Limits(tries=5, give_up_after=timedelta(seconds=0.5))
    with (
        serving(endpoint(faults=frozenset({"busy"}))) as address,
        speaking(named(address), limits=limits, pause=waits.append) as client,
        pytest.raises(RetryableError, match="give_up_after"),
    ):
        client.call("Chercher", nombre=1)

    assert waits == []


def test_the_words_of_zeep_never_leave() -> None:
    """They quote the answer: an error has no cause that a log would print."""
    with (
        serving(endpoint(faults=frozenset({"missing-field"}))) as address,
        speaking(named(address)) as client,
        pytest.raises(ConfigurationError) as caught,
    ):
        client.call("Chercher", nombre=1)

    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__
    assert not isinstance(caught.value, zeep.exceptions.Error)
