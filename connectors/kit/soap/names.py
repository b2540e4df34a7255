"""The namespaces of SOAP and WS-Security, and what tells SOAP 1.1 from SOAP 1.2; no other version is known."""

from dataclasses import dataclass

SOAP_11 = "http://schemas.xmlsoap.org/soap/envelope/"
SOAP_12 = "http://www.w3.org/2003/05/soap-envelope"
WSDL_SOAP_11 = "http://schemas.xmlsoap.org/wsdl/soap/"
WSDL_SOAP_12 = "http://schemas.xmlsoap.org/wsdl/soap12/"
XOP_INCLUDE = "{http://www.w3.org/2004/08/xop/include}Include"

_WSS = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss"
WSSE = f"{_WSS}-wssecurity-secext-1.0.xsd"
WSU = f"{_WSS}-wssecurity-utility-1.0.xsd"
DS = "http://www.w3.org/2000/09/xmldsig#"
X509_TOKEN = f"{_WSS}-x509-token-profile-1.0#X509v3"
BASE64 = f"{_WSS}-soap-message-security-1.0#Base64Binary"
PASSWORD_TEXT = f"{_WSS}-username-token-profile-1.0#PasswordText"
PASSWORD_DIGEST = f"{_WSS}-username-token-profile-1.0#PasswordDigest"


@dataclass(frozen=True, slots=True)
class Version:
    """One version of SOAP: its envelope's namespace, that of its WSDL binding, and its media type."""

    number: str
    envelope: str
    binding: str
    media_type: str

    def tag(self, name: str) -> str:
        """The qualified name of an element of the envelope."""
        return f"{{{self.envelope}}}{name}"

    def headers(self, action: str) -> dict[str, str]:
        """The HTTP headers of a call: the action has its own header in 1.1, and is a parameter in 1.2."""
        if self is V12:
            parameter = f'; action="{action}"' if action else ""
            return {"Content-Type": f"{self.media_type}; charset=utf-8{parameter}"}
        return {"Content-Type": f"{self.media_type}; charset=utf-8", "SOAPAction": f'"{action}"'}


V11 = Version("1.1", SOAP_11, WSDL_SOAP_11, "text/xml")
V12 = Version("1.2", SOAP_12, WSDL_SOAP_12, "application/soap+xml")
VERSIONS = (V12, V11)


def version_of(namespace: str | None) -> Version | None:
    """The version whose envelope has that namespace."""
    return next((version for version in VERSIONS if version.envelope == namespace), None)
