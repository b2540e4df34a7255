"""Reads typed values of billing's YAML files. Refuses an absent, unknown or misshapen one, naming its key."""

import re
from collections.abc import Collection, Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from canonical_model import strict_yaml
from canonical_model.errors import ConfigurationError

_AMOUNT = re.compile(r"^\d{1,7}\.\d{2}$")


def wrong(path: Path, english: str, french: str) -> ConfigurationError:
    """The error for a file that a person must correct; both texts say where in it and what."""
    return ConfigurationError(
        f"{path.name}: {english}. Correct the file.", f"{path.name} : {french}. Corrigez le fichier."
    )


def load(path: Path) -> Mapping[str, Any]:
    """The mapping that a file holds. Raises ConfigurationError when it holds something else."""
    found = strict_yaml.load_file(path)
    if not isinstance(found, dict):
        raise wrong(path, "a mapping of names is expected", "une table de noms est attendue")
    return found


def table(path: Path, entry: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """The mapping under `name`."""
    found = entry.get(name)
    if not isinstance(found, dict):
        raise wrong(path, f"`{name}` is absent or not a table", f"`{name}` manque ou n'est pas une table")
    return found


def text(path: Path, entry: Mapping[str, Any], name: str, pattern: str = r"^.+$") -> str:
    """The text under `name`, of that shape."""
    found = entry.get(name)
    if not isinstance(found, str) or not re.match(pattern, found):
        raise wrong(path, f"`{name}` is absent or misshapen", f"`{name}` manque ou est mal formé")
    return found


def optional(path: Path, entry: Mapping[str, Any], name: str, pattern: str) -> str | None:
    """The text under `name`, of that shape, or None when the name is not there."""
    return text(path, entry, name, pattern) if name in entry else None


def amount(path: Path, entry: Mapping[str, Any], name: str) -> Decimal:
    """The dollars under `name`, written with two decimals."""
    return Decimal(text(path, entry, name, _AMOUNT.pattern))


def day(path: Path, written: str) -> date:
    """A day written as 2024-07-01."""
    try:
        return date.fromisoformat(written)
    except ValueError:
        raise wrong(path, f"{written!r} is not a day", f"{written!r} n'est pas une date") from None


def only(path: Path, entry: Mapping[str, Any], known: Collection[str]) -> None:
    """Refuse a name that nobody reads: a misspelt one would be passed over in silence."""
    if unknown := sorted(entry.keys() - set(known)):
        raise wrong(path, f"unknown key {unknown[0]!r}", f"clé inconnue {unknown[0]!r}")
