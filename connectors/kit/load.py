"""The one place that loads connectors by name: found by looking into folders, loudly.

Passerelle's own connectors stand in connectors/systems, a site's own in a folder of the site; none may
take the name of another. Light until a connector is asked for: Airflow's parser and `gateway.plan` read
manifests through it.
"""

import hashlib
import sys
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from importlib import import_module
from importlib.machinery import ModuleSpec
from importlib.util import module_from_spec
from pathlib import Path
from types import ModuleType
from typing import Any

from canonical_model.errors import ConfigurationError
from connectors.kit.installation import Installation
from connectors.kit.manifest import FILE, Manifest, read
from connectors.kit.protocol import Source, Target

SYSTEMS = Path(__file__).parents[1] / "systems"


@dataclass(frozen=True, slots=True)
class Connectors:
    """The connectors below some folders, `roots`; a name that two of them have is refused."""

    roots: tuple[Path, ...]

    def folders(self) -> tuple[Path, ...]:
        """The folder of every connector, readable or not, in the order of names. Raises ConfigurationError."""
        found: dict[str, Path] = {}
        for root in self.roots:
            for path in (path for path in root.iterdir() if path.is_dir() and path.name[0] not in "_."):
                if path.name in found:
                    raise ConfigurationError(
                        f"{path}: {found[path.name]} has the same name. Rename this folder.",
                        f"{path} : {found[path.name]} porte le même nom. Renommez ce dossier.",
                    )
                found[path.name] = path
        return tuple(found[name] for name in sorted(found))

    def manifests(self) -> tuple[Manifest, ...]:
        """Every connector, by name. A folder without a readable manifest raises ConfigurationError."""
        return tuple(_read(path) for path in self.folders())

    def manifest(self, name: str) -> Manifest:
        """The manifest of one connector. Raises ConfigurationError when there is no such connector."""
        found = {path.name: path for path in self.folders()}
        if name not in found:
            near = get_close_matches(name, found, n=1)
            english, french = (
                (f" (did you mean {near[0]}?)", f" (vouliez-vous {near[0]} ?)") if near else ("", "")
            )
            raise ConfigurationError(
                f"{name}: no such connector{english}. Correct systems.yaml, or add the connector's folder.",
                f"{name} : connecteur inconnu{french}. Corrigez systems.yaml, ou ajoutez le dossier du connecteur.",
            )
        return _read(found[name])

    def source(self, installation: Installation) -> Source:
        """The connector that reads an installed system.

        Raises ConfigurationError when it is not inbound, or a secret of its manifest is not declared.
        """
        found = self._asked(installation, "inbound")
        if found.entry is None:
            made = import_module("connectors.kit.declared").source(found, installation)
        else:
            made = _entry(found)(installation)
        if not isinstance(made, Source):
            raise _not_a(found, "Source")
        return made

    def target(self, installation: Installation) -> Target:
        """The connector that delivers to an installed system. Raises ConfigurationError as `source` does."""
        found = self._asked(installation, "outbound")
        made = _entry(found)(installation)
        if not isinstance(made, Target):
            raise _not_a(found, "Target")
        return made

    def _asked(self, installation: Installation, direction: str) -> Manifest:
        found = self.manifest(installation.connector)
        if found.direction != direction:
            raise ConfigurationError(
                f"{installation.system}: this connector is not {direction}. Use another system.",
                f"{installation.system} : ce connecteur n'est pas {direction}. Prenez un autre système.",
            )
        for name in found.secrets:
            if not installation.secrets.get(name):
                raise ConfigurationError(
                    f"{installation.system}: the secret {name} is not declared. Add it to systems.yaml.",
                    f"{installation.system} : le secret {name} n'est pas déclaré. Ajoutez-le à systems.yaml.",
                )
        return found


def under(*roots: Path) -> Connectors:
    """The connectors of these folders and of no other: a site's, a scaffold's, a test's."""
    return Connectors(roots)


_OURS = Connectors((SYSTEMS,))


def folders(*roots: Path) -> tuple[Path, ...]:
    """`Connectors.folders` of Passerelle's own, or of `roots`."""
    return (under(*roots) if roots else _OURS).folders()


def manifests(*roots: Path) -> tuple[Manifest, ...]:
    """`Connectors.manifests` of Passerelle's own, or of `roots`."""
    return (under(*roots) if roots else _OURS).manifests()


def manifest(name: str) -> Manifest:
    """`Connectors.manifest` of Passerelle's own."""
    return _OURS.manifest(name)


def source(installation: Installation) -> Source:
    """`Connectors.source` of Passerelle's own."""
    return _OURS.source(installation)


def target(installation: Installation) -> Target:
    """`Connectors.target` of Passerelle's own."""
    return _OURS.target(installation)


def part(folder: Path, name: str) -> ModuleType:
    """The module `name` (``source``, ``target``, ``sandbox``) of a connector's folder, wherever it stands.

    A folder outside connectors/systems becomes a package of its own, so that its modules can import each
    other (``from . import words``) and two sites' folders of one name stay apart. Raises ConfigurationError
    when there is no such file.
    """
    if not (folder / f"{name}.py").is_file():
        raise ConfigurationError(
            f"{folder}: no {name}.py. Add it, or correct `entry` of the manifest.",
            f"{folder} : {name}.py est absent. Ajoutez-le, ou corrigez `entry` du manifeste.",
        )
    package = f"connectors.systems.{folder.name}" if folder.parent == SYSTEMS else _package(folder)
    return import_module(f"{package}.{name}")


def _package(folder: Path) -> str:
    """The name of a package that stands for a folder outside of the repository's own."""
    place = str(folder.resolve())
    name = f"connector_{folder.name}_{hashlib.sha256(place.encode()).hexdigest()[:12]}"
    if name not in sys.modules:
        spec = ModuleSpec(name, None, is_package=True)
        spec.submodule_search_locations = [place]
        sys.modules[name] = module_from_spec(spec)
    return name


def _read(folder: Path) -> Manifest:
    """The manifest as its file is now: read again only when the file has changed."""
    path = folder / FILE
    if not path.is_file():
        return read(folder)  # which says so
    about = path.stat()
    return _read_once(folder, about.st_mtime_ns, about.st_size)


@cache
def _read_once(folder: Path, changed: int, size: int) -> Manifest:  # noqa: ARG001 - they tell two states apart
    return read(folder)


def _entry(found: Manifest) -> Any:
    module, _, name = (found.entry or "").partition(":")
    loaded = part(found.folder, module)
    if not hasattr(loaded, name):
        raise _not_a(found, name)
    return getattr(loaded, name)


def _not_a(found: Manifest, kind: str) -> ConfigurationError:
    place = f"{found.folder / FILE}/entry"
    return ConfigurationError(
        f"{place}: it does not name a {kind}. Correct the manifest.",
        f"{place} : ce n'est pas une {kind}. Corrigez le manifeste.",
    )
