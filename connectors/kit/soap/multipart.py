"""Reads an answer in several parts: MTOM/XOP and SOAP with Attachments. Bounded; a part named twice is refused.

`xop:Include` is replaced by the part it names, as the base64 text that the schema promises; so is an
element whose ``href`` is ``cid:…``. Nothing is fetched: a reference to anything but a part is refused.
"""

import base64
import binascii
import quopri
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import Message
from email.parser import BytesHeaderParser
from urllib.parse import unquote

from lxml import etree

from connectors.kit.soap.names import XOP_INCLUDE

MOST_PARTS = 1000


class MultipartError(ValueError):
    """Parts that cannot be put together. `reason`: a stable code, never a piece of the content."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Parts:
    """`root`: bytes of the envelope. `attached`: every other part's bytes, by its content id."""

    root: bytes
    attached: Mapping[str, bytes]


def is_multipart(content_type: str) -> bool:
    """Whether an answer of that Content-Type comes in parts."""
    return content_type.lower().startswith("multipart/related")


def split(content_type: str, content: bytes) -> Parts:
    """The parts of an answer. Raises MultipartError: ``boundary``, ``cut``, ``parts``, ``part``, ``root``."""
    told = Message()
    told["Content-Type"] = content_type
    boundary, start = told.get_param("boundary"), told.get_param("start")
    if not isinstance(boundary, str) or not 0 < len(boundary) <= 70:  # RFC 2046 §5.1.1
        raise MultipartError("boundary")
    mark = b"\r\n--" + boundary.encode("ascii", "replace")
    pieces = (b"\r\n" + content).split(mark, MOST_PARTS + 2)  # a preamble, the parts, an end
    if len(pieces) > MOST_PARTS + 2:
        raise MultipartError("parts")
    if len(pieces) < 3 or not pieces[-1].startswith(b"--"):
        raise MultipartError("cut")
    wanted = _identity(start) if isinstance(start, str) else ""
    root, attached = None, dict[str, bytes]()
    for position, piece in enumerate(pieces[1:-1]):
        name, held = _part(piece)
        if root is None and (name == wanted if wanted else position == 0):
            root = held
        elif not name or name in attached:
            raise MultipartError("part")
        else:
            attached[name] = held
    if root is None:
        raise MultipartError("root")
    return Parts(root, attached)


def join_included(envelope: etree._Element, attached: Mapping[str, bytes]) -> frozenset[str]:
    """Put each part that an `xop:Include` names in its place, and say which. Raises MultipartError ``reference``.

    A signature is about the envelope as it is then: the parts are under it.
    """
    used = set()
    for included in list(envelope.iter(XOP_INCLUDE)):
        parent = included.getparent()
        if parent is None or len(parent) != 1:
            raise MultipartError("reference")
        name, parent.text = _part_of(included.get("href"), attached)
        parent.remove(included)
        used.add(name)
    return frozenset(used)


def join_referred(envelope: etree._Element, attached: Mapping[str, bytes]) -> None:
    """Put each part that an empty element's ``href`` names in that element. Raises as `join_included`."""
    for referring in envelope.iter(etree.Element):
        href = referring.get("href", "")
        if href.startswith("cid:") and len(referring) == 0 and not (referring.text or "").strip():
            _, referring.text = _part_of(href, attached)


def _part_of(reference: str | None, attached: Mapping[str, bytes]) -> tuple[str, str]:
    """Name of a part, and its bytes as base64 text."""
    scheme, _, name = (reference or "").partition(":")
    name = unquote(name)
    if scheme != "cid" or name not in attached:
        raise MultipartError("reference")
    return name, base64.b64encode(attached[name]).decode()


def _part(piece: bytes) -> tuple[str, bytes]:
    """Content id and decoded bytes of one part, which begins right after its boundary."""
    head, separator, held = piece.partition(b"\r\n\r\n")
    if not separator:
        raise MultipartError("part")
    headers = BytesHeaderParser().parsebytes(head.partition(b"\r\n")[2])
    encoding = str(headers.get("Content-Transfer-Encoding", "binary")).strip().lower()
    return _identity(str(headers.get("Content-ID", ""))), _decoded(encoding, held)


def _decoded(encoding: str, held: bytes) -> bytes:
    if encoding in ("binary", "8bit", "7bit"):
        return held
    try:
        if encoding == "base64":
            return base64.b64decode(held)
        if encoding == "quoted-printable":
            return quopri.decodestring(held)
    except (binascii.Error, ValueError):
        pass
    raise MultipartError("part")


def _identity(text: str) -> str:
    return text.strip().removeprefix("<").removesuffix(">")
