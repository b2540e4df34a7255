"""Writes documents as XML elements in the order of their keys. Refuses characters that XML cannot carry.

An object is an element, a key ``@name`` an attribute, ``#text`` the text beside them, a list its element
again and again; a null is left out. ``prefix:name`` is of a namespace that the layout declares.
"""

import re
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from connectors.kit.formats.json_lines import text_of
from connectors.kit.formats.layout import Layout
from connectors.kit.formats.writer import BYTE_ORDER, Writer, refused
from connectors.kit.formats.xml_records import TEXT

_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_IN_TEXT = {"\r": "&#13;"}  # a parser would read it as a line feed
_IN_ATTRIBUTE = {"\r": "&#13;", "\n": "&#10;", "\t": "&#9;"}


class Xml(Writer):
    """One root with its declared attributes around the records; or, without a root, one document alone."""

    def __init__(self, layout: Layout) -> None:
        super().__init__(layout)
        self._known: set[str] = set()
        self._written = 0
        spaces = [(f"xmlns:{prefix}" if prefix else "xmlns", uri) for prefix, uri in layout.namespaces]
        self._declared = "".join(
            f" {name}={quoteattr(text, _IN_ATTRIBUTE)}" for name, text in (*spaces, *layout.attributes)
        )

    def begin(self) -> bytes:
        """The XML declaration, and the start of the root."""
        head = f'<?xml version="1.0" encoding="{self.layout.encoding.upper()}"?>\n'
        root = f"<{self.layout.root}{self._declared}>\n" if self.layout.root else ""
        return (BYTE_ORDER * (self.layout.encoding == "utf-16") + head + root).encode(self._codec)

    def end(self) -> bytes:
        """The end of the root."""
        return (f"</{self.layout.root}>\n" if self.layout.root else "").encode(self._codec)

    def _record(self, document: dict[str, Any]) -> bytes:
        if self._written and not self.layout.root:
            raise refused(
                self.layout, self.layout.record, "would be a second root", "serait une seconde racine"
            )
        parts: list[str] = []
        self._element(self.layout.record, document, parts, "" if self.layout.root else self._declared)
        self._written += 1
        return "".join((*parts, "\n")).encode(self._codec, "xmlcharrefreplace")

    def _element(self, name: str, value: Any, parts: list[str], declared: str = "") -> None:
        """Append one element, or one for each item of a list."""
        if isinstance(value, list):
            if any(isinstance(item, list) for item in value):
                raise refused(self.layout, name, "is a list in a list", "est une liste dans une liste")
            for item in value:
                self._element(name, item, parts)
            return
        if value is None:
            return
        self._check(name)
        held = value if isinstance(value, dict) else {TEXT: value}
        attributes = [
            (key[1:], text) for key, text in held.items() if key.startswith("@") and text is not None
        ]
        for key, _ in attributes:
            self._check(key)
        shown = "".join(
            f" {key}={quoteattr(self._text(f'{name}.@{key}', text), _IN_ATTRIBUTE)}"
            for key, text in attributes
        )
        start = len(parts)
        parts.append(f"<{name}{declared}{shown}>")
        for key, inner in held.items():
            if key == TEXT:
                parts.append(escape(self._text(name, inner), _IN_TEXT))
            elif not key.startswith("@"):
                self._element(key, inner, parts)
        if any(parts[start + 1 :]):
            parts.append(f"</{name}>")
        else:
            parts[start:] = [f"<{name}{declared}{shown}/>"]

    def _text(self, name: str, value: Any) -> str:
        if isinstance(value, list | dict):
            raise refused(self.layout, name, "is not one value", "n'est pas une seule valeur")
        text = text_of(value) or ""
        if _NOT_XML.search(text):
            raise refused(
                self.layout, name, "holds a character that XML cannot carry",
                "contient un caractère que XML ne porte pas",
            )  # fmt: skip
        return text

    def _check(self, name: str) -> None:
        if name not in self._known:
            self.layout.check_name(name, self.layout.record)
            self._known.add(name)
