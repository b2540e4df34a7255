"""`passerelle mapping …`: list and check mappings, try one on a file, ask where a value comes from."""

import re
from datetime import datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any

import orjson
import polars as pl
import typer

from canonical_model import identifiers, resources, rules
from canonical_model.elements import described
from canonical_model.errors import ConfigurationError
from connectors.kit import files
from gateway.cli import context
from mappings.engine import checker, compiler, lineage, loader
from mappings.engine.language import Mapping
from mappings.engine.result import Mapped

mapping_app = typer.Typer(no_args_is_help=True, help="Les fichiers de correspondance.")


def register(app: typer.Typer) -> None:
    """Add these commands to `passerelle`."""
    app.add_typer(mapping_app, name="mapping")


@mapping_app.command("list")
def list_mappings(ctx: typer.Context) -> None:
    """Les correspondances : identifiant, ressource produite, flux lus."""
    out = context.output(ctx)
    rows = [
        {"id": item.id, "resource": item.resource, "streams": [stream.name for stream in item.streams]}
        for item in loader.load_all()
    ]
    out.document(rows)
    columns = out.words("Correspondance|Ressource|Flux", "Mapping|Resource|Streams").split("|")
    out.table("", columns, [(row["id"], row["resource"], ", ".join(row["streams"])) for row in rows])


@mapping_app.command("check")
def check(ctx: typer.Context, id: Annotated[str | None, typer.Argument(metavar="ID")] = None) -> int:  # noqa: A002
    """Vérifier une correspondance, ou toutes, avant tout usage."""
    out = context.output(ctx)
    held = (loader.load(id),) if id else loader.load_all()
    findings = [finding for item in held for finding in checker.check(item)]
    out.document(
        [
            {"file": f.file, "line": f.line, "kind": f.kind, "message_fr": f.french, "message_en": f.english}
            for f in findings
        ]
    )
    for finding in findings:
        place = f"{finding.file}:{finding.line}"
        out.say(f"{place} : {finding.french}", f"{place}: {finding.english}")
    if not findings:
        out.say(f"{len(held)} correspondance(s), aucun défaut.", f"{len(held)} mapping(s), no fault.")
    return 2 if findings else 0


@mapping_app.command("run")
def run(
    ctx: typer.Context,
    id: Annotated[str, typer.Argument(metavar="ID")],  # noqa: A002
    inputs: Annotated[list[str], typer.Option("--input", metavar="[FLUX=]FICHIER")],
    output: Annotated[Path, typer.Option("--output", metavar="FICHIER.jsonl")],
    *,
    rejects: Annotated[Path | None, typer.Option("--rejects", metavar="FICHIER.jsonl")] = None,
    organization: Annotated[str, typer.Option("--organization", metavar="NNNNNN")] = "762000",
    day: Annotated[datetime | None, typer.Option("--day", formats=["%Y-%m-%d"])] = None,
) -> int:
    """Appliquer une correspondance à des fichiers (CSV, JSON lines, Parquet); rien n'est enregistré."""
    out = context.output(ctx)
    if identifiers.CHECKS["organisme"](organization).faults:
        raise ConfigurationError(
            "--organization: write six digits.", "--organization : écrivez six chiffres."
        )
    mapping = loader.load(id)
    streams = _streams(mapping, inputs)
    mapped = compiler.run(
        mapping,
        {name: frame for name, (frame, _) in streams.items()},
        system=f"{mapping.system}@{organization}",
        organization=organization,
        day=day.date() if day else context.settings(ctx).day or context.today(),
    )
    for path in filter(None, (output, rejects)):
        path.open("ab").close()  # if one of them cannot be written, neither is
    with output.open("wb") as file:
        for document in mapped.documents["document"]:
            file.write(document.encode() + b"\n")
    found = list(_rejections(mapping, mapped, streams, system=f"{mapping.system}@{organization}"))
    if rejects is not None:
        rejects.write_bytes(b"".join(orjson.dumps(item, option=orjson.OPT_APPEND_NEWLINE) for item in found))
    counts = {
        "mapping": mapping.id, "rows": mapped.rows, "filtered": mapped.filtered, "empty": mapped.empty,
        "read": mapped.candidates, "written": mapped.documents.height, "rejected": mapped.rejected,
    }  # fmt: skip
    out.document(counts)
    out.say(
        f"{mapped.rows} lignes lues, {mapped.documents.height} documents écrits, {mapped.rejected} rejetés.",
        f"{mapped.rows} rows read, {mapped.documents.height} documents written, {mapped.rejected} rejected.",
    )
    for item in found[:10]:
        source = item["source"]
        place = f"{source['file']}, {source['row']}, {source['column'] or '-'}"
        out.say(
            f"  {place} : {item['message_fr']} {item['remedy_fr']}",
            f"  {place}: {item['message_en']} {item['remedy_en']}",
        )
    return 1 if mapped.rejected else 0


