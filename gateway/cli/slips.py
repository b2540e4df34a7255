"""`rl24`: the RL-24 slips handed to whoever may transmit them. Shows files and counts, never a person."""

from typing import Annotated, Any

import typer

from gateway.billing import slip_sending
from gateway.billing.slip_sending import Transmitted
from gateway.cli import context, opened

rl24_app = typer.Typer(no_args_is_help=True, help="Les relevés 24.")


@rl24_app.callback()
def group() -> None:
    """Les relevés 24."""


def register(app: typer.Typer) -> None:
    """Add these commands to `passerelle`."""
    app.add_typer(rl24_app, name="rl24")


@rl24_app.command("transmit")
def transmit(
    ctx: typer.Context,
    year: Annotated[int, typer.Argument(metavar="ANNÉE", min=2000, max=2999, help="L'année d'imposition.")],
    system: Annotated[
        str, typer.Option("--to", metavar="SYSTÈME", help="À qui, comme revenu_quebec@000003.")
    ],
    board: Annotated[
        str | None, typer.Option("--board", metavar="CODE", help="Un seul organisme scolaire.")
    ] = None,
) -> int:
    """Remettre une fois chaque fichier de l'année, puis lire les reçus; NON CERTIFIÉ, à l'essai seulement."""
    out = context.output(ctx)
    with opened.hub(ctx) as hub:
        found = slip_sending.transmit(
            hub, year=year, system=system, organization=board, moment=context.moment()
        )
    out.document([_shown(item) for item in found])
    columns = out.words(
        "Fichier|Relevés|Répondu|Acceptés|Refusés", "File|Slips|Answered|Accepted|Refused"
    ).split("|")
    rows = [(item.file, str(item.slips), item.answered, str(item.accepted), _reasons(item)) for item in found]
    out.table("", columns, rows)
    if not found:
        out.say(
            f"{year} : aucun fichier de relevés n'est écrit.", f"{year}: no file of slips has been written."
        )
        return 1
    return 1 if any(item.refused for item in found) else 0


def _shown(item: Transmitted) -> dict[str, Any]:
    return {
        "file": item.file, "exchange": item.exchange, "slips": item.slips, "answered": item.answered,
        "accepted": item.accepted, "refused": dict(item.refused),
    }  # fmt: skip


def _reasons(item: Transmitted) -> str:
    return ", ".join(f"{reason} {count}" for reason, count in item.refused.items()) or "-"
