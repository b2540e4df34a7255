"""The demonstration's site: an invented province, its systems on loopback, and the files that declare them.

What a person changes stays: a file is written when it is absent, and `systems.yaml` is made anew only
while it still carries the line that says so. A home keeps the province it was begun with.
"""

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from canonical_model.errors import ConfigurationError
from connectors.kit import sandbox
from connectors.kit.province.generate import generate
from connectors.kit.province.model import Province
from connectors.kit.sandbox_system import SandboxSystem
from gateway import keys as hub_keys
from gateway.http import clients
from gateway.operations import private_files
from gateway.settings import Settings
from gateway.store.server import Server

TEMPLATES = Path(__file__).parents[1] / "operations" / "demo_site"
DAY = date(2026, 2, 16)  # step 2 is marked, admissions close on 1 March, slips are due on 28 February
_MARK = (
    "# Fait par « passerelle demo » et refait à chaque démarrage; retirez cette ligne pour garder vos"
    " changements.\n"
)


@dataclass(frozen=True, slots=True)
class Size:
    """Which province: the same size and seed give the same one."""

    students: int = 3000
    boards: int = 3
    seed: int = 20260216


def kept(settings: Settings) -> Size | None:
    """The province of this home; None when it has none (a site of real systems)."""
    path = _size_file(settings)
    return Size(**json.loads(path.read_text("utf-8"))) if path.is_file() else None


def begin(settings: Settings, wanted: Size | None) -> Size:
    """The province to use here, remembered. Raises ConfigurationError when the home began with another."""
    held = kept(settings)
    if held is None:
        if (settings.site_folder / "systems.yaml").is_file():
            raise ConfigurationError(
                f"{settings.site_folder}: real systems are declared here. Set PASSERELLE_HOME to another folder.",
                f"{settings.site_folder} : de vrais systèmes sont déclarés ici. Donnez un autre dossier à"
                " PASSERELLE_HOME.",
            )
        held = wanted or Size()
        private_files.write(_size_file(settings), json.dumps(asdict(held)))
    if wanted is not None and wanted != held:
        raise ConfigurationError(
            f"{settings.root}: this home holds {held.students} students, {held.boards} boards, seed {held.seed}."
            " Use them, set PASSERELLE_HOME to another folder, or delete this one.",
            f"{settings.root} : ce dossier contient {held.students} élèves, {held.boards} organismes, germe"
            f" {held.seed}. Gardez-les, donnez un autre dossier à PASSERELLE_HOME, ou supprimez celui-ci.",
        )
    return held


def province(settings: Settings, size: Size) -> Province:
    """The invented province of a home."""
    try:
        return generate(size.seed, students=size.students, boards=size.boards, day=settings.day or DAY)
    except ValueError as error:
        raise ConfigurationError(
            f"--students, --boards: {error}",
            "--students, --boards : de 1 à 3 organismes, au moins un élève chacun.",
        ) from error


def with_day(settings: Settings) -> Settings:
    """The settings with the demonstration's business day, unless PASSERELLE_DAY says another."""
    if settings.day is not None:
        return settings
    return Settings(**{**settings.model_dump(), "day": DAY})


def write(settings: Settings, size: Size, server: Server) -> None:
    """Declare the simulated systems of a province as they will stand on the sandbox's port."""
    base = f"http://127.0.0.1:{settings.sandbox_port}"
    found = sandbox.find(province(settings, size), sandbox_folder(settings))
    entries = [
        made.entry(f"{base}/{made.connector}/{made.organization}", server.url("postgres")) for made in found
    ]
    declare(settings, found, entries)


def declare(
    settings: Settings, systems: Sequence[SandboxSystem], entries: Sequence[Mapping[str, Any]]
) -> None:
    """Write the site: the systems, and the agreements, prices, accounts, calendar and clients that are absent."""
    site = settings.site_folder
    for template in sorted(TEMPLATES.rglob("*.yaml")):
        path = site / template.relative_to(TEMPLATES)
        if not path.is_file():
            path.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(template, path)
    _write_systems(site, entries)
    public = hub_keys.public_pem(hub_keys.load(settings)).decode()
    for made in systems:
        private_files.write(
            made.folder / "hub.pem", public
        )  # what the partner was given to verify our documents
    for client, secret in clients.provision(site).items():
        private_files.write(sandbox_folder(settings) / "clients" / f"{client}.secret", secret)


def sandbox_folder(settings: Settings) -> Path:
    """Where the simulated systems keep what they must not forget."""
    return settings.root / "sandbox"


def _write_systems(site: Path, entries: Sequence[Mapping[str, Any]]) -> None:
    declared = []
    for entry in entries:
        secrets = {}
        for name, value in entry["secrets"].items():
            place = Path("secrets") / f"{entry['system'].replace('@', '-')}.{name}"
            secrets[name] = {"file": str(place)}
            if not (site / place).is_file():
                private_files.write(site / place, value)
        declared.append({**entry, "secrets": secrets})
    path = site / "systems.yaml"
    if not path.is_file() or path.read_text("utf-8").startswith(_MARK):
        text = yaml.safe_dump(declared, allow_unicode=True, sort_keys=False)
        private_files.write(path, _MARK + text)


def _size_file(settings: Settings) -> Path:
    return settings.site_folder / "sandbox.json"
