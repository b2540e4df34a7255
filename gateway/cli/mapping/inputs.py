"""What the commands that run a mapping share: its input files as streams, its organisation, its day."""

from collections.abc import Mapping as Named
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from typing import Annotated, TypeAlias

import polars as pl
import typer

from canonical_model import identifiers
from canonical_model.errors import ConfigurationError
from gateway.cli import context
from gateway.mapping_files import StreamFile
from gateway.mapping_runs import Input
from mappings.engine import loader
from mappings.engine.language import Mapping

Id: TypeAlias = Annotated[str, typer.Argument(metavar="ID")]
Inputs: TypeAlias = Annotated[list[str], typer.Option("--input", metavar="[FLUX=]FICHIER")]
Organization: TypeAlias = Annotated[str, typer.Option("--organization", metavar="NNNNNN")]
Day: TypeAlias = Annotated[datetime | None, typer.Option("--day", formats=["%Y-%m-%d"])]
Folder: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--mappings", metavar="DOSSIER", help="Un autre dossier mappings, par exemple celui du site."
    ),
]

PLACEHOLDER = "762000"  # the organisation of a trial that names none


@dataclass(frozen=True)
class Trial:
    """One run that stores nothing: the file of each stream, and who speaks on which day."""

    files: Named[str, StreamFile]
    organization: str
    day: date

    @property
    def paths(self) -> dict[str, Path]:
        """The path of each stream's file."""
        return {name: file.path for name, file in self.files.items()}

    @cached_property
    def frames(self) -> dict[str, pl.DataFrame]:
        """Each stream whole, read once."""
        return {name: file.whole() for name, file in self.files.items()}

    def read(self, mapping: Mapping) -> Input:
        """What a run of that mapping reads."""
        return Input(dict(self.files), self.system(mapping), self.organization, self.day)

    def system(self, mapping: Mapping) -> str:
        """The installation, for messages: ``gpi@762000``."""
        return f"{mapping.system}@{self.organization}"


def root(folder: Path | None) -> Path:
    """Where mappings are read: the folder that a call names, or ours.

    Raises ConfigurationError for one that holds no mapping.
    """
    if folder is None:
        return loader.ROOT
    if not loader.ids(folder):
        raise ConfigurationError(
            f"{folder}: no mapping there. Name the folder that holds the folders of the systems.",
            f"{folder} : aucune correspondance. Nommez le dossier qui contient ceux des systèmes.",
        )
    return folder


def trial(
    ctx: typer.Context,
    mappings: Sequence[Mapping],
    inputs: Sequence[str],
    *,
    organization: str,
    day: datetime | None,
) -> Trial:
    """The input of one run, or of the same run by several mappings.

    Raises ConfigurationError for an organisation that is not six digits, a stream that is unknown or that
    was not given, and a file that cannot be read.
    """
    if identifiers.CHECKS["organisme"](organization).faults:
        raise ConfigurationError(
            "--organization: write six digits.", "--organization : écrivez six chiffres."
        )
    paths = _paths(mappings, inputs)
    streams = {stream.name: stream for mapping in reversed(mappings) for stream in mapping.streams}
    return Trial(
        files={name: StreamFile(path, streams[name]) for name, path in paths.items()},
        organization=organization,
        day=day.date() if day else context.settings(ctx).day or context.today(),
    )


def _paths(mappings: Sequence[Mapping], inputs: Sequence[str]) -> dict[str, Path]:
    """Stream → file. A file without ``STREAM=`` is the main stream."""
    found = {}
    known = {stream.name for mapping in mappings for stream in mapping.streams}
    names = ", ".join(mapping.id for mapping in mappings)
    for item in inputs:
        name, equals, path = item.rpartition("=")
        name = name if equals else mappings[0].stream
        if name not in known:
            raise ConfigurationError(
                f"--input {name}=: {names} reads {', '.join(sorted(known))}. Correct the name.",
                f"--input {name}= : {names} lit {', '.join(sorted(known))}. Corrigez le nom.",
            )
        found[name] = Path(path)
    if missing := sorted(known - found.keys()):
        raise ConfigurationError(
            f"--input: {names} also reads {', '.join(missing)}. Add --input {missing[0]}=FILE.",
            f"--input : {names} lit aussi {', '.join(missing)}. Ajoutez --input {missing[0]}=FICHIER.",
        )
    return found
