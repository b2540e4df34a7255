"""What REST sandboxes share: OAuth 2 client credentials, problem+json, the misbehaviours of a wire.

Written from RFC 6749 and RFC 9457, not from rest.py: a simulator that shares code with what asks it agrees
with its mistakes.
"""

import asyncio
import base64
import binascii
import hashlib
import secrets
import sqlite3
import time
from contextlib import closing
from types import MappingProxyType
from typing import Any, ClassVar
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from connectors.kit.sandbox_system import SandboxSystem

CLIENT = "passerelle"
TOKEN_SECONDS = 300
SLOW_SECONDS = 2.0
WIRE_FAULTS = MappingProxyType(
    {
        "slow": f"answers after {SLOW_SECONDS:.0f} s",
        "html": "a maintenance page with status 200",
        "busy": "503 to the first call, then it works",
        "cut": "an answer that ends in the middle of its JSON",
    }
)


class RestSandbox(SandboxSystem):
    """A simulated REST system: a token endpoint (`token`) for one client and one `SCOPE`.

    `TABLES` is the SQL of what it must not forget.
    """

    SCOPE: ClassVar[str]
    TABLES: ClassVar[str]

    def prepare(self, postgres: str) -> None:  # noqa: ARG002 - it keeps its own file
        """The tables of what it must not forget."""
        with closing(self.database()) as database, database:
            database.executescript(self.TABLES)

    def database(self) -> sqlite3.Connection:
        """A connection to the file in its folder; the caller closes it."""
        return sqlite3.connect(self.folder / f"{self.connector}.sqlite3", timeout=10)

    def entry(self, base_url: str, postgres: str) -> dict[str, Any]:  # noqa: ARG002 - it needs no database
        """Its entry of systems.yaml."""
        return {
            "system": self.system,
            "address": base_url,
            "secrets": {"client_secret": self.secret("client_secret")},
            "options": {"client_id": CLIENT},
        }

    async def token(self, request: Request) -> Response:
        """The token endpoint: client credentials by ``client_secret_basic``."""
        form = parse_qs((await request.body()).decode("utf-8", "replace"))
        if form.get("grant_type") != ["client_credentials"]:
            return JSONResponse({"error": "unsupported_grant_type"}, 400)
        if form.get("scope", [self.SCOPE]) != [self.SCOPE]:
            return JSONResponse({"error": "invalid_scope"}, 400)
        scheme, _, pair = request.headers.get("authorization", "").partition(" ")
        try:
            given = base64.b64decode(pair, validate=True)
        except binascii.Error:
            given = b""
        expected = f"{CLIENT}:{self.secret('client_secret')}".encode()
        if scheme.lower() != "basic" or not secrets.compare_digest(given, expected):
            return JSONResponse({"error": "invalid_client"}, 401, {"WWW-Authenticate": "Basic"})
        until = int(time.time()) + TOKEN_SECONDS
        value = f"{until}.{self._stamp(until)}"
        return JSONResponse(
            {"access_token": value, "token_type": "Bearer", "expires_in": TOKEN_SECONDS},
            headers={"Cache-Control": "no-store"},
        )

    def refused(self, request: Request) -> Response | None:
        """The answer to a call without a valid token; None for one that has it."""
        scheme, _, value = request.headers.get("authorization", "").partition(" ")
        until, _, stamp = value.partition(".")
        if (
            scheme.lower() == "bearer"
            and until.isdecimal()
            and int(until) > time.time()
            and secrets.compare_digest(stamp, self._stamp(int(until)))
        ):
            return None
        return self.problem(401, "jeton-invalide", "Jeton absent, échu ou inconnu")

    async def misbehaviour(self) -> Response | None:
        """What ``slow``, ``html`` or ``busy`` answers in place of the right answer; None otherwise."""
        if "slow" in self.faults:
            await asyncio.sleep(SLOW_SECONDS)
        if "html" in self.faults:
            return HTMLResponse("<h1>Entretien en cours</h1>")
        if "busy" in self.faults and self.once("busy"):
            return self.problem(503, "occupe", "Revenez plus tard")
        return None

    def cut(self, answer: Response) -> Response:
        """The answer, or its beginning only when it was told so."""
        if "cut" not in self.faults:
            return answer
        return Response(bytes(answer.body)[:-7], answer.status_code, media_type="application/json")

    def once(self, fault: str) -> bool:
        """Whether this fault has not been shown yet; a restart does not show it again."""
        mark = self.folder / f"fault-{fault}"
        first = not mark.exists()
        mark.touch()
        return first

    def problem(self, status: int, code: str, title: str) -> JSONResponse:
        """A refusal as problem+json, with the system's stable code."""
        name = self.connector.replace("_", "-")
        body = {"type": f"urn:{name}:{code}", "title": title, "status": status, "code": code}
        return JSONResponse(body, status, media_type="application/problem+json")

    def _stamp(self, until: int) -> str:
        return hashlib.sha256(f"{until}/{self.secret('token')}".encode()).hexdigest()
