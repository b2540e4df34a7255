"""Writes canonical JSON documents as a partner's file. Nothing is cut or replaced to make it fit.

A value that a layout cannot carry is a RecordError that names its column, never the value: the caller
sets that record aside and goes on with the same writer.

    writer = writer_of(layout)
    file.write(writer.begin())
    for document in documents:
        file.write(writer.record(document))
    file.write(writer.end())
"""

import unicodedata
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import IO, Any

from connectors.kit.formats.json_lines import text_of
from connectors.kit.formats.layout import Layout, Place, Written
from connectors.kit.formats.writer import BYTE_ORDER, Writer, refused
from connectors.kit.formats.xml_writing import Xml


class JsonLines(Writer):
    """One document a line, as it is."""

    def record(self, document: str) -> bytes:
        """The document and a line feed."""
        return super().record(document) if "\n" in document else document.encode() + b"\n"

    def _record(self, document: dict[str, Any]) -> bytes:
        return f"{text_of(document)}\n".encode()


class Delimited(Writer):
    """CSV and TSV: a header, one record a line, quotes where they are needed only."""

    def begin(self) -> bytes:
        """The byte order mark of UTF-16, and the header line if the layout has one."""
        mark = BYTE_ORDER if self.layout.encoding == "utf-16" else ""
        names = [self._quoted(place.name, place.name) for place in self.layout.places]
        return (mark + (self._line(names) if self.layout.header else "")).encode(self._codec)

    def _record(self, document: dict[str, Any]) -> bytes:
        fields = [self._quoted(place.name, text) for place, text in self._values(document)]
        return self._line(fields).encode(self._codec)

    def _line(self, fields: list[str]) -> str:
        line = self.layout.separator.join(fields)
        return (line or self.layout.quote * 2) + self._line_end  # an empty line would be no record

    def _quoted(self, name: str, text: str) -> str:
        quote, separator = self.layout.quote, self.layout.separator
        if "\r" in text or "\x00" in text:
            raise refused(
                self.layout, name, "holds a carriage return or a null character",
                "contient un retour de chariot ou un caractère nul",
            )  # fmt: skip
        if not (
            separator in text or "\n" in text or (quote and quote in text) or text.startswith(BYTE_ORDER)
        ):
            return text
        if not quote:
            raise refused(self.layout, name, "needs quotation marks", "demande des guillemets")
        return f"{quote}{text.replace(quote, quote * 2)}{quote}"


class FixedWidth(Writer):
    """Columns at fixed places, counted in characters."""

    def begin(self) -> bytes:
        """The byte order mark of UTF-16."""
        return (BYTE_ORDER if self.layout.encoding == "utf-16" else "").encode(self._codec)

    def _record(self, document: dict[str, Any]) -> bytes:
        parts = [self._filled(place, text) for place, text in self._values(document)]
        return ("".join(parts) + self._line_end).encode(self._codec)

    def _filled(self, place: Place, text: str) -> str:
        if len(text) > place.width:
            raise refused(
                self.layout, place.name, f"is longer than {place.width} characters",
                f"dépasse {place.width} caractères",
            )  # fmt: skip
        if any(unicodedata.category(sign) == "Cc" for sign in text) or text.startswith(BYTE_ORDER):
            raise refused(
                self.layout, place.name, "holds a control character", "contient un caractère de contrôle"
            )
        filler = place.filler if text else " "
        return text.rjust(place.width, filler) if place.align == "right" else text.ljust(place.width, filler)


_WRITERS: Mapping[Written, type[Writer]] = MappingProxyType({
    "json": JsonLines, "csv": Delimited, "tsv": Delimited, "fixed_width": FixedWidth, "xml": Xml,
})  # fmt: skip


def writer_of(layout: Layout) -> Writer:
    """The writer of a layout. Raises ConfigurationError when the layout lacks what it needs."""
    return _WRITERS[layout.kind](layout)


def write(documents: Iterable[str], layout: Layout, file: IO[bytes]) -> int:
    """Write all documents and return how many. Raises RecordError at the first that cannot be written."""
    writer, count = writer_of(layout), 0
    file.write(writer.begin())
    for document in documents:
        file.write(writer.record(document))
        count += 1
    file.write(writer.end())
    return count
