"""What REST sandboxes share: OAuth 2 or an API key, problem+json, four paginations, the misbehaviours of a wire.

Written from RFC 6749, 8288, 9110 and 9457, not from kit/rest: a simulator that shares code with what asks it agrees
with its mistakes.
"""

import asyncio
import base64
import binascii
import hashlib
import secrets
import sqlite3
import time
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, ClassVar, Literal
from urllib.parse import parse_qs

import orjson
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from connectors.kit.faults import known
from connectors.kit.sandbox_system import SandboxSystem

CLIENT = "passerelle"
TOKEN_SECONDS = 300
TOKEN_CALLS = 2  # of a token that ends early
SLOW_SECONDS = 2.0
WIRE_FAULTS = MappingProxyType(
    known("slow", "cut", "encoding", "fault", "html200", "429", "expired-token", "down", "busy")
)
PAGING_FAULTS = MappingProxyType(known("duplicate", "repeat-token", "mutate"))
"""Of a sandbox whose lists come from `paged`."""


@dataclass(frozen=True, slots=True)
class Paging:
    """How one list is given. `parameter`, `size`: of the query; `items`, `next`, `total`: members of the answer.

    `usual` rows are given to who does not ask, never more than `most`. `header` repeats the total.
    """

    kind: Literal["none", "page", "offset", "cursor", "link"]
    parameter: str = "page"
    size: str = "limit"
    items: str = "items"
    next: str = "next"
    total: str = "total"
    header: str = "X-Total-Count"
    usual: int = 100
    most: int = 1000


