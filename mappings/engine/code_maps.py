"""Code maps: a system's codes to ours, plain or dated. What is not in one is refused by default."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal

from mappings.engine.reading import Node, read

TEXT = "text"
UNMAPPED = "unmapped-code"  # the rule that a code outside its map breaks


@dataclass(frozen=True, slots=True)
class Entry:
    """`source` means `target` from `start` (in) until `end` (out); None is open."""

    source: str
    target: str
    start: date | None
    end: date | None
    line: int

    def holds(self, day: date) -> bool:
        """Whether the entry is in force that day."""
        return (self.start is None or self.start <= day) and (self.end is None or day < self.end)


@dataclass(frozen=True, slots=True)
class CodeMap:
    """`to`: the canonical code list it leads to, or ``text`` when the target is a plain word. `default` is
    what an unmapped code becomes where `unmapped` is ``default``.
    """

    name: str
    to: str
    unmapped: Literal["refuse", "keep-source", "default"]
    entries: tuple[Entry, ...]
    file: str
    digest: bytes
    default: str = ""

    def changes(self) -> tuple[date, ...]:
        """The days on which what it says changes."""
        return tuple(day for entry in self.entries for day in (entry.start, entry.end) if day is not None)

    def on(self, day: date) -> dict[str, str]:
        """The entries in force that day."""
        return {entry.source: entry.target for entry in self.entries if entry.holds(day)}


def load(path: Path, root: Path) -> CodeMap:
    """One file of `codes/`. Raises ConfigurationError, with the line, for what is not a code map."""
    node = read(path, root)
    node.only("code_map", "to", "unmapped", "default", "codes")
    name = node.need("code_map")
    if name.text() != path.stem:
        raise name.refuse(
            "`code_map` must repeat the file's name. Correct it.",
            "`code_map` doit reprendre le nom du fichier. Corrigez-le.",
        )
    unmapped, default = node.get("unmapped"), node.get("default")
    said = unmapped.one_of("refuse", "keep-source", "default") if unmapped else "refuse"
    if (said == "default") != (default is not None):
        raise node.refuse(
            "`unmapped: default` needs a `default`, and nothing else has one. Correct the code map.",
            "`unmapped: default` exige un `default`, et lui seul. Corrigez la table de codes.",
        )
    return CodeMap(
        name=path.stem,
        to=node.need("to").text(),
        unmapped="keep-source" if said == "keep-source" else "default" if said == "default" else "refuse",
        default=default.text() if default else "",
        entries=tuple(e for code, child in node.need("codes").children() for e in _entries(code, child)),
        file=node.file.name,
        digest=node.file.digest,
    )


def _entries(source: str, node: Node) -> Iterator[Entry]:
    if isinstance(node.value, str):
        yield Entry(source, node.text(), None, None, node.line)
        return
    found: list[Entry] = []
    for item in node.items():
        item.only("code", "from", "until")
        entry = Entry(source, item.need("code").text(), _day(item, "from"), _day(item, "until"), item.line)
        if entry.start and entry.end and entry.end <= entry.start:
            raise item.refuse(
                "this entry ends before it starts. Correct the days.",
                "cette entrée finit avant de commencer. Corrigez les jours.",
            )
        if any(_overlap(entry, other) for other in found):
            raise item.refuse(
                "two entries of this code hold on the same day. Let one end where the next starts.",
                "deux entrées de ce code valent le même jour. Terminez l'une où l'autre commence.",
            )
        found.append(entry)
    yield from found


def _day(node: Node, key: str) -> date | None:
    child = node.get(key)
    if child is None:
        return None
    try:
        return date.fromisoformat(child.text())
    except ValueError:
        raise child.refuse(
            "a day is expected, as 2025-07-01. Correct the line.",
            "un jour est attendu, comme 2025-07-01. Corrigez la ligne.",
        ) from None


def _overlap(one: Entry, other: Entry) -> bool:
    latest = max(one.start or date.min, other.start or date.min)
    return latest < min(one.end or date.max, other.end or date.max)
