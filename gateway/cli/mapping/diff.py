"""`mapping diff`: what a new version of a mapping would change in the records of these files. Stores nothing.

Shows figures and canonical paths; whole records go to the file that `--sample` names, and nowhere else.
"""

from pathlib import Path
from typing import Annotated

import orjson
import typer

from gateway.cli import context
from gateway.cli.mapping import inputs as given
from gateway.cli.output import Output
from mappings.engine import difference, loader
from mappings.engine.difference import Difference

_PATHS_SHOWN = 20


def diff(
    ctx: typer.Context,
    before_id: Annotated[str, typer.Argument(metavar="AVANT")],
    after_id: Annotated[str, typer.Argument(metavar="APRES")],
    inputs: given.Inputs,
    *,
    folder: Annotated[
        Path | None,
        typer.Option(
            "--before-folder",
            metavar="DOSSIER",
            help="Le dossier mappings d'avant, où AVANT est lu avec ses tables de codes.",
        ),
    ] = None,
    sample: Annotated[Path | None, typer.Option("--sample", metavar="FICHIER.jsonl")] = None,
    samples: Annotated[int, typer.Option("--samples", metavar="N", min=1, max=10_000)] = 20,
    organization: given.Organization = given.PLACEHOLDER,
    day: given.Day = None,
    mappings: given.Folder = None,
) -> int:
    """Ce que changerait une version : enregistrements, champs, rejets; --sample écrit des exemples."""
    out = context.output(ctx)
    root = given.root(mappings)
    before = loader.load(before_id, given.root(folder) if folder else root)
    after = loader.load(after_id, root)
    trial = given.trial(ctx, (before, after), inputs, organization=organization, day=day)
    found = difference.compare(
        before,
        after,
        trial.frames,
        organization=organization,
        day=trial.day,
        samples=samples if sample else 0,
    )
    if sample is not None:
        lines = [
            orjson.dumps(difference.sample_document(item), option=orjson.OPT_APPEND_NEWLINE)
            for item in found.samples
        ]
        sample.write_bytes(b"".join(lines))
    out.document({"from": before.id, "to": after.id, **difference.as_document(found)})
    _tell(out, before.id, after.id, found)
    return 0 if found.none else 1


def _tell(out: Output, before: str, after: str, found: Difference) -> None:
    out.table(
        f"{before} → {after}",
        out.words("Enregistrements|Combien", "Records|How many").split("|"),
        [
            (out.words("faits avant", "made before"), found.before),
            (out.words("faits après", "made after"), found.after),
            (out.words("les mêmes", "the same"), found.same),
            (out.words("changés", "changed"), found.changed),
            (out.words("avant seulement", "before only"), found.only_before),
            (out.words("après seulement", "after only"), found.only_after),
            (out.words("nouvellement rejetés", "newly rejected"), found.newly_rejected),
            (out.words("nouvellement acceptés", "newly accepted"), found.newly_accepted),
        ],
    )
    if found.paths:
        heads = out.words("Champ changé|Enregistrements", "Changed field|Records").split("|")
        out.table("", heads, found.paths[:_PATHS_SHOWN])
        if more := found.paths[_PATHS_SHOWN:]:
            out.say(f"et {len(more)} autres champs : --json.", f"and {len(more)} more fields: --json.")
    if found.rejects:
        heads = out.words("Règle de rejet|Avant|Après", "Rule of reject|Before|After").split("|")
        out.table("", heads, found.rejects)
    for path, rule, count in found.rejected_by:
        out.say(
            f"Nouvellement rejetés : {path}, {rule} : {count}", f"Newly rejected: {path}, {rule}: {count}"
        )
