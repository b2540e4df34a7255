"""The one REST client: one system, one way in, bounded tries, bounded answers; refuses every redirect.

A message names the installed system, the path that the contract gives, and the partner's stable
problem code; never a query, a body or a person. The address in systems.yaml is the only place where a
secret and a dossier may go.
"""

import json
import logging
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from canonical_model.errors import ConfigurationError
from connectors.kit import errors
from connectors.kit.endpoint import endpoint
from connectors.kit.errors import TransientError
from connectors.kit.installation import Installation
from connectors.kit.manifest.model import Limits
from connectors.kit.rest import body, wire_json
from connectors.kit.rest.authentication import ClientCredentials, SignIn
from connectors.kit.rest.rate import Rate
from connectors.kit.retrying import Retrying, asked_wait
from connectors.kit.tls import trust

DEFAULTS = Limits()
_TRANSIENT = frozenset({408, 425, 429, 500, 502, 503, 504, 507, 508, 509})
_NOTHING: Mapping[str, str] = {}

logging.getLogger("httpx").setLevel(logging.WARNING)  # at INFO it writes whole addresses
logging.getLogger("httpcore").setLevel(logging.WARNING)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the partner answered with success: the status, the JSON object, and its bytes as they came."""

    status: int
    document: Mapping[str, Any]
    raw: bytes


@dataclass(frozen=True, slots=True)
class Fetched:
    """An answer to be read as records: `value` keeps numbers as they were written (`wire_json.text`).

    `status` is 200, or 304 when nothing changed since `etag`; `value` is None then. `headers`: without case.
    """

    status: int
    headers: httpx.Headers
    value: Any

    @property
    def next_link(self) -> str | None:
        """The target of the Link header whose relation is ``next`` (RFC 8288), as it was written."""
        return httpx.Response(200, headers=self.headers).links.get("next", {}).get("url")


Decode = Callable[[str, bytes, str], Any]
"""Place, body, Content-Type → its value. Raises TransientError when the body is cut or not JSON."""


@dataclass(frozen=True, slots=True)
class _Call:
    """`path`: the contract's, for messages; `target`: the same with its query. `signed` headers are not in it."""

    method: str
    path: str
    target: str
    decode: Decode
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes | None = None


@dataclass(frozen=True, slots=True)
class _Exchange:
    status: int
    headers: httpx.Headers
    content: bytes
    value: Any


