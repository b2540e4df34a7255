"""Parameters that change without us: one YAML file a version, named by the day it starts. Guesses none.

Files stand in `parameters/`, as ``exam_weight.2024-07-01.yaml``: never edited, only followed by a later one.
Unlike a code list, nothing stands in for a day before the first file: that day is unknown.
"""

from datetime import date
from pathlib import Path
from typing import Any

from canonical_model import strict_yaml
from canonical_model.errors import ConfigurationError

FOLDER = Path(__file__).with_name("parameters")


def in_force(name: str, day: date, *, folder: Path = FOLDER) -> dict[str, Any]:
    """The parameters of that name in force on `day`, every scalar as text.

    Raises ConfigurationError when no version had started by then, or a file contradicts its name.
    """
    held = [path for path in sorted(folder.glob(f"{name}.*.yaml")) if _version(path) <= day.isoformat()]
    if not held:
        raise ConfigurationError(
            f"parameters/{name}: no version is in force on {day}. Add {name}.<day>.yaml with its source.",
            f"parameters/{name} : aucune version n'est en vigueur le {day}. "
            f"Ajoutez {name}.<jour>.yaml avec sa source.",
        )
    data: dict[str, Any] = strict_yaml.load_file(held[-1])
    if data.get("parameter") != name or data.get("version") != _version(held[-1]) or not data.get("source"):
        raise ConfigurationError(
            f"{held[-1].name}: `parameter` and `version` must repeat the file's name, and `source` be given. "
            "Correct them.",
            f"{held[-1].name} : `parameter` et `version` doivent reprendre le nom du fichier, et `source` être "
            "donnée. Corrigez-les.",
        )
    return data


def _version(path: Path) -> str:
    return path.stem.split(".", 1)[1]
