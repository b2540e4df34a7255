"""What SOAP sandboxes share: a SOAP 1.1 document/literal endpoint (ASGI), checked by the contract's XSD.

It serves its WSDL (``?wsdl``) with the address it was asked at, and the XSD beside it (``?xsd=name``).
Refused with a Fault: a document type, another encoding, a body that breaks the schema, an unknown
operation, a wrong UsernameToken. It can be told to misbehave on the wire (`WIRE_FAULTS`). Only
sandboxes use it; the hub's own SOAP edge is gateway.http.
"""

import asyncio
import hmac
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from xml.sax.saxutils import escape, quoteattr

from lxml import etree
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from connectors.kit import safe_xml

LARGEST_REQUEST_BYTES = 64 * 1024 * 1024

_ENVELOPE = "http://schemas.xmlsoap.org/soap/envelope/"
_SOAP = "http://schemas.xmlsoap.org/wsdl/soap/"
_WSDL = "http://schemas.xmlsoap.org/wsdl/"
_XSD = "http://www.w3.org/2001/XMLSchema"
_WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"

Handler = Callable[[etree._Element], bytes]  # noqa: SLF001 - the name lxml gives its elements

WIRE_FAULTS: Mapping[str, str] = MappingProxyType(
    {
        "slow": "answers after 2 s",
        "cut": "does the work, then cuts every answer in the middle",
        "cut-first": "does the work, then cuts the first answer in the middle",
        "fault": "answers a Server Fault",
        "html200": "answers a web page with status 200",
    }
)
_SLOW_SECONDS = 2.0
_PAGE = "<!doctype html><html><body><h1>Entretien en cours</h1></body></html>"


class SoapFaultAnswer(Exception):  # noqa: N818 - an answer, not an error of the server
    """A Fault. `kind`: ``Client``, ``Server``, ``wsse:FailedAuthentication`` …; `stable`: its code."""

    def __init__(self, kind: str, stable: str, text: str) -> None:
        super().__init__(text)
        self.kind, self.stable, self.text = kind, stable, text


