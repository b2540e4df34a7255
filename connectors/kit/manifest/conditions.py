"""What one key of a manifest asks of another: checked on the file, and written into its JSON Schema."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from connectors.kit.manifest.shapes import Schema, Shape, UnfitError, missing


@dataclass(frozen=True)
class Condition:
    """`when` each of these keys (``authentication/kind``) is one of these words, and `without` is not there:

    `needs`: keys that must be there. `refuses`: keys that must not. `fits`: the form of these keys, if there.
    `stream_needs`, `stream_refuses`: the same of every stream; a stream in its short form has the key `key` only.
    `english`, `french`: why, for the message.
    """

    when: Mapping[str, tuple[str, ...]]
    english: str
    french: str
    without: str = ""
    needs: tuple[str, ...] = ()
    refuses: tuple[str, ...] = ()
    fits: Mapping[str, Shape] = field(default_factory=dict)
    stream_needs: tuple[str, ...] = ()
    stream_refuses: tuple[str, ...] = ()

    def check(self, data: Mapping[str, Any]) -> None:
        """Raises UnfitError when the condition holds and what it asks for does not. `data` has its forms."""
        if self.without in data or not all(_at(data, way) in words for way, words in self.when.items()):
            return
        for name in self.needs:
            if name not in data:
                raise self._because(missing((), name))
        for name in self.refuses:
            if name in data:
                raise self._because(_unwanted((name,)))
        for way, shape in self.fits.items():
            value = _at(data, way)
            if value is not None:
                try:
                    shape.check(value, tuple(way.split("/")))
                except UnfitError as error:
                    raise self._because(error) from None
        for name, stream in data.get("streams", {}).items():
            self._check_stream(name, stream if isinstance(stream, dict) else {"key": stream})

    def _check_stream(self, name: str, stream: Mapping[str, Any]) -> None:
        for key in self.stream_needs:
            if key not in stream:
                raise self._because(missing(("streams", name), key))
        for key in self.stream_refuses:
            if key in stream:
                raise self._because(_unwanted(("streams", name, key)))

    def _because(self, error: UnfitError) -> UnfitError:
        return UnfitError(error.way, f"{error.english}: {self.english}", f"{error.french} : {self.french}")

    def schema(self) -> Schema:
        """The same as ``if`` … ``then`` …."""
        asked: Schema = _together(_property(way, {"enum": list(words)}) for way, words in self.when.items())
        if self.without:
            asked["not"] = {"required": [self.without]}
        properties: Schema = dict.fromkeys(self.refuses, False)
        for way, shape in self.fits.items():
            properties |= _property(way, shape.schema(), required=False)["properties"]
        stream: Schema = dict.fromkeys(self.stream_refuses, False)
        if stream or self.stream_needs:
            held: Schema = {"properties": stream} if stream else {}
            if self.stream_needs:
                held |= {"type": "object", "required": list(self.stream_needs)}
            properties["streams"] = {"additionalProperties": held}
        then: Schema = {"properties": properties} if properties else {}
        if self.needs:
            then["required"] = list(self.needs)
        return {"if": asked, "then": then, "$comment": self.english}


def _at(data: Mapping[str, Any], way: str) -> Any:
    """The value at ``authentication/kind``, or None when it is not there."""
    found: Any = data
    for key in way.split("/"):
        found = found.get(key) if isinstance(found, Mapping) else None
    return found


def _property(way: str, shape: Schema, *, required: bool = True) -> Schema:
    for key in reversed(way.split("/")):
        shape = {"properties": {key: shape}} | ({"required": [key]} if required else {})
    return shape


def _together(parts: Iterator[Schema]) -> Schema:
    found: Schema = {"properties": {}, "required": []}
    for part in parts:
        found["properties"] |= part["properties"]
        found["required"] += part["required"]
    return found


def _unwanted(way: tuple[str, ...]) -> UnfitError:
    return UnfitError(way, "has no place here", "n'a pas sa place ici")
