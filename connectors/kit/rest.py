"""The one REST client: OAuth 2 client credentials, time-outs, bounded answers, three tries; no redirect.

A message names the installed system, the path that the contract gives, and the partner's stable
problem code; never a query, a body or a person. A redirect is not followed: the address in
systems.yaml is the only place where a secret and a dossier may go.
"""

import base64
import json
import logging
import re
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn
from urllib.parse import quote_plus

import httpx

from canonical_model.errors import ConfigurationError, RetryableError
from connectors.kit.endpoint import endpoint
from connectors.kit.installation import Installation

TRIES = 3
BACK_OFF_SECONDS = 0.25  # doubled after each try
LONGEST_WAIT_SECONDS = 5.0  # of a Retry-After that the partner asks for; a longer one is the next run's
LARGEST_ANSWER_BYTES = 16 * 1024 * 1024
TOKEN_MARGIN_SECONDS = 30.0  # a token is renewed this long before it ends

_TRANSIENT = frozenset({408, 425, 429, 500, 502, 503, 504, 507, 508, 509})
_PROBLEM = re.compile(r"^[A-Za-z0-9_.-]{1,60}$")

logging.getLogger("httpx").setLevel(logging.WARNING)  # at INFO it writes whole addresses
logging.getLogger("httpcore").setLevel(logging.WARNING)


class PartnerRefusedError(ConfigurationError):
    """The partner understood the call and refuses it. `problem`: its stable code; `status`: of HTTP."""

    code = "partner-refused"

    def __init__(self, english: str, french: str, *, status: int, problem: str) -> None:
        super().__init__(english, french)
        self.status = status
        self.problem = problem


class _TransientError(Exception):
    """One try failed in a way that the next one may mend. `wait`: seconds that the partner asks for."""

    def __init__(self, english: str, french: str, wait: float = 0.0) -> None:
        super().__init__(english)
        self.english, self.french, self.wait = english, french, wait


@dataclass(frozen=True, slots=True)
class Answer:
    """What the partner answered with success: the status, the JSON object, and its bytes as they came."""

    status: int
    document: Mapping[str, Any]
    raw: bytes


@dataclass(frozen=True, slots=True)
class _Token:
    value: str
    renew_at: float  # of time.monotonic: a token ages even when the wall clock is set back


