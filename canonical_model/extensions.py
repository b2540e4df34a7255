"""Extension: what a site must carry before the model has a field for it. Refuses what nobody registered.

`extensions.yaml` names each one with its owner and the day it was registered. One level of named parts and
no more: the types themselves bound depth and size, so that no document can hide a tree in one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, cast

from pydantic import BeforeValidator, Field, GetCoreSchemaHandler, StringConstraints, model_validator
from pydantic_core import CoreSchema, PydanticCustomError

from canonical_model import strict_yaml
from canonical_model.base import Model
from canonical_model.elements import Element
from canonical_model.errors import ConfigurationError

FILE = Path(__file__).with_name("extensions.yaml")
MOST = 20  # extensions of a resource, and parts of an extension
_KEYS = {"owner", "registered", "kind", "fr", "en"}
_KINDS = {"text": str, "number": int, "yes-no": bool, "date": str, "parts": type(None)}


class _OneRule:
    """Metadata of a union: what fits none of its kinds breaks one rule, not one for each kind tried."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        schema = handler(source)
        words = {"custom_error_type": "extension-wrong-kind", "custom_error_message": "another kind of value"}
        return cast("CoreSchema", {**schema, **words})


def _refuse_depth(value: Any) -> Any:
    """An object or a list in place of a value has its own name."""
    if isinstance(value, (dict, list)):
        raise PydanticCustomError("extension-too-deep", "an extension has one level of named parts")
    return value


Value = Annotated[
    Annotated[str, StringConstraints(min_length=1, max_length=1000)] | bool | int,
    _OneRule(),
    BeforeValidator(_refuse_depth),
]


@dataclass(frozen=True, slots=True)
class Registered:
    """One entry of the registry: who answers for it, since when, its words and its kind."""

    url: str
    owner: str
    registered: date
    kind: str
    french: str
    english: str


@cache
def registry() -> Mapping[str, Registered]:
    """Every registered extension by url. Raises ConfigurationError when an entry is not whole."""
    found = {}
    for url, entry in strict_yaml.load_file(FILE).items():
        if entry.keys() != _KEYS or not all(entry.values()) or entry["kind"] not in _KINDS:
            raise ConfigurationError(
                f"extensions.yaml: {url} must have owner, registered, kind ({', '.join(_KINDS)}), fr and en. "
                "Write them.",
                f"extensions.yaml : {url} doit avoir owner, registered, kind ({', '.join(_KINDS)}), fr et en. "
                "Écrivez-les.",
            )
        day = date.fromisoformat(entry["registered"])
        found[url] = Registered(url, entry["owner"], day, entry["kind"], entry["fr"], entry["en"])
    return MappingProxyType(found)


class ExtensionPart(Model):
    """One named part of an extension."""

    name: Annotated[
        str,
        StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,39}$"),
        Element("Nom de la partie", "Part name", "Small letters, digits, hyphens."),
    ]
    value: Annotated[Value, Element("Valeur", "Value", "A text, a whole number, or yes or no.")]


class Extension(Model):
    """A registered url with one value, or with named parts."""

    url: Annotated[
        str,
        StringConstraints(pattern=r"^[a-z][a-z0-9+.-]*:\S{1,200}$"),
        Element("Identifiant de l'extension", "Extension url", "As extensions.yaml registers it."),
    ]
    value: Annotated[
        Value | None, Element("Valeur", "Value", "A text, a whole number, yes or no, or a date as text.")
    ] = None
    parts: Annotated[
        Annotated[tuple[ExtensionPart, ...], Field(min_length=1, max_length=MOST)] | None,
        Element("Parties", "Parts", "In place of a value, when the registry says so."),
    ] = None

    @model_validator(mode="after")
    def _is_registered(self) -> "Extension":
        known = registry().get(self.url)
        if known is None:
            raise PydanticCustomError("unknown-extension", "the extension is not registered")
        if type(self.value) is not _KINDS[known.kind] or (self.parts is not None) != (known.kind == "parts"):
            raise PydanticCustomError("extension-wrong-kind", "the extension holds another kind of value")
        if known.kind == "date" and not _is_day(self.value):
            raise PydanticCustomError("extension-wrong-kind", "the extension holds another kind of value")
        return self


def _is_day(value: object) -> bool:
    try:
        return date.fromisoformat(str(value)).isoformat() == value
    except ValueError:
        return False
