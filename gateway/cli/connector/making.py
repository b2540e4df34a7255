"""`connector new`: the folder of a new connector, its mapping too, which hold every check at once.

Never writes over anything; of an example only the header is read.
"""

from pathlib import Path
from typing import Annotated

import orjson
import typer

from canonical_model.errors import ConfigurationError
from connectors.kit import manifest as manifests
from connectors.kit import scaffold
from connectors.kit.check import samples
from connectors.kit.scaffold import Plan, Protocol
from gateway.cli import context
from gateway.cli.connector.found import Place, Root, place
from gateway.cli.connector.mapped import ORGANIZATION
from mappings.engine import compiler, loader


def new(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NOM")],
    *,
    protocol: Annotated[Protocol, typer.Option("--protocol", help="Comment il parle.")] = "files",
    example: Annotated[
        Path | None,
        typer.Option(
            "--from", metavar="FICHIER", help="Un CSV (son en-tête seul est lu) ou un document OpenAPI."
        ),
    ] = None,
    resource: Annotated[
        str, typer.Option("--resource", help="Ce que ses enregistrements décrivent.")
    ] = "Student",
    folder: Root = None,
) -> int:
    """Un nouveau connecteur : manifeste, contrat, échantillons, bac à sable, correspondance, essais."""
    out = context.output(ctx)
    there = place(folder)
    made = scaffold.plan(name, protocol, example, resource=resource)
    places = [there.connectors / name, *([there.mappings / name] if made.mapping else [])]
    if taken := [path for path in places if path.exists()]:
        raise ConfigurationError(
            f"{taken[0]}: it is there already; nothing was written. Choose another name, or move it away.",
            f"{taken[0]} : il existe déjà; rien n'a été écrit. Choisissez un autre nom, ou déplacez-le.",
        )
    scaffold.write(places[0], scaffold.files(made))
    if made.mapping:
        scaffold.write(places[1], scaffold.mapping_files(made))
        _golden(ctx, made, there)
    left = {} if resource != "Student" else dict.fromkeys(made.columns.missing)
    out.document(
        {
            "name": name,
            "folders": list(map(str, places)),
            "mapping": made.mapping,
            "not_recognised": list(left),
        }
    )
    for path in places:
        out.say(f"{path} : fait.", f"{path}: made.")
    where = f" --folder {folder}" if folder else ""
    if not made.mapping:
        told = ", ".join(left) or resource
        out.say(
            f"Aucune correspondance : les colonnes ne disent pas {told}. Écrivez mappings/{name}, puis nommez-la"
            " dans le manifeste; mappings/README.md montre comment.",
            f"No mapping: the columns do not tell {told}. Write mappings/{name}, then name it in the manifest;"
            " mappings/README.md shows how.",
        )
    out.say(
        f"Ensuite : passerelle connector check {name} --live{where}",
        f"Next: passerelle connector check {name} --live{where}",
    )
    return 0 if made.mapping else 1


def _golden(ctx: typer.Context, made: Plan, there: Place) -> None:
    """The sample of the mapping, under the hub's names, and what it gives today: read it once by eye."""
    told = manifests.read(there.connectors / made.name)
    path = samples.found(told, made.stream)
    if path is None or made.mapping is None:
        return
    frame = samples.frame(told, made.stream, path)
    mapping = loader.load(made.mapping, there.mappings)
    mapped = compiler.run(
        mapping,
        {made.stream: frame},
        system=f"{made.name}@{ORGANIZATION}",
        organization=ORGANIZATION,
        day=context.settings(ctx).day or context.today(),
    )
    folder = there.mappings / made.name / "samples"
    folder.mkdir()
    frame.write_csv(folder / f"{made.stream}.csv")
    rows = [
        {**row, "document": orjson.loads(row["document"])} for row in mapped.documents.iter_rows(named=True)
    ]
    for ending, held in ((".jsonl", rows), (".rejects.jsonl", mapped.rejects.to_dicts())):
        lines = b"".join(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE) for row in held)
        (folder / f"student.v1{ending}").write_bytes(lines)
