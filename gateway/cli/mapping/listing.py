"""`mapping list` and `mapping check`: which mappings there are, and whether they can run. Reads no record."""

from typing import Annotated

import typer

from gateway.cli import context
from gateway.cli.mapping import inputs as given
from mappings.engine import checker, loader


def list_mappings(ctx: typer.Context, *, mappings: given.Folder = None) -> None:
    """Les correspondances : identifiant, ressource produite, flux lus."""
    out = context.output(ctx)
    rows = [
        {"id": item.id, "resource": item.resource, "streams": [stream.name for stream in item.streams]}
        for item in loader.load_all(given.root(mappings))
    ]
    out.document(rows)
    columns = out.words("Correspondance|Ressource|Flux", "Mapping|Resource|Streams").split("|")
    out.table("", columns, [(row["id"], row["resource"], ", ".join(row["streams"])) for row in rows])


def check(
    ctx: typer.Context,
    id: Annotated[str | None, typer.Argument(metavar="ID")] = None,  # noqa: A002
    *,
    mappings: given.Folder = None,
) -> int:
    """Vérifier une correspondance, ou toutes, avant tout usage."""
    out = context.output(ctx)
    root = given.root(mappings)
    held = (loader.load(id, root),) if id else loader.load_all(root)
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
