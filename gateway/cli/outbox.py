"""`outbox`: what waits for its partner, and sending it now. Shows no content and no person."""

from typing import Annotated, Any

import sqlalchemy as sa
import typer

from canonical_model.errors import RetryableError
from gateway.cli import context, opened
from gateway.outbox import Courier, queue
from gateway.senders import SENDERS

outbox_app = typer.Typer(no_args_is_help=True, help="Ce qui attend son partenaire.")

Destination = Annotated[
    str | None, typer.Option("--to", metavar="SYSTÈME", help="Un seul système, comme clara@916000.")
]


def register(app: typer.Typer) -> None:
    """Add these commands to `passerelle`."""
    app.add_typer(outbox_app, name="outbox")


@outbox_app.command("list")
def list_outbox(
    ctx: typer.Context,
    destination: Destination = None,
    *,
    every: Annotated[bool, typer.Option("--all", help="Les envois accusés aussi.")] = False,
) -> int:
    """Les envois qui attendent, et ceux que quelqu'un doit regarder (1), dans l'ordre de chaque file."""
    out = context.output(ctx)
    states = () if every else (*queue.OPEN, *queue.GIVEN_UP)
    with opened.hub(ctx) as hub, hub.transaction() as connection:
        rows = queue.listing(connection, destination=destination, states=states)
    found = [_shown(row) for row in rows]
    out.document(found)
    columns = out.words(
        "Système|Clé|État|Essais|Prochain essai|Échec", "System|Key|State|Tries|Next try|Failure"
    )
    out.table(
        "",
        columns.split("|"),
        [
            (
                item["destination"], item["key"], item["state"], str(item["tries"]),
                item["next_try_at"] or "-", item["failure"] or "-",
            )
            for item in found
        ],
    )  # fmt: skip
    return 1 if any(_needs_a_person(item["state"], item["failure"]) for item in found) else 0


@outbox_app.command("send")
def send(ctx: typer.Context, destination: Destination = None) -> int:
    """Envoyer tout ce qui peut partir maintenant; le reste attend son heure. 3 : un partenaire ne répond pas."""
    out = context.output(ctx)
    with opened.hub(ctx) as hub:
        with Courier(hub, SENDERS) as courier:
            steps = courier.work(now=context.moment, only=destination)
        with hub.transaction() as connection:
            waiting = len(queue.listing(connection, destination=destination, states=queue.OPEN))
    sent = sum(step.state == "acknowledged" for step in steps)
    errors = [step.error for step in steps if step.error is not None]
    lasting = [
        step
        for step in steps
        if step.error is not None and (step.moved or not isinstance(step.error, RetryableError))
    ]
    out.document(
        {
            "acknowledged": sent,
            "waiting": waiting,
            "failures": [{"code": error.code, "en": error.english, "fr": error.french} for error in errors],
        }
    )
    out.say(f"{sent} envois accusés, {waiting} en attente.", f"{sent} acknowledged, {waiting} waiting.")
    for error in errors:
        out.say(error.french, error.english)
    if lasting:
        return 1
    return RetryableError.exit_code if errors else 0


def _shown(row: sa.Row[Any]) -> dict[str, Any]:
    waits = row.state in queue.OPEN
    until = max(row.next_try_at, row.blocked_until or row.next_try_at)
    return {
        "destination": row.destination, "key": row.key, "exchange": row.exchange, "route": row.route,
        "state": row.state, "tries": row.tries,
        "queued_at": row.queued_at.isoformat(timespec="seconds"),
        "next_try_at": until.isoformat(timespec="seconds") if waits else None,
        "receipt": row.receipt_number, "failure": row.failure,
    }  # fmt: skip


def _needs_a_person(state: str, failure: str | None) -> bool:
    return state in queue.GIVEN_UP and failure != "nothing-to-send"
