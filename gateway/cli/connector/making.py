"""`connector new`: the folder of a new connector, its mapping too, which hold every check at once.

Never writes over anything; of an example only the header is read.
"""

from pathlib import Path
from typing import Annotated

import typer

from canonical_model.errors import ConfigurationError
from connectors.kit import manifest as manifests
from connectors.kit import scaffold
from connectors.kit.scaffold import Plan, Protocol
from gateway.cli import context, demo_site
from gateway.cli.connector.found import Place, Root, place
from gateway.cli.connector.sampling import results


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
    made = scaffold.plan(name, protocol, example, resource=resource, ours=folder is None)
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
    left = made.columns.missing
    out.document(
        {
            "name": name,
            "folders": list(map(str, places)),
            "mapping": made.mapping,
            "not_recognised": [told.meaning for told in left],
            "left_out": list(made.columns.left),
        }
    )
    for path in places:
        out.say(f"{path} : fait.", f"{path}: made.")
    where = f" --folder {folder}" if folder else ""
    for word in made.columns.left:
        out.say(
            f"{word} : laissée hors du contrat; elle n'est jamais lue.",
            f"{word}: left out of the contract; never read.",
        )
    if not made.mapping:
        _say_no_mapping(ctx, made)
    out.say(
        f"Ensuite : passerelle connector check {name} --live{where}",
        f"Next: passerelle connector check {name} --live{where}",
    )
    return 0 if made.mapping else 1


def _say_no_mapping(ctx: typer.Context, made: Plan) -> None:
    """Which fields no column tells, with the names that would; or which resources a mapping can be begun for."""
    out = context.output(ctx)
    resource, name = made.columns.resource, made.name
    if made.columns.fields:
        out.say(
            f"Aucune correspondance : pour {resource}, aucune colonne ne dit",
            f"No mapping: for {resource}, no column tells",
        )
        for told in made.columns.missing:
            words = ", ".join(told.words)
            out.say(f"  {told.meaning} (noms reconnus : {words})", f"  {told.meaning} (names known: {words})")
    else:
        known = ", ".join(scaffold.RESOURCES)
        out.say(
            f"Aucune correspondance : seules celles de {known} sont proposées. « passerelle model schema {resource} »"
            " dit les champs.",
            f"No mapping: only those of {known} are begun. `passerelle model schema {resource}` tells the fields.",
        )
    file = f"mappings/{name}/{scaffold.plain(resource)}.v1.yaml"
    out.say(
        f"Écrivez {file} (mappings/README.md montre comment), nommez-la dans le"
        f" manifeste, puis : passerelle connector sample {name} --write",
        f"Write {file} (mappings/README.md shows how), name it in the manifest,"
        f" then: passerelle connector sample {name} --write",
    )


def _golden(ctx: typer.Context, made: Plan, there: Place) -> None:
    """The sample of the mapping, under the hub's names, and what it gives: read it once by eye."""
    told = manifests.read(there.connectors / made.name)
    for path, content in results(told, there.mappings, context.settings(ctx).day or demo_site.DAY):
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
