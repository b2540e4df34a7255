"""What a file is: kind, encoding, separator, columns. Declared is never guessed; a wrong key is named.

``Format.from_text`` takes the texts of a stream's ``format:`` block; ``Format.guessed`` serves a person
who names a file at the command line.
"""

import codecs
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, get_args

from canonical_model.errors import ConfigurationError

Kind = Literal["csv", "tsv", "fixed_width", "jsonl", "parquet", "xlsx", "xml"]
Encoding = Literal["utf-8", "windows-1252", "cp850", "iso-8859-1", "utf-16"]

SEPARATORS = (";", ",", "\t", "|")
_SUFFIXES: Mapping[str, Kind] = MappingProxyType({
    ".csv": "csv", ".txt": "csv", ".tsv": "tsv", ".jsonl": "jsonl", ".ndjson": "jsonl",
    ".parquet": "parquet", ".xlsx": "xlsx", ".xml": "xml",
})  # fmt: skip
_TEXT_KINDS = frozenset({"csv", "tsv", "fixed_width", "jsonl"})
_KEYS_OF: Mapping[str, frozenset[str]] = MappingProxyType({
    "encoding": frozenset({"csv", "tsv", "fixed_width"}),
    "separator": frozenset({"csv"}),
    "quote": frozenset({"csv", "tsv"}),
    "line_breaks": frozenset({"csv", "tsv"}),
    "header": frozenset({"csv", "tsv", "xlsx"}),
    "columns": frozenset({"csv", "tsv", "fixed_width", "jsonl", "xlsx", "xml"}),
    "record": frozenset({"xml"}),
    "namespaces": frozenset({"xml"}),
    "sheet": frozenset({"xlsx"}),
    "member": frozenset({"csv", "tsv", "fixed_width", "jsonl", "xml"}),
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Slice:
    """One column of a fixed-width file. `start`: its first character, from 1; `length` in characters."""

    name: str
    start: int
    length: int


@dataclass(frozen=True, slots=True)
class Format:
    """How a file is read.

    `separator`: empty = the sign that the header line has most of. `quote`: empty = none.
    `line_breaks`: a quoted field may go over several lines. `header`: the first record holds the names;
    without it `columns` gives them. `columns`: names, or the slices of a fixed-width file; for JSON
    lines and XML, the names that are surely there, first. `record`: path of the element that repeats,
    ``root/people/person``, each name as ``prefix:name`` of `namespaces` (pairs of prefix and URI),
    or bare for any namespace.
    `sheet`: empty = the first one. `member`: the file to read of a ``.zip`` that holds several.
    """

    kind: Kind
    encoding: Encoding = "utf-8"
    separator: str = ""
    quote: str = '"'
    line_breaks: bool = True
    header: bool = True
    columns: tuple[str, ...] = ()
    slices: tuple[Slice, ...] = ()
    record: str = ""
    namespaces: tuple[tuple[str, str], ...] = ()
    sheet: str = ""
    member: str = ""

    @classmethod
    def guessed(cls, path: Path) -> "Format":
        """By the suffix, of the file or of the one file in a ``.zip``. Raises ConfigurationError."""
        suffixes = [suffix.lower() for suffix in path.suffixes]
        if suffixes[-1:] == [".zip"]:
            suffixes.pop()
        suffix = suffixes[-1] if suffixes else ""
        kind = _SUFFIXES.get(suffix)
        if kind is None:
            raise ConfigurationError(
                f"{path.name}: {suffix or 'no suffix'} is not read. "
                "Give a CSV, TSV, JSON lines, Parquet, XLSX or XML file.",
                f"{path.name} : {suffix or 'sans suffixe'} n'est pas lu. "
                "Donnez un fichier CSV, TSV, JSON lines, Parquet, XLSX ou XML.",
            )
        return cls(kind, separator="\t" if kind == "tsv" else "")

    @classmethod
    def from_text(cls, told: Mapping[str, Any], *, place: str = "format") -> "Format":
        """The format that a block of texts declares. Raises ConfigurationError naming the wrong key.

        Keys: kind, encoding, separator (a sign or the word tab), quote (a sign or none), header and
        line_breaks (yes, no), columns (names, or for fixed_width name → {start, length}), record,
        namespaces (prefix → URI), sheet, member.
        """
        kind: Any = told.get("kind")
        if kind not in get_args(Kind):
            raise wrong(place, "kind", f"one of {', '.join(get_args(Kind))}", str(get_args(Kind)))
        known = {"kind", *(key for key, kinds in _KEYS_OF.items() if kind in kinds)}
        if unknown := sorted(told.keys() - known):
            raise ConfigurationError(
                f"{place}: {unknown[0]} is not a key of {kind}. It takes {', '.join(sorted(known))}.",
                f"{place} : {unknown[0]} n'est pas une clé de {kind}. Il prend {', '.join(sorted(known))}.",
            )
        values: dict[str, Any] = {
            key: _READ[key](place, key, told[key]) for key in told.keys() - {"kind", "columns"}
        }
        made = cls(**{"kind": kind, "separator": "\t" if kind == "tsv" else "", **values})
        if kind == "fixed_width":
            made = replace(made, slices=_slices(place, told.get("columns")))
        elif "columns" in told:
            made = replace(made, columns=_names(place, "columns", told["columns"]))
        made.check(place)
        return made

    def check(self, place: str) -> None:
        """Refuse a format that lacks what it needs, naming the key. Raises ConfigurationError."""
        if self.kind == "fixed_width" and not self.slices:
            raise wrong(place, "columns", "name: {start, length} of each column", "name: {start, length}")
        if self.kind == "xml" and not self.record:
            raise wrong(place, "record", "the path of the element that repeats", "root/person")
        if self.kind in ("csv", "tsv", "xlsx") and not self.header and not self.columns:
            raise wrong(place, "columns", "the names, for a file without a header", "[a, b]")
        if self.separator and self.separator == self.quote:
            raise wrong(place, "quote", "another sign than the separator", '"')

    @property
    def is_text(self) -> bool:
        """Rows are numbered by the lines of the file."""
        return self.kind in _TEXT_KINDS


def wrong(place: str, key: str, wanted: str, example: str) -> ConfigurationError:
    return ConfigurationError(
        f"{place}: {key} must be {wanted}. Correct {key}.",
        f"{place} : {key} n'est pas ce qui est attendu, par exemple {example}. Corrigez {key}.",
    )


def _word(place: str, key: str, value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise wrong(place, key, "a text", "Feuille1")
    return value


def yes_of(place: str, key: str, value: Any) -> bool:
    if value not in ("yes", "no"):
        raise wrong(place, key, "yes or no", "yes")
    return bool(value == "yes")


def sign_of(place: str, key: str, value: Any) -> str:
    value = {"tab": "\t", "none": ""}.get(value, value) if isinstance(value, str) else None
    allowed = isinstance(value, str) and (len(value) == 1 or (key == "quote" and not value))
    if not allowed or not value.isascii() or value in ("\n", "\r", "\x00"):
        raise wrong(place, key, "one sign, or the word tab or none", '";"')
    return str(value)


def encoding_of(place: str, key: str, value: Any) -> Encoding:
    """One of the encodings that are read, under any of its usual names. Raises ConfigurationError."""
    try:
        wanted = codecs.lookup(value).name if isinstance(value, str) else ""
    except LookupError:
        wanted = ""
    for known in get_args(Encoding):
        if codecs.lookup(known).name == wanted:
            return known  # type: ignore[no-any-return] # get_args is untyped
    raise wrong(place, key, f"one of {', '.join(get_args(Encoding))}", "windows-1252")


def _names(place: str, key: str, value: Any) -> tuple[str, ...]:
    names = tuple(value) if isinstance(value, list | tuple) else ()
    if not names or not all(isinstance(name, str) and name.strip() for name in names):
        raise wrong(place, key, "a list of names", "[fiche, nom]")
    return names


def uris_of(place: str, key: str, value: Any) -> tuple[tuple[str, str], ...]:
    """Pairs of prefix and namespace. Raises ConfigurationError."""
    if not isinstance(value, Mapping) or not all(isinstance(uri, str) for uri in value.values()):
        raise wrong(place, key, "prefix: URI", "{c: urn:example}")
    return tuple(value.items())


def _slices(place: str, value: Any) -> tuple[Slice, ...]:
    found = []
    for name, told in value.items() if isinstance(value, Mapping) else ():
        good = isinstance(told, Mapping) and told.keys() == {"start", "length"}
        if not good or not all(str(number).isdecimal() and int(number) for number in told.values()):
            raise wrong(place, f"columns.{name}", "{start: 1, length: 7}", "{start: 1, length: 7}")
        found.append(Slice(name, int(told["start"]), int(told["length"])))
    return tuple(found)


_READ = {
    "encoding": encoding_of, "separator": sign_of, "quote": sign_of, "header": yes_of, "line_breaks": yes_of,
    "record": _word, "sheet": _word, "member": _word, "namespaces": uris_of,
}  # fmt: skip
assert _READ.keys() | {"columns"} == _KEYS_OF.keys()  # noqa: S101 - two tables of this file
assert {field.name for field in fields(Format)} >= _KEYS_OF.keys()  # noqa: S101
