"""The SOAP client of the kit: what it refuses in a contract, in an answer, and what it never says."""

import asyncio
import logging
import pickle
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from starlette.types import Receive, Scope, Send

from canonical_model.errors import ConfigurationError, HubError, RetryableError
from connectors.kit.installation import Installation
from connectors.kit.manifest.model import Limits
from connectors.kit.soap import SoapClient, SoapFaultError, wire
from tests.connectors.soap.conftest import serving

PASSWORD = "un-secret-inventé"
PERSON = "Bélanger-Tremblay"

WSDL = """<?xml version="1.0" encoding="UTF-8"?>
{doctype}<w:definitions xmlns:w="http://schemas.xmlsoap.org/wsdl/"
  xmlns:s="http://schemas.xmlsoap.org/wsdl/soap/" xmlns:xs="http://www.w3.org/2001/XMLSchema"
  xmlns:t="urn:test" targetNamespace="urn:test">
  <w:types><xs:schema targetNamespace="urn:test" elementFormDefault="qualified">
    {imported}
    <xs:element name="Ask"><xs:complexType><xs:sequence>
      <xs:element name="number" type="xs:int"/></xs:sequence></xs:complexType></xs:element>
    <xs:element name="Answer"><xs:complexType><xs:sequence>
      <xs:element name="text" type="xs:string"/></xs:sequence></xs:complexType></xs:element>
  </xs:schema></w:types>
  <w:message name="in"><w:part name="parameters" element="t:Ask"/></w:message>
  <w:message name="out"><w:part name="parameters" element="t:Answer"/></w:message>
  <w:portType name="P"><w:operation name="Ask">
    <w:input message="t:in"/><w:output message="t:out"/></w:operation>
  </w:portType>
  <w:binding name="B" type="t:P"><s:binding transport="http://schemas.xmlsoap.org/soap/http"/>
    <w:operation name="Ask"><s:operation soapAction="urn:test/Ask"/>
      <w:input><s:body use="literal"/></w:input><w:output><s:body use="literal"/></w:output></w:operation>
  </w:binding>
  <w:service name="S"><w:port name="P" binding="t:B">
    <s:address location="http://elsewhere.example.org/"/></w:port></w:service>
</w:definitions>"""

ENVELOPE = '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body>{}</e:Body></e:Envelope>'
GOOD = ENVELOPE.format('<Answer xmlns="urn:test"><text>oui</text></Answer>')


def fault(code: str, detail: str = "") -> str:
    return ENVELOPE.format(
        f"<e:Fault><faultcode>{code}</faultcode><faultstring>{PERSON}</faultstring>{detail}</e:Fault>"
    )


@dataclass
class Reply:
    body: str = GOOD
    status: int = 200
    content_type: str = "text/xml; charset=utf-8"
    headers: dict[str, str] = field(default_factory=dict)
    wait: float = 0.0
    promised: int = 0  # bytes that the header promises beyond the body


