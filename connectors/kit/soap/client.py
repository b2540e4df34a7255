"""The one SOAP client: the WSDL of the connector's own folder, bounded answers, patient with what may pass.

Only this package makes a zeep client. zeep reads the contract and builds the messages; the wire is one
httpx client, so that no other rule of time-outs, redirects or logging can slip in. A message names the
installed system, the operation and the partner's stable fault code; never an envelope or a fault's text.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from types import MappingProxyType
from typing import Any, NoReturn

from lxml import etree

from canonical_model.errors import ConfigurationError
from connectors.kit.endpoint import endpoint
from connectors.kit.errors import TransientError, redirected
from connectors.kit.installation import Installation
from connectors.kit.manifest.model import Limits
from connectors.kit.retrying import Retrying
from connectors.kit.soap import envelope as envelopes
from connectors.kit.soap import multipart
from connectors.kit.soap.contract import Contract, ContractError
from connectors.kit.soap.security import Authentication, security
from connectors.kit.soap.signature import SignatureError
from connectors.kit.soap.wire import Reply, Wire

DEFAULT_LIMITS = Limits()

_TO_CORRECT: Mapping[Authentication, tuple[str, str]] = MappingProxyType(
    {
        "username-token": (
            "the secret password or options.user",
            "le secret password ou options.user",
        ),
        "x509": (
            "the secret private_key or options.certificate",
            "le secret private_key ou options.certificate",
        ),
        "mutual-tls": (
            "the secrets client_certificate and client_key",
            "les secrets client_certificate et client_key",
        ),
        "none": ("the address", "l'adresse"),
    }
)
_NO_PARTS: Mapping[str, bytes] = MappingProxyType({})


class SoapFaultError(ConfigurationError):
    """The partner understood the call and refuses it. `fault`: its stable code."""

    code = "partner-refused"

    def __init__(self, english: str, french: str, *, fault: str) -> None:
        super().__init__(english, french)
        self.fault = fault


@dataclass(frozen=True, slots=True)
class Answer:
    """`element`: the one element of the Body, parts joined to it. `attached`: all parts, by content id."""

    element: etree._Element
    attached: Mapping[str, bytes]


def _now() -> datetime:
    """The moment that a message says it was made: a fact of the wire, like its time-outs."""
    return datetime.now(UTC)


class SoapClient:
    """Speaks SOAP 1.1 or 1.2 with one installed system, document/literal or rpc.

    `wsdl`: the contract, with all that it imports in the same folder. The address is the
    installation's, whatever the WSDL says; ``options["port"]`` names one of its ports (default: the
    first of SOAP 1.2, else of 1.1); ``options["timeout_seconds"]`` bounds each wait. `authentication`
    and `limits` are the manifest's: see `connectors.kit.soap.security`. https outside loopback.
    """

    def __init__(
        self,
        installation: Installation,
        wsdl: Path,
        *,
        authentication: Authentication = "username-token",
        limits: Limits = DEFAULT_LIMITS,
        pause: Callable[[float], None] = time.sleep,
        now: Callable[[], datetime] = _now,
    ) -> None:
        self._system = installation.system
        self._retrying = Retrying(limits, pause=pause)
        found = endpoint(installation)
        self._security = security(installation, authentication, now)
        self._to_correct = _TO_CORRECT[authentication]
        self._contract = Contract(
            installation.system,
            wsdl,
            security=self._security,
            address=found.address,
            port=installation.options.get("port", ""),
        )
        self._wire = Wire(
            installation, found, largest_answer=limits.largest_answer, tls=authentication == "mutual-tls"
        )

    def call(self, operation: str, **arguments: Any) -> Any:
        """The answer as zeep reads it by the contract. Raises as `element` does."""
        envelope, _ = self._tried(operation, arguments)
        try:
            self._contract.answer(operation, envelope)
            return self._contract.value(operation, envelope)
        except ContractError:
            self._refuse_contract(operation)

    def element(self, operation: str, **arguments: Any) -> etree._Element:
        """The one element of the answer's Body, for a caller that reads many records at speed.

        Raises RetryableError (no answer, time-out, 429, 5xx, a web page, a receiver's Fault: after the
        tries of the limits), SoapFaultError (a sender's Fault), ConfigurationError (sign-in, signature,
        redirect, contract).
        """
        return self.answer(operation, **arguments).element

    def answer(self, operation: str, **arguments: Any) -> Answer:
        """The answer's element and the parts that came with it. Raises as `element` does."""
        envelope, attached = self._tried(operation, arguments)
        try:
            return Answer(self._contract.answer(operation, envelope), attached)
        except ContractError:
            self._refuse_contract(operation)

    def close(self) -> None:
        """Let go of connections."""
        self._wire.close()

    def _tried(self, operation: str, arguments: dict[str, Any]) -> tuple[etree._Element, Mapping[str, bytes]]:
        """The first try that is not transient; each has a message of its own. Raises RetryableError."""
        return self._retrying.call(f"{self._system}/{operation}", lambda: self._once(operation, arguments))

    def _once(self, operation: str, arguments: dict[str, Any]) -> tuple[etree._Element, Mapping[str, bytes]]:
        message, headers = self._contract.message(operation, arguments)
        reply = self._wire.post(operation, message, headers)
        self._refuse_status(operation, reply)
        envelope, attached = self._opened(operation, reply)
        if envelope is not None and (fault := envelopes.fault(envelope)) is not None:
            self._refuse_fault(operation, fault)
        if reply.status == HTTPStatus.TOO_MANY_REQUESTS or reply.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise TransientError(f"HTTP {reply.status}", f"HTTP {reply.status}", reply.retry_after)
        if reply.status != HTTPStatus.OK:
            raise ConfigurationError(
                f"{self._system}/{operation}: the address answers HTTP {reply.status}."
                " Correct it in systems.yaml.",
                f"{self._system}/{operation} : l'adresse répond HTTP {reply.status}."
                " Corrigez-la dans systems.yaml.",
            )
        if envelope is None:
            raise TransientError(
                "a web page or a cut answer instead of an envelope",
                "une page Web ou une réponse coupée au lieu d'une enveloppe",
            )
        self._join(operation, envelope, attached)
        return envelope, attached

    def _opened(self, operation: str, reply: Reply) -> tuple[etree._Element | None, Mapping[str, bytes]]:
        """The envelope of a reply, whole or in parts; None when the reply holds none."""
        if multipart.is_multipart(reply.content_type):
            try:
                parts = multipart.split(reply.content_type, reply.content)
            except multipart.MultipartError as error:
                if error.reason != "cut":
                    self._refuse_contract(operation)
                return None, _NO_PARTS
            return envelopes.read(parts.root), parts.attached
        if "html" in reply.content_type.lower():
            return None, _NO_PARTS
        return envelopes.read(reply.content), _NO_PARTS

    def _join(self, operation: str, envelope: etree._Element, attached: Mapping[str, bytes]) -> None:
        """Put the parts in place, once the signature (which must cover every one) is found right."""
        try:
            used = multipart.join_included(envelope, attached)
            self._check_signature(operation, envelope)
            if self._security.signing is not None and attached.keys() - used:
                self._refuse_signature(operation, "not-covered")
            multipart.join_referred(envelope, attached)
        except multipart.MultipartError:
            self._refuse_contract(operation)

    def _check_signature(self, operation: str, envelope: etree._Element) -> None:
        """Before anything of the answer is used. A Fault may come unsigned: it gives nothing but a refusal."""
        try:
            self._security.check(envelope)
        except SignatureError as error:
            self._refuse_signature(operation, error.reason)

    def _refuse_signature(self, operation: str, why: str) -> NoReturn:
        raise ConfigurationError(
            f"{self._system}/{operation}: the answer is not signed as the contract says ({why})."
            " Compare options.partner_certificate with the partner's, and this machine's clock.",
            f"{self._system}/{operation} : la réponse n'est pas signée comme le veut le contrat ({why})."
            " Comparez options.partner_certificate avec celui du partenaire,"
            " et l'horloge de cette machine.",
        ) from None

    def _refuse_status(self, operation: str, reply: Reply) -> None:
        if reply.status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
            self._refuse_sign_in(operation, f"http-{reply.status}")
        if HTTPStatus.MULTIPLE_CHOICES <= reply.status < HTTPStatus.BAD_REQUEST:
            raise redirected(f"{self._system}/{operation}")

    def _refuse_fault(self, operation: str, fault: envelopes.Fault) -> NoReturn:
        if fault.blame == "sign-in":
            self._refuse_sign_in(operation, fault.code)
        if fault.blame == "clock":
            raise ConfigurationError(
                f"{self._system}/{operation}: the partner says that the message is out of date."
                " Set the clock of this machine.",
                f"{self._system}/{operation} : le partenaire dit que le message est périmé."
                " Réglez l'horloge de cette machine.",
            )
        if fault.blame == "receiver":
            raise TransientError(f"a Server Fault ({fault.code})", f"une Fault Server ({fault.code})")
        raise SoapFaultError(
            f"{self._system}/{operation}: the partner refused the call ({fault.code})."
            " Look the code up in its contract.",
            f"{self._system}/{operation} : le partenaire a refusé l'appel ({fault.code})."
            " Cherchez ce code dans son contrat.",
            fault=fault.code,
        )

    def _refuse_sign_in(self, operation: str, why: str) -> NoReturn:
        raise ConfigurationError(
            f"{self._system}/{operation}: the sign-in was refused ({why})."
            f" Correct {self._to_correct[0]} in systems.yaml.",
            f"{self._system}/{operation} : l'authentification a été refusée ({why})."
            f" Corrigez {self._to_correct[1]} dans systems.yaml.",
        )

    def _refuse_contract(self, operation: str) -> NoReturn:
        raise ConfigurationError(
            f"{self._system}/{operation}: the answer is not what the contract says."
            " Compare the connector's contract with the partner's version.",
            f"{self._system}/{operation} : la réponse n'est pas celle du contrat."
            " Comparez le contrat du connecteur avec la version du partenaire.",
        ) from None  # zeep's words quote the answer
