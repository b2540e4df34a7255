"""XML from outside, read piece by piece: no document type, no entity, no network, no text or tree without end.

The prolog is looked at before the parser sees a byte, since libxml2 expands entities in attributes even
when told not to resolve them. Encodings in which a document type could hide are refused.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from lxml import etree

from connectors.kit.formats.frames import cannot_read

_BLOCK = 64 * 1024
_MAX_PROLOG = 1024 * 1024
_ENCODINGS = frozenset({"utf-8", "us-ascii", "iso-8859-1", "windows-1252"})
_PROLOG = re.compile(rb"(?:\xef\xbb\xbf)?(?:\s+|<\?.*?\?>|<!--.*?-->)*+", re.DOTALL)
_DECLARED = re.compile(rb"(?:\xef\xbb\xbf)?<\?xml\s[^>]*?encoding\s*=\s*[\"']([^\"']*)[\"']")


def events(path: Path, file: IO[bytes]) -> Iterator[tuple[str, etree._Element]]:
    """(``start`` or ``end``, element) in document order; the caller clears what it has used.

    Raises ConfigurationError naming the line of a document type, an entity, or what is not XML.
    """
    parser = etree.XMLPullParser(
        events=("start", "end"), resolve_entities=False, no_network=True, load_dtd=False,
        huge_tree=False, remove_comments=True, remove_pis=True,
    )  # fmt: skip
    block = _prolog(path, file)
    try:
        while block:
            parser.feed(block)
            yield from parser.read_events()  # type: ignore[misc] # the stubs know no start and end only
            block = file.read(_BLOCK)
        parser.close()
        yield from parser.read_events()  # type: ignore[misc]
    except etree.XMLSyntaxError as error:  # its own words quote the content
        found = (
            parser.feed_error_log
        )  # this file's own: the log of the error keeps those of files read before
        line = error.lineno or (found[0].line if found else 1)
        raise cannot_read(
            path, f"line {line} is not safe, whole XML", f"la ligne {line} n'est pas du XML sûr et complet"
        ) from None


def local_name(tag: object) -> str:
    """The name of an element or attribute without its namespace."""
    return str(tag).rpartition("}")[2]


def forget(element: etree._Element) -> None:
    """Free an element that ended, and those before it: the tree stays as small as its open elements."""
    element.clear()
    parent = element.getparent()
    while parent is not None and element.getprevious() is not None:
        del parent[0]


def _prolog(path: Path, file: IO[bytes]) -> bytes:
    """The first bytes of the file, once its root element is seen to begin."""
    head = b""
    while len(head) < _MAX_PROLOG:
        block = file.read(_BLOCK)
        head += block
        if b"\x00" in head[:4] or head[:2] in (b"\xff\xfe", b"\xfe\xff"):
            raise cannot_read(path, "it is not saved as UTF-8", "il n'est pas enregistré en UTF-8")
        matched = _PROLOG.match(head)
        rest = head[matched.end() :] if matched else head
        declared = _DECLARED.match(head)
        if declared and declared[1].decode("latin-1").lower() not in _ENCODINGS:
            raise cannot_read(path, "line 1 declares an encoding that is not read",
                              "la ligne 1 déclare un encodage qui n'est pas lu")  # fmt: skip
        if rest.startswith(b"<!DOCTYPE"):
            line = head[: len(head) - len(rest)].count(b"\n") + 1
            raise cannot_read(
                path, f"line {line} declares a document type, which is never read",
                f"la ligne {line} déclare un type de document, ce qui n'est jamais lu",
            )  # fmt: skip
        if re.match(rb"<[^!?]", rest):
            return head
        if not block:
            break
    raise cannot_read(path, "it is not XML", "ce n'est pas du XML")
