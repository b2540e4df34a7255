"""Real SOAP servers on loopback for the tests of this folder, keys and certificates made for one run."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import uvicorn
from lxml import etree
from starlette.types import ASGIApp

from connectors.kit.installation import Installation
from connectors.kit.soap import SoapClient
from connectors.kit.soap_server import Attached, Guard, SoapEndpoint, SoapFaultAnswer, pairs
from connectors.kit.soap_server.pairs import Pair

CONTRACT = Path(__file__).with_name("contract")
USER, PASSWORD = "passerelle", "un-secret-inventé"
PIECE = bytes(range(256)) + b"\r\n--passerelle\r\n"


def pair(name: str, *, expired: bool = False) -> Pair:
    now = datetime.now(UTC)
    ends = now + timedelta(days=-1 if expired else 10)
    return pairs.make(name, begins=now - timedelta(days=20), ends=ends)


@pytest.fixture(scope="session")
def hub() -> Pair:
    return pair("passerelle")


@pytest.fixture(scope="session")
def partner_pair() -> Pair:
    return pair("partenaire")


@contextmanager
def serving(app: ASGIApp) -> Iterator[str]:
    """The application on a free port, for the length of a test."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/essai"
        finally:
            server.should_exit = True
            thread.join(timeout=10)


def search(style: str, *, parts: bool = False) -> Callable[[etree._Element], bytes | Attached]:
    """The operation of the test contract: as many records as the number asked, the last with a binary part."""

    def handle(asked: etree._Element) -> bytes | Attached:
        number = int(asked.findtext("{*}nombre", "0"))
        if number < 0:
            raise SoapFaultAnswer("Client", "NOMBRE_NEGATIF", "A number is never below zero.")
        href = '<x:Include xmlns:x="http://www.w3.org/2004/08/xop/include" href="cid:piece%401"/>'
        piece = f"<t:piece>{href}</t:piece>" if parts else ""
        records = "".join(
            f"<t:fiche><t:numero>{item}</t:numero><t:titre>été {item}</t:titre>{piece if item == 1 else ''}"
            "</t:fiche>"
            for item in range(1, number + 1)
        )
        inner = f"<t:total>{number}</t:total>{records}"
        if style == "rpc":
            said = f'<t:ChercherResponse xmlns:t="urn:essai"><reponse>{inner}</reponse></t:ChercherResponse>'
        else:
            said = f'<t:ChercherReponse xmlns:t="urn:essai">{inner}</t:ChercherReponse>'
        return Attached(said.encode(), {"piece@1": PIECE}) if parts else said.encode()

    return handle


def endpoint(
    style: str = "document",
    *,
    parts: bool = False,
    guard: Guard | None = None,
    faults: frozenset[str] = frozenset(),
) -> SoapEndpoint:
    return SoapEndpoint(
        CONTRACT / f"{style}.wsdl",
        {"Chercher": search(style, parts=parts)},
        guard=guard or Guard({USER: PASSWORD}),
        faults=faults,
    )


def named(address: str, **options: str) -> Installation:
    """An installation that signs in by user and password."""
    return Installation(
        "essai",
        "762000",
        address,
        {"password": PASSWORD},
        {"user": USER, "timeout_seconds": "1"} | options,
    )


def signed(address: str, own: Pair, partner: Pair, folder: Path, **options: str) -> Installation:
    """An installation that signs its messages, its certificates written below `folder`."""
    (folder / "own.pem").write_bytes(own.certificate)
    (folder / "partner.pem").write_bytes(partner.certificate)
    files = {"certificate": str(folder / "own.pem"), "partner_certificate": str(folder / "partner.pem")}
    return Installation(
        "essai",
        "762000",
        address,
        {"private_key": own.key.decode()},
        files | {"timeout_seconds": "1"} | options,
    )


@contextmanager
def speaking(installation: Installation, style: str = "document", **told: object) -> Iterator[SoapClient]:
    """A client of the test contract that does not wait between its tries."""
    told.setdefault("pause", lambda _: None)
    client = SoapClient(installation, CONTRACT / f"{style}.wsdl", **told)  # type: ignore[arg-type]
    try:
        yield client
    finally:
        client.close()
