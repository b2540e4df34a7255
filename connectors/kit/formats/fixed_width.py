"""Reads lines whose columns stand at fixed places, counted in characters. A line of another length is a fault.

Blanks around a value are its filler and are dropped; blanks after the last column are let pass.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import polars as pl

from connectors.kit.formats.careful import readable
from connectors.kit.formats.format import Format
from connectors.kit.formats.frames import (
    FAULT,
    MAX_LINE,
    NOT_UTF8,
    NUL,
    RAGGED,
    ROW,
    TOO_LONG,
    WRONG_ENCODING,
    finished,
    names_of,
)
from connectors.kit.formats.sources import BLOCK, line_blocks, opened, split_lines


def read(
    path: Path, told: Format, only: Sequence[str] | None, rows: int, *, block_bytes: int = BLOCK
) -> Iterator[pl.DataFrame]:
    """Frames of at most `rows` rows; at least one."""
    names = names_of(path, (part.name for part in told.slices))
    width = max(part.start + part.length - 1 for part in told.slices)
    wrong = NOT_UTF8 if told.encoding == "utf-8" else WRONG_ENCODING
    cut = [
        pl.col("line")
        .str.slice(part.start - 1, part.length)
        .str.strip_chars(" ")
        .replace("", None)
        .alias(name)
        for name, part in zip(names, told.slices, strict=True)
    ]
    length = pl.col("line").str.len_chars()
    overlong = pl.col("line").str.slice(width).str.strip_chars(" ") != ""
    fault = pl.coalesce(FAULT, pl.when((length < width) | overlong).then(pl.lit(RAGGED)))
    line, given = 1, False
    with opened(path, told.member) as file:
        for block in line_blocks(file, told.encoding, block_bytes):
            lines = split_lines(block)
            frame = _lines(lines, line, wrong, sound=_is_sound(block)).select(*cut, ROW, fault.alias(FAULT))
            line += len(lines)
            for part in finished(frame, names, only).iter_slices(rows) if frame.height else ():
                given = True
                yield part
    if not given:
        yield finished(_lines([], 1, wrong, sound=True).select(*cut, ROW, FAULT), names, only)


def _lines(lines: list[str], first: int, wrong: str, *, sound: bool) -> pl.DataFrame:
    """The lines that are not blank, their numbers, and what is wrong with their characters."""
    faults: list[str | None] = [None] * len(lines)
    if not sound:
        lines = list(lines)
        for at, text in enumerate(lines):
            lines[at], faults[at] = _clean(text, wrong)
    frame = pl.DataFrame(
        {"line": lines, FAULT: faults}, schema={"line": pl.String, FAULT: pl.String}
    ).with_columns(pl.int_range(first, first + len(lines), dtype=pl.UInt32, eager=True).alias(ROW))
    return frame.filter((pl.col("line") != "") | pl.col(FAULT).is_not_null())


def _clean(text: str, wrong: str) -> tuple[str, str | None]:
    if len(text.encode("utf-8", "surrogateescape")) > MAX_LINE:
        return "", TOO_LONG
    if "\x00" in text:
        return readable(text.replace("\x00", "\ufffd")), NUL
    clean = readable(text)
    return clean, None if clean == text else wrong


def _is_sound(block: bytes) -> bool:
    try:
        block.decode()
    except UnicodeDecodeError:
        return False
    return b"\x00" not in block and max(map(len, block.split(b"\n"))) <= MAX_LINE
