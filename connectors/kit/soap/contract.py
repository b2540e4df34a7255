"""A WSDL 1.1 read from a connector's own folder: its port, its messages, and what an answer must be.

Refused: a DTD, an import from outside the folder, a WSDL without a SOAP port, a port that the option names
and the contract lacks. Styles: document/literal, rpc/literal, rpc/encoded as far as zeep reads it.
"""

from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import zeep
import zeep.exceptions
from lxml import etree
from zeep.wsdl.bindings.soap import Soap11Binding, Soap12Binding, SoapBinding

from canonical_model.errors import ConfigurationError
from connectors.kit.soap import envelope as envelopes
from connectors.kit.soap.names import V11, V12, Version
from connectors.kit.soap.security import Security

_KINDS = ((Soap12Binding, V12), (Soap11Binding, V11))


class ContractError(ValueError):
    """An answer that is not what the contract says."""


class _Folder:
    """What zeep sees as its transport: it opens files of one folder, and nothing else."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()

    def load(self, url: str) -> bytes:
        path = Path(unquote(urlsplit(url).path) if url.startswith("file:") else url).resolve()
        if not path.is_relative_to(self._folder):
            raise zeep.exceptions.ExternalReferenceForbidden(url)
        return path.read_bytes()


class Contract:
    """One port of a WSDL. `port`: its name; empty for the first of SOAP 1.2, else the first of SOAP 1.1."""

    def __init__(self, system: str, wsdl: Path, *, security: Security, address: str, port: str) -> None:
        self._place = f"{system}/{wsdl.name}"
        self._system = system
        self._zeep = self._read(wsdl, security)
        self._binding, self.version = self._chosen(port)
        self._service = self._zeep.create_service(self._binding.name, address)

    def message(self, operation: str, arguments: dict[str, Any]) -> tuple[bytes, dict[str, str]]:
        """The bytes and HTTP headers of a call, made anew each time: a token serves once."""
        try:
            made = self._zeep.create_message(self._service, operation, **arguments)
            action = self._binding.get(operation).soapaction or ""
        except (zeep.exceptions.Error, TypeError, ValueError, AttributeError):
            raise ConfigurationError(  # without the cause: zeep's words quote arguments
                f"{self._system}/{operation}: the call does not fit the contract."
                " Compare the connector with the WSDL of its folder.",
                f"{self._system}/{operation} : l'appel ne correspond pas au contrat."
                " Comparez le connecteur au WSDL de son dossier.",
            ) from None
        return etree.tostring(made, xml_declaration=True, encoding="utf-8"), self.version.headers(action)

    def answer(self, operation: str, envelope: etree._Element) -> etree._Element:
        """The Body's element, which must be the operation's. Raises ContractError."""
        body = envelopes.body(envelope)
        if envelopes.version(envelope) is not self.version or body is None or len(body) == 0:
            raise ContractError
        found, called = body[0], self._binding.get(operation)
        if called.style == "rpc":  # siblings are the shared values of rpc/encoded
            expected = {f"{operation}Response", called.output.abstract.name.localname}
            right = etree.QName(found).localname in expected
        else:
            right = (
                len(body) == 1 and called.output.body is not None and found.tag == called.output.body.qname
            )
        if not right:
            raise ContractError
        return found

    def value(self, operation: str, envelope: etree._Element) -> Any:
        """The answer as zeep reads it. Raises ContractError, without zeep's words: they quote the answer."""
        try:
            return self._binding.get(operation).process_reply(envelope)
        except (zeep.exceptions.Error, ValueError, TypeError, AttributeError):
            raise ContractError from None

    def _read(self, wsdl: Path, security: Security) -> zeep.Client:
        settings = zeep.Settings(
            strict=True, forbid_dtd=True, forbid_entities=True, forbid_external=True, force_https=False
        )
        try:
            return zeep.Client(
                str(wsdl.resolve()), wsse=security, transport=_Folder(wsdl.parent), settings=settings
            )
        except (
            zeep.exceptions.ExternalReferenceForbidden,
            zeep.exceptions.DTDForbidden,
            zeep.exceptions.EntitiesForbidden,
        ) as error:
            raise ConfigurationError(
                f"{self._place}: the contract refers outside its folder or has a DTD."
                " Put every imported file beside it, without DTD.",
                f"{self._place} : le contrat renvoie hors de son dossier ou contient une DTD."
                " Placez tout fichier importé à côté de lui, sans DTD.",
            ) from error
        except (zeep.exceptions.Error, OSError, KeyError, ValueError, NotImplementedError) as error:
            raise ConfigurationError(
                f"{self._place}: this is not a WSDL that can be read. Correct the contract.",
                f"{self._place} : ce WSDL ne se lit pas. Corrigez le contrat.",
            ) from error

    def _chosen(self, port: str) -> tuple[Any, Version]:
        ports = {
            name: made.binding
            for service in self._zeep.wsdl.services.values()
            for name, made in service.ports.items()
            if isinstance(made.binding, SoapBinding)
        }
        for kind, version in _KINDS:
            for name, binding in ports.items():
                if isinstance(binding, kind) and port in ("", name):
                    return binding, version
        known = ", ".join(ports) or "-"
        raise ConfigurationError(
            f"{self._place}: the contract has no such SOAP port ({known}). Correct options.port or the WSDL.",
            f"{self._place} : le contrat n'a pas ce port SOAP ({known}). Corrigez options.port ou le WSDL.",
        )
