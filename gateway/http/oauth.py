"""OAuth 2 for machines: client credentials (RFC 6749 §4.4), metadata (RFC 8414), the hub's public keys.

Refuses any other grant, a parameter given twice, credentials given in two ways.
"""

import base64
import binascii
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote_plus

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse

from gateway.http import clients, tokens
from gateway.http.context import Context

LARGEST_FORM_BYTES = 16 * 1024
_NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}
_FORM = "application/x-www-form-urlencoded"

_TOKEN_ANSWER = {
    "access_token": "eyJhbGciOiJFZDI1NTE5IiwidHlwIjoiYXQrand0In0.…",
    "token_type": "Bearer",
    "expires_in": tokens.LIFETIME_SECONDS,
    "scope": "dossier.identity dossier.results_local",
}
_TOKEN_CONTRACT: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            _FORM: {
                "schema": {
                    "type": "object",
                    "required": ["grant_type"],
                    "properties": {
                        "grant_type": {"const": "client_credentials"},
                        "scope": {"type": "string", "description": "Absent: all that the client has."},
                        "client_id": {"type": "string"},
                        "client_secret": {"type": "string"},
                    },
                },
                "example": {"grant_type": "client_credentials", "scope": "dossier.identity"},
            }
        },
    },
    "security": [{"client_secret_basic": []}, {}],
}
_TOKEN_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"description": "A token", "content": {"application/json": {"example": _TOKEN_ANSWER}}},
    400: {
        "description": "invalid_request, invalid_scope, unsupported_grant_type (RFC 6749 §5.2)",
        "content": {"application/json": {"example": {"error": "invalid_scope"}}},
    },
    401: {
        "description": "invalid_client",
        "content": {"application/json": {"example": {"error": "invalid_client"}}},
    },
}


class _OAuthError(Exception):
    def __init__(self, code: str, status: int = 400) -> None:
        super().__init__(code)
        self.code = code
        self.status = status


def router(context: Context) -> APIRouter:
    """The paths of this file."""
    routes = APIRouter(tags=["OAuth 2"])

    @routes.post(
        "/oauth/token",
        summary="Demander un jeton · Ask for a token",
        openapi_extra=_TOKEN_CONTRACT,
        responses=_TOKEN_RESPONSES,
    )
    async def token(request: Request) -> JSONResponse:
        try:
            form = await _form(request)
            found = await run_in_threadpool(_granted, context, form, request.headers.get("authorization"))
        except _OAuthError as error:
            headers = dict(_NO_STORE)
            if error.status == 401:
                headers["WWW-Authenticate"] = 'Basic realm="passerelle"'
            return JSONResponse({"error": error.code}, error.status, headers)
        return JSONResponse(found, headers=_NO_STORE)

    @routes.get("/.well-known/oauth-authorization-server", summary="RFC 8414")
    def metadata() -> dict[str, Any]:
        return {
            "issuer": context.issuer,
            "token_endpoint": f"{context.issuer}/oauth/token",
            "jwks_uri": f"{context.issuer}/.well-known/jwks.json",
            "grant_types_supported": ["client_credentials"],
            "response_types_supported": [],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            "scopes_supported": list(clients.SCOPES),
        }

    @routes.get("/.well-known/jwks.json", summary="RFC 7517: what signs tokens and dossiers")
    def jwks() -> dict[str, Any]:
        return {"keys": [context.signing.public()]}

    return routes


async def _form(request: Request) -> Mapping[str, str]:
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _FORM:
        raise _OAuthError("invalid_request")
    raw = b""
    async for part in request.stream():
        raw += part
        if len(raw) > LARGEST_FORM_BYTES:
            raise _OAuthError("invalid_request")
    try:
        pairs = parse_qsl(raw.decode("utf-8"), keep_blank_values=True, max_num_fields=20)
    except ValueError:
        raise _OAuthError("invalid_request") from None
    form = dict(pairs)
    if len(form) != len(pairs):
        raise _OAuthError("invalid_request")
    return form


def _granted(context: Context, form: Mapping[str, str], authorization: str | None) -> dict[str, Any]:
    identity, secret = _credentials(form, authorization)
    client = clients.authenticated(context.site, identity, secret)
    if client is None:
        raise _OAuthError("invalid_client", 401)
    if form.get("grant_type") != "client_credentials":
        raise _OAuthError("unsupported_grant_type" if form.get("grant_type") else "invalid_request")
    scopes = frozenset(form["scope"].split()) if form.get("scope") else client.scopes
    if not scopes <= client.scopes:
        raise _OAuthError("invalid_scope")
    value = tokens.issue(
        context.signing, issuer=context.issuer, client=client.id, scopes=scopes, moment=context.now()
    )
    return {
        "access_token": value,
        "token_type": "Bearer",
        "expires_in": tokens.LIFETIME_SECONDS,
        "scope": " ".join(sorted(scopes)),
    }


def _credentials(form: Mapping[str, str], authorization: str | None) -> tuple[str, str]:
    """Client id and secret, given in the header or in the form, and in one of them only."""
    posted = "client_id" in form or "client_secret" in form
    if authorization is None:
        if not posted:
            raise _OAuthError("invalid_client", 401)
        return form.get("client_id", ""), form.get("client_secret", "")
    if "client_secret" in form:
        raise _OAuthError("invalid_request")
    scheme, _, pair = authorization.partition(" ")
    try:
        identity, colon, secret = base64.b64decode(pair, validate=True).decode("utf-8").partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise _OAuthError("invalid_client", 401) from None
    if scheme.lower() != "basic" or not colon:
        raise _OAuthError("invalid_client", 401)
    if form.get("client_id", unquote_plus(identity)) != unquote_plus(identity):
        raise _OAuthError("invalid_request")
    return unquote_plus(identity), unquote_plus(secret)
