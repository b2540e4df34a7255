"""Reads CSV and TSV. A block whose lines are all sound is parsed in columns; any other, record by record.

Both ways give the same rows (a property test compares them): the first is for speed, the second
(``careful.py``) places each fault. Refuses a file without a header line that says its columns.
"""

import codecs
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from connectors.kit.formats.careful import Cutter
from connectors.kit.formats.format import SEPARATORS, Format
from connectors.kit.formats.frames import (
    FAULT,
    MAX_LINE,
    NOT_UTF8,
    ROW,
    WRONG_ENCODING,
    cannot_read,
    finished,
    frame_of,
    kept,
    names_of,
)
from connectors.kit.formats.sources import BLOCK, line_blocks, opened, split_lines

_NEVER = "\x01"  # a sign that sound text does not hold
_ODD_STARTS = (b"\n", codecs.BOM_UTF8)  # a blank line; a mark that Polars would drop anywhere
_PIECE = 128 * 1024


def read(
    path: Path, told: Format, only: Sequence[str] | None, rows: int, *, block_bytes: int = BLOCK,
    fast: bool = True,
) -> Iterator[pl.DataFrame]:  # fmt: skip
    """Frames of at most `rows` rows; at least one frame. `fast`: sound blocks are parsed in columns."""
    table: _Table | None = None
    rest, line, given = b"", 1, False
    with opened(path, told.member) as file:
        for lines, final in _last_told(line_blocks(file, told.encoding, block_bytes)):
            block = rest + lines
            if table is None:
                found = _begin(path, told, block, final=final)
                if found is None:
                    rest = block
                    continue
                table, at, line = found
                block, rest = block[at:], b""
            for frame, next_line, waiting in table.rows(block, line, only, rows, final=final, fast=fast):
                line, rest = next_line, waiting
                for part in frame.iter_slices(rows) if frame.height else ():
                    given = True
                    yield part
    if table is None:
        raise cannot_read(
            path, "it is empty: the header line is missing", "il est vide : la ligne d'en-tête manque"
        )
    if not given:
        yield frame_of([], table.names, only)


@dataclass(frozen=True, slots=True)
class _Table:
    """A file whose header is known."""

    names: tuple[str, ...]
    cutter: Cutter

    def rows(
        self, block: bytes, line: int, only: Sequence[str] | None, most: int, *, final: bool, fast: bool
    ) -> Iterator[tuple[pl.DataFrame, int, bytes]]:
        """The rows of whole lines; after each frame the number of the next line, and the bytes that wait for more.

        A block that is not sound as a whole is tried again in pieces, so that a faulty line slows its own piece
        only. Some `most` rows of them are held: a block of millions of short lines would be wide frames otherwise.
        """
        frame = self.columns(block, line, only) if fast else None
        if frame is not None:
            yield frame, line + frame.height + _blank_at_end(block), b""
            return
        frames, count, rest = [], 0, b""
        for lines, last in _last_told(_pieces(block) if fast else iter((block,))):
            piece = rest + lines
            frame = self.columns(piece, line, only) if fast and not rest else None
            if frame is None:
                frame, taken, rest = self.records(piece, line, only, final=final and last)
            else:
                taken = frame.height + _blank_at_end(piece)
            frames.append(frame)
            count += frame.height
            line += taken
            if last or count >= most:
                yield pl.concat(frames), line, rest
                frames, count = [], 0

    def records(
        self, block: bytes, line: int, only: Sequence[str] | None, *, final: bool
    ) -> tuple[pl.DataFrame, int, bytes]:
        """The rows of whole lines, how many lines were taken, and the bytes that wait for more."""
        lines = split_lines(block)
        parsed, taken = self.cutter.cut(lines, line, final=final)
        rest = b""
        if taken < len(lines):
            rest = ("\n".join(lines[taken:]) + "\n").encode("utf-8", "surrogateescape")
        return frame_of(parsed, self.names, only), taken, rest

    def columns(self, block: bytes, line: int, only: Sequence[str] | None) -> pl.DataFrame | None:
        """The rows of a block where every line is sound; None when one may not be."""
        body = block.rstrip(b"\n") if block.endswith(b"\n\n") else block
        if not body or body.startswith(_ODD_STARTS) or b"\x00" in body or _has_long_line(body):
            return None
        count, width, signs = body.count(b"\n") + (not body.endswith(b"\n")), len(self.names), self.cutter
        quoted = bool(signs.quote) and signs.quote.encode() in body
        sound = (
            _all_quotes_close(body, signs.separator, signs.quote, width)
            if quoted
            else body.count(signs.separator.encode()) == count * (width - 1)  # and no line has more, below
        )
        if (
            width == 1 and b"\n\n" in body
        ):  # of several columns, a blank line is one that lacks its separators
            return None
        if not sound or not (body.isascii() or _is_utf8(body)):
            return None
        try:
            frame = pl.read_csv(
                body,
                has_header=False,
                schema=dict.fromkeys(self.names, pl.String),
                separator=signs.separator,
                quote_char=signs.quote if quoted else None,
                infer_schema=False,
            )
        except pl.exceptions.PolarsError:
            return None
        if frame.height != count:
            return None
        if quoted:
            frame = frame.with_columns(pl.all().replace("", None))
        said = pl.col(FAULT) if FAULT in self.names else pl.lit(None, pl.String).alias(FAULT)
        frame = frame.select(*kept(self.names, only), said)
        numbers = pl.int_range(line, line + count, dtype=pl.UInt32, eager=True).alias(ROW)
        return finished(frame.with_columns(numbers), self.names, only)


