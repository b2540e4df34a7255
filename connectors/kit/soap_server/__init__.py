"""What SOAP sandboxes share: a real SOAP server, checked by its contract, that can be told to misbehave."""

from connectors.kit.soap_server.endpoint import SoapEndpoint
from connectors.kit.soap_server.guard import Guard
from connectors.kit.soap_server.spoiling import ANSWER_FAULTS, WIRE_FAULTS
from connectors.kit.soap_server.written import Attached, SoapFaultAnswer, fault

__all__ = ("ANSWER_FAULTS", "WIRE_FAULTS", "Attached", "Guard", "SoapEndpoint", "SoapFaultAnswer", "fault")
