"""What the writers of all layouts share: a beginning, records, an end. A record is refused by its column."""

import json
from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any

from canonical_model.errors import RecordError
from connectors.kit.formats.json_lines import Number, text_of
from connectors.kit.formats.layout import Layout, Place

BYTE_ORDER = "\ufeff"


class Writer(ABC):
    """One file: its beginning, its records, its end, as bytes."""

    def __init__(self, layout: Layout) -> None:
        layout.check(layout.kind)
        self.layout = layout
        self._line_end = "\r\n" if layout.line_end == "crlf" else "\n"
        self._codec = "utf-16-le" if layout.encoding == "utf-16" else layout.encoding

    def begin(self) -> bytes:
        """What stands before the records."""
        return b""

    def record(self, document: str) -> bytes:
        """One document. Raises RecordError naming the column that the layout cannot carry."""
        found = json.loads(document, parse_float=Number, parse_int=Number)
        if not isinstance(found, dict):
            raise refused(self.layout, "record", "is not an object", "n'est pas un objet")
        return self._record(found)

    def end(self) -> bytes:
        """What stands after the records."""
        return b""

    @abstractmethod
    def _record(self, document: dict[str, Any]) -> bytes: ...

    def _values(self, document: dict[str, Any]) -> Iterable[tuple[Place, str]]:
        """Each column and its text, in the order of the layout."""
        places = self.layout.places
        if unknown := sorted(document.keys() - {place.name for place in places}):
            raise refused(
                self.layout, unknown[0], "is no column of the layout", "n'est pas une colonne du gabarit"
            )
        for place in places:
            value = document.get(place.name)
            if isinstance(value, list | dict):
                raise refused(self.layout, place.name, "is not one value", "n'est pas une seule valeur")
            text = text_of(value) or ""
            if not self._carries(text):
                raise refused(
                    self.layout, place.name, "holds a character that the encoding lacks",
                    "contient un caractère que l'encodage n'a pas",
                )  # fmt: skip
            yield place, text

    def _carries(self, text: str) -> bool:
        try:
            text.encode(self._codec)
        except UnicodeEncodeError:
            return False
        return True


def refused(layout: Layout, column: str, english: str, french: str) -> RecordError:
    """The error of one record; it names the column, never the value."""
    return RecordError(
        f"{layout.kind}, {column}: the value {english}. Correct it in the system it comes from.",
        f"{layout.kind}, {column} : la valeur {french}. Corrigez-la dans le système d'origine.",
    )
