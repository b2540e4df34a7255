"""A simulated REST system that answers with a connector's samples, page by page as its manifest says.

For connectors of REST that have no simulator of their own yet: it holds no province, only samples/. It signs
in with OAuth 2 client credentials or an API key, and misbehaves on demand as every REST sandbox.
"""

import secrets
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from connectors.kit import manifest as manifests
from connectors.kit.check import samples
from connectors.kit.manifest import Manifest, RestRequest, StreamDeclaration
from connectors.kit.rest.wire_json import pointer, text
from connectors.kit.rest_server import WIRE_FAULTS, RestSandbox
from connectors.kit.scaffold.pointed import placed

KEY_SECRET = "api_key"  # noqa: S105 - the name of a secret, not its value
_PLACED = "{page_rows}"
_SINCE = "{since}"


class SampleRest(RestSandbox):
    """`here`: the connector's folder; its manifest says the paths and the paging, its samples the records."""

    here: ClassVar[Path]
    demonstrated: ClassVar[bool] = False
    known_faults: ClassVar[dict[str, str]] = dict(WIRE_FAULTS)
    TABLES: ClassVar[str] = ""

    def __init_subclass__(cls, **more: Any) -> None:
        """The scope is that of the manifest in `here`."""
        super().__init_subclass__(**more)
        cls.SCOPE = manifests.read(cls.here).authentication.scope

    def app(self) -> ASGIApp:
        """The token endpoint, and a path for each stream and each total."""
        told = manifests.read(self.here)
        routes = [Route(told.authentication.token_path, self.token, methods=["POST"])]
        for stream in told.streams.values():
            if stream.request is not None:
                routes.append(Route(stream.request.path, self._answers(told, stream, stream.request)))
                total = stream.request.total
                if total is not None and total.path:
                    routes.append(Route(total.path, self._totals(told, stream, total.pointer)))
        return Starlette(routes=routes)

    def entry(self, base_url: str, postgres: str) -> dict[str, Any]:
        """Its entry of systems.yaml, with the secret that the manifest's way to sign in asks for."""
        entry = super().entry(base_url, postgres)
        kind = manifests.read(self.here).authentication.kind
        if kind == "api-key":
            entry |= {"secrets": {KEY_SECRET: self.secret(KEY_SECRET)}, "options": {}}
        elif kind == "none":
            entry |= {"secrets": {}, "options": {}}
        return entry

    def _answers(
        self, told: Manifest, stream: StreamDeclaration, request: RestRequest
    ) -> Callable[[Request], Any]:
        async def answer(asked: Request) -> Response:
            refusal = self._refusal(told, asked) or await self.misbehaviour()
            if refusal is not None:
                return refusal
            found = self._since(told, stream, request, asked)
            return self.cut(_paged(request, asked, found, told.limits.page_rows))

        return answer

    def _totals(self, told: Manifest, stream: StreamDeclaration, place: str) -> Callable[[Request], Any]:
        async def answer(asked: Request) -> Response:
            refusal = self._refusal(told, asked) or await self.misbehaviour()
            if refusal is not None:
                return refusal
            count = len(self._since(told, stream, stream.request, asked))
            return self.cut(_json(placed({}, place, count) if place else count))

        return answer

    def _refusal(self, told: Manifest, asked: Request) -> Response | None:
        if told.authentication.kind == "oauth2":
            return self.refused(asked)
        if told.authentication.kind == "api-key":
            given = asked.headers.get(told.authentication.header, "")
            if not secrets.compare_digest(given.encode(), self.secret(KEY_SECRET).encode()):
                return self.problem(401, "cle-invalide", "Clé absente ou inconnue")
        return None

    def _since(
        self, told: Manifest, stream: StreamDeclaration, request: RestRequest | None, asked: Request
    ) -> list[Any]:
        """The records that changed since the moment that is asked for, when the stream has a cursor."""
        (sample,) = (told.folder / "samples").glob(f"{stream.name}.*")
        found = samples.records(told, stream.name, sample)
        parameter = _parameter(request, _SINCE)
        since = asked.query_params.get(parameter, "") if parameter else ""
        column = samples.contract_streams(told)[stream.name].column(stream.cursor) if stream.cursor else None
        if not since or column is None:
            return found
        read = pointer(column.named if column.named.startswith("/") else f"/{column.named}")
        return [record for record in found if (text(read(record)) or "") >= since]


def _paged(request: RestRequest, asked: Request, found: list[Any], usual: int) -> Response:
    """One page of the records, with what leads to the next one."""
    paging = request.paging
    parameter = _parameter(request, _PLACED)
    rows = _number(asked.query_params.get(parameter, ""), usual) if parameter else usual
    if paging.kind == "none":
        rows = max(len(found), 1)
    given = asked.query_params.get(paging.parameter or "page", "")
    start = _number(given, paging.first if paging.kind == "page" else 0)
    if paging.kind in ("page", "link"):
        start = (start - paging.first) * rows if given or paging.kind == "page" else 0
    part, more = found[start : start + rows], start + rows < len(found)
    body: Any = placed({}, request.records, part) if request.records else part
    headers = {}
    if paging.kind == "cursor" and more:
        body = placed(body, paging.next, str(start + rows))
    if paging.kind == "link" and more:
        following = asked.url.include_query_params(page=start // rows + 1 + paging.first)
        headers["Link"] = f'<{following}>; rel="next"'
    if request.total is not None and request.total.header:
        headers[request.total.header] = str(len(found))
    elif request.total is not None and not request.total.path:
        body = placed(body, request.total.pointer, len(found))
    return _json(body, headers)


def _parameter(request: RestRequest | None, placeholder: str) -> str | None:
    query = request.query if request is not None else {}
    return next((name for name, value in query.items() if placeholder in value), None)


def _json(body: Any, headers: Mapping[str, str] | None = None) -> Response:
    """As JSON; a number keeps the digits that the sample has."""
    return Response(msgspec.json.encode(body), headers=dict(headers or {}), media_type="application/json")


def _number(text: str, usual: int) -> int:
    return int(text) if text.isdecimal() else usual
