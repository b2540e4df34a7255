"""The table of one school year: tag ← canonical path, codes, words of the answers. Data, never code.

Read from `<site>/ministry/<year>.yaml`, or from the reference table of this package. Refused, with the
file: a year without a table, a resource or a path that the model does not have, a word that is missing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from canonical_model import resources, strict_yaml
from canonical_model.errors import ConfigurationError

FOLDER = Path(__file__).with_name("years")

_KEYS = {"school_year", "code_lists", "transactions", "fields", "errors"}
_TRANSACTIONS = {"number", "create", "modify", "reference"}


@dataclass(frozen=True, slots=True)
class Field:
    """`tag` of the ministry holds the value at `path` of `resource`, through `codes` when there are any."""

    tag: str
    resource: str
    path: str
    codes: Mapping[str, str] | None

    def value(self, records: Mapping[str, Mapping[str, Any]]) -> str | None:
        """The text to declare; None when there is no value. Raises KeyError for a code not in `codes`."""
        found: Any = records[self.resource]
        for part in self.path.split("."):
            found = found.get(part) if isinstance(found, Mapping) else None
        if found is None:
            return None
        return str(found) if self.codes is None else self.codes[str(found)]


@dataclass(frozen=True, slots=True)
class SchoolYear:
    """One table. `number` and `reference` are tags, `create` and `modify` kinds of transactions.

    `code_lists`: version of the ministry's lists. `errors`: code of an answer to (French, English).
    """

    year: int
    code_lists: str
    number: str
    create: str
    modify: str
    reference: str
    fields: tuple[Field, ...]
    errors: Mapping[str, tuple[str, str]]

    def field(self, tag: str | None) -> Field | None:
        """The field of a tag of an answer, or None when the tag is none of a record's."""
        return next((field for field in self.fields if field.tag == tag), None)


def load(site: Path, year: int) -> SchoolYear:
    """The table of the school year that starts in `year`. Raises ConfigurationError."""
    own = site / "ministry" / f"{year}.yaml"
    path = own if own.is_file() else FOLDER / f"{year}.yaml"
    if not path.is_file():
        raise ConfigurationError(
            f"ministry: there is no table of fields for school year {year}. Add {own}.",
            f"ministère : il n'y a pas de table des champs pour l'année scolaire {year}. Ajoutez {own}.",
        )
    data = strict_yaml.load_file(path)
    if not isinstance(data, dict) or data.keys() != _KEYS or data["school_year"] != str(year):
        raise _wrong(path, f"the keys are {', '.join(sorted(_KEYS))}, for the year of the file's name")
    if not isinstance(data["transactions"], dict) or data["transactions"].keys() != _TRANSACTIONS:
        raise _wrong(path, f"`transactions` has {', '.join(sorted(_TRANSACTIONS))}")
    return SchoolYear(
        year=year,
        code_lists=data["code_lists"],
        **data["transactions"],
        fields=tuple(_field(path, tag, said) for tag, said in data["fields"].items()),
        errors=MappingProxyType({code: _words(path, code, said) for code, said in data["errors"].items()}),
    )


def _field(path: Path, tag: str, said: Any) -> Field:
    if not isinstance(said, dict) or not {"resource", "path"} <= said.keys() <= {"resource", "path", "codes"}:
        raise _wrong(path, f"fields/{tag}: resource, path and perhaps codes are expected")
    known = said["resource"] in resources.NAMES and resources.resource(said["resource"]).model_fields
    if not known or said["path"].partition(".")[0] not in known:
        raise _wrong(path, f"fields/{tag}: the model has no such resource or path")
    return Field(tag, said["resource"], said["path"], said.get("codes"))


def _words(path: Path, code: str, said: Any) -> tuple[str, str]:
    if not isinstance(said, dict) or said.keys() != {"fr", "en"}:
        raise _wrong(path, f"errors/{code}: fr and en are expected")
    return said["fr"], said["en"]


def _wrong(path: Path, what: str) -> ConfigurationError:
    return ConfigurationError(
        f"{path}: {what}. Correct the file.", f"{path} : table mal formée ({what}). Corrigez le fichier."
    )
