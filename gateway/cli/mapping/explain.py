"""`mapping explain`: where a canonical value comes from, by the files alone or for one row of an input.

Cells, steps and code-map entries are shown; what stands in the cells and in the record only with `--values`.
"""

import re
from difflib import get_close_matches
from typing import Annotated, Any

import typer

from canonical_model import resources
from canonical_model.elements import described
from canonical_model.errors import ConfigurationError
from gateway.cli import context
from gateway.cli.mapping import inputs as given
from gateway.cli.output import Output
from mappings.engine import code_work, lineage, loader, trace
from mappings.engine.language import Mapping
from mappings.engine.trace import Cell, CodeRead, Record, Trace, Traced

_SHORT = 12  # hexadecimal digits of a digest, for people


def explain(
    ctx: typer.Context,
    id: given.Id,  # noqa: A002
    path: Annotated[str | None, typer.Argument(metavar="[CHEMIN]")] = None,
    *,
    wanted: Annotated[str | None, typer.Option("--path", metavar="CHEMIN")] = None,
    slot: Annotated[str | None, typer.Option("--slot", metavar="POSITION")] = None,
    inputs: Annotated[list[str] | None, typer.Option("--input", metavar="[FLUX=]FICHIER")] = None,
    row: Annotated[int | None, typer.Option("--row", metavar="N", min=1)] = None,
    values: Annotated[bool, typer.Option("--values", help="Montrer aussi cellules et valeurs.")] = False,
    organization: given.Organization = given.PLACEHOLDER,
    day: given.Day = None,
    mappings: given.Folder = None,
) -> int:
    """D'où vient une valeur : flux, colonnes, étapes, table de codes; avec --input et --row, celles d'une ligne."""
    out = context.output(ctx)
    mapping = loader.load(id, given.root(mappings))
    asked = wanted or path
    if asked is not None:
        _known(mapping, asked)
    if row is None or not inputs:
        if row is not None or inputs or values:
            raise ConfigurationError(
                "mapping explain: --input and --row go together. Add the one that is missing.",
                "mapping explain : --input et --row vont ensemble. Ajoutez celui qui manque.",
            )
        if asked is None:
            raise ConfigurationError(
                "mapping explain: name a path, or a row with --input and --row. Add one of them.",
                "mapping explain : nommez un chemin, ou une ligne avec --input et --row. Ajoutez l'un d'eux.",
            )
        _tell_rule(out, mapping, asked, slot)
        return 0
    trial = given.trial(ctx, (mapping,), inputs, organization=organization, day=day)
    language: lineage.Language = "fr" if out.language == "fr" else "en"
    found = trace.trace(
        mapping,
        trial.frames,
        trace.Asked(row=row, path=asked, slot=slot, language=language),
        system=trial.system(mapping),
        organization=organization,
        day=trial.day,
    )
    files = {name: held.name for name, held in trial.paths.items()}
    out.document({**trace.as_document(found, values=values), "files": files})
    if not out.json:
        _tell_row(out, found, files, values=values)
    return 1 if found.state == "rejected" else 0


def _known(mapping: Mapping, path: str) -> None:
    """Refuses a path that the resource lacks, with the near one; another's format has no such list."""
    name = mapping.resource.partition("@")[0]
    if name not in resources.NAMES:
        return
    kind = resources.resource(name)
    known = {item.path.replace("[]", "") for item in described(kind, kind.SECTION)}
    if re.sub(r"\.\d+", "", path) not in known:
        near = get_close_matches(path, sorted(known), n=1)
        hint_en, hint_fr = (f" Did you mean {near[0]}?", f" Vouliez-vous {near[0]} ?") if near else ("", "")
        raise ConfigurationError(
            f"PATH: {mapping.resource} has no such field.{hint_en} See `passerelle model schema {mapping.resource}`.",
            f"CHEMIN : {mapping.resource} n'a pas ce champ.{hint_fr}"
            f" Voyez `passerelle model schema {mapping.resource}`.",
        )


