"""A connector's manifest: what it is, which streams and mappings it has, how far it has come.

Light on purpose: Airflow's parser reads it, so nothing here opens a connection or loads a large
library. Refused, with the file and the key: an unknown key, a missing one, a name that is not the
folder's, a quality rung that is exempt without a reason.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, cast

from canonical_model import strict_yaml
from canonical_model.errors import ConfigurationError

FILE = "manifest.yaml"

_REQUIRED = frozenset({"name", "direction", "protocol", "owner", "schedule", "entry", "contract", "quality"})
_REQUIRED_INBOUND = frozenset({"identity", "streams", "mappings"})
KEYS = _REQUIRED | _REQUIRED_INBOUND | {"secrets"}
_NAME = re.compile(r"^[a-z][a-z0-9_]*$")
_ENTRY = re.compile(r"^(source|target):[A-Z][A-Za-z0-9]*$")
_MAPPING = re.compile(r"^[a-z0-9_]+(/[a-z0-9_]+)+@[1-9][0-9]*$")
_RUNG = re.compile(r"^[a-z0-9]+(-[a-z0-9]+)*$")


@dataclass(frozen=True, slots=True)
class Contract:
    """`kind`: published by the vendor, or Passerelle's own reference. `path`: its file or folder."""

    kind: Literal["published", "reference"]
    path: Path


@dataclass(frozen=True, slots=True)
class Rung:
    """One named quality and where the connector stands on it; `reason` is there when it is exempt."""

    state: Literal["done", "todo", "exempt"]
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Manifest:
    """One connector. `streams`: name to key columns, in the order they are pulled. `secrets`: names only.

    `identity`: whether its people are new to the hub (`establishes`) or must be known (`refers`);
    None for a connector that is written to. `schedule`: cron of the site's day, as a proposal.
    """

    name: str
    folder: Path
    direction: Literal["inbound", "outbound"]
    protocol: str
    owner: str
    schedule: str
    entry: str
    identity: Literal["establishes", "refers"] | None
    streams: Mapping[str, tuple[str, ...]]
    mappings: tuple[str, ...]
    secrets: tuple[str, ...]
    contract: Contract
    quality: Mapping[str, Rung]


def read(folder: Path) -> Manifest:
    """The manifest of a connector's folder. Raises ConfigurationError naming the file and the key."""
    path = folder / FILE
    if not path.is_file():
        raise ConfigurationError(
            f"{folder}: no {FILE}. Add one, or delete the folder.",
            f"{folder} : {FILE} est absent. Ajoutez-le, ou supprimez le dossier.",
        )
    data = strict_yaml.load_file(path)
    if not isinstance(data, dict):
        raise _wrong(path, "keys and values are expected", "des clés et des valeurs sont attendues")
    return _checked(_Reader(path, data), folder)


def _checked(reader: "_Reader", folder: Path) -> Manifest:
    direction = reader.one_of("direction", ("inbound", "outbound"))
    inbound = direction == "inbound"
    reader.expect(_REQUIRED | (_REQUIRED_INBOUND if inbound else frozenset()), KEYS)
    if reader.text("name", _NAME) != folder.name:
        raise _wrong(reader.path, f"`name` must be {folder.name}", f"`name` doit être {folder.name}")
    entry = reader.text("entry", _ENTRY)
    if entry.startswith("source:") != inbound:
        raise _wrong(
            reader.path,
            "`entry` must name a source when inbound, a target when outbound",
            "`entry` doit nommer une source en entrée, une cible en sortie",
        )
    return Manifest(
        name=folder.name,
        folder=folder,
        direction=cast("Literal['inbound', 'outbound']", direction),
        protocol=reader.text("protocol"),
        owner=reader.text("owner"),
        schedule=reader.text("schedule"),
        entry=entry,
        identity=cast(
            "Literal['establishes', 'refers'] | None",
            reader.one_of("identity", ("establishes", "refers")) if inbound else None,
        ),
        streams=reader.streams(),
        mappings=reader.texts("mappings", _MAPPING),
        secrets=reader.texts("secrets", _NAME),
        contract=reader.contract(folder),
        quality=reader.quality(),
    )


