"""Reads an envelope and its Fault, of SOAP 1.1 or 1.2: codes only, never a fault's free text."""

import re
from dataclasses import dataclass
from typing import Literal

from lxml import etree

from connectors.kit import safe_xml
from connectors.kit.soap.names import V11, Version, version_of

SIGN_IN_FAULTS = frozenset(  # WS-Security SOAP Message Security 1.1, §12
    {
        "FailedAuthentication",
        "FailedCheck",
        "InvalidSecurity",
        "InvalidSecurityToken",
        "SecurityTokenUnavailable",
        "UnsupportedAlgorithm",
        "UnsupportedSecurityToken",
    }
)
EXPIRED_FAULT = "MessageExpired"

_STABLE = re.compile(r"^[A-Za-z][A-Za-z0-9_.-]{0,59}$")
_DEEPEST_SUBCODE = 8


@dataclass(frozen=True, slots=True)
class Fault:
    """`blame`: who must act. `code`: the contract's stable code when the detail has one, else the fault code."""

    blame: Literal["sender", "receiver", "sign-in", "clock"]
    code: str


def read(content: bytes) -> etree._Element | None:
    """The envelope in `content`; None when it is not one, or is XML that may not be read."""
    try:
        root = safe_xml.parse(content)
    except safe_xml.UnsafeXmlError:
        return None
    name = etree.QName(root)
    return root if name.localname == "Envelope" and version_of(name.namespace) else None


def version(envelope: etree._Element) -> Version:
    """The version of an envelope that `read` returned."""
    return version_of(etree.QName(envelope).namespace) or V11


def body(envelope: etree._Element) -> etree._Element | None:
    """The Body of an envelope: its own child, never one hidden deeper."""
    return envelope.find(version(envelope).tag("Body"))


def fault(envelope: etree._Element) -> Fault | None:
    """The Fault of an envelope, or None when it holds none."""
    spoken = version(envelope)
    found = envelope.find(f"{spoken.tag('Body')}/{spoken.tag('Fault')}")
    if found is None:
        return None
    codes = _codes_11(found) if spoken is V11 else _codes_12(found, spoken)
    detail = found.find("detail" if spoken is V11 else spoken.tag("Detail"))
    stable = _stable(detail, codes)
    kinds = {code.partition(".")[0] for code in codes}
    if EXPIRED_FAULT in kinds:
        return Fault("clock", EXPIRED_FAULT)
    if refused := sorted(kinds & SIGN_IN_FAULTS):
        return Fault("sign-in", refused[0])
    return Fault("receiver" if kinds & {"Server", "Receiver"} else "sender", stable)


def _codes_11(found: etree._Element) -> list[str]:
    return [_local(found.findtext("faultcode"))]


def _codes_12(found: etree._Element, spoken: Version) -> list[str]:
    """Code/Value, then each Subcode/Value from the outermost in."""
    codes, place = list[str](), found.find(spoken.tag("Code"))
    while place is not None and len(codes) < _DEEPEST_SUBCODE:
        codes.append(_local(place.findtext(spoken.tag("Value"))))
        place = place.find(spoken.tag("Subcode"))
    return codes


def _local(name: str | None) -> str:
    return (name or "").strip().rpartition(":")[2]


def _stable(detail: etree._Element | None, codes: list[str]) -> str:
    """The detail's `code`, else the innermost fault code that looks like one."""
    if detail is not None:
        for named in detail.iterfind(".//{*}code"):
            if named.text and _STABLE.match(named.text):
                return named.text
    return next((code for code in reversed(codes) if _STABLE.match(code)), "unknown")
