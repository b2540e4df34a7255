"""Where the connectors and mappings of a call stand: Passerelle's own, or those of a folder that it names."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from canonical_model.errors import ConfigurationError
from connectors.kit import load
from connectors.kit.load import Connectors
from mappings.engine import loader

Root: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--folder",
        metavar="DOSSIER",
        help="Un dossier qui contient connectors et mappings, comme celui du site.",
    ),
]


@dataclass(frozen=True, slots=True)
class Place:
    """`connectors`, `mappings`: the folders that hold one folder a system."""

    connectors: Path
    mappings: Path

    @property
    def known(self) -> Connectors:
        """The connectors that stand there."""
        if not self.connectors.is_dir():
            raise ConfigurationError(
                f"{self.connectors}: there is no such folder. Name the one that holds connectors and mappings.",
                f"{self.connectors} : ce dossier n'existe pas. Nommez celui qui contient connectors et mappings.",
            )
        return load.under(self.connectors)


def place(root: Path | None) -> Place:
    """The repository's own folders, or those below `root`."""
    if root is None:
        return Place(load.SYSTEMS, loader.ROOT)
    return Place(root.resolve() / "connectors", root.resolve() / "mappings")
