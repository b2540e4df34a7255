"""What a new connector's records are made of, guessed from a header or a description. Reads no record.

Of a file only the header is used: its rows may be somebody's. Rows of a sample are invented here.
"""

import csv
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from canonical_model.errors import ConfigurationError
from connectors.kit.scaffold import resources
from connectors.kit.scaffold.resources import NEVER_READ, RESOURCES, Field

LONGEST_HEADER = 65_536  # bytes
_SEPARATORS = (";", ",", "\t", "|")


@dataclass(frozen=True, slots=True)
class Columns:
    """`names`: the hub's words, in order; `named`: the system's own, beside them. `left`: the example's, never read.

    `resource`: what the records describe, by which the columns are recognised.
    """

    names: tuple[str, ...]
    named: tuple[str, ...]
    separator: str = ";"
    encoding: str = "utf-8"
    left: tuple[str, ...] = ()
    resource: str = "Student"

    @property
    def meanings(self) -> Mapping[str, str]:
        """Meaning → our column, for what was recognised."""
        found: dict[str, str] = {}
        for told in self.fields:
            known = [word for word in told.words if word in self.names]
            if known:
                found[told.meaning] = known[0]
        return found

    @property
    def fields(self) -> tuple[Field, ...]:
        """The fields of the resource that a scaffold can map; none for another resource."""
        return RESOURCES.get(self.resource, ())

    @property
    def key(self) -> tuple[str, ...]:
        """The columns that tell rows apart, as far as names can say: to be looked at."""
        meanings = self.meanings
        found = tuple(meanings[told.meaning] for told in self.fields if told.key and told.meaning in meanings)
        return found or self.names[:1]

    @property
    def missing(self) -> tuple[Field, ...]:
        """What the resource needs and no column seems to hold."""
        return tuple(told for told in self.fields if told.required and told.meaning not in self.meanings)

    def rows(self) -> tuple[tuple[str, ...], ...]:
        """Two invented records."""
        values = {
            self.meanings[told.meaning]: told.values for told in self.fields if told.meaning in self.meanings
        }
        return tuple(
            tuple(values[name][number] if name in values else f"{name}-{number + 1}" for name in self.names)
            for number in range(2)
        )


def usual(resource: str) -> Columns:
    """The columns of a list of such records, when nobody gave an example."""
    names = resources.usual(resource)
    return Columns(names, names, resource=resource)


def of_pointers(path: Path, pointers: Sequence[str], resource: str) -> Columns:
    """The columns of a described record. Raises ConfigurationError when two would bear one name."""
    return _checked(path, [way.removeprefix("/") for way in pointers], ";", "utf-8", resource)


def of_file(path: Path, resource: str) -> Columns:
    """The columns of an example, a CSV's header. Raises ConfigurationError when there is none, or one comes twice."""
    with path.open("rb") as file:
        line = file.readline(LONGEST_HEADER)
    try:
        text, encoding = line.decode("utf-8-sig"), "utf-8"
    except UnicodeDecodeError:
        text, encoding = line.decode("windows-1252", "replace"), "windows-1252"
    separator = max(_SEPARATORS, key=text.count)
    header = next(csv.reader([text], delimiter=separator), [])
    return _checked(path, header, separator, encoding, resource)


def _checked(path: Path, named: Sequence[str], separator: str, encoding: str, resource: str) -> Columns:
    named = tuple(item.strip() for item in named)
    names = tuple(map(plain, named))
    if not names or not all(names):
        raise ConfigurationError(
            f"{path}: no names of columns there. Give a file whose first line is a header, or an OpenAPI document.",
            f"{path} : aucun nom de colonne. Donnez un fichier dont la première ligne est l'en-tête, ou un"
            " document OpenAPI.",
        )
    if len(set(names)) != len(names):
        raise ConfigurationError(
            f"{path}: two columns bear the same name. Rename one in the example.",
            f"{path} : deux colonnes portent le même nom. Renommez-en une dans l'exemple.",
        )
    kept = [(name, word) for name, word in zip(names, named, strict=True) if name not in NEVER_READ]
    left = tuple(word for name, word in zip(names, named, strict=True) if name in NEVER_READ)
    return Columns(
        tuple(name for name, _ in kept), tuple(word for _, word in kept), separator, encoding, left, resource
    )


def plain(word: str) -> str:
    """A name as the hub writes it: ``Prénom de l'élève`` → ``prenom_de_l_eleve``, ``birthDate`` → ``birth_date``."""
    split = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", word.strip())
    bare = unicodedata.normalize("NFKD", split).encode("ascii", "ignore").decode().lower()
    name = re.sub(r"[^a-z0-9]+", "_", bare).strip("_")
    return f"c_{name}" if name[:1].isdecimal() else name
