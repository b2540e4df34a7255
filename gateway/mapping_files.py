"""Joins the mapping engine to files: a stream's file as the frames that a mapping reads, a form's layout.

The engine touches no file and the readers know no mapping; both are met here, for the command line and
for the exchanges.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import orjson
import polars as pl

from canonical_model.errors import ConfigurationError
from connectors.kit.formats import Format, Layout, open_batches
from connectors.kit.formats.frames import MAX_LINE, NOT_JSON, TOO_LONG
from connectors.kit.formats.sources import line_blocks, opened
from mappings.engine.forms import Form
from mappings.engine.language import Stream
from mappings.engine.streams import DOCUMENT, FAULT, ROW

_LISTED = ("xml", "jsonl")  # a record of these names only what it has: an absent name is a blank cell
_PLAIN = (".csv", ".tsv", ".jsonl", ".ndjson", ".parquet", ".xlsx", ".xml")
_LINES = frozenset({"csv", "tsv", "fixed_width"})  # a suffix does not tell one of these from another
_DOCUMENTS = 20_000  # of a part


@dataclass(frozen=True, slots=True)
class StreamFile:
    """The file of one stream; iterate for its frames, again to read it again.

    Canonical documents are JSON lines: a document each, or an object that holds it as ``document``, as
    golden results do. In XML and JSON lines whose format the mapping declares, a name that the whole file
    lacks is a blank column, and a name of XML is written with ``_`` for its dots and without ``@``.
    """

    path: Path
    stream: Stream
    rows: int = 125_000

    def __iter__(self) -> Iterator[pl.DataFrame]:
        if self.stream.resource:
            return _documents(self.path)
        told = self._format()
        batches = open_batches(self.path, told, rows=self.rows)
        made = self._as_declared if self._listed(told) else self._named
        return (made(batch) for batch in batches)

    def whole(self) -> pl.DataFrame:
        """All its rows as one frame."""
        return pl.concat(self)

    def _format(self) -> Format:
        if not self.stream.format:
            return Format.guessed(self.path)
        told = Format.from_text(dict(self.stream.format), place=self.stream.name)
        return Format.guessed(self.path) if self._plainly_another(told) else told

    def _plainly_another(self, told: Format) -> bool:
        """Whether the suffix names another kind than the mapping declares: an extract as CSV of what comes as XML."""
        suffix = "".join(
            self.path.suffixes[-2:] if self.path.suffix.lower() == ".zip" else self.path.suffixes[-1:]
        )
        if suffix.lower().removesuffix(".zip") not in _PLAIN:
            return False
        kind = Format.guessed(self.path).kind
        return kind != told.kind and not {kind, told.kind} <= _LINES

    def _listed(self, told: Format) -> bool:
        return bool(self.stream.format) and told.kind in _LISTED

    def _named(self, batch: pl.DataFrame) -> pl.DataFrame:
        if batch.columns == [ROW, FAULT] and not batch.height:  # JSON lines without a line
            raise ConfigurationError(
                f"{self.path}: it is empty. Give the file that {self.stream.name} comes in.",
                f"{self.path} : il est vide. Donnez le fichier où se trouve {self.stream.name}.",
            )
        return batch

    def _as_declared(self, batch: pl.DataFrame) -> pl.DataFrame:
        names = {name: name.replace("@", "").replace(".", "_") for name in batch.columns if name[0] != "_"}
        frame = batch.rename(names)
        absent = [name for name in self.stream.columns if name not in frame.columns]
        return frame.with_columns(pl.lit(None, pl.String).alias(name) for name in absent)


def layout(form: Form) -> Layout:
    """How a file of such documents is written. Raises ConfigurationError naming the wrong word."""
    columns = {
        place.column: {"width": str(place.width), "align": place.align, "filler": place.fill}
        if place.width is not None
        else {}
        for place in form.places
    }
    return Layout.from_text(form.written, columns, place=form.id)


def _documents(path: Path) -> Iterator[pl.DataFrame]:
    """Frames of `_row`, `_fault`, `document`; a line that is not a JSON object is a fault."""
    schema = pl.Schema({ROW: pl.UInt32, FAULT: pl.String, DOCUMENT: pl.String})
    part: list[tuple[int, str | None, str]] = []
    first = 1
    with opened(path) as file:
        for block in line_blocks(file, "utf-8"):
            lines = block.removesuffix(b"\n").split(b"\n")
            for number, line in enumerate(lines, start=first):
                if line.strip():
                    part.append((number, *_document(line)))
                if len(part) == _DOCUMENTS:
                    yield pl.DataFrame(part, schema, orient="row")
                    part = []
            first += len(lines)
    yield pl.DataFrame(part, schema, orient="row")


def _document(line: bytes) -> tuple[str | None, str]:
    """The fault of a line, if any, and the document in it."""
    if len(line) > MAX_LINE:
        return TOO_LONG, "{}"
    try:
        held = orjson.loads(line)
    except ValueError:
        return NOT_JSON, "{}"
    if not isinstance(held, dict):
        return NOT_JSON, "{}"
    inner = held.get(DOCUMENT)
    return None, orjson.dumps(inner).decode() if isinstance(inner, dict) else line.decode().strip()
