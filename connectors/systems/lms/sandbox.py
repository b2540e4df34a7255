"""A simulated learning platform of a college: a real client program that comes to the hub when it is told to.

``POST /visit`` sends it; ``GET /kept`` says how much it keeps. Neither answers with anything of anybody. It asks for
the pupils of the last year of secondary school, who are those that a college may come to teach.
"""

import logging
from contextlib import closing
from typing import Any, ClassVar

import httpx
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from connectors.kit.rest_server import RestSandbox
from connectors.systems.lms.reader import TABLES, Hub, Reader, Store, VisitError

SECTIONS = ("identity", "results_local")
LEVEL = "SECONDARY5"
TIMEOUT_SECONDS = 10.0
_ASKED = {"hub", "client_id", "client_secret", "purpose"}

logging.getLogger("httpx").setLevel(logging.WARNING)  # at INFO it writes whole addresses


class Sandbox(RestSandbox):
    """The platform of one college. Its faults are what a client may do wrong; the hub must bear each."""

    per_board = False
    organizations = ("916000",)
    demonstrated = False
    KEY_HEADER = "X-Api-Key"
    TABLES = TABLES
    known_faults: ClassVar[dict[str, str]] = {
        "everybody": "asks for every pupil of the province, not only for those it teaches",
        "more-sections": "asks for the section health too, which is not in its scopes",
        "no-purpose": "does not say its purpose",
        "stale-token": "never asks for a second token",
    }

    def app(self) -> ASGIApp:
        """The two paths of its operator."""
        return Starlette(
            routes=[Route("/visit", self._come, methods=["POST"]), Route("/kept", self._say_kept)]
        )

    def people(self) -> list[str]:
        """Whom it asks for, by the file number of their board."""
        return [
            f"fiche:{board.code}|{pupil.fiche:07d}"
            for board in self.province.boards
            for pupil in board.pupils
            if pupil.level == LEVEL or "everybody" in self.faults
        ]

    def visit(self, hub: Hub) -> dict[str, int]:
        """One visit to the hub, in counts. Raises VisitError."""
        sections = (*SECTIONS, "health") if "more-sections" in self.faults else SECTIONS
        with closing(self.database()) as database, httpx.Client(timeout=TIMEOUT_SECONDS) as client:
            reader = Reader(hub, Store(database), client, faults=self.faults)
            return reader.visit(self.people(), sections).counts()

    async def _come(self, request: Request) -> Response:
        if (refusal := self.refused(request)) is not None:
            return refusal
        try:
            told: Any = await request.json()
        except ValueError:
            told = None
        if (
            not isinstance(told, dict)
            or told.keys() != _ASKED
            or not all(isinstance(v, str) for v in told.values())
        ):
            return self.problem(400, "demande-mal-faite", f"Il faut {', '.join(sorted(_ASKED))}")
        hub = Hub(told["hub"].rstrip("/"), told["client_id"], told["client_secret"], told["purpose"])
        try:
            return JSONResponse(await run_in_threadpool(self.visit, hub))
        except (VisitError, httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
            code = error.code if isinstance(error, VisitError) else "wrong-question"
            return self.problem(502, code, "La visite s'est arrêtée")

    async def _say_kept(self, request: Request) -> Response:
        if (refusal := self.refused(request)) is not None:
            return refusal
        return JSONResponse({"sections": await run_in_threadpool(self._number)})

    def _number(self) -> int:
        with closing(self.database()) as database:
            return Store(database).number()
