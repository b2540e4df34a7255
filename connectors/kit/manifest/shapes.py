"""The forms that a manifest's values may have. Each form checks a value and writes its own JSON Schema.

So the reader and the schema cannot disagree: there is one table (`grammar`), made of these. What is refused
is said with its place in the file, in English and French; a key that nobody knows, with the nearest one.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from types import MappingProxyType
from typing import Any

Schema = dict[str, Any]
Way = tuple[str, ...]


class UnfitError(Exception):
    """A value does not have its form. `way`: the keys that lead to it; `english`, `french`: said of that place."""

    def __init__(self, way: Way, english: str, french: str) -> None:
        super().__init__(english)
        self.way, self.english, self.french = way, english, french


class Shape(ABC):
    """The form of one value."""

    kind = ""  # the JSON type of the values it may have: string, array or object

    @abstractmethod
    def check(self, value: Any, way: Way) -> None:
        """Raises UnfitError for the first thing in `value` that does not have this form."""

    @abstractmethod
    def schema(self) -> Schema:
        """The same as JSON Schema 2020-12."""


@dataclass(frozen=True)
class Text(Shape):
    """One text: not empty, of the whole `pattern`, one of `words`.

    `number`: an editor reads it as a number when it is not quoted; the hub reads text all the same.
    `english`, `french`: what is expected, for the message.
    """

    pattern: str = r"[\s\S]+"
    words: tuple[str, ...] = ()
    number: bool = False
    english: str = "a text"
    french: str = "un texte"
    kind = "string"

    def check(self, value: Any, way: Way) -> None:
        """Refuses another type, another word, another pattern."""
        if self.words and (not isinstance(value, str) or value not in self.words):
            said = " | ".join(self.words)
            raise UnfitError(way, f"must be {said}", f"doit être {said}")
        if not isinstance(value, str) or not re.fullmatch(self.pattern, value):
            raise UnfitError(way, f"must be {self.english}", f"doit être {self.french}")

    def schema(self) -> Schema:
        """A string, or the number that an editor takes it for."""
        if self.words:
            return {"type": "string", "enum": list(self.words)}
        return {"type": ["string", "number"] if self.number else "string", "pattern": f"^(?:{self.pattern})$"}


@dataclass(frozen=True)
class Items(Shape):
    """A list of values of one form; `some`: not empty."""

    item: Shape
    some: bool = False
    kind = "array"

    def check(self, value: Any, way: Way) -> None:
        """Refuses what is not a list, an empty one where some are needed, an item of another form."""
        if not isinstance(value, list) or (self.some and not value):
            raise UnfitError(way, "must be a list, as [a, b]", "doit être une liste, comme [a, b]")
        for number, item in enumerate(value):
            self.item.check(item, (*way, str(number)))

    def schema(self) -> Schema:
        """An array."""
        return {"type": "array", "items": self.item.schema()} | ({"minItems": 1} if self.some else {})


@dataclass(frozen=True)
class Named(Shape):
    """Names that the connector chooses, of one pattern, each with a value of one form; `some`: not empty."""

    item: Shape
    pattern: str
    some: bool = True
    kind = "object"

    def check(self, value: Any, way: Way) -> None:
        """Refuses what is not keys and values, a name of another pattern, a value of another form."""
        if not isinstance(value, dict) or (self.some and not value):
            raise _no_keys(way)
        for name, item in value.items():
            if not re.fullmatch(self.pattern, name):
                raise UnfitError((*way, name), "is not a name here", "n'est pas un nom permis ici")
            self.item.check(item, (*way, name))

    def schema(self) -> Schema:
        """An object with pattern properties."""
        found: Schema = {
            "type": "object",
            "propertyNames": {"pattern": f"^(?:{self.pattern})$"},
            "additionalProperties": self.item.schema(),
        }
        return found | ({"minProperties": 1} if self.some else {})


@dataclass(frozen=True)
class Key:
    """A key of the manifest: what may stand there and what it means."""

    name: str
    shape: Shape
    english: str
    french: str
    required: bool = False


@dataclass(frozen=True)
class Keys(Shape):
    """A block of known keys. `some_of`: at least one of these must be there."""

    keys: tuple[Key, ...]
    some_of: tuple[str, ...] = ()
    kind = "object"

    @property
    def names(self) -> tuple[str, ...]:
        """Its keys, in the order of the table."""
        return tuple(key.name for key in self.keys)

    def check(self, value: Any, way: Way) -> None:
        """Refuses an unknown key with the nearest known one, a missing key, a value of another form."""
        if not isinstance(value, dict):
            raise _no_keys(way)
        for name in value:
            if name not in self.names:
                near = get_close_matches(name.lower(), self.names, n=1)
                english, french = "is an unknown key", "est une clé inconnue"
                if near:
                    english += f" (did you mean `{near[0]}`?)"
                    french += f" (vouliez-vous `{near[0]}` ?)"
                raise UnfitError((*way, name), english, french)
        for key in self.keys:
            if key.required and key.name not in value:
                raise missing(way, key.name)
        if self.some_of and not value.keys() & set(self.some_of):
            raise missing(way, self.some_of[0])
        for key in self.keys:
            if key.name in value:
                key.shape.check(value[key.name], (*way, key.name))

    def schema(self) -> Schema:
        """A closed object; each property says what it means in both languages."""
        found: Schema = {
            "type": "object",
            "properties": {
                key.name: key.shape.schema() | {"description": f"{key.english}\n\n{key.french}"}
                for key in self.keys
            },
            "additionalProperties": False,
        }
        if required := [key.name for key in self.keys if key.required]:
            found["required"] = required
        if self.some_of:
            found["anyOf"] = [{"required": [name]} for name in self.some_of]
        return found


@dataclass(frozen=True)
class Kinds(Shape):
    """A block whose key `kind` says which other keys it has. `cases`: they, by kind."""

    cases: Mapping[str, tuple[Key, ...]]
    kind = "object"

    def check(self, value: Any, way: Way) -> None:
        """Refuses an unknown kind, then what the block of its kind refuses."""
        if not isinstance(value, dict):
            raise _no_keys(way)
        if "kind" not in value:
            raise missing(way, "kind")
        Text(words=tuple(self.cases)).check(value["kind"], (*way, "kind"))
        self._block(value["kind"]).check(value, way)

    def schema(self) -> Schema:
        """One closed object a kind."""
        return {"oneOf": [self._block(name).schema() for name in self.cases]}

    def _block(self, name: str) -> Keys:
        kind = Key("kind", Text(words=(name,)), "Which one.", "Lequel.", required=True)
        return Keys((kind, *self.cases[name]))


@dataclass(frozen=True)
class Either(Shape):
    """One of several forms, told apart by the JSON type, and two blocks by the key that only one has."""

    shapes: tuple[Shape, ...]

    def check(self, value: Any, way: Way) -> None:
        """Refuses what the form of that type refuses, and a type that no form has."""
        kind = _TYPES.get(type(value))
        fitting = [shape for shape in self.shapes if shape.kind == kind]
        if not fitting:
            said = [_KINDS[shape.kind] for shape in self.shapes]
            english = " or ".join(dict.fromkeys(word for word, _ in said))
            french = " ou ".join(dict.fromkeys(word for _, word in said))
            raise UnfitError(way, f"must be {english}", f"doit être {french}")
        block = next((s for s in fitting if isinstance(s, Keys) and s.names[0] in value), fitting[0])
        block.check(value, way)

    def schema(self) -> Schema:
        """One of the forms."""
        return {"oneOf": [shape.schema() for shape in self.shapes]}


_TYPES: Mapping[type, str] = MappingProxyType({str: "string", list: "array", dict: "object"})
_KINDS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "string": ("a text", "un texte"),
        "array": ("a list", "une liste"),
        "object": ("keys and values", "des clés et des valeurs"),
    }
)


def missing(way: Way, name: str) -> UnfitError:
    """The complaint about a key that is not there."""
    return UnfitError((*way, name), "is missing", "manque")


def _no_keys(way: Way) -> UnfitError:
    return UnfitError(way, "must be keys and values", "doit être des clés et des valeurs")
