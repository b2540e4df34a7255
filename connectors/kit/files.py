"""Reads files: those a partner drops in a folder, and those a person names. Every line is accounted for.

A dropped file is read when its marker ``<file>.sha256`` agrees with it; until then it is still being
written. A line that is not UTF-8, or has too few or too many fields, is not lost and stops nothing:
its row says so in ``_fault``. All values are text; an empty field is null.
"""

import csv
import difflib
import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice
from pathlib import Path
from typing import IO, Any
from urllib.parse import unquote, urlsplit

import polars as pl

from canonical_model.errors import ConfigurationError, RetryableError
from connectors.kit.contract import Stream
from connectors.kit.installation import Installation

FAULT = "_fault"
NOT_UTF8 = "not-utf-8"
RAGGED = "ragged-row"
BATCH_ROWS = 50_000
SEPARATORS = (";", ",", "\t", "|")

_MARKER = re.compile(r"^(?P<digest>[0-9a-f]{64}) [ *](?P<file>\S+)$")
_MARKED_ROWS = re.compile(r"^# rows: (?P<rows>\d+)$")


@dataclass(frozen=True, slots=True)
class Dropped:
    """A complete file of a drop folder. `rows`: how many its marker says it has, without the header."""

    path: Path
    rows: int | None


def folder(installation: Installation) -> Path:
    """The drop folder of an installed system: a path, or a ``file://`` URI, that exists here."""
    address = installation.address
    found = Path(unquote(urlsplit(address).path) if address.startswith("file:") else address)
    if not address or not found.is_dir():
        raise ConfigurationError(
            f"{installation.system}: the drop folder is absent. Correct the address in systems.yaml.",
            f"{installation.system} : le dossier de dépôt est absent. Corrigez l'adresse dans systems.yaml.",
        )
    return found


def newest(installation: Installation, stream: Stream, day: date) -> Dropped:
    """The file ``<stream>_<day>.csv`` of `day`, or of the last day before it that has one.

    Raises RetryableError when there is none yet, or when it is still being written.
    """
    named = re.compile(rf"{re.escape(stream.named)}_(\d{{4}}-\d{{2}}-\d{{2}})\.csv")
    matches = (named.fullmatch(path.name) for path in folder(installation).iterdir())
    days = [match[1] for match in matches if match and match[1] <= day.isoformat()]
    place = f"{installation.system}/{stream.name}"
    if not days:
        raise RetryableError(
            f"{place}: no file was dropped up to this day. Ask the partner, then try again.",
            f"{place} : aucun fichier déposé jusqu'à ce jour. Demandez au partenaire, puis réessayez.",
        )
    path = folder(installation) / f"{stream.named}_{max(days)}.csv"
    return Dropped(path, _complete(path, place))


def frames(dropped: Dropped, stream: Stream, *, system: str, separator: str) -> Iterator[pl.DataFrame]:
    """The rows of a dropped file, one line a row, columns of the contract and ``_fault``; at least one frame.

    Columns may stand in any order; those the contract does not name are left alone. Raises
    ConfigurationError naming a column that is missing and the one that looks like it.
    """
    with dropped.path.open("rb") as file:
        parsed = (_fields(_text(line), separator) for line in file)
        header = [name.strip().lower() for name in next(parsed, ([], None))[0]]
        places = [_place(header, column.named, f"{system}/{stream.name}") for column in stream.columns]
        names = (*stream.names, FAULT)
        rows = (_row(fields, len(header), fault) for fields, fault in parsed if fields)
        empty = True
        while batch := list(islice(rows, BATCH_ROWS)):
            empty = False
            yield _frame([[*(row[place] for place in places), row[-1]] for row in batch], names)
        if empty:
            yield _frame([], names)


def read_any(path: Path) -> pl.DataFrame:
    """A whole CSV, TSV, JSON lines or Parquet file as text, names in lower case.

    A column ``_fault`` is there when a line has one. Raises ConfigurationError for another kind of
    file, one that is absent or unreadable, and two columns of the same name.
    """
    if not path.is_file():
        raise _unreadable(path, "the file is absent", "le fichier est absent")
    kind = path.suffix.lower()
    if kind in (".csv", ".tsv", ".txt"):
        found = _read_csv(path)
    elif kind in (".jsonl", ".ndjson"):
        found = _read_json_lines(path)
    elif kind == ".parquet":
        found = _read_parquet(path)
    else:
        raise _unreadable(
            path, f"{kind or 'no suffix'} is not read", f"{kind or 'sans suffixe'} n'est pas lu"
        )
    lower = [name.strip().lower() for name in found.columns]
    if twice := sorted({name for name in lower if lower.count(name) > 1}):
        raise _unreadable(path, f"{twice[0]} comes twice", f"{twice[0]} revient deux fois")
    return found.rename(dict(zip(found.columns, lower, strict=True)))


