"""`mapping reverse`: documents back as the file of the source that they came from. Stores nothing in the hub."""

import json
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from canonical_model import identifiers, rules
from canonical_model.errors import ConfigurationError, RecordError
from connectors.kit.formats import Format, Layout, Place, writer_of
from gateway.cli import context
from gateway.cli.mapping import inputs as given
from mappings.engine import loader, reverse
from mappings.engine.language import Mapping
from mappings.engine.result import RECORD
from mappings.engine.reverse import Reversed

DOES_NOT_FIT = "does-not-fit"  # the file cannot carry a cell of the row
_NOT_TEXT = "?"  # what stands for a line that is not UTF-8: no JSON, and refused as such


def reverse_documents(
    ctx: typer.Context,
    id: given.Id,  # noqa: A002
    source: Annotated[Path, typer.Option("--input", metavar="FICHIER.jsonl")],
    output: Annotated[Path, typer.Option("--output", metavar="FICHIER")],
    *,
    rejects: Annotated[Path | None, typer.Option("--rejects", metavar="FICHIER.jsonl")] = None,
    organization: given.Organization = given.PLACEHOLDER,
    day: given.Day = None,
    mappings: given.Folder = None,
) -> int:
    """Refaire, de ses documents, le fichier du flux principal (CSV, TSV, JSON lines) ; rien n'est enregistré."""
    out = context.output(ctx)
    if identifiers.CHECKS["organisme"](organization).faults:
        raise ConfigurationError(
            "--organization: write six digits.", "--organization : écrivez six chiffres."
        )
    mapping = loader.load(id, given.root(mappings))
    layout = _layout(mapping, output)
    lines = _documents(source)
    back = reverse.run(
        mapping,
        [text for _, text in lines],
        organization=organization,
        day=day.date() if day else context.settings(ctx).day or context.today(),
    )
    content, outside = _written(back, layout)
    for path in filter(None, (output, rejects)):
        path.open("ab").close()  # if one of them cannot be written, neither is
    output.write_bytes(content)
    told = [(number, path, rule) for number, path, rule in back.rejects.iter_rows()]
    told += [(at + 1, RECORD, DOES_NOT_FIT) for at, row in enumerate(back.row_of) if row in outside]
    found = list(_rejections(sorted(told), [number for number, _ in lines], source))
    if rejects is not None:
        rejects.write_bytes(b"".join(orjson.dumps(item, option=orjson.OPT_APPEND_NEWLINE) for item in found))
    rows = back.rows.height - len(outside)
    out.document(
        {
            "mapping": mapping.id, "read": len(lines), "reversed": len(lines) - len(found), "rejected": len(found),
            "rows": rows, "lossy": dict(mapping.reversal.lossy) if mapping.reversal else {},
        }
    )  # fmt: skip
    out.say(
        f"{len(lines)} documents lus, {rows} lignes écrites, {len(found)} documents rejetés.",
        f"{len(lines)} documents read, {rows} rows written, {len(found)} documents rejected.",
    )
    for item in found[:10]:
        place = f"{item['source']['file']}, {item['source']['row']}, {item['path']}"
        out.say(
            f"  {place} : {item['message_fr']} {item['remedy_fr']}",
            f"  {place}: {item['message_en']} {item['remedy_en']}",
        )
    return 1 if found else 0


def _documents(path: Path) -> list[tuple[int, str]]:
    """Each line that is not blank, with its number."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ConfigurationError(
            f"--input: {path.name} cannot be opened. Correct the path.",
            f"--input : {path.name} ne s'ouvre pas. Corrigez le chemin.",
        ) from error
    return [(number, _text(line)) for number, line in enumerate(content.split(b"\n"), 1) if line.strip()]


def _text(line: bytes) -> str:
    try:
        return line.decode()
    except UnicodeDecodeError:
        return _NOT_TEXT


def _layout(mapping: Mapping, path: Path) -> Layout:
    """As the stream's `format` says, else by the suffix. Raises ConfigurationError for what is not written."""
    stream = next(item for item in mapping.streams if item.name == mapping.stream)
    place = f"{mapping.file}, {stream.name}"
    told = Format.from_text(dict(stream.format), place=place) if stream.format else Format.guessed(path)
    return layout_of(told, stream.columns, path.name)


def layout_of(told: Format, columns: tuple[str, ...], name: str) -> Layout:
    """The layout of a file that `told` reads. Raises ConfigurationError for a kind that no writer has, and for
    slices of a fixed-width file that leave a gap or a column out.
    """
    if told.kind == "jsonl":
        return Layout("json", places=tuple(map(Place, columns)))
    if told.kind in ("csv", "tsv"):
        separator = "\t" if told.kind == "tsv" else told.separator or ","
        names = told.columns or columns
        return Layout(
            told.kind,
            told.encoding,
            separator,
            told.quote,
            header=told.header,
            places=tuple(map(Place, names)),
        )
    slices = sorted(told.slices, key=lambda item: item.start)
    whole = {item.name for item in slices} == set(columns)
    if told.kind == "fixed_width" and whole and _without_gap(told):
        return Layout(
            "fixed_width", told.encoding, places=tuple(Place(item.name, item.length) for item in slices)
        )
    raise ConfigurationError(
        f"{name}: this kind of file is read, not written. Name a .csv, .tsv or .jsonl file.",
        f"{name} : cette sorte de fichier se lit, mais ne s'écrit pas. Nommez un fichier .csv, .tsv ou .jsonl.",
    )


def _without_gap(told: Format) -> bool:
    place = 1
    for item in sorted(told.slices, key=lambda held: held.start):
        if item.start != place:
            return False
        place += item.length
    return True


def _written(back: Reversed, layout: Layout) -> tuple[bytes, set[int]]:
    """The whole file, and the numbers of the rows that it cannot carry."""
    writer, file, outside = writer_of(layout), BytesIO(), set()
    file.write(writer.begin())
    for number, row in enumerate(back.rows.iter_rows(named=True)):
        try:
            file.write(writer.record(json.dumps(row, ensure_ascii=False)))
        except RecordError:
            outside.add(number)
    file.write(writer.end())
    return file.getvalue(), outside


def _rejections(told: list[tuple[int, str, str]], lines: list[int], source: Path) -> Iterator[dict[str, Any]]:
    for number, path, rule in told:
        words = rules.words(rule)
        yield {
            "source": {"file": source.name, "row": lines[number - 1]},
            "path": path,
            "rule": rule,
            "message_fr": words.french,
            "message_en": words.english,
            "remedy_fr": words.remedy_french,
            "remedy_en": words.remedy_english,
        }