class RestClient:
    """Speaks JSON with one installed system.

    `address` of the installation is the base; paths are the contract's and begin with ``/``. The
    client id is ``options["client_id"]``, its secret ``secrets["client_secret"]``;
    ``options["timeout_seconds"]`` bounds each wait. Outside loopback, https is required.
    """

    def __init__(
        self,
        installation: Installation,
        *,
        token_path: str = "/oauth/token",  # noqa: S107 - a path, not a password
        scope: str = "",
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._installation = installation
        self._system = installation.system
        self._token_path = token_path
        self._scope = scope
        self._pause = pause
        self._token: _Token | None = None
        partner = endpoint(installation)
        self._base = partner.address
        seconds = partner.timeout_seconds
        self._client = httpx.Client(
            timeout=httpx.Timeout(seconds, connect=min(seconds, 5.0), pool=5.0),
            follow_redirects=False,
            trust_env=not partner.loopback,  # a proxy of the environment never sees loopback
            headers={"Accept": "application/json", "User-Agent": "passerelle"},
        )

    def post_json(self, path: str, payload: Mapping[str, Any], *, key: str) -> dict[str, Any]:
        """POST `payload` under an Idempotency-Key and return the JSON object of the answer.

        Raises RetryableError (no answer, time-out, 429, 5xx, a page instead of JSON: after three
        tries), PartnerRefusedError (another 4xx) or ConfigurationError (sign-in refused, redirect).
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
        answer = self._tried(method, path, headers, content)
        if answer.status_code == httpx.codes.UNAUTHORIZED and self._token is not None:
            self._token = None  # the partner may have ended it early; a second refusal is final
            answer = self._tried(method, path, headers, content)
        if answer.status_code in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
            self._refuse_sign_in(path, answer)
        self._refuse_failure(path, answer)
        return Answer(answer.status_code, self._object(path, answer), answer.content)

    def close(self) -> None:
        """Let go of connections and of the token."""
        self._token = None
        self._client.close()

    def _tried(
        self, method: str, path: str, headers: Mapping[str, str], content: bytes | None
    ) -> httpx.Response:
        """The answer of the first try that is not transient. Raises RetryableError after the last."""
        wait = BACK_OFF_SECONDS
        for _ in range(TRIES - 1):
            try:
                return self._signed_call(method, path, headers, content)
            except _TransientError as error:
                self._pause(min(max(wait, error.wait), LONGEST_WAIT_SECONDS))
                wait *= 2
        try:
            return self._signed_call(method, path, headers, content)
        except _TransientError as error:
            raise RetryableError(
                f"{self._system}{path}: {error.english}, {TRIES} times."
                " Try again later; if it lasts, ask the partner.",
                f"{self._system}{path} : {error.french}, {TRIES} fois."
                " Réessayez plus tard; si cela dure, demandez au partenaire.",
            ) from error

    def _signed_call(
        self, method: str, path: str, headers: Mapping[str, str], content: bytes | None
    ) -> httpx.Response:
        """With a token, asked for first when needed: both share the tries, so that bounds do not multiply."""
        signed = {**headers, "Authorization": f"Bearer {self._bearer()}"}
        return self._call(method, path, signed, content)

    def _call(
        self, method: str, path: str, headers: Mapping[str, str], content: bytes | None
    ) -> httpx.Response:
        """One request and its whole answer. Raises _TransientError for what a later try may mend."""
        try:
            answer = self._exchange(method, path, headers, content)
        except httpx.TimeoutException as error:
            raise _TransientError("no answer in time", "pas de réponse à temps") from error
        except httpx.TransportError as error:
            self._refuse_certificate(error)
            raise _TransientError("the connection failed", "la connexion a échoué") from error
        shown = f"HTTP {answer.status_code}"
        if answer.status_code in _TRANSIENT:
            raise _TransientError(shown, shown, _retry_after(answer))
        if answer.is_success and _is_page(answer):
            raise _TransientError(
                f"a web page instead of JSON ({shown})", f"une page Web au lieu de JSON ({shown})"
            )
        if answer.is_success and _parsed(answer) is None:
            raise _TransientError(
                "the answer was cut or is not JSON", "réponse coupée ou qui n'est pas du JSON"
            )
        return answer

    def _exchange(
        self, method: str, path: str, headers: Mapping[str, str], content: bytes | None
    ) -> httpx.Response:
        """The bytes of one answer, unless it is larger than any contract allows."""
        with self._client.stream(method, self._base + path, headers=headers, content=content) as answer:
            parts, size = [], 0
            for part in answer.iter_bytes():
                size += len(part)
                if size > LARGEST_ANSWER_BYTES:
                    raise ConfigurationError(
                        f"{self._system}{path}: the answer is larger than {LARGEST_ANSWER_BYTES} bytes."
                        " Check the address in systems.yaml, or ask the partner.",
                        f"{self._system}{path} : la réponse dépasse {LARGEST_ANSWER_BYTES} octets."
                        " Vérifiez l'adresse dans systems.yaml, ou demandez au partenaire.",
                    )
                parts.append(part)
            kept = {  # not content-encoding: the bytes are decoded already
                name: answer.headers[name]
                for name in ("content-type", "retry-after")
                if name in answer.headers
            }
            return httpx.Response(answer.status_code, headers=kept, content=b"".join(parts))

    def _bearer(self) -> str:
        if self._token is None or time.monotonic() >= self._token.renew_at:
            self._token = self._new_token()
        return self._token.value

    def _new_token(self) -> _Token:
        identity = self._installation.options.get("client_id", "")
        secret = self._installation.secrets.get("client_secret", "")
        if not identity or not secret:
            raise ConfigurationError(
                f"{self._system}: options.client_id or the secret client_secret is absent."
                " Add it to systems.yaml.",
                f"{self._system} : options.client_id ou le secret client_secret est absent."
                " Ajoutez-le à systems.yaml.",
            )
        pair = f"{quote_plus(identity)}:{quote_plus(secret)}".encode()  # RFC 6749 §2.3.1 encodes both
        headers = {
            "Authorization": f"Basic {base64.b64encode(pair).decode()}",
            "Content-Type": "application/x-www-form-urlencoded",
        }
        scope = f"&scope={quote_plus(self._scope)}" if self._scope else ""
        body = f"grant_type=client_credentials{scope}".encode()
        answer = self._call("POST", self._token_path, headers, body)
        if httpx.codes.is_client_error(answer.status_code):
            self._refuse_sign_in(self._token_path, answer)
        self._refuse_failure(self._token_path, answer)
        found = self._object(self._token_path, answer)
        value, seconds = found.get("access_token"), found.get("expires_in", 300)
        if not isinstance(value, str) or not isinstance(seconds, (int, float)):
            self._refuse_contract(self._token_path)
        return _Token(value, time.monotonic() + max(float(seconds) - TOKEN_MARGIN_SECONDS, 0.0))

    def _object(self, path: str, answer: httpx.Response) -> dict[str, Any]:
        found = _parsed(answer)
        if not isinstance(found, dict):
            self._refuse_contract(path)
        return found

    def _refuse_failure(self, path: str, answer: httpx.Response) -> None:
        if answer.is_success:
            return
        if answer.is_redirect:
            raise ConfigurationError(
                f"{self._system}{path}: the partner redirects elsewhere."
                " Write its new address in systems.yaml.",
                f"{self._system}{path} : le partenaire redirige ailleurs."
                " Inscrivez sa nouvelle adresse dans systems.yaml.",
            )
        problem = _problem(answer)
        raise PartnerRefusedError(
            f"{self._system}{path}: the partner refused the call ({answer.status_code}, {problem})."
            " Look the code up in its contract.",
            f"{self._system}{path} : le partenaire a refusé l'appel ({answer.status_code}, {problem})."
            " Cherchez ce code dans son contrat.",
            status=answer.status_code,
            problem=problem,
        )

    def _refuse_sign_in(self, path: str, answer: httpx.Response) -> NoReturn:
        problem = _problem(answer)
        raise ConfigurationError(
            f"{self._system}{path}: the sign-in was refused ({answer.status_code}, {problem})."
            " Correct the secret client_secret or options.client_id in systems.yaml.",
            f"{self._system}{path} : l'authentification a été refusée ({answer.status_code}, {problem})."
            " Corrigez le secret client_secret ou options.client_id dans systems.yaml.",
        )

    def _refuse_contract(self, path: str) -> NoReturn:
        raise ConfigurationError(
            f"{self._system}{path}: the answer is not what the contract says."
            " Compare the connector's contract with the partner's version.",
            f"{self._system}{path} : la réponse n'est pas celle du contrat."
            " Comparez le contrat du connecteur avec la version du partenaire.",
        )

    def _refuse_certificate(self, error: BaseException) -> None:
        seen: BaseException | None = error
        while seen is not None:
            if isinstance(seen, ssl.SSLCertVerificationError):
                raise ConfigurationError(
                    f"{self._system}: the partner's certificate is not trusted."
                    " Check the address, or have the certificate renewed.",
                    f"{self._system} : le certificat du partenaire n'est pas reconnu."
                    " Vérifiez l'adresse, ou faites renouveler le certificat.",
                ) from error
            seen = seen.__cause__ or seen.__context__


def _is_page(answer: httpx.Response) -> bool:
    """A maintenance page or a captive portal: it says 200 and means nothing, so it is worth a later try."""
    return "html" in answer.headers.get("content-type", "").lower()


def _retry_after(answer: httpx.Response) -> float:
    text = answer.headers.get("retry-after", "")
    return float(text) if text.isdecimal() else 0.0


def _parsed(answer: httpx.Response) -> Any:
    try:
        return json.loads(answer.content)
    except ValueError:
        return None


def _problem(answer: httpx.Response) -> str:
    """The partner's stable code: RFC 9457 `code` or the end of `type`, OAuth `error`; never free text."""
    found = _parsed(answer)
    if isinstance(found, dict):
        for name in ("code", "error", "type"):
            value = found.get(name)
            if isinstance(value, str) and _PROBLEM.match(last := re.split(r"[/:#]", value)[-1]):
                return last
    return f"http-{answer.status_code}"
