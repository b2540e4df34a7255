"""An open hub for a command, and the person that a command names."""

from collections.abc import Iterator
from contextlib import contextmanager

import typer

from canonical_model.errors import ConfigurationError
from gateway.cli import context
from gateway.store import dossier
from gateway.store.hub import Hub, open_hub


@contextmanager
def hub(ctx: typer.Context) -> Iterator[Hub]:
    """The hub of this home. Raises ConfigurationError when nothing was ever run here."""
    given = context.settings(ctx)
    if not given.database_url and not (given.root / "postgres").is_dir():
        raise ConfigurationError(
            f"{given.root}: there is no hub here yet. Run `passerelle demo`, or set PASSERELLE_HOME.",
            f"{given.root} : il n'y a pas encore de passerelle ici. Lancez `passerelle demo`,"
            " ou réglez PASSERELLE_HOME.",
        )
    with open_hub(given) as opened:
        yield opened


def person(opened: Hub, reference: str) -> str:
    """The hub id of a person named by hub id or ``system|value``. Raises ConfigurationError when unknown."""
    with opened.transaction() as connection:
        found = dossier.find_person(connection, reference)
    if found is None:
        raise ConfigurationError(
            "PERSON: nobody here has that identifier. Write a hub id, or system|value as 'fiche:762000|0000123'.",
            "PERSONNE : personne n'a cet identifiant ici. Écrivez un identifiant interne,"
            " ou système|valeur comme 'fiche:762000|0000123'.",
        )
    return found
