"""The endpoint that SOAP sandboxes share: what it checks and refuses; strangers can speak with it."""

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import uvicorn
import zeep
from lxml import etree
from zeep.wsse.username import UsernameToken

from connectors.kit.soap.names import V11, V12, Version
from connectors.kit.soap_server import Guard, SoapEndpoint, SoapFaultAnswer
from tests.connectors.soap.conftest import endpoint, serving

WSDL = """<w:definitions xmlns:w="http://schemas.xmlsoap.org/wsdl/"
  xmlns:s="http://schemas.xmlsoap.org/wsdl/soap/" xmlns:xs="http://www.w3.org/2001/XMLSchema"
  xmlns:t="urn:test" targetNamespace="urn:test">
  <w:types><xs:schema>{imported}</xs:schema></w:types>
  <w:message name="in"><w:part name="parameters" element="t:Ask"/></w:message>
  <w:message name="out"><w:part name="parameters" element="t:Answer"/></w:message>
  <w:portType name="P"><w:operation name="Ask">
    <w:input message="t:in"/><w:output message="t:out"/></w:operation>
  </w:portType>
  <w:binding name="B" type="t:P"><s:binding transport="http://schemas.xmlsoap.org/soap/http"/>
    <w:operation name="Ask"><s:operation soapAction="urn:test/Ask"/>
      <w:input><s:body use="literal"/></w:input><w:output><s:body use="literal"/></w:output></w:operation>
  </w:binding>
  <w:service name="S"><w:port name="P" binding="t:B"><s:address location="http://x/"/></w:port></w:service>
</w:definitions>"""
IMPORT = '<xs:import namespace="urn:test" schemaLocation="test.xsd"/>'
XSD = """<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:test"
  elementFormDefault="qualified">
  <xs:element name="Ask"><xs:complexType><xs:sequence><xs:element name="number" type="xs:int"/>
  </xs:sequence></xs:complexType></xs:element>
  <xs:element name="Answer"><xs:complexType><xs:sequence><xs:element name="text" type="xs:string"/>
  </xs:sequence></xs:complexType></xs:element></xs:schema>"""

WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
SIGNED = (
    f'<o:Security xmlns:o="{WSSE}"><o:UsernameToken><o:Username>passerelle</o:Username>'
    "<o:Password>juste</o:Password></o:UsernameToken></o:Security>"
)
ASK = '<t:Ask xmlns:t="urn:test"><t:number>7</t:number></t:Ask>'


def envelope(body: str = ASK, header: str = SIGNED, before: str = "") -> bytes:
    return (
        f'{before}<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/">'
        f"<e:Header>{header}</e:Header><e:Body>{body}</e:Body></e:Envelope>"
    ).encode()


ASKED: list[str] = []  # what reached the handler of the one server


@pytest.fixture
def asked() -> list[str]:
    ASKED.clear()
    return ASKED