class RestClient:
    """Speaks JSON with one installed system.

    `address` of the installation is the base; paths are the contract's and begin with ``/``.
    ``options["timeout_seconds"]`` bounds each wait, else `limits.timeout`. Outside loopback, https is required.
    Without `way_in` it signs in by OAuth 2 client credentials at `token_path`.
    """

    def __init__(
        self,
        installation: Installation,
        *,
        way_in: SignIn | None = None,
        limits: Limits = DEFAULTS,
        token_path: str = "/oauth/token",  # noqa: S107 - a path, not a password
        scope: str = "",
        pause: Callable[[float], None] = time.sleep,
        draw: Callable[[], float] = random.random,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._system = installation.system
        self._way_in = way_in or ClientCredentials(
            installation, token_path=token_path, scope=scope, clock=clock
        )
        self._limits = limits
        self._clock = clock
        self._retrying = Retrying(limits, pause=pause, draw=draw, clock=clock)
        self._rate = Rate(limits.requests_per_second, pause=pause, clock=clock)
        partner = endpoint(installation)
        self._base = partner.address
        seconds = limits.timeout.total_seconds()
        if "timeout_seconds" in installation.options:
            seconds = partner.timeout_seconds
        self._client = httpx.Client(
            timeout=httpx.Timeout(seconds, connect=min(seconds, 5.0), pool=5.0),
            follow_redirects=False,
            trust_env=not partner.loopback,  # a proxy of the environment never sees loopback
            verify=trust(installation, self._way_in.certificate),
            headers={
                "Accept": "application/json",
                "Accept-Encoding": body.ACCEPTED,
                "User-Agent": "passerelle",
            },
        )

    @property
    def base(self) -> str:
        """The address of the system, without a slash at the end."""
        return self._base

    def post_json(self, path: str, payload: Mapping[str, Any], *, key: str) -> dict[str, Any]:
        """POST `payload` under an Idempotency-Key and return the JSON object of the answer.

        Raises RetryableError (no answer, time-out, 429, 5xx, a page instead of JSON: after the last
        try), PartnerRefusedError (another 4xx) or ConfigurationError (sign-in refused, redirect).
        """
        return dict(self.send("POST", path, payload, key=key).document)

    def get_json(self, path: str) -> dict[str, Any]:
        """GET and return the JSON object of the answer. Raises as `post_json` does."""
        return dict(self.send("GET", path).document)

    def send(
        self, method: str, path: str, payload: Mapping[str, Any] | None = None, *, key: str = ""
    ) -> Answer:
        """One call, with status and raw bytes, for a caller that keeps the partner's receipt as it came."""
        headers = {"Content-Type": "application/json"} if payload is not None else {}
        if key:
            headers["Idempotency-Key"] = key
        content = (
            json.dumps(payload, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
            if payload is not None
            else None
        )
        answer = self._called(_Call(method, path, path, wire_json.plain, headers, content))
        if not isinstance(answer.value, dict):
            raise errors.wrong_contract(self._system + path)
        return Answer(answer.status, answer.value, answer.content)

    def fetch(self, path: str, query: str = "", *, etag: str = "") -> Fetched:
        """GET `path`, with an encoded `query` that no message shows. Raises as `post_json` does.

        `etag`: of an earlier answer; the partner may say 304 instead of answering the same again.
        """
        headers = {"If-None-Match": etag} if etag else _NOTHING
        target = f"{path}?{query}" if query else path
        answer = self._called(_Call("GET", path, target, wire_json.parsed, headers))
        return Fetched(answer.status, answer.headers, answer.value)

    def close(self) -> None:
        """Let go of connections and of the token."""
        self._way_in.renew()
        self._client.close()

    def _called(self, call: _Call) -> _Exchange:
        """One answer of success, or 304 to a conditional call; the way in and the call share the tries."""
        place = self._system + call.path

        def signed_call() -> _Exchange:
            return self._exchange(call, {**call.headers, **self._way_in.headers(self._ask_token)})

        def attempt() -> _Exchange:
            answer = signed_call()
            if answer.status == httpx.codes.UNAUTHORIZED and self._way_in.renew():
                return signed_call()  # the partner may have ended it early; a second refusal is final
            return answer

        answer = self._retrying.call(place, attempt)
        if answer.status == httpx.codes.NOT_MODIFIED and "If-None-Match" in call.headers:
            return answer
        if answer.status in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
            raise self._refused_sign_in(place, answer)
        _refuse_failure(place, answer)
        return answer

    def _exchange(self, call: _Call, headers: Mapping[str, str]) -> _Exchange:
        """One request and its whole answer. Raises TransientError for what a later try may mend."""
        self._rate.take()
        until = self._clock() + self._limits.give_up_after.total_seconds()
        place, address = self._system + call.path, self._base + call.target
        try:
            with self._client.stream(call.method, address, headers=headers, content=call.content) as found:
                read = body.read(place, found, self._limits.largest_answer, lambda: self._clock() < until)
        except httpx.TimeoutException as error:
            raise TransientError("no answer in time", "pas de réponse à temps") from error
        except httpx.TransportError as error:
            if (refusal := errors.untrusted(self._system, error)) is not None:
                raise refusal from error
            raise TransientError("the connection failed", "la connexion a échoué") from error
        return _Exchange(found.status_code, found.headers, read, _value(place, found, read, call.decode))

    def _ask_token(self, path: str, headers: Mapping[str, str], form: bytes) -> Mapping[str, Any]:
        """The token endpoint's JSON object, inside the tries of the call that needs it."""
        place = self._system + path
        try:
            answer = self._exchange(_Call("POST", path, path, wire_json.plain, content=form), headers)
        except TransientError as error:
            raise TransientError(
                f"the sign-in at {path}: {error.english}",
                f"l'authentification à {path} : {error.french}",
                error.wait,
            ) from error
        if httpx.codes.is_client_error(answer.status):
            raise self._refused_sign_in(place, answer)
        _refuse_failure(place, answer)
        if not isinstance(answer.value, dict):
            raise errors.wrong_contract(place)
        return answer.value

    def _refused_sign_in(self, place: str, answer: _Exchange) -> ConfigurationError:
        problem = errors.problem(answer.status, answer.value)
        return errors.refused_sign_in(place, answer.status, problem, self._way_in.to_correct)


def _value(place: str, found: httpx.Response, read: bytes, decode: Decode) -> Any:
    """The value of a body that was read. Raises TransientError for a status or a body that may pass."""
    shown = f"HTTP {found.status_code}"
    if found.status_code in _TRANSIENT:
        raise TransientError(shown, shown, asked_wait(found.headers))
    kind = found.headers.get("content-type", "")
    if found.is_success:
        if "html" in kind.lower():  # a maintenance page or a captive portal: it says 200 and means nothing
            raise TransientError(
                f"a web page instead of JSON ({shown})", f"une page Web au lieu de JSON ({shown})"
            )
        return decode(place, read, kind)
    try:
        return json.loads(read)
    except (ValueError, RecursionError):
        return None  # a refusal is told by its status then


def _refuse_failure(place: str, answer: _Exchange) -> None:
    if httpx.codes.is_success(answer.status):
        return
    if httpx.codes.is_redirect(answer.status):
        raise errors.redirected(place)
    raise errors.refused(place, answer.status, errors.problem(answer.status, answer.value))