def _tell_rule(out: Output, mapping: Mapping, path: str, slot: str | None) -> None:
    """What the files say of a path, of no row in particular."""
    found = lineage.explain(mapping, path, slot, language="fr" if out.language == "fr" else "en")
    fields = lineage.fields_at(mapping, path)
    held = mapping.code_map(found.code_map.partition("/")[2]) if found.code_map else None
    entries = [code_work.entry_document(entry) for entry in held.entries] if held else []
    out.document(
        {
            "stream": found.stream, "columns": found.columns, "steps": found.steps,
            "code_map": found.code_map, "code_list": found.code_list,
            "code_map_file": held.file if held else None, "entries": entries,
            "mapping": trace.mapping_document(mapping), "lines": [field.line for field in fields],
        }
    )  # fmt: skip
    place = f"{found.stream}: {', '.join(found.columns) or '-'}"
    out.say(place, place)
    for step in found.steps:
        out.say(f"  {step}", f"  {step}")
    if held is not None:
        places = f"{held.file}:{held.entries[0].line}-{held.entries[-1].line}" if held.entries else held.file
        out.say(f"  {places}", f"  {places}")
    for field in fields:
        out.say(f"  {mapping.file}:{field.line}", f"  {mapping.file}:{field.line}")
    _tell_version(out, mapping)


def _tell_version(out: Output, mapping: Mapping) -> None:
    said = f"{mapping.id}  SHA-256 {mapping.digest[:_SHORT]}…"
    out.say(said, said)


def _tell_row(out: Output, found: Trace, files: dict[str, str], *, values: bool) -> None:
    _tell_version(out, found.mapping)
    place = f"{files[found.mapping.stream]}, {found.row}"
    words = {
        "document": ("", ""),
        "rejected": ("", ""),
        "filtered": (" : laissée de côté par `where`", ": left out by `where`"),
        "empty": (" : aucune case remplie", ": no slot is filled"),
    }[found.state]
    out.say(f"{place}{words[0]}", f"{place}{words[1]}")
    for line in found.where:
        out.say(f"  {found.mapping.file}:{line}", f"  {found.mapping.file}:{line}")
    for record in found.records:
        _tell_record(out, found.mapping, record, files, values=values)


def _tell_record(
    out: Output, mapping: Mapping, record: Record, files: dict[str, str], *, values: bool
) -> None:
    state = out.words(*{"document": ("document", "document")}.get(record.state, ("rejeté", "rejected")))
    slot = f"{out.words('case', 'slot')} {record.slot} : " if record.slot else ""
    rules = f" ({', '.join(record.rules)})" if record.rules else ""
    out.say(f"{slot}{state}{rules}", f"{slot}{state}{rules}")
    for item in record.values:
        _tell_value(out, mapping, item, files, values=values)


def _tell_value(out: Output, mapping: Mapping, item: Traced, files: dict[str, str], *, values: bool) -> None:
    shown = f" = {_shown(item.value)}" if values else ""
    line = f"  [{mapping.file}:{item.line}]" if item.line else ""
    lines = [f"  {item.path}{shown}{line}"]
    lines += [f"      ← {_cell(cell, files, values=values)}" for cell in item.cells]
    lines += [f"      · {step}" for step in item.steps]
    lines += [f"      · {_code(out, code)}" for code in item.codes]
    lines += [f"      ✗ {rule}" for rule in item.rules]
    for text in lines:
        out.say(text, text)


def _cell(cell: Cell, files: dict[str, str], *, values: bool) -> str:
    place = f"{cell.stream}.{cell.column} ({files[cell.stream]}, {cell.row or '-'})"
    return f"{place} = {_shown(cell.text)}" if values else place


def _code(out: Output, code: CodeRead) -> str:
    if code.entry is None:
        return out.words(
            f"{code.file} : aucune ligne de ce code le {code.day}",
            f"{code.file}: no entry of that code on {code.day}",
        )
    entry = code.entry
    dated = f" [{entry.start or '…'}, {entry.end or '…'})" if entry.start or entry.end else ""
    listed = f"  ({code.code_list} {code.list_version or ''})".replace(" )", ")") if code.code_list else ""
    return f"{code.file}:{entry.line}  {entry.source} → {entry.target}{dated}{listed}"


def _shown(value: Any) -> str:
    return "∅" if value is None else str(value)
