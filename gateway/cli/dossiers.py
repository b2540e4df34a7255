"""`dossier` and `consent`: what the hub knows of one person, where it comes from, and what the family answered.

Showing a dossier is a read like any other: it is written in evidence, with who asked.
"""

import getpass
import re
from collections import Counter
from datetime import datetime
from typing import Annotated, Any

import typer

from canonical_model import resources
from canonical_model.base import SENSITIVITY
from canonical_model.elements import described
from canonical_model.errors import ConfigurationError, RefusedError
from gateway import release, site
from gateway.cli import context, opened
from gateway.evidence import chain
from gateway.evidence.chain import Entry
from gateway.store import dossier
from gateway.store.dossier import Held
from gateway.store.hub import Hub
from mappings.engine import lineage, loader

dossier_app = typer.Typer(no_args_is_help=True, help="Le dossier d'une personne.")
consent_app = typer.Typer(no_args_is_help=True, help="Les consentements.")

Person = Annotated[str, typer.Argument(metavar="PERSONNE", help="Identifiant interne, ou système|valeur.")]
Reveal = Annotated[
    str | None,
    typer.Option(
        "--reveal", metavar="RAISON", help="Montrer aussi le NAS; la raison est inscrite dans la preuve."
    ),
]
MASK = "•••"


def register(app: typer.Typer) -> None:
    """Add these commands to `passerelle`."""
    app.add_typer(dossier_app, name="dossier")
    app.add_typer(consent_app, name="consent")


@dossier_app.command("show")
def show_dossier(
    ctx: typer.Context,
    person: Person,
    *,
    section: Annotated[str | None, typer.Option("--section")] = None,
    reveal: Reveal = None,
) -> None:
    """Montrer le dossier : les sections ordinaires, ou celle qu'on nomme; le NAS reste masqué."""
    out = context.output(ctx)
    if section is not None and section not in SENSITIVITY:
        known = ", ".join(SENSITIVITY)
        raise ConfigurationError(
            f"--section: choose among {known}.", f"--section : choisissez parmi {known}."
        )
    with opened.hub(ctx) as hub:
        who = opened.person(hub, person)
        found = _read(hub, who, section, "dossier.shown", reveal)
    apart = Counter(
        held.section for held in found if section is None and SENSITIVITY[held.section] != "ordinary"
    )
    sections: dict[str, list[dict[str, Any]]] = {}
    for held in found:
        if held.section not in apart:
            document = held.document if reveal else _masked(held)
            sections.setdefault(held.section, []).append(
                {"key": held.key, "version": held.version, **document}
            )
    out.document({"person": who, "sections": sections, "not_shown": dict(apart)})
    for name, documents in sections.items():
        for document in documents:
            rows = [
                (path, str(value))
                for path, value in _leaves(document)
                if not path.startswith(("subject", "resource_type", "key"))
            ]
            title = f"{name} · {document['resource_type']} · {document['key']}"
            out.table(title, (out.words("Champ", "Field"), out.words("Valeur", "Value")), rows)
    for name, count in apart.items():
        out.say(
            f"{name} : {count} enregistrement(s), section sensible; ajoutez --section {name} pour la voir.",
            f"{name}: {count} record(s), a sensitive section; add --section {name} to see it.",
        )


@dossier_app.command("why")
def why(
    ctx: typer.Context,
    person: Person,
    path: Annotated[
        str,
        typer.Argument(
            metavar="CHEMIN", help="Ressource[champ=valeur,…].champ, p. ex. CourseResult.mark.number"
        ),
    ],
    *,
    reveal: Reveal = None,
) -> int:
    """D'où vient une valeur : système, table ou fichier, ligne, colonne, correspondance et version."""
    out = context.output(ctx)
    resource, wanted, field = _path(path)
    with opened.hub(ctx) as hub:
        section = resources.resource(resource).SECTION
        found = _read(hub, opened.person(hub, person), section, "dossier.explained", reveal)
    answers = [
        _origin(hub, held, leaf, value)
        for held in found
        if held.resource == resource and _chosen(held.document, wanted)
        for leaf, value in _leaves(held.document if reveal else _masked(held))
        if leaf == field or leaf.startswith(f"{field}.")
    ]
    out.document(answers)
    for item in answers:
        source = item["source"]
        columns = ", ".join(source["columns"]) or "-"
        value = f"{resource}.{item['path']} = {item['value']}   [{item['key']}]"
        out.say(value, value)
        out.say(
            f"  lu dans {source['system']}, {source['stream']}, ligne {source['row']} (clé {source['key']}),"
            f" colonne {columns}",
            f"  read from {source['system']}, {source['stream']}, row {source['row']} (key {source['key']}),"
            f" column {columns}",
        )
        steps = "; ".join(item["steps"]) or out.words("repris tel quel", "taken as it is")
        code = f" [{item['code_map']} → {item['code_list']}]" if item["code_map"] else ""
        out.say(
            f"  correspondance {item['mapping']} : {steps}{code}",
            f"  mapping {item['mapping']}: {steps}{code}",
        )
        out.say(
            f"  version {item['version']}, connue depuis {item['recorded_from']}, lot brut {source['batch'][:12]}",
            f"  version {item['version']}, known since {item['recorded_from']}, raw batch {source['batch'][:12]}",
        )
    if not answers:
        out.say("Rien à ce chemin dans ce dossier.", "Nothing at that path in this dossier.")
    return 0 if answers else 1


