"""The resources, by name. Found by looking: one module a resource, the class has the module's name in CamelCase."""

from functools import cache
from importlib import import_module
from pathlib import Path

from canonical_model.base import Record
from canonical_model.errors import ConfigurationError

NAMES = tuple(
    "".join(word.capitalize() for word in path.stem.split("_"))
    for path in sorted(Path(__file__).parent.glob("*.py"))
    if path.stem != "__init__"
)


@cache
def resource(name: str) -> type[Record]:
    """The class of a resource by name, loaded when asked for. Raises ConfigurationError when unknown."""
    if name not in NAMES:
        raise ConfigurationError(
            f"{name}: no such resource. The model has {', '.join(NAMES)}.",
            f"{name} : ressource inconnue. Le modèle contient {', '.join(NAMES)}.",
        )
    module = "".join(f"_{c.lower()}" if c.isupper() else c for c in name).lstrip("_")
    found: type[Record] = getattr(import_module(f"{__name__}.{module}"), name)
    return found
