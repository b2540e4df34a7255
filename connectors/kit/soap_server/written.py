"""Writes answers and Faults of SOAP 1.1 and 1.2, signed or in parts when the contract says so; reads nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

from lxml import etree
from starlette.responses import Response

from connectors.kit import safe_xml
from connectors.kit.soap.names import V11, V12, WSSE, Version

_BOUNDARY = "passerelle-part"
_ROOT = "root@passerelle"
_KINDS_12 = {"Client": "Sender", "Server": "Receiver"}


class SoapFaultAnswer(Exception):  # noqa: N818 - an answer, not an error of the server
    """A Fault. `kind`: ``Client``, ``Server``, ``wsse:FailedAuthentication`` …; `stable`: its code."""

    def __init__(self, kind: str, stable: str, text: str) -> None:
        super().__init__(text)
        self.kind, self.stable, self.text = kind, stable, text


@dataclass(frozen=True, slots=True)
class Attached:
    """An answer in parts (MTOM/XOP): `element` refers to each of `parts` by ``cid:`` and its name."""

    element: bytes
    parts: Mapping[str, bytes]


def envelope(version: Version, element: bytes) -> etree._Element:
    """The envelope of an answer."""
    return safe_xml.parse(
        b'<e:Envelope xmlns:e="%b"><e:Body>%b</e:Body></e:Envelope>' % (version.envelope.encode(), element)
    )


def whole(version: Version, made: etree._Element, parts: Mapping[str, bytes]) -> Response:
    """An envelope as an HTTP answer; in parts when there are some."""
    content = etree.tostring(made, xml_declaration=True, encoding="utf-8")
    if not parts:
        return Response(content, media_type=f"{version.media_type}; charset=utf-8")
    pieces = [(f'application/xop+xml; charset=utf-8; type="{version.media_type}"', _ROOT, content)]
    pieces += [("application/octet-stream", name, held) for name, held in parts.items()]
    body = b"".join(
        b"--%b\r\nContent-Type: %b\r\nContent-Transfer-Encoding: binary\r\nContent-ID: <%b>\r\n\r\n%b\r\n"
        % (_BOUNDARY.encode(), kind.encode(), name.encode(), held)
        for kind, name, held in pieces
    )
    kind = (
        f'multipart/related; type="application/xop+xml"; start="<{_ROOT}>";'
        f' start-info="{version.media_type}"; boundary="{_BOUNDARY}"'
    )
    return Response(body + b"--%b--\r\n" % _BOUNDARY.encode(), headers={"Content-Type": kind})


def fault(refusal: SoapFaultAnswer, version: Version = V11) -> Response:
    """A Fault with the status that its version's HTTP binding says, and the stable code in its detail."""
    detail = f"<code>{escape(refusal.stable)}</code>"
    head = f'<?xml version="1.0" encoding="utf-8"?><e:Envelope xmlns:e={quoteattr(version.envelope)}'
    head += f" xmlns:wsse={quoteattr(WSSE)}><e:Body><e:Fault>"
    if version is V12:
        named = refusal.kind.partition(".")[0]
        outer = _KINDS_12.get(named, named) if ":" not in named else "Sender"
        inner = f"<e:Subcode><e:Value>{escape(refusal.kind)}</e:Value></e:Subcode>" if ":" in named else ""
        said = f"<e:Code><e:Value>e:{escape(outer)}</e:Value>{inner}</e:Code><e:Reason>"
        said += (
            f'<e:Text xml:lang="en">{escape(refusal.text)}</e:Text></e:Reason><e:Detail>{detail}</e:Detail>'
        )
        status = 400 if outer == "Sender" else 500
    else:
        kind = refusal.kind if ":" in refusal.kind else f"e:{refusal.kind}"
        said = f"<faultcode>{escape(kind)}</faultcode><faultstring>{escape(refusal.text)}</faultstring>"
        said += f"<detail>{detail}</detail>"
        status = 500
    content = f"{head}{said}</e:Fault></e:Body></e:Envelope>"
    return Response(content, status, media_type=f"{version.media_type}; charset=utf-8")