@pytest.fixture(scope="module")
def contract(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("contract")
    (folder / "test.wsdl").write_text(WSDL.format(imported=IMPORT), "utf-8")
    (folder / "test.xsd").write_text(XSD, "utf-8")
    return folder / "test.wsdl"


@pytest.fixture(scope="module")
def client(contract: Path) -> Iterator[httpx.Client]:

    def answer(element: etree._Element) -> bytes:
        number = element.findtext("{urn:test}number", "")
        ASKED.append(number)
        if number == "13":
            raise SoapFaultAnswer("Client", "UNLUCKY", "Another number, please.")
        return b'<Answer xmlns="urn:test"><text>oui</text></Answer>'

    app = SoapEndpoint(contract, {"Ask": answer}, users={"passerelle": "juste"})
    config = uvicorn.Config(app, log_config=None, access_log=False, lifespan="off")
    server = uvicorn.Server(config)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        with httpx.Client(base_url=f"http://127.0.0.1:{listener.getsockname()[1]}") as made:
            yield made
        server.should_exit = True
        thread.join()


def code(answer: httpx.Response) -> str:
    assert answer.status_code == 500
    return etree.fromstring(answer.content).findtext(".//detail/code", "")


def test_a_signed_call_that_fits_the_schema_is_answered(client: httpx.Client, asked: list[str]) -> None:
    answer = client.post("/", content=envelope())

    assert answer.status_code == 200
    assert "oui" == etree.fromstring(answer.content).findtext(".//{urn:test}text")
    assert ["7"] == asked


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (envelope(header=""), "SIGN_IN"),
        (envelope(header=SIGNED.replace("juste", "faux")), "SIGN_IN"),
        (envelope(header=SIGNED.replace("juste", "")), "SIGN_IN"),
        (envelope(header=SIGNED.replace("passerelle", "autre")), "SIGN_IN"),
        (envelope(before='<!DOCTYPE x [<!ENTITY e "v">]>'), "XML"),
        (envelope(before="<!DOCTYPE x>"), "XML"),
        (envelope().decode().encode("utf-16"), "XML"),
        (envelope(before='<?xml version="1.0" encoding="UTF-7"?>').replace(b"7<", b"+AO-<"), "SCHEMA"),
        (b"not XML", "XML"),
        (b"", "XML"),
        (b"<Envelope/>", "VERSION"),
        (envelope(body=""), "BODY"),
        (envelope(body=ASK + ASK), "BODY"),
        (envelope(body=ASK.replace("Ask", "Other")), "OPERATION"),
        (envelope(body=ASK.replace("urn:test", "urn:other")), "OPERATION"),
        (envelope(body=ASK.replace("7", "sept")), "SCHEMA"),
        (envelope(body=ASK.replace("number", "nombre")), "SCHEMA"),
    ],
)
def test_a_call_that_breaks_the_contract_gets_a_fault_and_reaches_no_handler(
    client: httpx.Client, asked: list[str], content: bytes, expected: str
) -> None:
    answer = client.post("/", content=content)

    assert expected == code(answer)
    assert "sept" not in answer.text
    assert [] == asked


def test_a_handler_may_answer_with_a_fault(client: httpx.Client) -> None:
    assert "UNLUCKY" == code(client.post("/", content=envelope(ASK.replace("7", "13"))))


def test_the_contract_is_served_with_the_address_it_was_asked_at(client: httpx.Client) -> None:
    served = client.get("/garde?wsdl").text

    address = str(client.base_url.join("/garde"))
    assert f'location="{address}"' in served
    assert f'schemaLocation="{address}?xsd=test.xsd"' in served
    assert XSD == client.get("/garde?xsd=test.xsd").text


@pytest.mark.parametrize("query", ["", "?xsd=test.wsdl", "?xsd=../test.xsd", "?xsd=/etc/hostname"])
def test_no_other_file_is_served(client: httpx.Client, query: str) -> None:
    assert client.get(f"/{query}").status_code == 404


def test_another_method_is_refused(client: httpx.Client) -> None:
    assert client.put("/", content=envelope()).status_code == 405


def test_a_contract_without_a_schema_of_its_own_is_a_defect_of_the_sandbox(tmp_path: Path) -> None:
    (tmp_path / "test.wsdl").write_text(WSDL.format(imported=""), "utf-8")

    with pytest.raises(ValueError, match="import no XSD"):
        SoapEndpoint(tmp_path / "test.wsdl", {}, users={})


def test_the_token_that_zeep_writes_is_understood(client: httpx.Client, contract: Path) -> None:
    stranger = zeep.Client(str(contract), wsse=UsernameToken("passerelle", "juste"))
    message = stranger.create_message(stranger.service, "Ask", number=7)

    assert client.post("/", content=etree.tostring(message)).status_code == 200


BOTH = (V11, V12)


