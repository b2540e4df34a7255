"""The site's own files: which systems are installed where, where their secrets lie, the school years.

`systems.yaml` of the site's folder is a list; one entry is one installation of one connector:

    - system: gpi@762000            # connector @ organisation
      address: postgresql://…       # what the connector's README asks for; never a secret in it
      secrets: {password: {file: secrets/gpi-762000}}     # or {env: NAME}
      options: {…}                  # connector's own, all text

Secrets are read when a connector is made, never kept, never printed.

A site's own connector is a folder of `connectors/` in the site's folder, made as those of connectors/systems
are (``passerelle connector new --folder SITE``), with its mappings in `mappings/`; nothing of the package is touched.
"""

import os
import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from canonical_model import strict_yaml
from canonical_model.errors import ConfigurationError
from connectors.kit import load
from connectors.kit.installation import Installation


@dataclass(frozen=True, slots=True)
class SchoolYear:
    """One school year, named by its starting year; the period is half-open. `census`: 30 September."""

    year: int
    start: date
    end: date
    census: date


_SYSTEM = re.compile(r"([a-z][a-z0-9_]*)@([0-9]{6})")
_KNOWN = {"system", "address", "secrets", "options"}


def installations(site: Path) -> tuple[Installation, ...]:
    """Every installed system of the site, in the order of the file. Raises ConfigurationError."""
    path = site / "systems.yaml"
    entries = strict_yaml.load_file(path)
    if not isinstance(entries, list):
        raise _wrong(path, "a list of systems is expected", "une liste de systèmes est attendue")
    found = tuple(_installation(path, site, entry) for entry in entries)
    names = [item.system for item in found]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise _wrong(path, f"{twice[0]} is written twice", f"{twice[0]} est écrit deux fois")
    return found


def installation(site: Path, system: str) -> Installation:
    """One installed system by name, as ``gpi@762000``. Raises ConfigurationError when it is not installed."""
    for found in installations(site):
        if found.system == system:
            return found
    raise _wrong(site / "systems.yaml", f"{system} is not installed here", f"{system} n'est pas installé ici")


def connectors(site: Path) -> load.Connectors:
    """Passerelle's connectors and, in `connectors/` of the site's folder, the site's own."""
    own = site / "connectors"
    return load.under(load.SYSTEMS, *((own,) if own.is_dir() else ()))


def mapping_root(site: Path, identifier: str, ours: Path) -> Path:
    """The folder where a mapping (``gpi/student@1``) is looked for: `ours`, or the site's own `mappings/`.

    The site's is for its own connectors: it cannot stand before a system of `ours`.
    """
    system = identifier.partition("/")[0]
    own = site / "mappings"
    return own if (own / system).is_dir() and not (ours / system).is_dir() else ours


def school_year(site: Path, day: date) -> SchoolYear:
    """The school year that `day` lies in, by `calendar.yaml`: no formula on months decides it.

    Raises ConfigurationError when the calendar does not hold that day.
    """
    path = site / "calendar.yaml"
    entries = strict_yaml.load_file(path)
    try:
        years = [
            SchoolYear(
                year=int(entry["year"]),
                start=date.fromisoformat(entry["start"]),
                end=date.fromisoformat(entry["end"]),
                census=date.fromisoformat(entry["census"]),
            )
            for entry in entries["school_years"]
        ]
    except (KeyError, TypeError, ValueError) as error:
        raise _wrong(
            path,
            "each school year needs year, start, end and census (yyyy-mm-dd)",
            "chaque année scolaire demande year, start, end et census (aaaa-mm-jj)",
        ) from error
    for found in years:
        if found.start <= day < found.end:
            return found
    raise _wrong(path, f"no school year holds {day}", f"aucune année scolaire ne contient le {day}")


def _installation(path: Path, site: Path, entry: Any) -> Installation:
    system = entry.get("system") if isinstance(entry, dict) else None
    match = _SYSTEM.fullmatch(system) if isinstance(system, str) else None
    if match is None:
        raise _wrong(
            path, "`system` must be connector@organisation", "`system` doit être connecteur@organisme"
        )
    if unknown := sorted(entry.keys() - _KNOWN):
        raise _wrong(path, f"unknown key {unknown[0]!r}", f"clé inconnue « {unknown[0]} »")
    address = entry.get("address", "")
    if not isinstance(address, str):
        raise _wrong(path, f"{system}: `address` must be text", f"{system} : `address` doit être du texte")
    secrets = _named(path, str(system), "secrets", entry)
    options = _named(path, str(system), "options", entry)
    if nested := [name for name, value in options.items() if not isinstance(value, str)]:
        raise _wrong(
            path,
            f"{system}: the option {nested[0]} must be text",
            f"{system} : l'option {nested[0]} doit être du texte",
        )
    return Installation(
        connector=match[1],
        organization=match[2],
        address=address,
        secrets={name: _secret(path, site, str(system), name, where) for name, where in secrets.items()},
        options=options,
    )


def _named(path: Path, system: str, key: str, entry: dict[str, Any]) -> dict[str, Any]:
    """The names and values below a key; none when it is absent or left empty."""
    held = entry.get(key) or {}
    if not isinstance(held, dict):
        raise _wrong(path, f"{system}: `{key}` must hold names", f"{system} : `{key}` doit contenir des noms")
    return held


def _secret(path: Path, site: Path, system: str, name: str, where: Any) -> str:
    kind, place = next(iter(where.items())) if isinstance(where, dict) and len(where) == 1 else (None, None)
    if kind not in ("env", "file") or not isinstance(place, str):
        raise _wrong(
            path,
            f"{system}: the secret {name} is given by {{env: NAME}} or {{file: path}} only",
            f"{system} : le secret {name} se donne seulement par {{env: NOM}} ou {{file: chemin}}",
        )
    if kind == "env":
        value, place = os.environ.get(place), f"${place}"
    else:
        value = _content(path, site / place, system, name)
    if not value:
        raise _wrong(
            path,
            f"{system}: the secret {name} ({place}) is absent or empty",
            f"{system} : le secret {name} ({place}) est absent ou vide",
        )
    return value


def _content(path: Path, file: Path, system: str, name: str) -> str | None:
    try:
        return file.read_text("utf-8").strip()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as error:  # ValueError: not UTF-8, or no path at all
        raise _wrong(
            path,
            f"{system}: the secret {name} cannot be read as a file of text",
            f"{system} : le secret {name} ne se lit pas comme un fichier texte",
        ) from error


def _wrong(path: Path, english: str, french: str) -> ConfigurationError:
    return ConfigurationError(
        f"{path}: {english}. Correct the file.", f"{path} : {french}. Corrigez le fichier."
    )
