"""The bodies of Québec education by public code: the 72 boards, the 48 cégeps, the universities, the ministry.

Files of `organizations/`, named ``organizations.<day>.yaml``: dated, never edited, only followed by a newer
one. Nothing is read from a code: Granby (904001) is a whole cégep, Joliette (910000) belongs to Lanaudière
(940000). Schools and buildings are not here: they come from each board's own systems.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from canonical_model import codings, strict_yaml
from canonical_model.errors import ConfigurationError

FOLDER = Path(__file__).with_name("organizations")
NAME = "organizations"
TYPES = "organization_type"
NETWORKS = ("french", "english", "special")
COLLEGES = ("cegep", "regional_college")
UNIVERSITIES = ("university", "university_member")
_KEYS = {"fr", "en", "type", "network", "parent", "grouping", "source"}
_CODE = re.compile(r"[0-9]{6}")


@dataclass(frozen=True, slots=True)
class Entry:
    """One body. `code` is text: its leading zeros count.

    `french`: short name, as the ministry lists it. `english`: only where the body has one.
    `type`: of the code list ``organization_type``. `network`: of a board: french, english or special.
    `parent`: code of the body it is part of, or None. `grouping`: its members are listed and counted apart,
    so that adding it to them counts twice. `source`: where the entry comes from.
    """

    code: str
    french: str
    english: str | None
    type: str
    network: str | None
    parent: str | None
    grouping: bool
    source: str


@dataclass(frozen=True, slots=True)
class Registry:
    """One dated file. `version` is the day of the list it was taken from."""

    version: str
    source: str
    entries: Mapping[str, Entry]


@cache
def versions() -> tuple[Registry, ...]:
    """All versions, oldest first. Raises ConfigurationError when there is none or one is not whole."""
    found = tuple(_read(path) for path in sorted(FOLDER.glob(f"{NAME}.*.yaml")))
    if not found:
        raise ConfigurationError(
            f"{FOLDER.name}: no registry of organisations. Put back {NAME}.<day>.yaml.",
            f"{FOLDER.name} : aucun registre des organismes. Remettez {NAME}.<jour>.yaml.",
        )
    return found


def in_force(day: date) -> Registry:
    """The last version that has begun on `day`; the oldest one for a day before all of them."""
    held = [item for item in versions() if item.version <= day.isoformat()]
    return held[-1] if held else versions()[0]


def organization(code: str, day: date) -> Entry | None:
    """The body of that code on `day`, or None: a school, a building, or a code that nobody lists."""
    return in_force(day).entries.get(code)


def boards(day: date) -> tuple[Entry, ...]:
    """The school service centres and school boards on `day`, by code."""
    return _of_types(day, ("board",))


def colleges(day: date) -> tuple[Entry, ...]:
    """The cégeps and regional colleges on `day`, by code. Constituents are members of theirs."""
    return _of_types(day, COLLEGES)


def universities(day: date) -> tuple[Entry, ...]:
    """The universities on `day`, by code, each once: groupings and their offices are left out."""
    return _of_types(day, UNIVERSITIES)


def members(code: str, day: date) -> tuple[Entry, ...]:
    """The bodies that are part of that one on `day`, by code. Empty for a code that nobody lists."""
    return tuple(item for item in in_force(day).entries.values() if item.parent == code)


def _of_types(day: date, types: tuple[str, ...]) -> tuple[Entry, ...]:
    return tuple(item for item in in_force(day).entries.values() if item.type in types)


def _read(path: Path) -> Registry:
    data = strict_yaml.load_file(path)
    name, version = path.stem.split(".", 1)
    if not isinstance(data, dict) or (data.get("registry"), data.get("version")) != (name, version):
        raise ConfigurationError(
            f"{path.name}: `registry` and `version` must repeat the file's name. Correct them.",
            f"{path.name} : `registry` et `version` doivent reprendre le nom du fichier. Corrigez-les.",
        )
    held = {code: _entry(path, code, entry, data["source"]) for code, entry in data[NAME].items()}
    for entry in held.values():
        if entry.parent is not None and entry.parent not in held:
            raise _wrong(path, entry.code, "its parent is not listed", "son organisme parent n'est pas listé")
    by_code = {code: held[code] for code in sorted(held)}
    return Registry(version, data["source"], MappingProxyType(by_code))


def _entry(path: Path, code: str, entry: Any, source: str) -> Entry:
    if not _CODE.fullmatch(code):
        raise _wrong(path, code, "a code has six digits", "un code a six chiffres")
    if not isinstance(entry, dict) or not {"fr", "type"} <= entry.keys() <= _KEYS:
        raise _wrong(
            path,
            code,
            f"an entry has fr and type, and may have {', '.join(sorted(_KEYS - {'fr', 'type'}))}",
            f"une entrée a fr et type, et peut avoir {', '.join(sorted(_KEYS - {'fr', 'type'}))}",
        )
    if entry["type"] not in codings.versions(TYPES)[-1].codes:
        raise _wrong(path, code, f"its type is not in {TYPES}", f"son type n'est pas dans {TYPES}")
    if entry.get("network") not in (None, *NETWORKS):
        known = ", ".join(NETWORKS)
        raise _wrong(path, code, f"its network is none of {known}", f"son réseau n'est pas parmi {known}")
    return Entry(
        code=code,
        french=entry["fr"],
        english=entry.get("en"),
        type=entry["type"],
        network=entry.get("network"),
        parent=entry.get("parent"),
        grouping=entry.get("grouping") == "yes",
        source=entry.get("source", source),
    )


def _wrong(path: Path, code: str, english: str, french: str) -> ConfigurationError:
    return ConfigurationError(
        f"{path.name}: {code}: {english}. Correct the entry.",
        f"{path.name} : {code} : {french}. Corrigez l'entrée.",
    )
