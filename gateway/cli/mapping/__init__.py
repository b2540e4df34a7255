"""`passerelle mapping …`: list, check and try mappings; ask where a value comes from, what a change would change."""

import typer

from gateway.cli.mapping import codes, diff, explain, listing, papers, reverse, run

mapping_app = typer.Typer(no_args_is_help=True, help="Les fichiers de correspondance.")

_COMMANDS = (
    ("list", listing.list_mappings),
    ("check", listing.check),
    ("run", run.run),
    ("reverse", reverse.reverse_documents),
    ("explain", explain.explain),
    ("codes", codes.codes),
    ("diff", diff.diff),
    ("page", papers.page),
    ("schema", papers.schema),
)
for _name, _command in _COMMANDS:
    mapping_app.command(_name)(_command)


def register(app: typer.Typer) -> None:
    """Add these commands to `passerelle`."""
    app.add_typer(mapping_app, name="mapping")