class _Reader:
    """One manifest file being checked, key by key; every complaint names the file."""

    def __init__(self, path: Path, data: dict[str, Any]) -> None:
        self.path = path
        self._data = data

    def expect(self, required: frozenset[str], known: frozenset[str]) -> None:
        """Refuse a key nobody knows, then the first one that is missing."""
        if unknown := sorted(self._data.keys() - known):
            raise _wrong(self.path, f"unknown key {unknown[0]!r}", f"clé inconnue {unknown[0]!r}")
        if missing := sorted(required - self._data.keys()):
            raise _wrong(self.path, f"the key {missing[0]!r} is missing", f"la clé {missing[0]!r} manque")

    def text(self, key: str, shape: re.Pattern[str] | None = None) -> str:
        """The text of a key, not empty, of that shape."""
        value = self._data.get(key)
        if not isinstance(value, str) or not value or (shape is not None and not shape.match(value)):
            raise _wrong(self.path, f"`{key}` is not well formed", f"`{key}` est mal formé")
        return value

    def one_of(self, key: str, words: tuple[str, ...]) -> str:
        """The text of a key, one of `words`."""
        value = self._data.get(key)
        if value not in words:
            said = " | ".join(words)
            raise _wrong(self.path, f"`{key}` must be {said}", f"`{key}` doit être {said}")
        return cast("str", value)

    def texts(self, key: str, shape: re.Pattern[str]) -> tuple[str, ...]:
        """A list of texts of that shape; an absent key is an empty list."""
        value = self._data.get(key, [])
        if not isinstance(value, list) or not all(isinstance(v, str) and shape.match(v) for v in value):
            raise _wrong(self.path, f"`{key}` is a list of names", f"`{key}` est une liste de noms")
        return tuple(value)

    def streams(self) -> Mapping[str, tuple[str, ...]]:
        """Stream name to the columns of its key, written ``{consents: [number]}``."""
        value = self._data.get("streams", {})
        right = isinstance(value, dict) and all(
            isinstance(keys, list) and keys and all(isinstance(k, str) and _NAME.match(k) for k in keys)
            for keys in value.values()
        )
        if not right:
            raise _wrong(
                self.path,
                "`streams` gives each stream the list of its key columns",
                "`streams` donne à chaque flux la liste de ses colonnes clés",
            )
        return MappingProxyType({name: tuple(keys) for name, keys in value.items()})

    def contract(self, folder: Path) -> Contract:
        """Kind and place of the contract; the file must be there."""
        value = self._data["contract"]
        if not isinstance(value, dict) or value.keys() != {"kind", "file"}:
            raise _wrong(self.path, "`contract` is {kind, file}", "`contract` est {kind, file}")
        if value["kind"] not in ("published", "reference"):
            raise _wrong(
                self.path,
                "`contract.kind` must be published | reference",
                "`contract.kind` doit être published | reference",
            )
        place = folder / str(value["file"])
        if not place.exists():
            raise _wrong(
                self.path, f"{value['file']} is absent from the folder", f"{value['file']} manque au dossier"
            )
        return Contract(value["kind"], place)

    def quality(self) -> Mapping[str, Rung]:
        """Each rung: ``done``, ``todo`` or ``{exempt: reason}``."""
        value = self._data["quality"]
        if not isinstance(value, dict) or not value:
            raise _wrong(self.path, "`quality` names the rungs", "`quality` nomme les échelons")
        return MappingProxyType({name: self._rung(name, state) for name, state in value.items()})

    def _rung(self, name: str, state: Any) -> Rung:
        if _RUNG.match(name):
            if state in ("done", "todo"):
                return Rung(state)
            if isinstance(state, dict) and state.keys() == {"exempt"} and state["exempt"]:
                return Rung("exempt", str(state["exempt"]))
        raise _wrong(
            self.path,
            f"quality/{name}: write done, todo or {{exempt: reason}}",
            f"quality/{name} : écrivez done, todo ou {{exempt: motif}}",
        )


def _wrong(path: Path, english: str, french: str) -> ConfigurationError:
    return ConfigurationError(
        f"{path}: {english}. Correct the file.", f"{path} : {french}. Corrigez le fichier."
    )