class RestSandbox(SandboxSystem):
    """A simulated REST system, for one client and one `SCOPE`, or for the holder of a key in `KEY_HEADER`.

    `TABLES` is the SQL of what it must not forget. `most_per_second`: calls; above it says 429 with Retry-After.
    """

    SCOPE: ClassVar[str] = ""
    KEY_HEADER: ClassVar[str] = ""
    TABLES: ClassVar[str] = ""
    most_per_second: ClassVar[int | None] = None

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._calls: Counter[str] = Counter()  # by token: a restart ends none early
        self._recent: deque[float] = deque()

    def prepare(self, postgres: str) -> None:  # noqa: ARG002 - it keeps its own file
        """The tables of what it must not forget."""
        with closing(self.database()) as database, database:
            database.executescript(self.TABLES)

    def database(self) -> sqlite3.Connection:
        """A connection to the file in its folder; the caller closes it."""
        return sqlite3.connect(self.folder / f"{self.connector}.sqlite3", timeout=10)

    def entry(self, base_url: str, postgres: str) -> dict[str, Any]:  # noqa: ARG002 - it needs no database
        """Its entry of systems.yaml."""
        if self.KEY_HEADER:
            return {
                "system": self.system,
                "address": base_url,
                "secrets": {"api_key": self.secret("api_key")},
                "options": {},
            }
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
        said = f"{int(time.time()) + TOKEN_SECONDS}-{secrets.token_hex(8)}"
        return JSONResponse(
            {
                "access_token": f"{said}.{self._stamp(said)}",
                "token_type": "Bearer",
                "expires_in": TOKEN_SECONDS,
            },
            headers={"Cache-Control": "no-store"},
        )

    def refused(self, request: Request) -> Response | None:
        """The answer to a call without the key or a valid token; None for one that has it."""
        if self.KEY_HEADER:
            given = request.headers.get(self.KEY_HEADER, "").encode()
            if secrets.compare_digest(given, self.secret("api_key").encode()):
                return None
            return self.problem(401, "cle-invalide", "Clé absente ou inconnue")
        scheme, _, value = request.headers.get("authorization", "").partition(" ")
        said, _, stamp = value.partition(".")
        until = said.partition("-")[0]
        if (
            scheme.lower() == "bearer"
            and until.isdecimal()
            and int(until) > time.time()
            and secrets.compare_digest(stamp.encode(), self._stamp(said).encode())
            and not self._ended_early(value)
        ):
            return None
        return self.problem(401, "jeton-invalide", "Jeton absent, échu ou inconnu")

    async def misbehaviour(self) -> Response | None:
        """What a fault of the wire answers in place of the right answer; None otherwise."""
        if "slow" in self.faults:
            await asyncio.sleep(SLOW_SECONDS)
        if "down" in self.faults:
            return Response(status_code=503)
        if "html200" in self.faults:
            return HTMLResponse("<h1>Entretien en cours</h1>")
        if "fault" in self.faults:
            return self.problem(500, "panne", "Erreur interne")
        if "busy" in self.faults and self.once("busy"):
            return self.problem(503, "occupe", "Revenez plus tard")
        if self._too_fast() or ("429" in self.faults and self.once("429")):
            answer = self.problem(429, "trop-d-appels", "Trop d'appels")
            answer.headers["Retry-After"] = "1"
            return answer
        return None

    def cut(self, answer: Response) -> Response:
        """The answer, or its beginning only, or in another encoding, when it was told so."""
        body = bytes(answer.body)
        if "encoding" in self.faults:
            body = body.decode().encode("windows-1252", "replace")
        if "cut" in self.faults:
            body = body[:-7]
        if body == answer.body:
            return answer
        headers = {name: value for name, value in answer.headers.items() if name != "content-length"}
        return Response(body, answer.status_code, headers)

    def paged(self, request: Request, rows: Sequence[Mapping[str, Any]], paging: Paging) -> Response:
        """One page of the rows, which stand in a stable order, as the query asks; 304 when it is the one known."""
        size = request.query_params.get(paging.size, str(paging.usual))
        start = self._start(request, paging, size)
        if start is None:
            return self.problem(400, "page-mal-demandee", "Numéro, curseur ou taille de page invalide")
        count = len(rows) if paging.kind == "none" else min(int(size), paging.most)
        again = "duplicate" in self.faults and start == 0 and not self._is_again(request, paging)
        shown: Sequence[Mapping[str, Any]] = rows[start : start + count]
        if "mutate" in self.faults and start == 0 and self.once("mutate"):
            shown = shown[1:]  # it is written while the later pages are read: the total has it, no page has
        body: dict[str, Any] = {paging.items: shown, paging.total: len(rows)}
        headers = {paging.header: str(len(rows))}
        following = start if again else start + count
        if "repeat-token" in self.faults:
            following, again = start, True
        if following < len(rows) or again:
            if paging.kind == "cursor":
                body[paging.next] = self._cursor(following, again=again)
            elif paging.kind == "link":
                page = f"{following // count + 1}{'bis' if again else ''}"
                headers["Link"] = f'<{request.url.include_query_params(page=page)}>; rel="next"'
        written = orjson.dumps(body)
        headers["ETag"] = f'"{hashlib.sha256(written).hexdigest()[:32]}"'
        if request.headers.get("if-none-match") == headers["ETag"]:
            return Response(status_code=304, headers=headers)
        return self.cut(Response(written, headers=headers, media_type="application/json"))

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

    def _start(self, request: Request, paging: Paging, size: str) -> int | None:
        """The rank of the first row of the page that is asked for; None when it is not well asked for."""
        if not size.isdecimal() or not 0 < int(size) < 10**9:
            return None
        given = request.query_params.get(paging.parameter if paging.kind != "link" else "page", "")
        count = min(int(size), paging.most)
        match paging.kind:
            case "none":
                return 0
            case "cursor":
                return self._cursor_start(given) if given else 0
            case "offset":
                start = int(given or "0") if (given or "0").isdecimal() else None
            case _:
                number = given.removesuffix("bis") or "1"
                start = (int(number) - 1) * count if number.isdecimal() and int(number) > 0 else None
        if start and paging.kind in ("page", "offset"):
            if "repeat-token" in self.faults:
                return 0  # a server that does not heed what it is asked
            if "duplicate" in self.faults and self.once("duplicate"):
                return 0
        return start

    def _cursor(self, start: int, *, again: bool) -> str:
        said = f"{start}{'bis' if again else ''}"
        return base64.urlsafe_b64encode(f"{said}.{self._stamp(said)[:16]}".encode()).decode().rstrip("=")

    def _cursor_start(self, cursor: str) -> int | None:
        """The row that a cursor of ours leads to; None for one that somebody made up."""
        said, _, stamp = _decoded(cursor).partition(".")
        right = secrets.compare_digest(stamp.encode(), self._stamp(said)[:16].encode())
        return int(said.removesuffix("bis")) if right else None

    def _is_again(self, request: Request, paging: Paging) -> bool:
        """Whether the page that is asked for is the second giving of the first; numbered pages have no such."""
        if paging.kind == "cursor":
            return "bis." in _decoded(request.query_params.get(paging.parameter, ""))
        return paging.kind != "link" or request.query_params.get("page", "").endswith("bis")

    def _ended_early(self, token: str) -> bool:
        self._calls[token] += 1
        return "expired-token" in self.faults and self._calls[token] > TOKEN_CALLS

    def _too_fast(self) -> bool:
        if self.most_per_second is None:
            return False
        now = time.monotonic()
        while self._recent and self._recent[0] <= now - 1.0:
            self._recent.popleft()
        if len(self._recent) >= self.most_per_second:
            return True
        self._recent.append(now)
        return False

    def _stamp(self, said: str) -> str:
        return hashlib.sha256(f"{said}/{self.secret('token')}".encode()).hexdigest()


def _decoded(cursor: str) -> str:
    try:
        return base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
    except (binascii.Error, ValueError):
        return ""