def _path(text: str) -> tuple[str, dict[str, str], str]:
    match = re.match(r"^([A-Z][A-Za-z]+)(?:\[([^\]]*)\])?\.([a-z_0-9.]+)$", text)
    if match is None:
        raise ConfigurationError(
            "PATH: write Resource.field or Resource[field=value].field, as CourseResult[step=2].mark.number.",
            "CHEMIN : écrivez Ressource.champ ou Ressource[champ=valeur].champ,"
            " comme CourseResult[step=2].mark.number.",
        )
    chosen = dict(part.partition("=")[::2] for part in (match[2] or "").split(",") if part)
    return resources.resource(match[1]).__name__, chosen, match[3]


def _chosen(document: dict[str, Any], wanted: dict[str, str]) -> bool:
    leaves = {path: str(value) for path, value in _leaves(document)}
    return all(leaves.get(path) == value for path, value in wanted.items())


def _leaves(value: Any, path: str = "") -> list[tuple[str, Any]]:
    items = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else None
    )
    if items is None:
        return [(path, value)]
    return [leaf for key, inner in items for leaf in _leaves(inner, f"{path}.{key}" if path else str(key))]


def _origin(hub: Hub, held: Held, path: str, value: Any) -> dict[str, Any]:
    place = held.place
    root = site.mapping_root(hub.settings.site_folder, place["mapping"], loader.ROOT)
    told = lineage.explain(loader.load(place["mapping"], root), path, place["slot"])
    return {
        "path": path,
        "key": held.key,
        "value": value,
        "source": {
            "system": place["system"], "stream": told.stream, "row": place["row"], "key": place["key"],
            "columns": list(told.columns), "batch": place["batch"],
        },
        "mapping": place["mapping"],
        "steps": list(told.steps),
        "code_map": told.code_map,
        "code_list": told.code_list,
        "version": held.version,
        "recorded_from": held.recorded_from.isoformat(timespec="seconds"),
    }  # fmt: skip


def _masked(held: Held) -> dict[str, Any]:
    """The document with its restricted fields, as the SIN, covered."""
    kind = resources.resource(held.resource)
    covered = {item.path for item in described(kind, kind.SECTION) if item.sensitivity == "restricted"}
    return {name: MASK if name in covered else value for name, value in held.document.items()}


def _read(hub: Hub, person: str, section: str | None, kind: str, reveal: str | None) -> list[Held]:
    with hub.transaction() as connection:
        found = dossier.of_person(connection, hub.keys, person, section)
        facts: dict[str, Any] = {
            "by": getpass.getuser(),
            "sections": sorted({h.section for h in found if section or SENSITIVITY[h.section] == "ordinary"}),
            "revealed_because": reveal,
        }
        chain.append(connection, context.moment(), Entry(kind, person, facts))
    return found


@consent_app.command("list")
def list_consents(ctx: typer.Context, person: Person) -> None:
    """Ce qu'une famille a répondu, pour qui, jusqu'à quand."""
    out = context.output(ctx)
    with opened.hub(ctx) as hub:
        found = release.list_consents(hub, opened.person(hub, person))
    rows: list[dict[str, Any]] = [
        {
            "id": item.key, "recipient": item.recipient, "purpose": item.purpose, "given": item.given,
            "sections": sorted(item.sections), "start": item.start.isoformat(),
            "end": item.end.isoformat() if item.end else None,
            "withdrawn_on": item.withdrawn_on.isoformat() if item.withdrawn_on else None,
        }
        for item in found
    ]  # fmt: skip
    out.document(rows)
    columns = out.words(
        "Consentement|Destinataire|But|Donné|Sections|Début|Fin|Retiré le",
        "Consent|Recipient|Purpose|Given|Sections|Start|End|Withdrawn on",
    )
    out.table(
        "",
        columns.split("|"),
        [
            (
                row["id"], row["recipient"], row["purpose"], row["given"], ", ".join(row["sections"]),
                row["start"], row["end"], row["withdrawn_on"],
            )
            for row in rows
        ],
    )  # fmt: skip


@consent_app.command("withdraw")
def withdraw(
    ctx: typer.Context,
    id: Annotated[str, typer.Argument(metavar="CONSENTEMENT")],  # noqa: A002
    day: Annotated[datetime | None, typer.Option("--day", formats=["%Y-%m-%d"])] = None,
) -> None:
    """Retirer un consentement : il ne vaut plus à partir de ce jour."""
    out = context.output(ctx)
    settings = context.settings(ctx)
    from_day = day.date() if day else settings.day or context.today()
    with opened.hub(ctx) as hub:
        fresh = release.withdraw_consent(hub, id, day=from_day, moment=context.moment())
    if not fresh:
        raise RefusedError(
            f"{id}: it was withdrawn before. Nothing changed.",
            f"{id} : déjà retiré. Rien n'a changé.",
            reason="already-withdrawn",
        )
    out.document({"consent": id, "withdrawn_on": from_day.isoformat()})
    out.say(
        f"Retiré à partir du {from_day}; dès maintenant, rien ne part plus sur sa foi.",
        f"Withdrawn from {from_day}; from now on, nothing leaves on its strength.",
    )
