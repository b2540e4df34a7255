"""A SOAP endpoint (ASGI) for sandboxes: SOAP 1.1 and 1.2, document or rpc, checked by the contract's XSD.

It serves its WSDL (``?wsdl``) with the address it was asked at, and the XSD beside it (``?xsd=name``).
Refused with a Fault: a document type, another encoding, a version or an operation that the contract does
not have, a body that breaks the schema, a header it must understand and does not, a sign-in or signature
that is not right. It can be told to misbehave (`WIRE_FAULTS`). Only sandboxes use it; the hub's own SOAP
edge is gateway.http.
"""

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path

from lxml import etree
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from connectors.kit import safe_xml
from connectors.kit.soap.names import V11, V12, WSSE, Version, version_of
from connectors.kit.soap_server import spoiling
from connectors.kit.soap_server.guard import Guard
from connectors.kit.soap_server.served import Served
from connectors.kit.soap_server.written import Attached, SoapFaultAnswer, envelope, fault, whole

LARGEST_REQUEST_BYTES = 64 * 1024 * 1024

Handler = Callable[[etree._Element], bytes | Attached]  # noqa: SLF001 - the name lxml gives its elements


class SoapEndpoint:
    """One service at one address, in every version that its WSDL binds.

    `operations`: by the name of the operation, a function from the request's element to the serialized
    element of the answer, or to one in parts; it may raise SoapFaultAnswer. `users`: password by user;
    `guard`: instead of them, for signatures. `faults`: names of WIRE_FAULTS and ANSWER_FAULTS; others are
    the sandbox's own and are ignored here.
    """

    def __init__(
        self,
        wsdl: Path,
        operations: Mapping[str, Handler],
        *,
        users: Mapping[str, str] | None = None,
        guard: Guard | None = None,
        faults: frozenset[str] = frozenset(),
    ) -> None:
        self._contract = Served(wsdl)
        self._operations = dict(operations)
        self._guard = guard or Guard(users)
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
            await asyncio.sleep(spoiling.SLOW_SECONDS)
        told = V12 if V12.media_type in request.headers.get("content-type", "") else V11
        self._answers += 1
        if (instead := spoiling.instead(self._faults, told, first=self._answers == 1)) is not None:
            return instead
        response = await self._answered(request, told)
        if "encoding" in self._faults:
            spoiling.misencode(response)
        if "cut" in self._faults or ("cut-first" in self._faults and self._answers == 1):
            spoiling.cut(response)
        return response

    async def _answered(self, request: Request, told: Version) -> Response:
        content = bytearray()
        async for part in request.stream():
            content += part
            if len(content) > LARGEST_REQUEST_BYTES:
                return fault(SoapFaultAnswer("Client", "TOO_LARGE", "The request is too large."), told)
        try:
            return await run_in_threadpool(self._operated, bytes(content))
        except SoapFaultAnswer as refusal:
            return fault(refusal, told)

    def _document(self, request: Request) -> Response:
        if "wsdl" in request.query_params:
            content = self._contract.wsdl_at(str(request.url.replace(query="")))
        elif (name := request.query_params.get("xsd", "")) in self._contract.files:
            content = self._contract.files[name]
        else:
            return Response("Not found. The contract is at ?wsdl.", 404, media_type="text/plain")
        return Response(content, media_type="text/xml; charset=utf-8")

    def _operated(self, content: bytes) -> Response:
        try:
            asking = safe_xml.parse(content)
        except safe_xml.UnsafeXmlError as error:
            raise SoapFaultAnswer("Client", "XML", f"Refused: {error.reason}.") from error
        version = self._version(asking)
        self._guard.check(asking, version)
        self._understand(asking, version)
        body = asking.find(version.tag("Body"))
        if body is None or len(body) != 1:
            raise SoapFaultAnswer("Client", "BODY", "Exactly one element is expected in the Body.")
        answer = self._handled(body[0])
        element, parts = (answer.element, answer.parts) if isinstance(answer, Attached) else (answer, {})
        made = envelope(version, element)
        spoiling.spoil(made[0][0], self._faults)
        self._guard.sign(made, version, parts)
        return whole(version, made, parts)

    def _version(self, asking: etree._Element) -> Version:
        name = etree.QName(asking)
        version = version_of(name.namespace) if name.localname == "Envelope" else None
        if version is None or not self._contract.speaks(version):
            known = ", ".join(sorted(item.number for item in self._contract.versions))
            raise SoapFaultAnswer("VersionMismatch", "VERSION", f"An envelope of SOAP {known} is expected.")
        return version

    def _understand(self, asking: etree._Element, version: Version) -> None:
        for header in asking.iterfind(f"{version.tag('Header')}/*"):
            must = header.get(version.tag("mustUnderstand"), "0")
            if must in ("1", "true") and header.tag != f"{{{WSSE}}}Security":
                raise SoapFaultAnswer("MustUnderstand", "HEADER", "A header is not understood here.")

    def _handled(self, asked: etree._Element) -> bytes | Attached:
        handler = self._operations.get(self._contract.operations.get(asked.tag, ""))
        if handler is None:
            raise SoapFaultAnswer("Client", "OPERATION", "No such operation. See ?wsdl.")
        schema = self._contract.rpc.get(asked.tag, self._contract.schema)
        for name, rule in safe_xml.violations(schema, asked):
            raise SoapFaultAnswer("Client", "SCHEMA", f"{name}: {rule}.")
        return handler(asked)
