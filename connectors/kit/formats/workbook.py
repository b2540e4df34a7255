"""Reads one sheet of an XLSX workbook row by row: values as a person sees them, `_row` the sheet's row.

A date is ISO, a whole number has no ``.0``, a number shown as ``0000000`` keeps its zeros. Refuses an
archive that swells. A formula's last result is read; the formula itself, macros and links never.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Literal
from zipfile import ZipFile

import polars as pl
from lxml import etree

from connectors.kit.formats.format import Format
from connectors.kit.formats.frames import RAGGED, Parsed, cannot_read, frame_of, names_of
from connectors.kit.formats.sources import archive
from connectors.kit.formats.xml_events import events, forget, local_name

Shown = Literal["number", "moment"] | int  # int: digits to fill with zeros

_MOMENT_FORMATS = frozenset(
    {*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)}
)  # ECMA-376, 18.8.30
_LITERAL = re.compile(r'"[^"]*"|\\.|\[[^\]]*\]')
_CELL = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")
_WORKSHEET = "/worksheet"
_MAX_SERIAL = 2_958_466  # the day after 9999-12-31


@dataclass(frozen=True, slots=True)
class _Book:
    """What the cells of a sheet refer to."""

    texts: tuple[str, ...]
    shown: tuple[Shown, ...]
    epoch: datetime


def read(path: Path, told: Format, only: Sequence[str] | None, rows: int) -> Iterator[pl.DataFrame]:
    """Frames of at most `rows` rows; at least one. Raises ConfigurationError for an absent sheet or header."""
    if not path.is_file():
        raise cannot_read(path, "the file is absent", "le fichier est absent")
    with archive(path) as packed:
        part, epoch = _sheet(path, packed, told.sheet)
        book = _Book(tuple(_texts(path, packed)), tuple(_styles(path, packed)), epoch)
        found = _rows(path, packed, part, book)
        if told.header:
            _, header = next(found, (0, []))
            while header and not header[-1]:
                header.pop()
            names = names_of(path, (name or "" for name in header))
        else:
            names = names_of(path, told.columns)
        parsed: Iterator[Parsed] = (
            (row, values, RAGGED if any(values[len(names) :]) else None) for row, values in found
        )
        batch = list(islice(parsed, rows))
        yield frame_of(batch, names, only)
        while batch := list(islice(parsed, rows)):
            yield frame_of(batch, names, only)


def _part(path: Path, packed: ZipFile, name: str) -> Iterator[etree._Element]:
    """The ended elements of one part of the archive; none when it has no such part."""
    if name in packed.namelist():
        with packed.open(name) as file:
            for event, element in events(path, file):
                if event == "end":
                    yield element


def _sheet(path: Path, packed: ZipFile, wanted: str) -> tuple[str, datetime]:
    """The part that holds the sheet, and the day that the workbook counts from."""
    sheets: dict[str, str] = {}
    epoch = datetime(1899, 12, 30)  # noqa: DTZ001 - a sheet knows no time zone
    for element in _part(path, packed, "xl/workbook.xml"):
        match local_name(element.tag):
            case "sheet":
                key = next((v for name, v in element.attrib.items() if str(name).endswith("}id")), "")
                sheets[str(element.get("name"))] = str(key)
            case "workbookPr" if element.get("date1904") in ("1", "true"):
                epoch = datetime(1904, 1, 1)  # noqa: DTZ001
    targets = {
        str(element.get("Id")): str(element.get("Target"))
        for element in _part(path, packed, "xl/_rels/workbook.xml.rels")
        if local_name(element.tag) == "Relationship" and str(element.get("Type")).endswith(_WORKSHEET)
    }
    usable = {name: targets[key] for name, key in sheets.items() if key in targets}
    if not usable or (wanted and wanted not in usable):
        raise cannot_read(
            path,
            f"the workbook has no sheet {wanted}".rstrip(),
            f"le classeur n'a pas de feuille {wanted}".rstrip(),
        )
    target = usable[wanted] if wanted else next(iter(usable.values()))
    return (target[1:] if target.startswith("/") else f"xl/{target}"), epoch


def _texts(path: Path, packed: ZipFile) -> Iterator[str]:
    """The shared texts; a reading aid beside a text (``rPh``) is not part of it."""
    for element in _part(path, packed, "xl/sharedStrings.xml"):
        if local_name(element.tag) == "si":
            yield _text(element)
            forget(element)


def _text(element: etree._Element) -> str:
    return "".join(
        held.text or ""
        for held in element.iter("{*}t")
        if (above := held.getparent()) is None or local_name(above.tag) != "rPh"
    )


def _styles(path: Path, packed: ZipFile) -> Iterator[Shown]:
    """How each style of a cell shows a number."""
    own: dict[int, str] = {}
    for element in _part(path, packed, "xl/styles.xml"):
        match local_name(element.tag):
            case "numFmt":
                own[int(element.get("numFmtId", "0"))] = str(element.get("formatCode", ""))
            case "cellXfs":
                for style in element:
                    number = int(style.get("numFmtId", "0"))
                    yield _shown(number, own.get(number, ""))


def _shown(number: int, code: str) -> Shown:
    if not code:
        return "moment" if number in _MOMENT_FORMATS else "number"
    plain = _LITERAL.sub("", code.partition(";")[0])
    if plain and set(plain) == {"0"}:
        return len(plain)
    elapsed = re.search(r"\[[hms]+\]", code, re.IGNORECASE)
    return "moment" if elapsed or re.search(r"[dmyhs]", plain, re.IGNORECASE) else "number"


def _rows(path: Path, packed: ZipFile, part: str, book: _Book) -> Iterator[tuple[int, list[str | None]]]:
    """(row of the sheet, values) of each row that holds something."""
    number = 0
    for element in _part(path, packed, part):
        if local_name(element.tag) != "row":
            continue
        told = element.get("r", "")
        number = int(told) if told.isdecimal() else number + 1
        values: list[str | None] = []
        at = 0
        for cell in element:
            if local_name(cell.tag) != "c":
                continue
            at = (
                _column(cell.get("r", "")) or at + 1
            )  # a cell may leave its place out: it stands after the one before
            value = _value(cell, book)
            if value:
                values.extend([None] * (at - len(values)))
                values[at - 1] = value
        forget(element)
        if values:
            yield number, values


def _column(place: str) -> int:
    """3 of ``C7``; 0 when the cell does not say. At most 18 278, three letters."""
    matched = _CELL.fullmatch(place)
    number = 0
    for letter in matched[1] if matched else "":
        number = 26 * number + ord(letter) - 64
    return number


def _value(cell: etree._Element, book: _Book) -> str | None:
    kind = cell.get("t", "n")
    if kind == "inlineStr":
        return _text(cell)
    held = cell.find("{*}v")
    text = (held.text or "") if held is not None else ""
    match kind:
        case "s":
            return book.texts[int(text)] if text.isdecimal() and int(text) < len(book.texts) else None
        case "b":
            return {"1": "true", "0": "false"}.get(text)
        case "n" if text:
            style = int(cell.get("s", "0"))
            return _number(text, book.shown[style] if style < len(book.shown) else "number", book.epoch)
        case _:
            return text or None


def _number(text: str, shown: Shown, epoch: datetime) -> str:
    """A number as a person sees it; the 15 digits that a sheet holds are enough to give it back."""
    try:
        number = float(text)
    except ValueError:
        return text
    if shown == "moment" and 0 <= number < _MAX_SERIAL:
        return _moment(number, epoch)
    if not number.is_integer() or abs(number) >= 1e15:
        return format(number, ".15g")
    whole = str(int(number))
    return whole.zfill(shown) if isinstance(shown, int) else whole


def _moment(number: float, epoch: datetime) -> str:
    """A date, a time of day, or both. Day 60 of 1900, which never was, comes out as the day before it."""
    if epoch.year == 1899 and 1 <= number < 60:
        number += 1
    moment = epoch + timedelta(seconds=round(number * 86_400))
    if number < 1:
        return moment.time().isoformat()
    return moment.date().isoformat() if moment.time() == datetime.min.time() else moment.isoformat()
