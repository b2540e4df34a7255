"""The gateway's HTTP application: `create_app` over an open hub, `create` for uvicorn's --factory.

Paths only: what may leave is asked of gateway.release, what may be asked for of gateway.http.clients.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

import canonical_model
from gateway.http import clients, context, documentation, dossiers, guard, oauth, problems
from gateway.http.problems import ProblemError
from gateway.settings import Settings
from gateway.store.hub import Hub, open_hub

_DESCRIPTION = (
    "Passerelle, le carrefour d'interopérabilité du réseau scolaire québécois. Rien ne sort sans décision :"
    " chaque lecture dit sa finalité, passe par une entente et, s'il le faut, un consentement, et laisse une"
    " trace. Les erreurs suivent la RFC 9457, en français et en anglais.\n\n"
    "Passerelle, the interoperability hub of Québec's school network. Nothing leaves without a decision."
)


def create() -> FastAPI:
    """The application of this installation, settings from the environment; its hub lives as long as it."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        with open_hub(Settings()) as hub:
            _wire(app, hub, context.utc_now)
            yield

    return _bare(lifespan)


def create_app(hub: Hub, *, now: Callable[[], datetime] = context.utc_now) -> FastAPI:
    """The application over a hub that the caller holds open. `now`: the clock of tokens and evidence."""
    app = _bare(None)
    _wire(app, hub, now)
    return app


def _bare(lifespan: Any) -> FastAPI:
    app = FastAPI(
        title="Passerelle",
        version=canonical_model.VERSION,
        description=_DESCRIPTION,
        docs_url=None,  # FastAPI's page loads scripts from another country: ours loads nothing
        redoc_url=None,
        lifespan=lifespan,
    )
    app.add_middleware(guard.Guard)
    app.exception_handler(ProblemError)(_on_problem)
    app.exception_handler(RequestValidationError)(_on_invalid)
    app.exception_handler(HTTPException)(_on_http)
    return app


def _wire(app: FastAPI, hub: Hub, now: Callable[[], datetime]) -> None:
    shared = context.make(hub, now)
    app.include_router(oauth.router(shared))
    app.include_router(dossiers.router(shared))

    @app.get("/healthz", tags=["Service"], summary="Le processus répond · The process answers")
    def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @app.get(
        "/readyz",
        tags=["Service"],
        summary="La base répond · The database answers",
        responses={503: {"description": "unavailable", "content": {problems.MEDIA_TYPE: {}}}},
    )
    def readyz() -> dict[str, str]:
        with hub.transaction() as connection:
            connection.execute(sa.text("select 1"))
        return {"status": "ready"}

    @app.get("/docs", include_in_schema=False)
    def docs() -> HTMLResponse:
        return HTMLResponse(documentation.page(app.openapi()), headers=documentation.HEADERS)

    app.openapi = lambda: _openapi(app, shared.issuer)  # type: ignore[method-assign]


def _openapi(app: FastAPI, issuer: str) -> dict[str, Any]:
    """OpenAPI 3.1 with how to sign in; FastAPI's own 422 is never answered here, so it is not told."""
    if app.openapi_schema is None:
        schema = get_openapi(
            title=app.title,
            version=app.version,
            description=app.description,
            routes=app.routes,
            servers=[{"url": issuer}],
        )
        schema.setdefault("components", {})["securitySchemes"] = {
            "client_credentials": {
                "type": "oauth2",
                "flows": {
                    "clientCredentials": {
                        "tokenUrl": f"{issuer}/oauth/token",
                        "scopes": {scope: f"Section {scope.partition('.')[2]}" for scope in clients.SCOPES},
                    }
                },
            },
            "client_secret_basic": {"type": "http", "scheme": "basic"},
        }
        schema["components"].pop("schemas", None)
        for path in schema["paths"].values():
            for operation in path.values():
                operation["responses"].pop("422", None)
        app.openapi_schema = schema
    return app.openapi_schema


def _on_problem(request: Request, error: ProblemError) -> Response:
    return problems.answer(error.code, request.state.reference, guard.language(request.scope), error.headers)


def _on_invalid(request: Request, error: RequestValidationError) -> Response:  # noqa: ARG001 - it holds the input
    return problems.answer("request-invalid", request.state.reference, guard.language(request.scope))


def _on_http(request: Request, error: HTTPException) -> Response:
    code = {404: "not-found", 405: "method-not-allowed"}.get(error.status_code, "request-invalid")
    return problems.answer(code, request.state.reference, guard.language(request.scope), error.headers)
