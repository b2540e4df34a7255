"""Around every request: a reference, safe headers, one log line without a path, no traceback with a person.

A path may hold a code permanent and an exception's text may hold a row: neither is written. The log
has the route's template, the status, the time and the reference; an error adds its class and place.
"""

import logging
import time
import uuid
from collections.abc import MutableMapping
from traceback import extract_tb
from typing import Any

from sqlalchemy.exc import OperationalError
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from canonical_model.errors import HubError, RetryableError
from gateway.http import problems

log = logging.getLogger("passerelle.gateway")

_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
)


class Guard:
    """The outermost layer of the application."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request; anything that is not HTTP passes through."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        reference = str(uuid.uuid4())
        state: MutableMapping[str, Any] = scope.setdefault("state", {})
        state["reference"] = reference
        status = 0
        since = time.perf_counter()

        async def guarded(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [
                    *message.get("headers", ()), *_HEADERS, (b"passerelle-request", reference.encode()),
                ]  # fmt: skip
            await send(message)

        try:
            await self._app(scope, receive, guarded)
        except Exception as error:  # noqa: BLE001 - the last door: nothing of an error may pass it
            _log_error(error, reference)
            if status:
                return  # the answer had begun; it ends cut, and the server closes the connection
            transient = isinstance(error, (RetryableError, OperationalError))
            code = "unavailable" if transient else "internal"
            answer = problems.answer(code, reference, language(scope))
            await answer(scope, receive, guarded)
        finally:
            route = getattr(scope.get("route"), "path", "-")
            elapsed = (time.perf_counter() - since) * 1000
            log.info("%s %s %d %.1f ms %s", scope["method"], route, status, elapsed, reference)


def language(scope: Scope) -> str:
    """The language that the request asks for: French unless English comes first."""
    given = next((value for name, value in scope["headers"] if name == b"accept-language"), b"")
    return problems.language_of(given.decode("latin-1"))


def _log_error(error: Exception, reference: str) -> None:
    if isinstance(error, HubError):  # its sentences name places and ids, never a person
        log.error("%s, request %s: %s", error.code, reference, error.english)
        return
    frames = extract_tb(error.__traceback__)
    place = f"{frames[-1].filename}:{frames[-1].lineno}" if frames else "-"
    log.error("%s at %s, request %s", type(error).__name__, place, reference)
