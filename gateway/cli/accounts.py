"""`quarantine`, `evidence`, `exchange`, `store`: what the hub set aside, wrote down, exchanged. No one's values."""

from pathlib import Path
from typing import Annotated

import sqlalchemy as sa
import typer

from canonical_model.errors import ConfigurationError, IntegrityError
from gateway import keys as hub_keys
from gateway import quarantine as quarantines
from gateway.cli import context, opened
from gateway.evidence import chain, verifier
from gateway.store import digest
from gateway.store.schema import exchange

quarantine_app = typer.Typer(no_args_is_help=True, help="Les enregistrements mis de côté.")
evidence_app = typer.Typer(no_args_is_help=True, help="La chaîne de preuve.")
exchange_app = typer.Typer(no_args_is_help=True, help="Les échanges.")
store_app = typer.Typer(no_args_is_help=True, help="Le magasin de dossiers.")


def register(app: typer.Typer) -> None:
    """Add these commands to `passerelle`."""
    for name, group in (
        ("quarantine", quarantine_app), ("evidence", evidence_app), ("exchange", exchange_app),
        ("store", store_app),
    ):  # fmt: skip
        app.add_typer(group, name=name)


@quarantine_app.command("list")
def list_quarantine(
    ctx: typer.Context,
    system: Annotated[str | None, typer.Option("--system")] = None,
    rule: Annotated[str | None, typer.Option("--rule")] = None,
) -> int:
    """Ce qui attend une correction à la source."""
    out = context.output(ctx)
    with opened.hub(ctx) as hub, hub.transaction() as connection:
        found = [
            quarantines.rejection(row) for row in quarantines.listing(connection, system=system, rule=rule)
        ]
    out.document(found)
    columns = out.words(
        "No|Système|Flux|Ligne|Clé|Colonne|Règle|Remède", "No|System|Stream|Row|Key|Column|Rule|Remedy"
    )
    remedy = out.words("remedy_fr", "remedy_en")
    out.table(
        "",
        columns.split("|"),
        [
            (
                str(item["id"]), item["source"]["system"], item["source"]["stream"], str(item["source"]["row"]),
                item["source"]["key"], item["source"]["column"] or "", item["rule"], item[remedy],
            )
            for item in found
        ],
    )  # fmt: skip
    return 1 if found else 0


@quarantine_app.command("show")
def show_quarantine(
    ctx: typer.Context,
    id: Annotated[int, typer.Argument(metavar="NO", min=1, max=2**63 - 1)],  # noqa: A002
) -> None:
    """Un enregistrement mis de côté : où, pourquoi, que faire."""
    out = context.output(ctx)
    with opened.hub(ctx) as hub, hub.transaction() as connection:
        row = quarantines.show(connection, id)
    if row is None:
        raise ConfigurationError(
            f"{id}: no such record in quarantine. See `passerelle quarantine list`.",
            f"{id} : aucun enregistrement de ce numéro. Voyez `passerelle quarantine list`.",
        )
    item = quarantines.rejection(row) | {
        "exchange": row.exchange,
        "batch": row.batch,
        "first_at": row.first_at.isoformat(timespec="seconds"),
        "mended_at": row.mended_at.isoformat(timespec="seconds") if row.mended_at else None,
    }
    out.document(item)
    source = item["source"]
    where = (
        f"{source['system']}, {source['stream']}, {source['row']}, {source['key']}, {source['column'] or '-'}"
    )
    out.say(
        f"Où : {where} (système, flux, ligne, clé, colonne)",
        f"Where: {where} (system, stream, row, key, column)",
    )
    out.say(
        f"Pourquoi : {item['message_fr']} [{item['rule']}]", f"Why: {item['message_en']} [{item['rule']}]"
    )
    out.say(f"Que faire : {item['remedy_fr']}", f"What to do: {item['remedy_en']}")
    out.say(
        f"Depuis {item['first_at']}; correspondance {item['mapping']}; échange {item['exchange']}",
        f"Since {item['first_at']}; mapping {item['mapping']}; exchange {item['exchange']}",
    )


