"""The one SOAP client: the WSDL of the connector's own folder, both time-outs, bounded answers, three tries.

Only this file makes a zeep client. zeep reads the contract and builds the messages; the wire is one
httpx client, so that no other rule of time-outs, redirects or logging can slip in. A message names the
installed system, the operation and the partner's stable fault code; never an envelope or a fault's text.
"""

import logging
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import unquote, urlsplit

import httpx
import zeep
import zeep.exceptions
from lxml import etree
from zeep.wsse.username import UsernameToken

from canonical_model.errors import ConfigurationError, RetryableError
from connectors.kit import safe_xml
from connectors.kit.endpoint import endpoint
from connectors.kit.installation import Installation

TRIES = 3
BACK_OFF_SECONDS = 0.25  # doubled after each try
LARGEST_ANSWER_BYTES = 64 * 1024 * 1024
LONGEST_ANSWER_SECONDS = 600.0  # the time-out bounds each wait; a partner that drips bytes ends here

ENVELOPE = "http://schemas.xmlsoap.org/soap/envelope/"

_SIGN_IN_FAULTS = frozenset(  # WS-Security SOAP Message Security 1.1, §12
    {"FailedAuthentication", "InvalidSecurity", "InvalidSecurityToken", "UnsupportedSecurityToken"}
)
_STABLE = re.compile(r"^[A-Za-z][A-Za-z0-9_.-]{0,59}$")

for _name in ("zeep", "httpx", "httpcore"):
    logging.getLogger(_name).setLevel(
        logging.WARNING
    )  # at DEBUG zeep writes envelopes, at INFO httpx addresses


class SoapFaultError(ConfigurationError):
    """The partner understood the call and refuses it. `fault`: its stable code."""

    code = "partner-refused"

    def __init__(self, english: str, french: str, *, fault: str) -> None:
        super().__init__(english, french)
        self.fault = fault


class _TransientError(Exception):
    """One try failed in a way that the next one may mend."""

    def __init__(self, english: str, french: str) -> None:
        super().__init__(english)
        self.english, self.french = english, french