def _begin(path: Path, told: Format, block: bytes, *, final: bool) -> tuple[_Table, int, int] | None:
    """The table, the bytes that its header took, the line after it; None when the header goes on."""
    blank = len(block) - len(block.lstrip(b"\n"))
    head = block[blank:].partition(b"\n")[0].decode("utf-8", "surrogateescape")
    if not head and told.header:
        return None
    separator = told.separator or max(SEPARATORS, key=head.count)
    cutter = Cutter(
        separator, told.quote, told.line_breaks,
        NOT_UTF8 if told.encoding == "utf-8" else WRONG_ENCODING,
    )  # fmt: skip
    if not told.header:
        names = names_of(path, told.columns)
        return _Table(names, replace(cutter, width=len(names))), 0, 1
    lines = split_lines(block) if told.quote and told.quote in head else [*[""] * blank, head]
    parsed, taken = cutter.cut(lines, 1, final=final, limit=1)
    if not parsed:
        return None
    _, header, fault = parsed[0]
    if fault is not None:
        raise cannot_read(path, "the header line is not readable", "l'en-tête n'est pas lisible")
    names = names_of(path, (name or "" for name in header))
    used = sum(len(line.encode("utf-8", "surrogateescape")) + 1 for line in lines[:taken])
    return _Table(names, replace(cutter, width=len(names))), used, taken + 1


def _blank_at_end(block: bytes) -> int:
    """How many blank lines a block that was parsed in columns has behind its rows."""
    return max(0, len(block) - len(block.rstrip(b"\n")) - 1) if block.endswith(b"\n\n") else 0


def _pieces(block: bytes) -> Iterator[bytes]:
    """The block in pieces of some `_PIECE` bytes, cut at line ends."""
    start = 0
    while start < len(block):
        end = block.find(b"\n", start + _PIECE) + 1 or len(block)
        yield block[start:end]
        start = end


def _last_told(blocks: Iterator[bytes]) -> Iterator[tuple[bytes, bool]]:
    """Each block, and whether it is the last one."""
    held = next(blocks, None)
    for block in blocks:
        if held is not None:
            yield held, False
        held = block
    if held is not None:
        yield held, True


def _has_long_line(body: bytes) -> bool:
    """Whether a line may be over the limit: some half of it has no line end."""
    half = MAX_LINE // 2
    return any(body.find(b"\n", start, start + half) < 0 for start in range(0, len(body) - half, half))


def _is_utf8(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True


def _all_quotes_close(body: bytes, separator: str, quote: str, width: int) -> bool:
    """Whether each line has `width` fields whose quotes open and close as they must."""
    if _NEVER.encode() in body or separator == _NEVER:
        return False
    q, s = re.escape(quote), re.escape(separator)
    field = f"(?:{q}(?:[^{q}]|{q}{q})*{q}|[^{q}{s}]*)"
    try:
        lines = pl.read_csv(
            body, has_header=False, schema={"line": pl.String}, separator=_NEVER, quote_char=None
        )["line"]
        return not lines.null_count() and bool(
            lines.str.contains(f"^{field}(?:{s}{field}){{{width - 1}}}$").all()
        )
    except pl.exceptions.PolarsError:  # so many columns that the expression is too large
        return False