class Partner:
    """A real HTTP server that gives the replies it was told, the last one again and again."""

    def __init__(self) -> None:
        self.replies: Sequence[Reply] = (Reply(),)
        self.requests: list[tuple[str, bytes, dict[str, str]]] = []
        partner = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                partner.requests.append((self.path, body, dict(self.headers)))
                reply = partner.replies[min(len(partner.requests), len(partner.replies)) - 1]
                time.sleep(reply.wait)
                content = reply.body.encode()
                self.send_response(reply.status)
                self.send_header("Content-Type", reply.content_type)
                self.send_header("Content-Length", str(len(content) + reply.promised))
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                with suppress(OSError):  # the client gave up: that is the test
                    self.wfile.write(content)

            do_GET = do_POST  # noqa: N815

            def log_message(self, *_: object) -> None:
                """Nothing on the terminal of a test."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self._server.server_port}/service"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def partner() -> Iterator[Partner]:
    made = Partner()
    yield made
    made.stop()


@pytest.fixture
def wsdl(tmp_path: Path) -> Path:
    return write_wsdl(tmp_path / "contract")


def write_wsdl(folder: Path, *, imported: str = "", doctype: str = "") -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / "service.wsdl"
    path.write_text(WSDL.format(imported=imported, doctype=doctype), "utf-8")
    return path


@pytest.fixture
def client(partner: Partner, wsdl: Path) -> Iterator[SoapClient]:
    made = SoapClient(installed(partner.address), wsdl, pause=lambda _: None)
    yield made
    made.close()


def installed(address: str, **options: str) -> Installation:
    return Installation(
        "tested",
        "762000",
        address,
        {"password": PASSWORD},
        {"user": "passerelle", "timeout_seconds": "0.3"} | options,
    )


def failure(call: Callable[[], object]) -> HubError:
    with pytest.raises(HubError) as caught:
        call()
    error = caught.value
    for words in (error.english, error.french, str(error)):
        assert PASSWORD not in words
        assert PERSON not in words
    return error


def test_a_call_goes_to_the_address_of_the_installation_and_is_signed(
    client: SoapClient, partner: Partner
) -> None:
    assert client.call("Ask", number=7) == "oui"

    path, body, headers = partner.requests[0]
    assert path == "/service"
    assert headers["SOAPAction"] == '"urn:test/Ask"'
    assert b"passerelle</" in body
    assert PASSWORD.encode() in body
    assert b">7</" in body


def test_the_raw_element_of_an_answer_can_be_read(client: SoapClient) -> None:
    assert client.element("Ask", number=7).findtext("{urn:test}text") == "oui"


@pytest.mark.parametrize(
    "imported",
    [
        '<xs:import namespace="urn:x" schemaLocation="{address}/x.xsd"/>',
        '<xs:include schemaLocation="{address}/x.xsd"/>',
        '<xs:import namespace="urn:x" schemaLocation="../outside.xsd"/>',
        '<xs:import namespace="urn:x" schemaLocation="file:///etc/hostname"/>',
    ],
)
def test_a_contract_that_refers_outside_its_folder_is_refused_and_nothing_is_fetched(
    tmp_path: Path, partner: Partner, imported: str
) -> None:
    (tmp_path / "outside.xsd").write_text('<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"/>', "utf-8")
    path = write_wsdl(tmp_path / "contract", imported=imported.format(address=partner.address))

    error = failure(lambda: SoapClient(installed(partner.address), path))

    assert isinstance(error, ConfigurationError)
    assert "outside its folder" in error.english
    assert partner.requests == []


@pytest.mark.parametrize(
    "doctype",
    [
        "<!DOCTYPE x>",
        '<!DOCTYPE x [<!ENTITY e "v">]>',
        '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/hostname">]>',
        '<!DOCTYPE x SYSTEM "http://127.0.0.1:1/x.dtd">',
        "<!DOCTYPE x ["
        '<!ENTITY a0 "ha">' + "".join(f'<!ENTITY a{i} "{f"&a{i - 1};" * 10}">' for i in range(1, 10)) + "]>",
    ],
)
def test_a_contract_with_a_document_type_is_refused(tmp_path: Path, doctype: str) -> None:
    path = write_wsdl(tmp_path / "contract", doctype=doctype)

    error = failure(lambda: SoapClient(installed("http://127.0.0.1:1/x"), path))

    assert isinstance(error, ConfigurationError)
    assert "DTD" in error.english


def test_a_file_that_is_no_contract_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "broken.wsdl"
    path.write_text("<html/>", "utf-8")

    assert "broken.wsdl" in failure(lambda: SoapClient(installed("http://127.0.0.1:1/x"), path)).english
    assert (
        "absent.wsdl"
        in failure(lambda: SoapClient(installed("http://127.0.0.1:1/x"), tmp_path / "absent.wsdl")).english
    )


def test_a_secret_never_crosses_a_network_in_clear(wsdl: Path) -> None:
    error = failure(lambda: SoapClient(installed("http://garde.example.org/x"), wsdl))

    assert isinstance(error, ConfigurationError)
    assert "https is required" in error.english


@pytest.mark.parametrize(
    "address", ["", "ftp://127.0.0.1/x", "http://127.0.0.1/x?a=1", "http://u:p@127.0.0.1/x", "/x"]
)
def test_an_address_that_is_not_one_is_refused(wsdl: Path, address: str) -> None:
    assert isinstance(failure(lambda: SoapClient(installed(address), wsdl)), ConfigurationError)


def test_an_absent_secret_is_named(wsdl: Path) -> None:
    without = Installation("tested", "762000", "http://127.0.0.1:1/x", {}, {"user": "passerelle"})

    error = failure(lambda: SoapClient(without, wsdl))

    assert isinstance(error, ConfigurationError)
    assert "secret password" in error.english


@pytest.mark.parametrize(
    "reply",
    [
        Reply(fault("wsse:FailedAuthentication"), 500),
        Reply(fault("wsse:InvalidSecurityToken"), 500),
        Reply("", 401, "text/plain"),
        Reply("", 403, "text/plain"),
    ],
)
def test_a_refused_sign_in_stops_at_once_and_names_the_secret(
    client: SoapClient, partner: Partner, reply: Reply
) -> None:
    partner.replies = (reply,)

    error = failure(lambda: client.call("Ask", number=7))

    assert type(error) is ConfigurationError
    assert "secret password" in error.english
    assert len(partner.requests) == 1


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        (Reply(fault("e:Client", "<detail><code>LOT_INVALIDE</code></detail>"), 500), "LOT_INVALIDE"),
        (Reply(fault("e:Client.BadYear"), 500), "Client.BadYear"),
        (Reply(fault("e:Client", f"<detail><code>{PERSON}, {PERSON}</code></detail>"), 500), "Client"),
        (Reply(fault("e:MustUnderstand"), 500), "MustUnderstand"),
        (Reply(fault(f"e:{PERSON} é"), 200), "unknown"),
    ],
)
def test_a_client_fault_stops_with_its_stable_code_and_without_its_text(
    client: SoapClient, partner: Partner, reply: Reply, code: str
) -> None:
    partner.replies = (reply,)

    error = failure(lambda: client.call("Ask", number=7))

    assert isinstance(error, SoapFaultError)
    assert error.fault == code
    assert code in error.english
    assert len(partner.requests) == 1
    assert pickle.loads(pickle.dumps(error)).fault == code


@pytest.mark.parametrize(
    "reply",
    [
        Reply(fault("e:Server", "<detail><code>BUSY</code></detail>"), 500),
        Reply(fault("e:Server.Busy"), 200),
        Reply("Bad gateway", 502, "text/plain"),
        Reply("", 503, "text/plain"),
        Reply("", 429, "text/plain"),
        Reply("<!DOCTYPE html><html><body>Entretien</body></html>", 200, "text/html"),
        Reply("<html><body>Entretien</body></html>", 200),
        Reply(GOOD[:60], 200),
        Reply(GOOD, 200, promised=100),
        Reply(GOOD, 200, wait=0.8),
        Reply('<!DOCTYPE x [<!ENTITY e "v">]>' + GOOD, 200),
    ],
)
def test_what_may_pass_is_tried_three_times_and_then_left_for_later(
    client: SoapClient, partner: Partner, reply: Reply
) -> None:
    partner.replies = (reply,)

    error = failure(lambda: client.call("Ask", number=7))

    assert isinstance(error, RetryableError)
    assert len(partner.requests) == 3


def test_a_failure_that_passes_is_not_noticed(client: SoapClient, partner: Partner) -> None:
    partner.replies = (Reply("", 503, "text/plain"), Reply(GOOD[:50]), Reply())

    assert client.call("Ask", number=7) == "oui"


def test_a_partner_that_is_down_is_retryable(wsdl: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    waits: list[float] = []
    client = SoapClient(installed(f"http://127.0.0.1:{port}/x"), wsdl, pause=waits.append)

    error = failure(lambda: client.call("Ask", number=7))

    assert isinstance(error, RetryableError)
    assert 2 == len(waits)
    assert waits[0] <= 0.25
    assert waits[1] <= 0.5


@pytest.mark.parametrize("status", [301, 307, 404, 405])
def test_a_wrong_address_is_a_persons_work_and_a_redirect_is_not_followed(
    client: SoapClient, partner: Partner, status: int
) -> None:
    partner.replies = (Reply("", status, "text/plain", {"Location": partner.address + "/elsewhere"}),)

    assert type(failure(lambda: client.call("Ask", number=7))) is ConfigurationError
    assert ["/service"] == [path for path, _, _ in partner.requests]


def test_an_answer_of_another_contract_is_refused(client: SoapClient, partner: Partner) -> None:
    partner.replies = (Reply(ENVELOPE.format(f'<Other xmlns="urn:test">{PERSON}</Other>')),)
    assert type(failure(lambda: client.call("Ask", number=7))) is ConfigurationError

    partner.replies = (Reply(ENVELOPE.format("")),)
    assert type(failure(lambda: client.element("Ask", number=7))) is ConfigurationError


def test_a_call_that_does_not_fit_the_contract_is_not_sent(client: SoapClient, partner: Partner) -> None:
    for arguments in ({}, {"number": 7, "other": PERSON}, {"other": PERSON}):
        error = failure(lambda said=arguments: client.call("Ask", **said))  # type: ignore[misc]
        assert type(error) is ConfigurationError
    assert type(failure(lambda: client.call("Unknown"))) is ConfigurationError

    assert partner.requests == []


def test_an_answer_larger_than_any_contract_is_refused(partner: Partner, wsdl: Path) -> None:
    small = Limits(largest_answer=1000)
    client = SoapClient(installed(partner.address), wsdl, limits=small, pause=lambda _: None)
    partner.replies = (Reply(GOOD + " " * 2000),)

    assert "1000 bytes" in failure(lambda: client.call("Ask", number=7)).english
    assert 1 == len(partner.requests)
    client.close()


def test_an_answer_of_two_gigabytes_without_length_is_left_at_the_limit(wsdl: Path) -> None:
    sent = 0

    async def endless(_scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal sent
        await receive()  # the call
        left = asyncio.ensure_future(receive())  # ends when the client leaves
        kind = (b"content-type", b"text/xml")
        await send({"type": "http.response.start", "status": 200, "headers": [kind]})
        part = b" " * (1024 * 1024)
        while sent < 2048 and not left.done():
            await send({"type": "http.response.body", "body": part, "more_body": True})
            await asyncio.sleep(0.001)  # what is sent to nobody waits for nothing, and would be counted
            sent += 1

    with serving(endless) as address:
        client = SoapClient(installed(address), wsdl, limits=Limits(largest_answer=4 * 1024 * 1024))
        error = failure(lambda: client.call("Ask", number=7))
        client.close()

    assert type(error) is ConfigurationError
    assert sent < 100


def test_a_partner_that_drips_is_left_in_the_end(
    client: SoapClient, partner: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "LONGEST_ANSWER_SECONDS", -1.0)

    assert isinstance(failure(lambda: client.call("Ask", number=7)), RetryableError)


def test_no_envelope_address_or_secret_is_logged(
    client: SoapClient, partner: Partner, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    partner.replies = (Reply(ENVELOPE.format(f'<Answer xmlns="urn:test"><text>{PERSON}</text></Answer>')),)

    assert client.call("Ask", number=7) == PERSON

    said = "\n".join(record.getMessage() for record in caplog.records)
    for word in (PERSON, PASSWORD, "Envelope", "/service"):
        assert word not in said
