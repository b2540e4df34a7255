"""`passerelle connector …`: list, check, make, sample and try connectors. Asks no real partner but with `read`."""

import typer

from gateway.cli.connector import checking, listing, making, reading, sampling

connector_app = typer.Typer(no_args_is_help=True, help="Les connecteurs : ce qui parle aux systèmes.")

_COMMANDS = (
    ("list", listing.list_connectors),
    ("check", checking.check),
    ("new", making.new),
    ("sample", sampling.sample),
    ("read", reading.read),
)
for _name, _command in _COMMANDS:
    connector_app.command(_name)(_command)


def register(app: typer.Typer) -> None:
    """Add these commands to `passerelle`."""
    app.add_typer(connector_app, name="connector")