def _complete(path: Path, place: str) -> int | None:
    """The marker's number of rows, once its digest is the file's. Raises RetryableError until then."""
    marker = path.with_name(f"{path.name}.sha256")
    try:
        said = marker.read_text("utf-8").splitlines()
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except (FileNotFoundError, UnicodeDecodeError):
        said, digest = [], ""
    except OSError as error:
        raise ConfigurationError(
            f"{place}: {path.name} cannot be opened. Give this account the right to read the folder.",
            f"{place} : {path.name} ne s'ouvre pas. Donnez à ce compte le droit de lire le dossier.",
        ) from error
    match = next((m for m in map(_MARKER.match, said) if m and m["file"] == path.name), None)
    if match is None or match["digest"] != digest:
        raise RetryableError(
            f"{place}: {path.name} and its marker do not agree; it is still being written. Try again.",
            f"{place} : {path.name} et son témoin diffèrent ; il est en cours d'écriture. Réessayez.",
        )
    return next((int(m["rows"]) for m in map(_MARKED_ROWS.match, said) if m), None)


def _text(line: bytes) -> str:
    """The line without its end; bytes that are not UTF-8 become surrogates, which `_row` finds."""
    return line.decode("utf-8-sig", "surrogateescape").rstrip("\r\n")


def _fields(line: str, separator: str) -> tuple[list[str], str | None]:
    """The fields of one line, and its fault when its quotes do not close: then it is cut as it stands."""
    try:
        return next(csv.reader([line], delimiter=separator, strict=True), []), None
    except csv.Error:
        return line.split(separator), RAGGED


def _row(fields: Sequence[str], width: int, fault: str | None) -> list[str | None]:
    """As many values as the header has, and the row's fault, if any."""
    if len(fields) != width:
        fault = RAGGED
    values: list[str | None] = []
    for field in fields[:width]:
        if field.isascii():
            values.append(field or None)
            continue
        clean = field.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        if clean != field:
            fault = NOT_UTF8
        values.append(clean)
    return [*values, *[None] * (width - len(values)), fault]


def _place(header: list[str], named: str, place: str) -> int:
    if named.lower() in header:
        return header.index(named.lower())
    near = difflib.get_close_matches(named.lower(), header, n=1)
    english = f"; {near[0]} looks like it" if near else ""
    french = f" ; {near[0]} lui ressemble" if near else ""
    raise ConfigurationError(
        f"{place}: the column {named} is missing{english}. Correct the file's header or the contract.",
        f"{place} : la colonne {named} manque{french}. Corrigez l'en-tête du fichier ou le contrat.",
    )


def _frame(rows: list[list[str | None]], names: Sequence[str]) -> pl.DataFrame:
    columns = zip(*rows, strict=True) if rows else ([] for _ in names)
    return pl.DataFrame(
        {name: pl.Series(name, column, pl.String) for name, column in zip(names, columns, strict=True)}
    )


def _read_csv(path: Path) -> pl.DataFrame:
    """A file with a header line; here a quoted field may hold line breaks."""
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
        separator = _separator(path, file)
        parsed = csv.reader(file, delimiter=separator)
        header = next(parsed, [])
        if not header or not all(name.isprintable() and name.strip() for name in header):
            raise _unreadable(path, "the header line is not readable", "l'en-tête n'est pas lisible")
        names = (*(name for name in header if name != FAULT), FAULT)
        rows = (_told(header, _row(fields, len(header), None)) for fields in parsed if fields)
        parts = [_frame([], names)]
        while batch := list(islice(rows, BATCH_ROWS)):
            parts.append(_frame(batch, names))
    found = pl.concat(parts)
    return found if found[FAULT].is_not_null().any() else found.drop(FAULT)


def _told(header: list[str], row: list[str | None]) -> list[str | None]:
    """The row of a file that has a column ``_fault`` itself, as samples do: what it says counts."""
    if FAULT in header:
        said = row.pop(header.index(FAULT))
        row[-1] = row[-1] or said
    return row


def _separator(path: Path, file: IO[str]) -> str:
    """The sign that the header line has most of."""
    header = file.readline()
    file.seek(0)
    return "\t" if path.suffix.lower() == ".tsv" else max(SEPARATORS, key=header.count)


def _read_json_lines(path: Path) -> pl.DataFrame:
    records: list[dict[str, str | None]] = []
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            try:
                record = json.loads(line, parse_float=str, parse_int=str) if line.strip() else None
            except ValueError:
                record = number  # refused below, without the line's text
            if record is not None and not isinstance(record, dict):
                where = f"line {number} is not a JSON object"
                raise _unreadable(path, where, f"la ligne {number} n'est pas un objet JSON")
            if record is not None:
                records.append({name: _json_text(value) for name, value in record.items()})
    names = dict.fromkeys(name for record in records for name in record)
    return pl.DataFrame(records, schema=dict.fromkeys(names, pl.String))


def _json_text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)


def _read_parquet(path: Path) -> pl.DataFrame:
    try:
        return pl.read_parquet(path).cast(pl.String)
    except pl.exceptions.PolarsError as error:
        raise _unreadable(path, "it is not a flat Parquet file", "ce n'est pas un Parquet plat") from error


def _unreadable(path: Path, english: str, french: str) -> ConfigurationError:
    return ConfigurationError(
        f"{path}: {english}. Give a CSV, TSV, JSON lines or Parquet file.",
        f"{path} : {french}. Donnez un fichier CSV, TSV, JSON lines ou Parquet.",
    )
