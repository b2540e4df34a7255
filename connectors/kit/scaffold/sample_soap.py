"""A simulated SOAP service that answers with a connector's samples. Refuses what its WSDL does not describe.

For connectors of SOAP that have no simulator of their own yet: it holds no province, only samples/<stream>.xml,
each a whole answer. It asks for a UsernameToken, and misbehaves on demand as every SOAP sandbox.
"""

from pathlib import Path
from typing import Any, ClassVar

from lxml import etree
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.types import ASGIApp

from connectors.kit import manifest as manifests
from connectors.kit import safe_xml
from connectors.kit.sandbox_system import SandboxSystem
from connectors.kit.soap_server import WIRE_FAULTS, SoapEndpoint, SoapFaultAnswer

USER = "passerelle"


class SampleSoap(SandboxSystem):
    """`here`: the connector's folder; `operation`: the one of its WSDL that asks for a stream by ``flux``."""

    here: ClassVar[Path]
    operation: ClassVar[str] = "ListerEnregistrements"
    demonstrated: ClassVar[bool] = False
    known_faults: ClassVar[dict[str, str]] = dict(WIRE_FAULTS)

    def prepare(self, postgres: str) -> None:
        """Nothing to make: samples/ is all that it holds."""

    def app(self) -> ASGIApp:
        """The service, at ``/service``; its contract at ``/service?wsdl``."""
        endpoint = SoapEndpoint(
            manifests.read(self.here).contract.path,
            {self.operation: self._answer},
            users={USER: self.secret("password")},
            faults=self.faults,
        )
        return Starlette(routes=[Route("/service", endpoint)])

    def entry(self, base_url: str, postgres: str) -> dict[str, Any]:  # noqa: ARG002 - it needs no database
        """Address of the service, and its user."""
        return {
            "system": self.system,
            "address": f"{base_url}/service",
            "secrets": {"password": self.secret("password")},
            "options": {"user": USER},
        }

    def _answer(self, asked: etree._Element) -> bytes:
        stream = asked.findtext("{*}flux", "")
        path = self.here / "samples" / f"{stream}.xml"
        if stream not in manifests.read(self.here).streams or not path.is_file():
            raise SoapFaultAnswer("Client", "FLUX_INCONNU", "No such stream.")
        return etree.tostring(safe_xml.parse(path.read_bytes()))
