"""Read one section of one dossier, through the same decision and the same door as every release.

Who is refused and who does not exist get the same answer: status, body and work. Every read, given
or refused, is in evidence before the answer leaves.
"""

import hashlib
import uuid
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Header, Path
from starlette.requests import Request
from starlette.responses import Response

from canonical_model import codings
from canonical_model.base import SENSITIVITY
from canonical_model.released import Released
from gateway import release as door
from gateway.http import clients, problems, tokens
from gateway.http.clients import Client
from gateway.http.context import Context
from gateway.http.problems import ProblemError
from gateway.store import dossier

_SECTION_EXAMPLE = {
    "section": "identity",
    "purpose": "admission",
    "recipient": "916000",
    "records": [
        {
            "organization": "762000",
            "resource_type": "Student",
            "family_name": "Gagné-O'Neil",
            "given_name": "Zoé",
            "birth_date": "2009-03-14",
            "sex": {"system": "sex", "version": "2024-07-01", "code": "F"},
            "code_permanent": "GAGZ76530901",
        }
    ],
}


def router(context: Context) -> APIRouter:
    """The paths of this file."""
    routes = APIRouter(tags=["Dossiers"])

    @routes.get(
        "/v1/dossiers/{person}/{section}",
        summary="Lire une section d'un dossier · Read one section of a dossier",
        response_class=Response,
        responses=_RESPONSES,
        openapi_extra={"security": [{"client_credentials": []}]},
    )
    def read(
        request: Request,
        person: Annotated[
            str,
            Path(
                description="Hub id, or `system|value`.",
                max_length=100,
                pattern=r"^[^\x00-\x1f\x7f]+$",
                examples=["code-permanent|GAGZ76530901", "018f3c1e-6f43-8a5b-9c0d-1a2b3c4d5e6f"],
            ),
        ],
        section: Annotated[str, Path(description="Section of the dossier.", examples=["identity"])],
        passerelle_purpose: Annotated[
            str | None,
            Header(description="One code of release_purpose; required.", examples=["admission"]),
        ] = None,
        if_none_match: Annotated[str | None, Header(description="ETag of an earlier read.")] = None,
    ) -> Response:
        client, granted = _signed_in(context, request)
        if section not in SENSITIVITY or section == "consent":
            raise ProblemError("section-unknown")
        if f"dossier.{section}" not in granted:
            challenge = f'Bearer error="insufficient_scope", scope="dossier.{section}"'
            raise ProblemError("scope-insufficient", {"WWW-Authenticate": challenge})
        purpose = _purpose(request, passerelle_purpose, context)
        reference = request.state.reference
        released = _read(context, client, reference, person=person, purpose=purpose, section=section)
        if released is None:
            raise ProblemError("refused")
        return _answer(released, section, if_none_match)

    return routes


def _signed_in(context: Context, request: Request) -> tuple[Client, frozenset[str]]:
    """The client of a valid token and the scopes that it has both been given and still has."""
    given = request.headers.getlist("authorization")
    scheme, _, text = given[0].partition(" ") if len(given) == 1 else ("", "", "")
    if scheme.lower() != "bearer" or not text:
        raise ProblemError("token-required", {"WWW-Authenticate": "Bearer"})
    grant = tokens.verified(context.signing, text, issuer=context.issuer, moment=context.now())
    client = clients.clients(context.site).get(grant.client) if grant is not None else None
    if grant is None or client is None:
        raise ProblemError("token-invalid", {"WWW-Authenticate": 'Bearer error="invalid_token"'})
    return client, grant.scopes & client.scopes


def _purpose(request: Request, given: str | None, context: Context) -> str:
    if not given or len(request.headers.getlist("passerelle-purpose")) != 1:
        raise ProblemError("purpose-required")
    if given not in codings.in_force("release_purpose", context.today()).codes:
        raise ProblemError("purpose-unknown")
    return given


def _read(
    context: Context, client: Client, reference: str, *, person: str, purpose: str, section: str
) -> Released | None:
    """What may be read, accounted for; None for a refusal and for nobody, which are told apart to no one."""
    hub, moment, day = context.hub, context.now(), context.today()
    exchange = f"http:{client.id}:{reference}"
    question: dict[str, Any] = {
        "recipient": client.organization,
        "purpose": purpose,
        "sections": frozenset({section}),
        "day": day,
    }
    with hub.transaction() as connection:
        known = dossier.find_person(connection, person)
        if known is None:  # the same work is done as for somebody, so that time does not tell
            nobody = str(uuid.uuid4())
            door.decide_for(connection, hub.keys, hub.settings, persons=[nobody], **question)
            door.refuse_unknown(connection, exchange=exchange, moment=moment, **question)
            return None
        result = door.release(
            connection, hub.keys, hub.settings,
            exchange=exchange, persons=[known], moment=moment, **question,
        )  # fmt: skip
    return result.released[0] if result.released else None


def _answer(released: Released, section: str, if_none_match: str | None) -> Response:
    decision = released.decision
    content = orjson.dumps(
        {
            "section": section,
            "purpose": decision.purpose,
            "recipient": decision.recipient,
            "records": released.resource.get(section, ()),
        },
        option=orjson.OPT_SORT_KEYS,
    )
    tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    headers = {
        "ETag": tag,
        "Passerelle-Decision": decision.marker,
        "Cache-Control": "private, no-cache",
        "Vary": "Authorization, Passerelle-Purpose",
    }
    known = {item.strip().removeprefix("W/") for item in (if_none_match or "").split(",")}
    if tag in known or "*" in known:
        return Response(status_code=304, headers=headers)
    return Response(content, 200, headers, "application/json")


def _problem(*codes: str) -> dict[str, Any]:
    reference = "6f1d2a3b-4c5d-4e6f-8a9b-0c1d2e3f4a5b"
    examples = {code: {"value": problems.body(code, reference)} for code in codes}
    return {"description": ", ".join(codes), "content": {problems.MEDIA_TYPE: {"examples": examples}}}


_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The section, as far as the decision permits it",
        "headers": {
            "Passerelle-Decision": {
                "description": "Marker of the decision, checkable later",
                "schema": {"type": "string"},
            },
            "ETag": {"schema": {"type": "string"}},
        },
        "content": {"application/json": {"example": _SECTION_EXAMPLE}},
    },
    304: {"description": "Unchanged since the ETag given"},
    400: _problem("purpose-required", "purpose-unknown", "request-invalid"),
    401: _problem("token-required", "token-invalid"),
    403: _problem("refused", "scope-insufficient"),
    404: _problem("section-unknown"),
    500: _problem("internal"),
    503: _problem("unavailable"),
}
