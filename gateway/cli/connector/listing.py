"""`connector list`: which connectors there are, how they speak, how far they have come. Opens no connection."""

import typer

from gateway.cli import context
from gateway.cli.connector.found import Root, place


def list_connectors(ctx: typer.Context, *, folder: Root = None) -> None:
    """Les connecteurs : sens, protocole, contrat, flux, échelons."""
    out = context.output(ctx)
    found = place(folder, context.settings(ctx).site_folder).known.manifests()
    out.document(
        [
            {
                "name": item.name, "direction": item.direction, "protocol": item.protocol,
                "contract": item.contract.kind, "declared": item.entry is None, "streams": list(item.streams),
                "mappings": list(item.mappings), "secrets": list(item.secrets), "owner": item.owner,
                "schedule": item.schedule,
                "quality": {name: rung.state for name, rung in item.quality.items()},
            }
            for item in found
        ]
    )  # fmt: skip
    columns = out.words(
        "Connecteur|Sens|Protocole|Contrat|Flux|Échelons",
        "Connector|Direction|Protocol|Contract|Streams|Rungs",
    ).split("|")
    ways = {
        "inbound": out.words("entrée", "inbound"),
        "outbound": out.words("sortie", "outbound"),
        "pulls": out.words("tiers", "pulls"),
    }
    kinds = {"published": out.words("publié", "published"), "reference": out.words("référence", "reference")}
    rows = []
    for item in found:
        states = [rung.state for rung in item.quality.values()]
        climbed = f"{len(states) - states.count('todo')}/{len(states)}"
        streams = ", ".join(item.streams) or "–"
        rows.append(
            (item.name, ways[item.direction], item.protocol, kinds[item.contract.kind], streams, climbed)
        )
    out.table("", columns, rows)
