"""`passerelle identifier check`: what can be said of one identifier from its text alone."""

from typing import Annotated

import typer

from canonical_model import identifiers
from canonical_model.errors import ConfigurationError
from gateway.cli import context

identifier_app = typer.Typer(no_args_is_help=True, help="Les identifiants.")


def register(app: typer.Typer) -> None:
    """Add these commands to `passerelle`."""
    app.add_typer(identifier_app, name="identifier")


@identifier_app.command("check")
def check_identifier(
    ctx: typer.Context,
    kind: Annotated[str, typer.Argument(metavar="GENRE")],
    value: Annotated[str, typer.Argument(metavar="VALEUR")],
) -> int:
    """Vérifier la forme d'un identifiant; un avertissement ne le refuse pas."""
    out = context.output(ctx)
    if kind not in identifiers.CHECKS:
        known = ", ".join(identifiers.CHECKS)
        raise ConfigurationError(f"KIND: choose among {known}.", f"GENRE : choisissez parmi {known}.")
    found = (
        identifiers.code_permanent(value, today=context.today())
        if kind == "code-permanent"
        else identifiers.CHECKS[kind](value)
    )
    out.document(
        {
            "kind": kind, "valid": not found.faults, "faults": found.faults, "warnings": found.warnings,
            "decoded": dict(found.decoded),
        }
    )  # fmt: skip
    out.say(
        f"Refusé : {', '.join(found.faults)}" if found.faults else "Bien formé.",
        f"Refused: {', '.join(found.faults)}" if found.faults else "Well formed.",
    )
    if found.warnings:
        out.say(f"Avertissement : {', '.join(found.warnings)}", f"Warning: {', '.join(found.warnings)}")
    for name, text in found.decoded.items():
        out.say(f"  {name}: {text}", f"  {name}: {text}")
    return 1 if found.faults else 0
