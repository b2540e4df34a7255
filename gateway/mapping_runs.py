"""Runs a mapping over files, part by part: reads, maps, writes documents, rejects and lineage.

Memory does not depend on the size of the main stream's file; streams that are joined are held whole. A key
that several rows bear is found in a first pass.
"""

from collections import deque
from collections.abc import Generator, Iterable, Iterator
from collections.abc import Mapping as Frames
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from itertools import chain
from typing import Any

import orjson
import polars as pl

from canonical_model import rules
from canonical_model.errors import RecordError
from connectors.kit.formats import Writer, writer_of
from gateway.mapping_files import StreamFile, layout
from gateway.output_files import OutputFile
from mappings.engine import lineage
from mappings.engine.compiler import Run
from mappings.engine.language import Mapping
from mappings.engine.result import Mapped
from mappings.engine.streams import ROW

_SHOWN_AS_UNREADABLE = frozenset({"not-utf-8", "wrong-encoding", "nul-byte"})
_AT_ONCE = 2  # parts that are mapped while others are read and written
_AHEAD = 2  # parts that wait to be mapped, and as many to be written, so that nobody waits for the disk


@dataclass(frozen=True, slots=True)
class Input:
    """What one run reads: the file of each stream, who speaks (six digits) on which day, for which system."""

    files: dict[str, StreamFile]
    system: str
    organization: str
    day: date


class _Whole(Frames[str, pl.DataFrame]):
    """Streams read whole when they are asked for, and not kept: the run keeps what it needs of them."""

    def __init__(self, files: Frames[str, StreamFile]) -> None:
        self._files = files

    def __getitem__(self, stream: str) -> pl.DataFrame:
        return self._files[stream].whole()

    def __iter__(self) -> Iterator[str]:
        return iter(self._files)

    def __len__(self) -> int:
        return len(self._files)

    def __contains__(self, stream: object) -> bool:
        return stream in self._files


def prepared(mapping: Mapping, read: Input) -> Run:
    """The mapping ready to run, with what it needs of the streams that it joins."""
    return Run(mapping, _Whole(read.files), system=read.system, organization=read.organization, day=read.day)


def mapped_parts(mapping: Mapping, read: Input) -> Generator[tuple[pl.DataFrame, Mapped]]:
    """Each part of the main stream with what it gave, in order. Others are read and mapped meanwhile."""
    file = read.files[mapping.stream]
    with ThreadPoolExecutor(1) as reader, ThreadPoolExecutor(_AT_ONCE) as mappers:
        parts = iter(file)
        waiting: deque[tuple[pl.DataFrame, Future[Mapped]]] = deque()
        coming = deque(reader.submit(next, parts, None) for _ in range(_AHEAD))
        ready = prepared(mapping, read)
        twice = pl.Series([], dtype=pl.String) if mapping.numbered else repeated_keys(ready, file)
        while (part := coming.popleft().result()) is not None:
            coming.append(reader.submit(next, parts, None))
            waiting.append((part, mappers.submit(ready.mapped, part, twice)))
            if len(waiting) > _AHEAD:
                earlier, mapped = waiting.popleft()
                yield earlier, mapped.result()
        for last, mapped in waiting:
            yield last, mapped.result()


def repeated_keys(ready: Run, file: StreamFile) -> pl.Series:
    """The keys that several rows of the file bear. Eight bytes a row are held, and the keys that look alike."""
    hashes = pl.concat([pl.Series([], dtype=pl.UInt64), *(ready.keys(part).hash() for part in file)])
    alike = hashes.filter(hashes.is_duplicated()).unique()
    del hashes
    if not alike.len():
        return pl.Series([], dtype=pl.String)
    keys = [keys.filter(keys.hash().is_in(alike.implode())) for keys in (ready.keys(part) for part in file)]
    found = pl.concat(keys)
    return found.filter(found.is_duplicated()).unique()


