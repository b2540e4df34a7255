"""Reads a contract of columns: which columns a stream has, and what a site calls them.

The file is an allow-list: what it does not name is never read. A site whose system has other names
copies the file, writes them after `named`, and gives its path as the option ``contract`` of the
system; the hub's own names, and so the mappings, stay as they are.

    streams:
      gpm_e_mat_ele:
        named: dbo.gpm_e_mat_ele
        columns:
          fiche: Pupil's file number              # our name, and its meaning
          grp: {named: GROUPE, means: Group}      # this site calls it otherwise
          res_etape_{01..30}: Mark by step        # thirty columns, written once
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from canonical_model import strict_yaml
from canonical_model.errors import ConfigurationError
from connectors.kit.installation import Installation

_NAME = re.compile(r"^[a-z_][a-z0-9_]*$")
_FAMILY = re.compile(r"^(?P<stem>[a-z_][a-z0-9_]*)\{(?P<first>\d+)\.\.(?P<last>\d+)\}$")


@dataclass(frozen=True, slots=True)
class Column:
    """`name`: the hub's word, lower case. `named`: the system's own; it is compared without case."""

    name: str
    named: str


@dataclass(frozen=True, slots=True)
class Stream:
    """One stream of a contract. `named`: its table or the beginning of its file's name."""

    name: str
    named: str
    columns: tuple[Column, ...]

    def column(self, name: str) -> Column:
        """The column of that name. Raises KeyError."""
        return next(column for column in self.columns if column.name == name)

    @property
    def names(self) -> tuple[str, ...]:
        """The hub's names of the columns, in order."""
        return tuple(column.name for column in self.columns)


def of(installation: Installation, default: Path) -> Mapping[str, Stream]:
    """The streams of an installed system: by its option ``contract``, else by the connector's own file."""
    return read(Path(installation.options.get("contract") or default))


def read(path: Path) -> Mapping[str, Stream]:
    """The streams of a contract file. Raises ConfigurationError naming file, stream and column."""
    data = strict_yaml.load_file(path)
    streams = data.get("streams") if isinstance(data, dict) else None
    if not isinstance(streams, dict) or not streams:
        raise _wrong(path, "`streams` names the streams", "`streams` nomme les flux")
    return MappingProxyType({name: _stream(path, name, value) for name, value in streams.items()})


def _stream(path: Path, name: str, value: Any) -> Stream:
    if (
        not isinstance(value, dict)
        or not value.keys() >= {"named", "columns"}
        or not isinstance(value["columns"], dict)
    ):
        raise _wrong(path, f"{name} needs `named` and `columns`", f"{name} demande `named` et `columns`")
    columns = tuple(
        column for key, told in value["columns"].items() for column in _columns(path, name, key, told)
    )
    if len({column.name for column in columns}) != len(columns):
        raise _wrong(path, f"{name}: a column comes twice", f"{name} : une colonne revient deux fois")
    return Stream(name, value["named"], columns)


def _columns(path: Path, stream: str, key: str, told: Any) -> Iterator[Column]:
    if family := _FAMILY.match(key):
        width = len(family["first"])
        for number in range(int(family["first"]), int(family["last"]) + 1):
            name = f"{family['stem']}{number:0{width}d}"
            yield Column(name, name)
        return
    if not _NAME.match(key):
        raise _wrong(path, f"{stream}/{key}: not a column name", f"{stream}/{key} : nom de colonne refusé")
    named = told.get("named", key) if isinstance(told, dict) else key
    yield Column(key, named)


def _wrong(path: Path, english: str, french: str) -> ConfigurationError:
    return ConfigurationError(
        f"{path}: {english}. Correct the file.", f"{path} : {french}. Corrigez le fichier."
    )
