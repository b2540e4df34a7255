"""The misbehaviours that a SOAP sandbox can be told, and the few that spoil an answer; the rest is the endpoint's.

A spoiled answer is still XML and, where the contract signs, still signed: the partner means it.
"""

import copy
from collections.abc import Mapping
from types import MappingProxyType

from lxml import etree
from starlette.responses import Response

from connectors.kit.faults import known
from connectors.kit.soap.names import Version
from connectors.kit.soap_server.written import SoapFaultAnswer, fault

WIRE_FAULTS: Mapping[str, str] = MappingProxyType(
    {
        **known("429", "busy", "cut", "down", "encoding", "fault", "html200", "slow"),
        "cut-first": "does the work, then cuts the first answer in the middle",
    }
)
ANSWER_FAULTS: Mapping[str, str] = MappingProxyType(  # for a contract whose answers hold records
    {
        **known("duplicate"),
        "missing-field": "leaves the first field out of every record",
    }
)
SLOW_SECONDS = 2.0

_PAGE = "<!doctype html><html><body><h1>Entretien en cours</h1></body></html>"
_FIRST = {"429": 429, "busy": 503}


def instead(faults: frozenset[str], version: Version, *, first: bool) -> Response | None:
    """What is answered instead of the work, if anything is. `first`: nothing was answered before."""
    for name, status in _FIRST.items():
        if first and name in faults:
            return Response("", status, {"Retry-After": "1"}, media_type="text/plain")
    if "down" in faults:
        return Response("", 502, media_type="text/plain")
    if "fault" in faults:
        return fault(SoapFaultAnswer("Server", "BUSY", "Try again later."), version)
    if "html200" in faults:
        return Response(_PAGE, media_type="text/html; charset=utf-8")
    return None


def spoil(answer: etree._Element, faults: frozenset[str]) -> None:
    """Change an answer as told. A record: an element of it whose children have none."""
    records = [found for found in answer.iter(etree.Element) if len(found) and not any(map(len, found))]
    records = [found for found in records if found is not answer]
    if "missing-field" in faults:
        for found in records:
            found.remove(found[0])
    if "duplicate" in faults and records:
        records[-1].addnext(copy.deepcopy(records[-1]))


def cut(response: Response) -> None:
    """Half of the answer; the headers still promise the whole."""
    content = bytes(response.body)
    response.body = content[: len(content) // 2]


def misencode(response: Response) -> None:
    """The answer with letters that are no UTF-8, though it says so; one is added when it holds none."""
    content = bytes(response.body)
    spoiled = content.decode("utf-8").encode("windows-1252", "xmlcharrefreplace")
    if spoiled == content:
        spoiled = content.replace(b"</", b"\xe9</", 1)
    response.body = spoiled
    response.headers["Content-Length"] = str(len(spoiled))