class Written:
    """The files of a run, as they grow. `refused`: documents that the form's layout cannot carry."""

    def __init__(
        self,
        mapping: Mapping,
        read: Input,
        output: OutputFile | None,
        rejects: OutputFile | None,
        traced: OutputFile | None,
    ) -> None:
        self._mapping, self._read = mapping, read
        self._output, self._rejects, self._traced = output, rejects, traced
        self._writer: Writer | None = None
        if mapping.form is not None and mapping.form.kind != "json":
            self._writer = writer_of(layout(mapping.form))
        self.refused = 0
        if self._writer and output:
            output.write(self._writer.begin())
        if traced:
            traced.write(orjson.dumps(_origin(mapping), option=orjson.OPT_APPEND_NEWLINE))

    def part(self, part: pl.DataFrame, mapped: Mapped, *, most: int) -> list[dict[str, Any]]:
        """Write what one part gave; the first `most` rejects, for the screen."""
        if self._writer is None:
            if self._output:
                self._output.lines(mapped.documents.select("document"))
            outside: list[dict[str, Any]] = []
        else:
            outside = list(self._formed(self._writer, mapped))
        first: list[dict[str, Any]] = []
        for item in chain(_rejections(self._mapping, part, mapped, self._read), outside):
            if len(first) < most:
                first.append(item)
            if self._rejects:
                self._rejects.write(orjson.dumps(item, option=orjson.OPT_APPEND_NEWLINE))
            elif len(first) == most:
                break
        if self._traced:
            self._traced.lines(mapped.documents.select(_place(self._mapping)))
        return first

    def end(self) -> None:
        """What stands after the last document."""
        if self._writer and self._output:
            self._output.write(self._writer.end())

    def _formed(self, writer: Writer, mapped: Mapped) -> Iterator[dict[str, Any]]:
        rows = mapped.documents.select("row", "document").iter_rows()
        for row, document in rows:
            try:
                made = writer.record(document)
            except RecordError as error:
                self.refused += 1
                yield {
                    **_source(self._mapping, self._read, row, None),
                    "rule": "does-not-fit", "path": "(record)", "value": None,
                    "message_fr": error.french, "message_en": str(error),
                    "remedy_fr": rules.words("does-not-fit").remedy_french,
                    "remedy_en": rules.words("does-not-fit").remedy_english,
                }  # fmt: skip
            else:
                if self._output:
                    self._output.write(made)


def _place(mapping: Mapping) -> pl.Expr:
    """The place of a document, as a JSON line: the rest of its lineage is the same for all, and said once."""
    said = [pl.lit('{"row":'), pl.col("row")]
    if not mapping.numbered:  # else the key is the row
        said += [pl.lit(',"key":'), _quoted(pl.col("key"))]
    if mapping.unpivot:
        said += [pl.lit(',"slot":'), _quoted(pl.col("slot"))]
    return pl.concat_str([*said, pl.lit("}")])


def _quoted(text: pl.Expr) -> pl.Expr:
    """The text of a key or of a slot, which holds no control character, as JSON."""
    return pl.concat_str([pl.lit('"'), text.str.replace_many(["\\", '"'], ["\\\\", '\\"']), pl.lit('"')])


def _origin(mapping: Mapping) -> dict[str, Any]:
    """The first line of a lineage file: for each path, what it is made of, whatever the row."""
    slots: Iterable[str | None] = [slot.name for slot in mapping.unpivot.slots] if mapping.unpivot else [None]
    return {
        "mapping": mapping.id,
        "digest": mapping.digest,
        "paths": [
            {
                "path": item.path,
                "slot": slot,
                "stream": told.stream,
                "columns": list(told.columns),
                "steps": list(told.steps),
                "code_map": told.code_map,
                "code_list": told.code_list,
            }
            for item in mapping.leaves
            for slot in slots
            for told in (lineage.explain(mapping, item.path, slot),)
        ],
    }


def _rejections(
    mapping: Mapping, part: pl.DataFrame, mapped: Mapped, read: Input
) -> Iterator[dict[str, Any]]:
    """Rejects in the shape of interface.md. The value is shown: these files are the site's own."""
    if not mapped.rejects.height:
        return
    numbers = mapped.rejects["row"].unique()
    cells = part.filter(pl.col(ROW).is_in(numbers.implode())).rows_by_key(ROW, named=True, unique=True)
    for row in mapped.rejects.iter_rows(named=True):
        words = rules.words(row["rule"])
        held = cells[row["row"]]
        column: str | None = row["column"] or (
            _unreadable(held) if row["rule"] in _SHOWN_AS_UNREADABLE else None
        )
        yield {
            **_source(mapping, read, row["row"], column),
            "rule": row["rule"],
            "path": row["path"],
            "value": held.get(column or ""),
            "message_fr": words.french,
            "message_en": words.english,
            "remedy_fr": words.remedy_french,
            "remedy_en": words.remedy_english,
        }


def _unreadable(cells: dict[str, str | None]) -> str | None:
    """The columns in which a reader of files put U+FFFD for what it could not read."""
    return (
        ", ".join(name for name, text in cells.items() if isinstance(text, str) and "\ufffd" in text) or None
    )


def _source(mapping: Mapping, read: Input, row: int, column: str | None) -> dict[str, Any]:
    return {
        "source": {
            "system": read.system, "stream": mapping.stream,
            "file": read.files[mapping.stream].path.name, "row": row, "column": column,
        }
    }  # fmt: skip
