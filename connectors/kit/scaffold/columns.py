"""What a new connector's records are made of, guessed from a header or an OpenAPI document. Reads no record.

Of a file only the header is used: its rows may be somebody's. Rows of a sample are invented here.
"""

import csv
import json
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from canonical_model import strict_yaml
from canonical_model.errors import ConfigurationError

LONGEST_HEADER = 65_536  # bytes
USUAL = ("fiche", "nom", "prenom", "date_naissance", "sexe")
_SEPARATORS = (";", ",", "\t", "|")
_WORDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "fiche": ("fiche", "no_fiche", "num_fiche", "numero_fiche", "student_id", "id_eleve", "no_eleve", "id"),
        "family_name": ("nom", "nom_famille", "nom_de_famille", "family_name", "last_name", "lastname", "surname"),
        "given_name": ("prenom", "pnom", "given_name", "first_name", "firstname"),
        "birth_date": (
            "date_naissance", "date_naiss", "dt_naiss", "date_de_naissance", "birth_date", "birthdate", "dob",
        ),
        "sex": ("sexe", "sex", "genre", "gender"),
        "code_permanent": ("code_permanent", "code_perm", "cd_perm", "codeperm"),
    }
)  # fmt: skip
_PEOPLE: tuple[Mapping[str, str], ...] = (  # invented, as all of samples/
    {
        "fiche": "1001", "family_name": "Côté", "given_name": "Élodie", "birth_date": "2009-07-10", "sex": "F",
        "code_permanent": "COTE72570905",
    },
    {
        "fiche": "1002", "family_name": "Lévesque-Tremblay", "given_name": "Noé", "birth_date": "2021-03-02",
        "sex": "M", "code_permanent": "",
    },
)  # fmt: skip
STUDENT = ("fiche", "family_name", "given_name", "birth_date", "sex")


@dataclass(frozen=True, slots=True)
class Columns:
    """`names`: the hub's words, in order; `named`: the system's own, beside them. The key is the first of `key`."""

    names: tuple[str, ...]
    named: tuple[str, ...]
    separator: str = ";"
    encoding: str = "utf-8"

    @property
    def meanings(self) -> Mapping[str, str]:
        """Meaning → our column, for what was recognised."""
        found: dict[str, str] = {}
        for meaning, words in _WORDS.items():
            known = [name for word in words for name in self.names if name == word]
            if known:
                found[meaning] = known[0]
        return found

    @property
    def key(self) -> str:
        """The column that tells rows apart, as far as a name can say: to be looked at."""
        return self.meanings.get("fiche", self.names[0])

    @property
    def missing(self) -> tuple[str, ...]:
        """What a Student needs and no column seems to hold."""
        return tuple(meaning for meaning in STUDENT if meaning not in self.meanings)

    def rows(self) -> tuple[tuple[str, ...], ...]:
        """Two invented records."""
        meaning = {name: what for what, name in self.meanings.items()}
        return tuple(
            tuple(person[meaning[name]] if name in meaning else f"{name}-{number}" for name in self.names)
            for number, person in enumerate(_PEOPLE, start=1)
        )


def usual() -> Columns:
    """The columns of a list of pupils, when nobody gave an example."""
    return Columns(USUAL, USUAL)


def of_file(path: Path) -> Columns:
    """The columns of an example: a CSV's header, or the first object schema of an OpenAPI document.

    Raises ConfigurationError when there is none, or two columns would bear one name.
    """
    if path.suffix.lower() in (".yaml", ".yml", ".json"):
        return _checked(path, _of_openapi(path), ";", "utf-8")
    with path.open("rb") as file:
        line = file.readline(LONGEST_HEADER)
    try:
        text, encoding = line.decode("utf-8-sig"), "utf-8"
    except UnicodeDecodeError:
        text, encoding = line.decode("windows-1252", "replace"), "windows-1252"
    separator = max(_SEPARATORS, key=text.count)
    header = next(csv.reader([text], delimiter=separator), [])
    return _checked(path, header, separator, encoding)


def _checked(path: Path, named: Sequence[str], separator: str, encoding: str) -> Columns:
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
    return Columns(names, named, separator, encoding)


def plain(word: str) -> str:
    """A name as the hub writes it: ``Prénom de l'élève`` → ``prenom_de_l_eleve``, ``birthDate`` → ``birth_date``."""
    split = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", word.strip())
    bare = unicodedata.normalize("NFKD", split).encode("ascii", "ignore").decode().lower()
    name = re.sub(r"[^a-z0-9]+", "_", bare).strip("_")
    return f"c_{name}" if name[:1].isdecimal() else name


def _of_openapi(path: Path) -> list[str]:
    text = path.read_text("utf-8")
    try:
        document = json.loads(text) if path.suffix == ".json" else strict_yaml.load(text, path.name)
    except ValueError as error:
        raise ConfigurationError(
            f"{path}: this is not JSON. Correct the file.",
            f"{path} : ce n'est pas du JSON. Corrigez le fichier.",
        ) from error
    return next(_objects(document), [])


def _objects(document: Any) -> Iterator[list[str]]:
    """The names of each object schema whose properties are plain values, in the order of the document."""
    schemas = document.get("components", {}).get("schemas", {}) if isinstance(document, dict) else {}
    for schema in schemas.values():
        properties = schema.get("properties", {}) if isinstance(schema, dict) else {}
        held = [name for name, told in properties.items() if isinstance(told, dict) and _is_plain(told)]
        if properties and len(held) == len(properties):
            yield held


def _is_plain(told: Mapping[str, Any]) -> bool:
    kind = told.get("type")
    return kind not in ("array", "object") and "$ref" not in told