@evidence_app.command("verify")
def verify(
    ctx: typer.Context, file: Annotated[Path | None, typer.Argument(metavar="[FICHIER]")] = None
) -> None:
    """Relire toute la chaîne, ou un export; 4 et le numéro de l'inscription quand elle est rompue."""
    out = context.output(ctx)
    if file is not None:
        with file.open("rb") as lines:
            verdict = verifier.verify(lines)
    else:
        with opened.hub(ctx) as hub, hub.transaction() as connection:
            verdict = chain.verify(connection, hub_keys.public_pem(hub.keys))
    if verdict.reason == verifier.NO_EXPORT:
        raise ConfigurationError(
            f"{file}: this is not an export of evidence. Give one made by `passerelle evidence export`.",
            f"{file} : ce n'est pas un export de preuve. Donnez-en un fait par `passerelle evidence export`.",
        )
    if not verdict.holds:
        raise IntegrityError(
            f"evidence: broken at entry {verdict.broken} ({verdict.reason}). Keep the database as it is.",
            f"preuve : rompue à l'inscription {verdict.broken} ({verdict.reason})."
            " Gardez la base telle quelle.",
        )
    out.document({"holds": True, "entries": verdict.entries, "heads": verdict.heads})
    out.say(
        f"Intacte : {verdict.entries} inscriptions, {verdict.heads} têtes signées.",
        f"Intact: {verdict.entries} entries, {verdict.heads} signed heads.",
    )


@evidence_app.command("head")
def head(ctx: typer.Context) -> None:
    """La dernière tête signée."""
    out = context.output(ctx)
    with opened.hub(ctx) as hub, hub.transaction() as connection:
        found = chain.head(connection)
    out.document(found)
    for name, value in (found or {}).items():
        out.say(f"{name}: {value}", f"{name}: {value}")


@evidence_app.command("key")
def key(ctx: typer.Context) -> None:
    """La clé publique de la passerelle, à donner par un autre chemin à qui vérifie un export."""
    with opened.hub(ctx) as hub:
        public = hub_keys.public_pem(hub.keys).decode()
    context.output(ctx).document({"public_key": public})
    context.output(ctx).say(public.rstrip(), public.rstrip())


@evidence_app.command("export")
def export(ctx: typer.Context, output: Annotated[Path, typer.Option("--out", metavar="FICHIER")]) -> None:
    """Écrire la chaîne dans un fichier que verifier.py vérifie sans la passerelle."""
    out = context.output(ctx)
    part = output.with_name(f"{output.name}.part")
    with opened.hub(ctx) as hub, hub.transaction() as connection, part.open("wb") as file:
        count = sum(map(file.write, chain.lines(connection, hub_keys.public_pem(hub.keys))))
    part.replace(output)  # whole or not at all
    out.document({"file": str(output), "bytes": count})
    out.say(
        f"{output} : {count} octets. À vérifier par : python {verifier.__file__} {output}",
        f"{output}: {count} bytes. Verify with: python {verifier.__file__} {output}",
    )


@exchange_app.command("list")
def list_exchanges(ctx: typer.Context, run: Annotated[str | None, typer.Option("--run")] = None) -> None:
    """Les échanges, du plus récent au plus ancien."""
    out = context.output(ctx)
    query = sa.select(exchange).order_by(exchange.c.started_at.desc(), exchange.c.id)
    if run is not None:
        query = query.where(exchange.c.run == run)
    with opened.hub(ctx) as hub, hub.transaction() as connection:
        rows = connection.execute(query).all()
    found = [
        {
            "id": row.id, "route": row.route, "system": row.system, "day": row.day.isoformat(),
            "state": row.state, "counts": row.counts, "failure": row.failure,
        }
        for row in rows
    ]  # fmt: skip
    out.document(found)
    columns = out.words("Échange|Route|Système|Jour|État", "Exchange|Route|System|Day|State").split("|")
    out.table("", columns, [(i["id"], i["route"], i["system"], i["day"], i["state"]) for i in found])


@store_app.command("digest")
def store_digest(ctx: typer.Context) -> None:
    """Une empreinte de tout le magasin : deux journées finies pareil ont la même."""
    out = context.output(ctx)
    with opened.hub(ctx) as hub, hub.transaction() as connection:
        found = digest.digest(connection, hub.keys)
    out.document({"digest": found})
    out.say(found, found)
