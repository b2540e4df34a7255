"""SOAP, as any connector speaks it: one client, its limits, its errors. See README.md."""

from connectors.kit.soap.client import Answer, SoapClient, SoapFaultError
from connectors.kit.soap.security import Authentication

__all__ = ("Answer", "Authentication", "SoapClient", "SoapFaultError")
