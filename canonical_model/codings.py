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

from pydantic import GetCoreSchemaHandler, StringConstraints
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from canonical_model import strict_yaml
from canonical_model.base import Model
from canonical_model.errors import ConfigurationError

FOLDER = Path(__file__).with_name("codesystems")


@dataclass(frozen=True, slots=True)
class Code:
    """One entry: its code, French and English words, and the marks the list gives it."""

    code: str
    french: str
    english: str
    counts_as_success: bool | None = None


@dataclass(frozen=True, slots=True)
class CodeList:
    """One version of one vocabulary. `version` is the day it comes into force."""

    system: str
    version: str
    source: str
    codes: Mapping[str, Code]


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


def in_force(system: str, day: date) -> CodeList:
    """The version in force on `day`; the oldest one for a day before all of them."""
    held = [item for item in versions(system) if item.version <= day.isoformat()]
    return held[-1] if held else versions(system)[0]


def lookup(system: str, code: str, version: str) -> Code | None:
    """The entry of that version, or None."""
    return next((i.codes.get(code) for i in versions(system) if i.version == version), None)


def _read(path: Path) -> CodeList:
    data = strict_yaml.load_file(path)
    system, version = path.stem.split(".", 1)
    if data.get("system") != system or data.get("version") != version:
        raise ConfigurationError(
            f"{path.name}: `system` and `version` must repeat the file's name. Correct them.",
            f"{path.name} : `system` et `version` doivent reprendre le nom du fichier. Corrigez-les.",
        )
    codes = {
        key: Code(
            code=key,
            french=entry["fr"],
            english=entry["en"],
            counts_as_success=_flag(entry.get("counts_as_success")),
        )
        for key, entry in data["codes"].items()
    }
    return CodeList(system, version, data["source"], MappingProxyType(codes))


def _flag(text: str | None) -> bool | None:
    return None if text in (None, "unknown") else text == "yes"


class Coding(Model):
    """A code, its vocabulary, and the version of the list it was read by."""

    system: Annotated[str, StringConstraints(pattern=r"^[a-z_]{2,40}$")]
    version: Annotated[str, StringConstraints(pattern=r"^\d{4}-\d{2}-\d{2}$")]
    code: Annotated[str, StringConstraints(min_length=1, max_length=20)]


@dataclass(frozen=True, slots=True)
class InSystem:
    """Metadata of a Coding: its code is in that vocabulary, in the version that it names.

    Written ``Annotated[Coding, InSystem("sex")]``.
    """

    code_system: str

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self._check, handler(source))

    def _check(self, coding: Coding) -> Coding:
        if coding.system != self.code_system:
            raise PydanticCustomError("wrong-code-system", "the code belongs to another list")
        if lookup(coding.system, coding.code, coding.version) is None:
            raise PydanticCustomError("unknown-code", "the code is not in its list")
        return coding