class _ContractFolder:
    """What zeep sees as its transport: it opens files of one folder, and nothing else."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()

    def load(self, url: str) -> bytes:
        path = Path(unquote(urlsplit(url).path) if url.startswith("file:") else url).resolve()
        if not path.is_relative_to(self._folder):
            raise zeep.exceptions.ExternalReferenceForbidden(url)
        return path.read_bytes()


class SoapClient:
    """Speaks SOAP 1.1 document/literal with one installed system, signed by a UsernameToken.

    `wsdl`: the contract, with all that it imports in the same folder. The address is the
    installation's, whatever the WSDL says. The user is ``options["user"]``, its password
    ``secrets["password"]``; ``options["timeout_seconds"]`` bounds each wait. https outside loopback.
    """

    def __init__(
        self, installation: Installation, wsdl: Path, *, pause: Callable[[float], None] = time.sleep
    ) -> None:
        self._system = installation.system
        self._pause = pause
        found = endpoint(installation)
        self._address = found.address
        self._zeep = self._contract(wsdl, _token(installation))
        self._binding = self._only_binding(wsdl)
        self._service = self._zeep.create_service(self._binding.name, self._address)
        self._wire = httpx.Client(
            timeout=httpx.Timeout(found.timeout_seconds, connect=min(found.timeout_seconds, 5.0)),
            follow_redirects=False,
            trust_env=not found.loopback,  # a proxy of the environment never sees loopback
            headers={"User-Agent": "passerelle"},
        )

    def call(self, operation: str, **arguments: Any) -> Any:
        """The answer as zeep reads it by the contract. Raises as `element` does."""
        envelope = self._tried(operation, arguments)
        self._answered(operation, envelope)
        try:
            return self._binding.get(operation).process_reply(envelope)
        except (zeep.exceptions.Error, ValueError):
            self._refuse_contract(operation)

    def element(self, operation: str, **arguments: Any) -> etree._Element:
        """The one element of the answer's Body, for a caller that reads many records at speed.

        Raises RetryableError (no answer, time-out, 5xx, a web page, a Server Fault: after three
        tries), SoapFaultError (another Fault), ConfigurationError (sign-in, redirect, contract).
        """
        return self._answered(operation, self._tried(operation, arguments))

    def close(self) -> None:
        """Let go of connections."""
        self._wire.close()

    def _contract(self, wsdl: Path, token: UsernameToken) -> zeep.Client:
        settings = zeep.Settings(
            strict=True, forbid_dtd=True, forbid_entities=True, forbid_external=True, force_https=False
        )
        try:
            return zeep.Client(
                str(wsdl.resolve()), wsse=token, transport=_ContractFolder(wsdl.parent), settings=settings
            )
        except (zeep.exceptions.ExternalReferenceForbidden, zeep.exceptions.DTDForbidden) as error:
            raise ConfigurationError(
                f"{self._system}/{wsdl.name}: the contract refers outside its folder or has a DTD."
                " Put every imported file beside it, without DTD.",
                f"{self._system}/{wsdl.name} : le contrat renvoie hors de son dossier ou contient une DTD."
                " Placez tout fichier importé à côté de lui, sans DTD.",
            ) from error
        except (zeep.exceptions.Error, OSError, KeyError, ValueError, NotImplementedError) as error:
            raise ConfigurationError(
                f"{self._system}/{wsdl.name}: this is not a WSDL that can be read. Correct the contract.",
                f"{self._system}/{wsdl.name} : ce WSDL ne se lit pas. Corrigez le contrat.",
            ) from error

    def _only_binding(self, wsdl: Path) -> Any:
        found = list(self._zeep.wsdl.bindings.values())
        if len(found) != 1:
            raise ConfigurationError(
                f"{self._system}/{wsdl.name}: exactly one binding is expected. Correct the contract.",
                f"{self._system}/{wsdl.name} : une seule liaison est attendue. Corrigez le contrat.",
            )
        return found[0]

    def _answered(self, operation: str, envelope: etree._Element) -> etree._Element:
        """The Body's one element, which must be the operation's: zeep reads another one as nothing."""
        body = envelope.find(f"{{{ENVELOPE}}}Body")
        expected = self._binding.get(operation).output.body.qname
        if body is None or len(body) != 1 or body[0].tag != expected:
            self._refuse_contract(operation)
        return body[0]

    def _tried(self, operation: str, arguments: dict[str, Any]) -> etree._Element:
        """The envelope of the first try that is not transient. Raises RetryableError after the last."""
        wait = BACK_OFF_SECONDS
        for _ in range(TRIES - 1):
            try:
                return self._once(operation, arguments)
            except _TransientError:
                self._pause(wait)
                wait *= 2
        try:
            return self._once(operation, arguments)
        except _TransientError as error:
            raise RetryableError(
                f"{self._system}/{operation}: {error.english}, {TRIES} times."
                " Try again later; if it lasts, ask the partner.",
                f"{self._system}/{operation} : {error.french}, {TRIES} fois."
                " Réessayez plus tard; si cela dure, demandez au partenaire.",
            ) from error

    def _once(self, operation: str, arguments: dict[str, Any]) -> etree._Element:
        message, headers = self._message(operation, arguments)
        try:
            status, content_type, content = self._post(operation, message, headers)
        except httpx.TimeoutException as error:
            raise _TransientError("no answer in time", "pas de réponse à temps") from error
        except httpx.TransportError as error:
            raise _TransientError("the connection failed", "la connexion a échoué") from error
        return self._checked(operation, status, content_type, content)

    def _message(self, operation: str, arguments: dict[str, Any]) -> tuple[bytes, dict[str, str]]:
        """Made anew for each try: a token may carry a moment."""
        try:
            envelope = self._zeep.create_message(self._service, operation, **arguments)
            action = self._binding.get(operation).soapaction
        except (zeep.exceptions.Error, TypeError, ValueError):
            raise ConfigurationError(  # without the cause: zeep's words quote arguments
                f"{self._system}/{operation}: the call does not fit the contract."
                " Compare the connector with the WSDL of its folder.",
                f"{self._system}/{operation} : l'appel ne correspond pas au contrat."
                " Comparez le connecteur au WSDL de son dossier.",
            ) from None
        content = etree.tostring(envelope, xml_declaration=True, encoding="utf-8")
        return content, {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": f'"{action}"'}

    def _post(self, operation: str, message: bytes, headers: dict[str, str]) -> tuple[int, str, bytes]:
        """Status, content type and bytes of one answer, unless it is larger than any contract allows."""
        with self._wire.stream("POST", self._address, headers=headers, content=message) as answer:
            parts, size = [], 0
            last_moment = time.monotonic() + LONGEST_ANSWER_SECONDS
            for part in answer.iter_bytes():
                size += len(part)
                if time.monotonic() > last_moment:
                    raise httpx.ReadTimeout("the whole answer")
                if size > LARGEST_ANSWER_BYTES:
                    raise ConfigurationError(
                        f"{self._system}/{operation}: the answer is larger than {LARGEST_ANSWER_BYTES} bytes."
                        " Check the address in systems.yaml, or ask the partner.",
                        f"{self._system}/{operation} : la réponse dépasse {LARGEST_ANSWER_BYTES} octets."
                        " Vérifiez l'adresse dans systems.yaml, ou demandez au partenaire.",
                    )
                parts.append(part)
            return answer.status_code, answer.headers.get("content-type", "").lower(), b"".join(parts)

    def _checked(self, operation: str, status: int, content_type: str, content: bytes) -> etree._Element:
        """The envelope of an answer that is one and holds no Fault. A Fault comes with status 500."""
        if status in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
            self._refuse_sign_in(operation, f"http-{status}")
        if 300 <= status < 400:
            raise ConfigurationError(
                f"{self._system}/{operation}: the partner redirects elsewhere."
                " Write its new address in systems.yaml.",
                f"{self._system}/{operation} : le partenaire redirige ailleurs."
                " Inscrivez sa nouvelle adresse dans systems.yaml.",
            )
        envelope = _envelope(content) if "html" not in content_type else None
        if (
            envelope is not None
            and (fault := envelope.find(f"{{{ENVELOPE}}}Body/{{{ENVELOPE}}}Fault")) is not None
        ):
            self._refuse_fault(operation, fault)
        if status == httpx.codes.TOO_MANY_REQUESTS or status >= 500:
            raise _TransientError(f"HTTP {status}", f"HTTP {status}")
        if status != httpx.codes.OK:
            raise ConfigurationError(
                f"{self._system}/{operation}: the address answers HTTP {status}. Correct it in systems.yaml.",
                f"{self._system}/{operation} : l'adresse répond HTTP {status}."
                " Corrigez-la dans systems.yaml.",
            )
        if envelope is None:
            raise _TransientError(
                "a web page or a cut answer instead of an envelope",
                "une page Web ou une réponse coupée au lieu d'une enveloppe",
            )
        return envelope

    def _refuse_fault(self, operation: str, fault: etree._Element) -> NoReturn:
        kind = (fault.findtext("faultcode") or "").rpartition(":")[2]
        if kind in _SIGN_IN_FAULTS:
            self._refuse_sign_in(operation, kind)
        if kind.partition(".")[0] == "Server":
            stable = _stable_code(fault, kind)
            raise _TransientError(f"a Server Fault ({stable})", f"une Fault Server ({stable})")
        stable = _stable_code(fault, kind)
        raise SoapFaultError(
            f"{self._system}/{operation}: the partner refused the call ({stable})."
            " Look the code up in its contract.",
            f"{self._system}/{operation} : le partenaire a refusé l'appel ({stable})."
            " Cherchez ce code dans son contrat.",
            fault=stable,
        )

    def _refuse_sign_in(self, operation: str, why: str) -> NoReturn:
        raise ConfigurationError(
            f"{self._system}/{operation}: the sign-in was refused ({why})."
            " Correct the secret password or options.user in systems.yaml.",
            f"{self._system}/{operation} : l'authentification a été refusée ({why})."
            " Corrigez le secret password ou options.user dans systems.yaml.",
        )

    def _refuse_contract(self, operation: str) -> NoReturn:
        raise ConfigurationError(
            f"{self._system}/{operation}: the answer is not what the contract says."
            " Compare the connector's contract with the partner's version.",
            f"{self._system}/{operation} : la réponse n'est pas celle du contrat."
            " Comparez le contrat du connecteur avec la version du partenaire.",
        ) from None  # zeep's words quote the answer


def _token(installation: Installation) -> UsernameToken:
    user, password = installation.options.get("user", ""), installation.secrets.get("password", "")
    if not user or not password:
        raise ConfigurationError(
            f"{installation.system}: options.user or the secret password is absent. Add it to systems.yaml.",
            f"{installation.system} : options.user ou le secret password est absent."
            " Ajoutez-le à systems.yaml.",
        )
    return UsernameToken(user, password)


def _envelope(content: bytes) -> etree._Element | None:
    try:
        root = safe_xml.parse(content)
    except safe_xml.UnsafeXmlError:
        return None
    return root if root.tag == f"{{{ENVELOPE}}}Envelope" else None


def _stable_code(fault: etree._Element, kind: str) -> str:
    """The `code` of the Fault's detail when the contract has one, else the faultcode; never free text."""
    for found in fault.iterfind("detail//{*}code"):
        if found.text and _STABLE.match(found.text):
            return found.text
    return kind if _STABLE.match(kind) else "unknown"