class SoapEndpoint:
    """One service at one address.

    `operations`: by the local name of the request's element, a function from that element to the
    serialized element of the answer; it may raise SoapFaultAnswer. `users`: password by user.
    `faults`: names of WIRE_FAULTS; others are the sandbox's own and are ignored here.
    """

    def __init__(
        self,
        wsdl: Path,
        operations: Mapping[str, Handler],
        *,
        users: Mapping[str, str],
        faults: frozenset[str] = frozenset(),
    ) -> None:
        self._contract = _Contract(wsdl)
        self._operations = dict(operations)
        self._users = dict(users)
        self._faults = faults
        self._answers = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        if request.method == "GET":
            response = self._document(request)
        elif request.method == "POST":
            response = await self._misbehaved(request)
        else:
            response = Response("POST, or GET ?wsdl", 405, {"Allow": "GET, POST"}, media_type="text/plain")
        await response(scope, receive, send)

    async def _misbehaved(self, request: Request) -> Response:
        """The answer to a call, spoiled as it was told."""
        if "slow" in self._faults:
            await asyncio.sleep(_SLOW_SECONDS)
        if "fault" in self._faults:
            return fault(SoapFaultAnswer("Server", "BUSY", "Try again later."))
        if "html200" in self._faults:
            return Response(_PAGE, media_type="text/html; charset=utf-8")
        response = await self._answered(request)
        self._answers += 1
        if "cut" in self._faults or ("cut-first" in self._faults and self._answers == 1):
            whole = bytes(response.body)
            response.body = whole[: len(whole) // 2]  # the headers still promise the whole
        return response

    async def _answered(self, request: Request) -> Response:
        content = bytearray()
        async for part in request.stream():
            content += part
            if len(content) > LARGEST_REQUEST_BYTES:
                return fault(SoapFaultAnswer("Client", "TOO_LARGE", "The request is too large."))
        try:
            body = await run_in_threadpool(self._operated, bytes(content))
        except SoapFaultAnswer as refusal:
            return fault(refusal)
        return Response(
            b'<?xml version="1.0" encoding="utf-8"?><e:Envelope xmlns:e="%b"><e:Body>%b</e:Body></e:Envelope>'
            % (_ENVELOPE.encode(), body),
            media_type="text/xml; charset=utf-8",
        )

    def _document(self, request: Request) -> Response:
        if "wsdl" in request.query_params:
            content = self._contract.wsdl_at(str(request.url.replace(query="")))
        elif (name := request.query_params.get("xsd", "")) in self._contract.files:
            content = self._contract.files[name]
        else:
            return Response("Not found. The contract is at ?wsdl.", 404, media_type="text/plain")
        return Response(content, media_type="text/xml; charset=utf-8")

    def _operated(self, content: bytes) -> bytes:
        try:
            envelope = safe_xml.parse(content)
        except safe_xml.UnsafeXmlError as error:
            raise SoapFaultAnswer("Client", "XML", f"Refused: {error.reason}.") from error
        if envelope.tag != f"{{{_ENVELOPE}}}Envelope":
            raise SoapFaultAnswer("VersionMismatch", "VERSION", "A SOAP 1.1 envelope is expected.")
        self._authenticate(envelope)
        body = envelope.find(f"{{{_ENVELOPE}}}Body")
        if body is None or len(body) != 1:
            raise SoapFaultAnswer("Client", "BODY", "Exactly one element is expected in the Body.")
        asked = body[0]
        handler = self._operations.get(etree.QName(asked).localname)
        if handler is None or etree.QName(asked).namespace != self._contract.namespace:
            raise SoapFaultAnswer("Client", "OPERATION", "No such operation. See ?wsdl.")
        for name, rule in safe_xml.violations(self._contract.schema, asked):
            raise SoapFaultAnswer("Client", "SCHEMA", f"{name}: {rule}.")
        return handler(asked)

    def _authenticate(self, envelope: etree._Element) -> None:
        token = envelope.find(f"{{{_ENVELOPE}}}Header/{{{_WSSE}}}Security/{{{_WSSE}}}UsernameToken")
        user = token.findtext(f"{{{_WSSE}}}Username", "") if token is not None else ""
        given = token.findtext(f"{{{_WSSE}}}Password", "") if token is not None else ""
        right = self._users.get(user, "")
        if not right or not hmac.compare_digest(given.encode(), right.encode()):
            raise SoapFaultAnswer("wsse:FailedAuthentication", "SIGN_IN", "The sign-in was refused.")


def fault(refusal: SoapFaultAnswer) -> Response:
    """A SOAP 1.1 Fault: status 500, as its HTTP binding says, and the stable code in `detail`."""
    kind = refusal.kind if ":" in refusal.kind else f"e:{refusal.kind}"
    content = (
        f'<?xml version="1.0" encoding="utf-8"?><e:Envelope xmlns:e={quoteattr(_ENVELOPE)}'
        f" xmlns:wsse={quoteattr(_WSSE)}><e:Body><e:Fault><faultcode>{escape(kind)}</faultcode>"
        f"<faultstring>{escape(refusal.text)}</faultstring>"
        f"<detail><code>{escape(refusal.stable)}</code></detail></e:Fault></e:Body></e:Envelope>"
    )
    return Response(content, 500, media_type="text/xml; charset=utf-8")


class _Contract:
    """A WSDL of a folder and the XSD that its types import, ready to be served and to check by."""

    def __init__(self, wsdl: Path) -> None:
        self._root = etree.fromstring(wsdl.read_bytes())
        self.namespace = self._root.get("targetNamespace", "")
        self.files: dict[str, bytes] = {}
        own = None
        for found in self._root.iterfind(f"{{{_WSDL}}}types/{{{_XSD}}}schema/{{{_XSD}}}import"):
            name = found.get("schemaLocation", "")
            self.files[name] = (wsdl.parent / name).read_bytes()
            found.set("schemaLocation", f"?xsd={name}")
            if found.get("namespace") == self.namespace:
                own = wsdl.parent / name
        if own is None:
            msg = f"{wsdl}: its types import no XSD of its own namespace. Put it in a file beside the WSDL."
            raise ValueError(msg)
        self.schema = safe_xml.schema(own)

    def wsdl_at(self, address: str) -> bytes:
        """The WSDL, saying that the service is at `address` and its XSD there too."""
        copy = etree.fromstring(etree.tostring(self._root))
        for port in copy.iter(f"{{{_SOAP}}}address"):
            port.set("location", address)
        for found in copy.iter(f"{{{_XSD}}}import"):
            found.set("schemaLocation", address + found.get("schemaLocation", ""))
        return etree.tostring(copy, xml_declaration=True, encoding="utf-8")
