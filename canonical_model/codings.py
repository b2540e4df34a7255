"""Codes with the version of the list that gives them their meaning.

A list is a file of `codesystems/`, named ``<system>.<day it starts>.yaml``: dated, never edited,
only followed by a newer one. A code that is not in its list, in force on the record's day, is refused.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any

from pydantic import Field, GetCoreSchemaHandler, GetJsonSchemaHandler, StringConstraints, model_validator
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from canonical_model import strict_yaml
from canonical_model.base import Model, Text
from canonical_model.elements import Element
from canonical_model.errors import ConfigurationError

FOLDER = Path(__file__).with_name("codesystems")
_SAID_OF_A_CODE = ("fr", "en", "definition_fr", "definition_en", "source")


@dataclass(frozen=True, slots=True)
class Code:
    """One entry: its code, its words, and one sentence in each language on what it means and does not mean.

    `source`: where the entry comes from. What the entry does not say itself, its list says for all its codes.
    `counts_as_success`: of results; None when nobody published it, and for every other list.
    """

    code: str
    french: str
    english: str
    definition_french: str
    definition_english: str
    source: str
    counts_as_success: bool | None = None


@dataclass(frozen=True, slots=True)
class CodeList:
    """One version of one vocabulary. `version` is the day it comes into force.

    `definition_french`, `definition_english`: hold for each code without its own; empty where each has one.
    `coverage`: complete, partial (only what is public), site (each site's list follows), ours (our own words).
    """

    system: str
    version: str
    source: str
    codes: Mapping[str, Code]
    coverage: str = "complete"
    definition_french: str = ""
    definition_english: str = ""


@cache
def versions(system: str) -> tuple[CodeList, ...]:
    """All versions of a vocabulary, oldest first. Raises ConfigurationError when there is none."""
    found = tuple(_read(path) for path in sorted(FOLDER.glob(f"{system}.*.yaml")))
    if not found:
        raise ConfigurationError(
            f"codesystems/{system}: no such code list. Add {system}.<day>.yaml, or correct the name.",
            f"codesystems/{system} : liste de codes inconnue. Ajoutez {system}.<jour>.yaml, ou corrigez le nom.",
        )
    return found


def starts(system: str) -> tuple[date, ...]:
    """The days on which a version of a vocabulary took the place of another one."""
    return tuple(date.fromisoformat(item.version) for item in versions(system)[1:])


@cache
def _standing(system: str, version: str) -> tuple[date, date] | None:
    """From which day (in) until which day (out) a version is in force; the oldest one since ever."""
    known = [item.version for item in versions(system)]
    if version not in known:
        return None
    at = known.index(version)
    first = date.min if at == 0 else date.fromisoformat(version)
    return first, date.fromisoformat(known[at + 1]) if at + 1 < len(known) else date.max


def in_force(system: str, day: date) -> CodeList:
    """The version in force on `day`; the oldest one for a day before all of them."""
    held = [item for item in versions(system) if item.version <= day.isoformat()]
    return held[-1] if held else versions(system)[0]


def lookup(system: str, code: str, version: str) -> Code | None:
    """The entry of that version, or None."""
    held = _by_version(system).get(version)
    return None if held is None else held.get(code)


@cache
def _by_version(system: str) -> Mapping[str, Mapping[str, Code]]:
    """Every coding of every document comes through here: plain dictionaries."""
    return {item.version: dict(item.codes) for item in versions(system)}


def _read(path: Path) -> CodeList:
    data = strict_yaml.load_file(path)
    system, version = path.stem.split(".", 1)
    if data.get("system") != system or data.get("version") != version:
        raise ConfigurationError(
            f"{path.name}: `system` and `version` must repeat the file's name. Correct them.",
            f"{path.name} : `system` et `version` doivent reprendre le nom du fichier. Corrigez-les.",
        )
    shared = {key: data[key] for key in ("definition_fr", "definition_en", "source") if key in data}
    codes = {key: _code(path.name, key, {**shared, **entry}) for key, entry in data["codes"].items()}
    return CodeList(
        system=system,
        version=version,
        source=data["source"],
        codes=MappingProxyType(codes),
        coverage=data.get("coverage", "complete"),
        definition_french=shared.get("definition_fr", ""),
        definition_english=shared.get("definition_en", ""),
    )


def _code(file: str, code: str, said: Mapping[str, str]) -> Code:
    """What the entry and its list say of one code. Raises ConfigurationError when a part of it is missing."""
    missing = ", ".join(f"`{key}`" for key in _SAID_OF_A_CODE if not said.get(key))
    if missing:
        raise ConfigurationError(
            f"{file}: the code {code} is without {missing}. Write it in the entry, or for the whole list.",
            f"{file} : le code {code} est sans {missing}. Écrivez-le à l'entrée, ou pour toute la liste.",
        )
    return Code(
        code=code,
        french=said["fr"],
        english=said["en"],
        definition_french=said["definition_fr"],
        definition_english=said["definition_en"],
        source=said["source"],
        counts_as_success=_flag(said.get("counts_as_success")),
    )


def _flag(text: str | None) -> bool | None:
    return None if text in (None, "unknown") else text == "yes"


class Coding(Model):
    """A code, its vocabulary, and the version of the list it was read by."""

    system: Annotated[
        str,
        StringConstraints(pattern=r"^[a-z_]{2,40}$"),
        Element("Liste de codes", "Code list", "Name of the vocabulary."),
    ]
    version: Annotated[
        str,
        StringConstraints(pattern=r"^\d{4}-\d{2}-\d{2}$"),
        Element("Version de la liste", "List version", "The day that version came into force."),
    ]
    code: Annotated[
        str,
        StringConstraints(min_length=1, max_length=20),
        Element("Code", "Code", "One code of that version of the list."),
    ]


def refuse_out_of_force(coding: Coding, day: date) -> None:
    """Raise code-not-yet-in-force or code-no-longer-in-force when its list was not the one of that day.

    A list that is unknown is `InSystem`'s to refuse.
    """
    standing = _standing(coding.system, coding.version)
    if standing is None or standing[0] <= day < standing[1]:
        return
    if day < standing[0]:
        raise PydanticCustomError("code-not-yet-in-force", "the list began after the record's day")
    raise PydanticCustomError("code-no-longer-in-force", "another list had followed by the record's day")


@dataclass(frozen=True, slots=True)
class InSystem:
    """Metadata of a Coding: its code is in that vocabulary, in the version that it names.

    Written ``Annotated[Coding, InSystem("sex")]``.
    """

    code_system: str

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self._check, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """The list, and the codes of each of its versions."""
        choices = [
            {"properties": {"version": {"const": item.version}, "code": {"enum": list(item.codes)}}}
            for item in versions(self.code_system)
        ]
        return {**handler(schema), "properties": {"system": {"const": self.code_system}}, "anyOf": choices}

    def _check(self, coding: Coding) -> Coding:
        if coding.system != self.code_system:
            raise PydanticCustomError("wrong-code-system", "the code belongs to another list")
        if lookup(coding.system, coding.code, coding.version) is None:
            raise PydanticCustomError("unknown-code", "the code is not in its list")
        return coding


class CodeableConcept(Model):
    """One thing said by codes of several lists, by words, or by both; never by neither."""

    codings: Annotated[
        tuple[Coding, ...],
        Field(max_length=10),
        Element("Codes", "Codings", "The same thing in several vocabularies; each code is in its list."),
    ] = ()
    text: Annotated[
        Text | None, Element("Texte", "Text", "As the source says it, when no code says it all.")
    ] = None

    @model_validator(mode="after")
    def _says_something_known(self) -> "CodeableConcept":
        if not self.codings and self.text is None:
            raise PydanticCustomError("concept-empty", "a concept has a code or words")
        for coding in self.codings:
            try:
                held = lookup(coding.system, coding.code, coding.version)
            except ConfigurationError:
                raise PydanticCustomError(
                    "wrong-code-system", "the code belongs to a list nobody knows"
                ) from None
            if held is None:
                raise PydanticCustomError("unknown-code", "the code is not in its list")
        return self
