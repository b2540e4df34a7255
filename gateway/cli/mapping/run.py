"""`mapping run`: a mapping on files; its documents, rejects and lineage as files. Stores nothing in the hub."""

from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import typer

from gateway import mapping_runs
from gateway.cli import context
from gateway.cli.mapping import inputs as given
from gateway.output_files import output_files
from mappings.engine import loader
from mappings.engine.result import Mapped

_SHOWN = 10  # rejects on the screen


def run(
    ctx: typer.Context,
    id: given.Id,  # noqa: A002
    inputs: given.Inputs,
    output: Annotated[Path, typer.Option("--output", metavar="FICHIER")],
    *,
    rejects: Annotated[Path | None, typer.Option("--rejects", metavar="FICHIER.jsonl")] = None,
    lineage_file: Annotated[Path | None, typer.Option("--lineage", metavar="FICHIER.jsonl")] = None,
    organization: given.Organization = given.PLACEHOLDER,
    day: given.Day = None,
    mappings: given.Folder = None,
) -> int:
    """Appliquer une correspondance à des fichiers; rien n'est enregistré. Un gabarit s'écrit selon sa forme."""
    out = context.output(ctx)
    mapping = loader.load(id, given.root(mappings))
    trial = given.trial(ctx, (mapping,), inputs, organization=organization, day=day)
    read = trial.read(mapping)
    counts = _Counts(mapping.id)
    shown: list[dict[str, Any]] = []
    wanted = {"--output": output, "--rejects": rejects, "--lineage": lineage_file}
    with (
        output_files(wanted, trial.paths.values()) as files,
        closing(mapping_runs.mapped_parts(mapping, read)) as parts,
    ):
        written = mapping_runs.Written(mapping, read, *files)
        for part, mapped in parts:
            counts.add(mapped)
            shown += written.part(part, mapped, most=_SHOWN - len(shown))
        written.end()
    counts.written -= written.refused
    counts.rejected += written.refused
    out.document(counts.told())
    out.say(
        f"{counts.rows} lignes lues, {counts.written} documents écrits, {counts.rejected} rejetés.",
        f"{counts.rows} rows read, {counts.written} documents written, {counts.rejected} rejected.",
    )
    for column in sorted(counts.undeclared):
        out.say(f"  colonne non déclarée : {column}", f"  undeclared column: {column}")
    for item in shown:
        source = item["source"]
        place = f"{source['file']}, {source['row']}, {source['column'] or '-'}"
        out.say(
            f"  {place} : {item['message_fr']} {item['remedy_fr']}",
            f"  {place}: {item['message_en']} {item['remedy_en']}",
        )
    return 1 if counts.rejected else 0


@dataclass(slots=True)
class _Counts:
    """What was read and made, of all parts."""

    mapping: str
    rows: int = 0
    filtered: int = 0
    empty: int = 0
    read: int = 0
    written: int = 0
    rejected: int = 0
    undeclared: set[str] = field(default_factory=set)

    def add(self, mapped: Mapped) -> None:
        self.rows += mapped.rows
        self.filtered += mapped.filtered
        self.empty += mapped.empty
        self.read += mapped.candidates
        self.written += mapped.documents.height
        self.rejected += mapped.rejected
        self.undeclared |= {*mapped.undeclared}

    def told(self) -> dict[str, Any]:
        names = ("mapping", "rows", "filtered", "empty", "read", "written", "rejected")
        return {name: getattr(self, name) for name in names} | {"undeclared": sorted(self.undeclared)}
