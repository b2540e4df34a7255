"""A simulated OneRoster 1.2 provider: a real rostering server that holds one board's roster.

Written from 1EdTech's specification and contract/openapi.yaml: collections and single objects, `limit`, `offset`,
`sort`, `orderBy`, `filter`, `fields`, X-Total-Count, Link. It refuses what it does not know, as imsx_StatusInfo.
"""

from collections.abc import Mapping
from functools import cached_property
from typing import Any, ClassVar

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from connectors.kit.province.defects import carriers
from connectors.kit.province.rosters import roster
from connectors.kit.rest_server import PAGING_FAULTS, WIRE_FAULTS, Paging, RestSandbox
from connectors.systems.oneroster.asked import RefusedError, answered
from connectors.systems.oneroster.bodies import MEMBERS, ROOT, Bodies

_SCOPE = "https://purl.imsglobal.org/spec/or/v1p2/scope/"
_PARTS: Mapping[str, tuple[str, str, str]] = {  # a collection that is a part of another: filter on a member
    "schools": ("orgs", "type", "school"),
    "terms": ("academicSessions", "type", "term"),
    "gradingPeriods": ("academicSessions", "type", "gradingPeriod"),
    "students": ("users", "roles.role", "student"),
    "teachers": ("users", "roles.role", "teacher"),
}
_MINOR: Mapping[int, str] = {
    400: "invaliddata", 401: "unauthorisedrequest", 403: "forbidden", 404: "unknownobject", 429: "server_busy",
    503: "server_busy",
}  # fmt: skip


class Sandbox(RestSandbox):
    """One provider for each board. `planted`: the file number that carries each of its defects, by its name."""

    SCOPE = f"{_SCOPE}roster.readonly {_SCOPE}roster-demographics.readonly"
    demonstrated = False
    known_faults: ClassVar[dict[str, str]] = {
        **WIRE_FAULTS,
        **PAGING_FAULTS,
        "missing-column": "no class says which one it is: `sourcedId` is called `sourcedID`",
    }

    @cached_property
    def planted(self) -> Mapping[str, int]:
        """Defect to file number: ``no-demographics``, ``to-be-deleted``, ``unknown-sex``."""
        kinds = ("no-demographics", "to-be-deleted", "unknown-sex")
        board = self.province.board(self.organization)
        return carriers(
            self.province, board, "oneroster", dict.fromkeys(kinds, lambda pupil: pupil.left_on is None)
        )

    def app(self) -> ASGIApp:
        """The token endpoint, every collection, and each of its objects."""
        return Starlette(
            routes=[
                Route("/oauth/token", self.token, methods=["POST"]),
                Route(f"{ROOT}/{{collection}}", self._collection),
                Route(f"{ROOT}/{{collection}}/{{identifier}}", self._single),
            ]
        )

    def entry(self, base_url: str, postgres: str) -> dict[str, Any]:
        """Its entry of systems.yaml."""
        self._base = base_url
        return super().entry(base_url, postgres)

    def problem(self, status: int, code: str, title: str) -> JSONResponse:
        """A refusal as imsx_StatusInfo. A `code` that the binding lacks becomes that of the status."""
        known = code if code in ("invalid_filter_field", "invalid_selection_field") else ""
        minor = {
            "imsx_codeMinorFieldName": "TargetEndSystem",
            "imsx_codeMinorFieldValue": known or _MINOR.get(status, "internal_server_error"),
        }
        return JSONResponse(
            {
                "imsx_codeMajor": "failure",
                "imsx_severity": "error",
                "imsx_description": title,
                "imsx_CodeMinor": {"imsx_codeMinorField": [minor]},
            },
            status,
        )

    def cut(self, answer: Response) -> Response:
        """The answer without `total`, which the standard says in the header alone; then as its faults want it."""
        body = orjson.loads(answer.body)
        if body.pop("total", None) is not None:
            headers = {name: value for name, value in answer.headers.items() if name != "content-length"}
            answer = Response(orjson.dumps(body), answer.status_code, headers)
        return super().cut(answer)

    @cached_property
    def _bodies(self) -> Bodies:
        board = self.province.board(self.organization)
        return Bodies(
            board,
            roster(board),
            school_year=self.province.school_year,
            planted=self.planted,
            seed=str(self.province.seed),
            base=self._base,
        )

    _base = "https://fournisseur.example.org"  # until it is mounted

    def _held(self, collection: str) -> list[dict[str, Any]] | None:
        """The bodies of a collection, or of a part of one; None for one that is not there."""
        whole, member, value = _PARTS.get(collection, (collection, "", ""))
        if whole not in MEMBERS:
            return None
        held = self._bodies.collections[whole]
        return answered(held, {"filter": f"{member}='{value}'"} if member else {})

    async def _collection(self, request: Request) -> Response:
        if (early := self.refused(request) or await self.misbehaviour()) is not None:
            return early
        name = request.path_params["collection"]
        try:
            held = self._held(name)
            if held is None:
                return self.problem(404, "unknownobject", "Cette collection n'existe pas")
            held = answered(held, request.query_params)
        except RefusedError as refusal:
            return self.problem(400, refusal.code, "Filtre, tri ou champ inconnu")
        if name == "classes" and "missing-column" in self.faults:
            held = [
                {("sourcedID" if key == "sourcedId" else key): body[key] for key in body} for body in held
            ]
        member = _PARTS.get(name, (name,))[0]
        answer = self.paged(request, held, Paging(kind="offset", parameter="offset", items=member))
        if answer.status_code == 200 and (links := _links(request, len(held))):
            answer.headers["Link"] = links
        return answer

    async def _single(self, request: Request) -> Response:
        if (early := self.refused(request) or await self.misbehaviour()) is not None:
            return early
        name, identifier = request.path_params["collection"], request.path_params["identifier"]
        found = [body for body in self._held(name) or () if body.get("sourcedId") == identifier]
        if not found:
            return self.problem(404, "unknownobject", "Cet objet n'existe pas")
        return self.cut(JSONResponse({MEMBERS[_PARTS.get(name, (name,))[0]]: found[0]}))


def _links(request: Request, total: int) -> str:
    """The relations of RFC 8288 that the binding names: first, last, and next and prev where there is one."""
    limit, offset = (
        int(request.query_params.get(name, usual)) for name, usual in (("limit", 100), ("offset", 0))
    )
    places = {"first": 0, "last": max(total - 1, 0) // limit * limit}
    if offset + limit < total:
        places["next"] = offset + limit
    if offset > 0:
        places["prev"] = max(offset - limit, 0)
    return ", ".join(
        f'<{request.url.include_query_params(limit=limit, offset=at)}>; rel="{name}"'
        for name, at in places.items()
    )
