"""How documents are written: kind, encoding, order and widths of columns, names of elements.

``Layout.from_text`` takes the texts of a form's ``layout:`` and ``fields:``. Refuses a wrong key by its name.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal, get_args

from canonical_model.errors import ConfigurationError
from connectors.kit.formats.format import (
    Encoding,
    Format,
    Slice,
    encoding_of,
    sign_of,
    uris_of,
    wrong,
    yes_of,
)

Written = Literal["json", "csv", "tsv", "fixed_width", "xml"]

_NAME = re.compile(r"(?:(?P<prefix>[A-Za-z_][\w.-]*):)?[A-Za-z_][\w.-]*", re.ASCII)
_KEYS_OF: Mapping[str, frozenset[str]] = MappingProxyType({
    "encoding": frozenset({"csv", "tsv", "fixed_width", "xml"}),
    "separator": frozenset({"csv"}),
    "quote": frozenset({"csv", "tsv"}),
    "header": frozenset({"csv", "tsv"}),
    "line_end": frozenset({"csv", "tsv", "fixed_width"}),
    "root": frozenset({"xml"}),
    "record": frozenset({"xml"}),
    "attributes": frozenset({"xml"}),
    "namespaces": frozenset({"xml"}),
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Place:
    """One column: its name, and in a fixed-width file its width in characters, its side and its filler."""

    name: str
    width: int = 0
    align: Literal["left", "right"] = "left"
    filler: str = " "


@dataclass(frozen=True, slots=True)
class Layout:
    """How documents are written, one a record.

    `root`: the element that wraps all records, with `attributes`; empty when a file is one document.
    `record`: the element of one document. Names are ``prefix:name`` of `namespaces`, or bare; the
    prefix ``""`` declares the default namespace.
    """

    kind: Written
    encoding: Encoding = "utf-8"
    separator: str = ","
    quote: str = '"'
    header: bool = True
    line_end: Literal["crlf", "lf"] = "crlf"
    places: tuple[Place, ...] = ()
    root: str = ""
    record: str = ""
    attributes: tuple[tuple[str, str], ...] = ()
    namespaces: tuple[tuple[str, str], ...] = ()

    @classmethod
    def from_text(
        cls, told: Mapping[str, Any], fields: Mapping[str, Any], *, place: str = "layout"
    ) -> "Layout":
        """The layout that a form's texts declare. Raises ConfigurationError naming the wrong key.

        Keys: kind, encoding, separator (a sign or tab), quote (a sign or none), header (yes, no),
        line_end (crlf, lf), root, record, attributes, namespaces. Of `fields`, in their order, the names
        are read, and for fixed width ``width``, ``align`` (left, right) and ``filler`` (a sign).
        """
        kind: Any = told.get("kind")
        if kind not in get_args(Written):
            raise wrong(place, "kind", f"one of {', '.join(get_args(Written))}", "csv")
        known = {"kind", *(key for key, kinds in _KEYS_OF.items() if kind in kinds)}
        if unknown := sorted(told.keys() - known):
            raise ConfigurationError(
                f"{place}: {unknown[0]} is not a key of {kind}. It takes {', '.join(sorted(known))}.",
                f"{place} : {unknown[0]} n'est pas une clé de {kind}. Il prend {', '.join(sorted(known))}.",
            )
        values = {key: _READ[key](place, key, told[key]) for key in told.keys() - {"kind"}}
        places = (
            () if kind in ("json", "xml") else tuple(_place(place, kind, *item) for item in fields.items())
        )
        tab = {"separator": "\t"} if kind == "tsv" else {}
        made = cls(**{"kind": kind, "places": places, **tab, **values})
        made.check(place)
        return made

    def check(self, place: str) -> None:
        """Refuse a layout that lacks what it needs, naming the key. Raises ConfigurationError."""
        if self.kind in ("csv", "tsv", "fixed_width") and not self.places:
            raise wrong(place, "fields", "the columns", "a: {type: text}")
        if self.kind == "fixed_width" and any(item.width < 1 for item in self.places):
            raise wrong(place, "width", "a number of characters of each field", "7")
        if self.kind == "xml":
            if not self.record:
                raise wrong(place, "record", "the element of one document", "person")
            for name in (self.root, self.record, *(name for name, _ in self.attributes)):
                if name:
                    self.check_name(name, place)

    def check_name(self, name: str, place: str) -> None:
        """Refuse what is no XML name, or has a prefix that is not declared. Raises ConfigurationError."""
        matched = _NAME.fullmatch(name)
        if matched is None or (matched["prefix"] not in (None, "xml", *dict(self.namespaces))):
            raise wrong(place, name, "an XML name whose prefix namespaces declares", "c:person")

    @property
    def read_as(self) -> Format:
        """The format in which a file of this layout is read back."""
        names = tuple(item.name for item in self.places)
        match self.kind:
            case "json":
                return Format("jsonl")
            case "fixed_width":
                starts = [1 + sum(item.width for item in self.places[:at]) for at in range(len(names))]
                slices = (Slice(p.name, start, p.width) for p, start in zip(self.places, starts, strict=True))
                return Format("fixed_width", self.encoding, slices=tuple(slices))
            case "xml":
                path = "/".join(filter(None, (self.root, self.record)))
                return Format("xml", record=path, namespaces=self.namespaces)
            case _:
                return Format(
                    self.kind, self.encoding, separator=self.separator, quote=self.quote, header=self.header,
                    columns=() if self.header else names,
                )  # fmt: skip


def _place(place: str, kind: str, name: str, told: Any) -> Place:
    said = told if isinstance(told, Mapping) and kind == "fixed_width" else {}
    width, align, filler = said.get("width", "0"), said.get("align", "left"), said.get("filler", " ")
    if not str(width).isdecimal():
        raise wrong(place, f"fields.{name}.width", "a number of characters", "7")
    if align not in ("left", "right"):
        raise wrong(place, f"fields.{name}.align", "left or right", "left")
    if not isinstance(filler, str) or len(filler) != 1:
        raise wrong(place, f"fields.{name}.filler", "one sign", '"0"')
    return Place(name, int(width), align, filler)


def _line_end(place: str, key: str, value: Any) -> str:
    if value not in ("crlf", "lf"):
        raise wrong(place, key, "crlf or lf", "crlf")
    return str(value)


def _element(place: str, key: str, value: Any) -> str:
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise wrong(place, key, "an XML name", "c:person")
    return value


_READ: Mapping[str, Any] = MappingProxyType({
    "encoding": encoding_of, "separator": sign_of, "quote": sign_of, "header": yes_of, "line_end": _line_end,
    "root": _element, "record": _element, "attributes": uris_of, "namespaces": uris_of,
})  # fmt: skip
