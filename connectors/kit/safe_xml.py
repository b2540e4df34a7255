"""XML from outside, parsed without its dangers: a document type, entities and other encodings are refused.

The document type is looked for before parsing, since libxml2 expands entities in attributes even
when told not to resolve them; and the parser is held to UTF-8, so that no other encoding hides it.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from lxml import etree

LARGE_BYTES = 8 * 1024 * 1024  # libxml2 refuses a text node above 10 MB unless told that the tree is huge

_ELEMENT = re.compile(
    r"^Element '(?:\{[^}]*\})?([^']{1,60})'"
)  # how libxml2 begins; what follows quotes values
_OTHER_ENCODINGS = (b"\xff\xfe", b"\xfe\xff", b"\x00", b"<\x00")


class UnsafeXmlError(ValueError):
    """Not XML that may be read. `reason`: a stable code, never a piece of the content."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    def __reduce__(self) -> tuple[type["UnsafeXmlError"], tuple[str]]:
        return type(self), (self.reason,)


def parse(content: bytes) -> etree._Element:
    """The root element. Raises UnsafeXmlError: ``not-xml``, ``document-type``, ``not-utf-8``."""
    if content.startswith(_OTHER_ENCODINGS):
        raise UnsafeXmlError("not-utf-8")
    if b"<!DOCTYPE" in content:
        raise UnsafeXmlError("document-type")
    parser = etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=len(content) > LARGE_BYTES,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        return etree.fromstring(content, parser)
    except etree.XMLSyntaxError:
        raise UnsafeXmlError("not-xml") from None  # libxml2's words quote the content


def schema(path: Path) -> etree.XMLSchema:
    """The XML Schema of a file of a contract; what it imports is read beside it, never from a network."""
    parser = etree.XMLParser(no_network=True, resolve_entities=False, load_dtd=False)
    return etree.XMLSchema(etree.parse(path, parser))


def target_namespace(path: Path) -> str:
    """The namespace that an XML Schema describes; empty when it describes none."""
    return parse(path.read_bytes()).get("targetNamespace", "")


def violations(checked: etree.XMLSchema, root: etree._Element) -> Iterator[tuple[str, str]]:
    """(name of the element, rule) of each violation, in document order; never the value that violates."""
    if checked.validate(etree.ElementTree(root)):
        return
    for fault in checked.error_log.filter_from_errors():  # type: ignore[attr-defined] # not in the stubs
        named = _ELEMENT.match(fault.message)
        yield (named[1] if named else ""), fault.type_name.removeprefix("SCHEMAV_").lower().replace("_", "-")