def posted(version: Version, body: str, *, style: str = "document", header: str = "") -> httpx.Response:
    """The answer of the test contract's server, in either version, to a caller who signs in."""
    content = (
        f'<e:Envelope xmlns:e="{version.envelope}" xmlns:t="urn:essai"><e:Header>{SIGNED}{header}</e:Header>'
        f"<e:Body>{body}</e:Body></e:Envelope>"
    )
    right = endpoint(style, guard=Guard({"passerelle": "juste"}))
    with serving(right) as address:
        return httpx.post(address, content=content.encode(), headers=version.headers(""), trust_env=False)


@pytest.mark.parametrize("version", BOTH)
def test_an_answer_is_of_the_version_that_was_asked(version: Version) -> None:
    answer = posted(version, "<t:Chercher><t:nombre>1</t:nombre></t:Chercher>")

    assert 200 == answer.status_code
    assert version.media_type in answer.headers["content-type"]
    assert version.tag("Envelope") == etree.fromstring(answer.content).tag


@pytest.mark.parametrize(
    ("version", "status", "outer", "subcode"),
    [(V11, 500, "e:Client", None), (V12, 400, "e:Sender", None)],
)
def test_a_fault_has_the_shape_and_status_of_its_version(
    version: Version, status: int, outer: str, subcode: str | None
) -> None:
    answer = posted(version, "<t:Chercher><t:nombre>-1</t:nombre></t:Chercher>")
    fault = etree.fromstring(answer.content).find(f".//{version.tag('Fault')}")
    assert fault is not None
    path = "faultcode" if version is V11 else f"{version.tag('Code')}/{version.tag('Value')}"

    assert (status, outer) == (answer.status_code, fault.findtext(path))
    assert "NOMBRE_NEGATIF" == fault.findtext(".//code")
    assert subcode == fault.findtext(f".//{version.tag('Subcode')}/{version.tag('Value')}")


def test_a_refused_sign_in_is_a_subcode_in_1_2() -> None:
    with serving(endpoint(guard=Guard({"passerelle": "autre"}))) as address:
        content = f'<e:Envelope xmlns:e="{V12.envelope}"><e:Header>{SIGNED}</e:Header><e:Body/></e:Envelope>'
        answer = httpx.post(address, content=content, headers=V12.headers(""), trust_env=False)
    fault = etree.fromstring(answer.content)

    values = [found.text for found in fault.iter(V12.tag("Value"))]
    assert ["e:Sender", "wsse:FailedAuthentication"] == values


@pytest.mark.parametrize("version", BOTH)
def test_a_header_that_must_be_understood_and_is_not_is_refused(version: Version) -> None:
    body = "<t:Chercher><t:nombre>1</t:nombre></t:Chercher>"
    refused = posted(version, body, header='<x xmlns="urn:x" e:mustUnderstand="1"/>')
    ignored = posted(version, body, header='<x xmlns="urn:x"/>')

    assert b"MustUnderstand" in refused.content
    assert 200 == ignored.status_code


@pytest.mark.parametrize(
    "body",
    [
        "<t:Chercher><nombre>un</nombre><texte/></t:Chercher>",
        "<t:Chercher><nombre>1</nombre></t:Chercher>",
        "<t:Chercher><t:nombre>1</t:nombre><t:texte/></t:Chercher>",
        "<t:Chercher><nombre>1</nombre><texte/><autre/></t:Chercher>",
    ],
)
def test_an_rpc_call_whose_parts_are_not_the_contracts_is_refused(body: str) -> None:
    assert b"SCHEMA" in posted(V12, body, style="rpc").content
    right = "<t:Chercher><nombre>1</nombre><texte/></t:Chercher>"
    assert 200 == posted(V12, right, style="rpc").status_code


def test_the_served_contract_says_its_address_in_every_port() -> None:
    with serving(endpoint("rpc")) as address:
        told = httpx.get(f"{address}?wsdl", trust_env=False).content
    ports = [port.get("location") for port in etree.fromstring(told).iter("{*}address")]

    assert [address, address] == ports
