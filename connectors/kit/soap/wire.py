"""The wire of the SOAP client: one httpx client, both time-outs, no redirect, an answer bounded in size and time.

Nothing here knows an envelope. An answer that is too large is refused while it is read, never held whole.
"""

import logging
import time
from dataclasses import dataclass

import httpx

from connectors.kit.endpoint import Endpoint
from connectors.kit.errors import TransientError, too_large, untrusted
from connectors.kit.installation import Installation
from connectors.kit.retrying import asked_wait
from connectors.kit.tls import ClientPair, trust

LONGEST_ANSWER_SECONDS = 600.0  # the time-out bounds each wait; a partner that drips bytes ends here
LONGEST_CONNECT_SECONDS = 5.0

for _name in ("zeep", "httpx", "httpcore"):
    logging.getLogger(_name).setLevel(
        logging.WARNING
    )  # at DEBUG zeep writes envelopes, at INFO httpx addresses


@dataclass(frozen=True, slots=True)
class Reply:
    """Status, Content-Type as it came, whole content, and the seconds of a Retry-After (0: none)."""

    status: int
    content_type: str
    content: bytes
    retry_after: float


class Wire:
    """Posts messages to one address."""

    def __init__(
        self, installation: Installation, found: Endpoint, *, largest_answer: int, tls: bool
    ) -> None:
        self._system = installation.system
        self._address = found.address
        self._largest = largest_answer
        self._client = httpx.Client(
            timeout=httpx.Timeout(
                found.timeout_seconds, connect=min(found.timeout_seconds, LONGEST_CONNECT_SECONDS)
            ),
            follow_redirects=False,
            trust_env=not found.loopback,  # a proxy of the environment never sees loopback
            verify=trust(installation, ClientPair(installation) if tls else None),
            headers={"User-Agent": "passerelle"},
        )

    def post(self, operation: str, message: bytes, headers: dict[str, str]) -> Reply:
        """One answer, read whole. Raises TransientError, or ConfigurationError: too large, a certificate."""
        try:
            return self._exchanged(operation, message, headers)
        except httpx.TimeoutException as error:
            raise TransientError("no answer in time", "pas de réponse à temps") from error
        except httpx.TransportError as error:
            if (refused := untrusted(self._system, error)) is not None:
                raise refused from error
            raise TransientError("the connection failed", "la connexion a échoué") from error
        except httpx.DecodingError as error:
            raise TransientError("the answer was cut", "la réponse a été coupée") from error

    def close(self) -> None:
        """Let go of connections."""
        self._client.close()

    def _exchanged(self, operation: str, message: bytes, headers: dict[str, str]) -> Reply:
        with self._client.stream("POST", self._address, headers=headers, content=message) as answer:
            parts, size = [], 0
            last_moment = time.monotonic() + LONGEST_ANSWER_SECONDS
            for part in answer.iter_bytes():
                size += len(part)
                if time.monotonic() > last_moment:
                    raise httpx.ReadTimeout("the whole answer")
                if size > self._largest:
                    raise too_large(f"{self._system}/{operation}", self._largest)
                parts.append(part)
            return Reply(
                answer.status_code,
                answer.headers.get("content-type", ""),
                b"".join(parts),
                asked_wait(answer.headers),
            )
