"""The one place that loads connectors by name: found by looking into connectors/systems, loudly.

Light until a connector is asked for: Airflow's parser and `gateway.plan` read manifests through it.
"""

from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from canonical_model.errors import ConfigurationError
from connectors.kit.installation import Installation
from connectors.kit.manifest import Manifest, read
from connectors.kit.protocol import Source, Target

SYSTEMS = Path(__file__).parents[1] / "systems"


def manifests(folder: Path = SYSTEMS) -> tuple[Manifest, ...]:
    """Every connector, by name. A folder without a readable manifest raises ConfigurationError."""
    return tuple(_read(path) for path in folders(folder))


def folders(folder: Path = SYSTEMS) -> tuple[Path, ...]:
    """The folder of every connector, readable or not, in the order of names."""
    found = (path for path in folder.iterdir() if path.is_dir() and path.name[0] not in "_.")
    return tuple(sorted(found))


def manifest(name: str) -> Manifest:
    """The manifest of one connector. Raises ConfigurationError when there is no such connector."""
    if name not in {path.name for path in folders()}:
        raise ConfigurationError(
            f"{name}: no such connector. Correct systems.yaml, or add connectors/systems/{name}.",
            f"{name} : connecteur inconnu. Corrigez systems.yaml, ou ajoutez connectors/systems/{name}.",
        )
    return _read(SYSTEMS / name)


def source(installation: Installation) -> Source:
    """The connector that reads an installed system.

    Raises ConfigurationError when it is not inbound, or a secret of its manifest is not declared.
    """
    made = _entry(installation, "inbound")(installation)
    if not isinstance(made, Source):
        raise _not_a(installation, "Source")
    return made


def target(installation: Installation) -> Target:
    """The connector that delivers to an installed system. Raises ConfigurationError as `source` does."""
    made = _entry(installation, "outbound")(installation)
    if not isinstance(made, Target):
        raise _not_a(installation, "Target")
    return made


_read = cache(read)


def _entry(installation: Installation, direction: str) -> Any:
    found = manifest(installation.connector)
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
    module, _, name = found.entry.partition(":")
    loaded = import_module(f"connectors.systems.{found.name}.{module}")
    if not hasattr(loaded, name):
        raise _not_a(installation, name)
    return getattr(loaded, name)


def _not_a(installation: Installation, kind: str) -> ConfigurationError:
    place = f"connectors/systems/{installation.connector}/manifest.yaml/entry"
    return ConfigurationError(
        f"{place}: it does not name a {kind}. Correct the manifest.",
        f"{place} : ce n'est pas une {kind}. Corrigez le manifeste.",
    )
