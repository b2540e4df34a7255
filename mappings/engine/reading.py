"""A node of a YAML file that knows its place: every refusal names file and line. Refuses surprises."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from canonical_model import strict_yaml
from canonical_model.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class File:
    """One YAML file: its name for messages, the line of each key, and its SHA-256."""

    name: str
    lines: dict[tuple[str, ...], int]
    digest: bytes


@dataclass(frozen=True, slots=True)
class Node:
    """A value of a file and the way that leads to it."""

    file: File
    way: tuple[str, ...]
    value: Any

    @property
    def line(self) -> int:
        """Its line in the file."""
        return self.file.lines[self.way]

    def refuse(self, english: str, french: str) -> ConfigurationError:
        """The error to raise: file, line, and the sentences given, without the place."""
        place = f"{self.file.name}:{self.line}"
        return ConfigurationError(f"{place}: {english}", f"{place} : {french}")

    def get(self, key: str) -> "Node | None":
        """The child of that key, or None."""
        if key not in self.mapping():
            return None
        return Node(self.file, (*self.way, key), self.value[key])

    def need(self, key: str) -> "Node":
        """The child of that key. Raises ConfigurationError when it is absent."""
        found = self.get(key)
        if found is None:
            raise self.refuse(f"`{key}` is missing. Add it.", f"`{key}` manque. Ajoutez-le.")
        return found

    def mapping(self) -> dict[str, Any]:
        """The value, which must be keys and values."""
        if not isinstance(self.value, dict):
            raise self.refuse(
                "keys and values are expected here. Correct the line.",
                "des clés et des valeurs sont attendues ici. Corrigez la ligne.",
            )
        return self.value

    def only(self, *known: str) -> None:
        """Raises ConfigurationError for a key that is not `known`, with the nearest one."""
        for key in self.mapping():
            if key not in known:
                english, french = near(key, known)
                child = Node(self.file, (*self.way, key), None)
                raise child.refuse(
                    f"unknown word `{key}`{english}. Correct or remove it.",
                    f"mot inconnu `{key}`{french}. Corrigez-le ou retirez-le.",
                )

    def children(self) -> Iterator[tuple[str, "Node"]]:
        """Each key with its node."""
        for key, value in self.mapping().items():
            yield key, Node(self.file, (*self.way, key), value)

    def items(self) -> Iterator["Node"]:
        """Each item of a list."""
        if not isinstance(self.value, list) or not self.value:
            raise self.refuse(
                "a list is expected here. Correct the line.",
                "une liste est attendue ici. Corrigez la ligne.",
            )
        for number, value in enumerate(self.value):
            yield Node(self.file, (*self.way, str(number)), value)

    def text(self) -> str:
        """The value, which must be one text, not empty."""
        if not isinstance(self.value, str) or not self.value:
            raise self.refuse(
                "one text is expected here. Correct the line.",
                "un texte est attendu ici. Corrigez la ligne.",
            )
        return self.value

    def texts(self) -> tuple[str, ...]:
        """The value, which must be a list of texts."""
        return tuple(item.text() for item in self.items())

    def one_of(self, *known: str) -> str:
        """The text, which must be one of `known`."""
        if self.text() not in known:
            choice = ", ".join(known)
            raise self.refuse(
                f"one of {choice} is expected. Correct the line.",
                f"une valeur parmi {choice} est attendue. Corrigez la ligne.",
            )
        return self.text()


def read(path: Path, root: Path) -> Node:
    """The whole file as a node; its name in messages is ``mappings/…`` below `root`."""
    name = f"{root.name}/{path.relative_to(root).as_posix()}"
    value = strict_yaml.load_file(path)
    content = path.read_bytes()
    lines = strict_yaml.lines(content.decode(), name)
    return Node(File(name, lines, hashlib.sha256(content).digest()), (), value)


def near(word: str, known: tuple[str, ...]) -> tuple[str, str]:
    """Words that propose the nearest known one, in English and French; empty when none is near."""
    found = get_close_matches(word.lower(), known, n=1, cutoff=0.6)
    return (f" (did you mean `{found[0]}`?)", f" (vouliez-vous `{found[0]}` ?)") if found else ("", "")