def _streams(mapping: Mapping, inputs: list[str]) -> dict[str, tuple[pl.DataFrame, Path]]:
    """Stream → (frame, file). A file without ``STREAM=`` is the main stream."""
    found = {}
    known = {stream.name for stream in mapping.streams}
    for item in inputs:
        name, equals, path = item.rpartition("=")
        name = name if equals else mapping.stream
        if name not in known:
            raise ConfigurationError(
                f"--input {name}=: {mapping.id} reads {', '.join(sorted(known))}. Correct the name.",
                f"--input {name}= : {mapping.id} lit {', '.join(sorted(known))}. Corrigez le nom.",
            )
        found[name] = (files.read_any(Path(path)).with_row_index("_row", offset=1), Path(path))
    if missing := sorted(known - found.keys()):
        raise ConfigurationError(
            f"--input: {mapping.id} also reads {', '.join(missing)}. Add --input {missing[0]}=FILE.",
            f"--input : {mapping.id} lit aussi {', '.join(missing)}. Ajoutez --input {missing[0]}=FICHIER.",
        )
    return found


def _rejections(
    mapping: Mapping, mapped: Mapped, streams: dict[str, tuple[pl.DataFrame, Path]], *, system: str
) -> Any:
    """Rejects in the shape of interface.md. The value is shown: these files are the site's own."""
    frame, path = streams[mapping.stream]
    for row in mapped.rejects.iter_rows(named=True):
        words = rules.words(row["rule"])
        column = row["column"] or None
        yield {
            "source": {
                "system": system, "stream": mapping.stream, "file": path.name, "row": row["row"],
                "column": column,
            },
            "rule": row["rule"],
            "path": row["path"],
            "value": frame[column][row["row"] - 1] if column in frame.columns else None,
            "message_fr": words.french,
            "message_en": words.english,
            "remedy_fr": words.remedy_french,
            "remedy_en": words.remedy_english,
        }  # fmt: skip


@mapping_app.command("explain")
def explain(
    ctx: typer.Context,
    id: Annotated[str, typer.Argument(metavar="ID")],  # noqa: A002
    path: Annotated[str, typer.Argument(metavar="CHEMIN")],
    slot: Annotated[str | None, typer.Option("--slot", metavar="POSITION")] = None,
) -> None:
    """D'où vient une valeur : flux, colonnes, étapes, table de codes."""
    out = context.output(ctx)
    mapping = loader.load(id)
    kind = resources.resource(mapping.resource)
    known = {item.path.replace("[]", "") for item in described(kind, kind.SECTION)}
    if re.sub(r"\.\d+", "", path) not in known:
        near = get_close_matches(path, sorted(known), n=1)
        hint_en, hint_fr = (f" Did you mean {near[0]}?", f" Vouliez-vous {near[0]} ?") if near else ("", "")
        raise ConfigurationError(
            f"PATH: {mapping.resource} has no such field.{hint_en} See `passerelle model schema {mapping.resource}`.",
            f"CHEMIN : {mapping.resource} n'a pas ce champ.{hint_fr}"
            f" Voyez `passerelle model schema {mapping.resource}`.",
        )
    found = lineage.explain(mapping, path, slot)
    out.document(
        {
            "stream": found.stream, "columns": found.columns, "steps": found.steps,
            "code_map": found.code_map, "code_list": found.code_list,
        }
    )  # fmt: skip
    out.say(
        f"{found.stream}: {', '.join(found.columns) or '-'}",
        f"{found.stream}: {', '.join(found.columns) or '-'}",
    )
    for step in found.steps:
        out.say(f"  {step}", f"  {step}")
