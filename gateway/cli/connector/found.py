"""Where the connectors and mappings of a call stand: Passerelle's own and the site's, or a folder that it names."""

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
    """`connectors`, `mappings`: the folders that hold one folder a system. `site`: read beside them."""

    connectors: Path
    mappings: Path
    site: Path | None = None

    def mappings_of(self, connector: Path) -> Path:
        """The folder of mappings that goes with a connector's folder: the site's own beside the site's own."""
        own = self.site is not None and connector.parent == self.site / "connectors"
        return self.site / "mappings" if own and self.site is not None else self.mappings

    @property
    def known(self) -> Connectors:
        """The connectors that stand there, and the site's own."""
        if not self.connectors.is_dir():
            raise ConfigurationError(
                f"{self.connectors}: there is no such folder. Name the one that holds connectors and mappings.",
                f"{self.connectors} : ce dossier n'existe pas. Nommez celui qui contient connectors et mappings.",
            )
        own = self.site / "connectors" if self.site is not None else None
        return load.under(self.connectors, *((own,) if own is not None and own.is_dir() else ()))


def place(root: Path | None, site: Path | None = None) -> Place:
    """The folders below `root`; without it the repository's own, and those of the site's folder when it has some."""
    if root is None:
        return Place(load.SYSTEMS, loader.ROOT, site.resolve() if site is not None else None)
    return Place(root.resolve() / "connectors", root.resolve() / "mappings")
