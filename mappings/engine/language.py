"""The language of a mapping file as values. Holds what was written; says nothing of whether it is right.

`loader` makes these from YAML, `checker` judges them, `plan` compiles them. README.md of the folder
above says what each word means.
"""

from dataclasses import dataclass
from typing import Literal

from mappings.engine.code_maps import CodeMap

CONTEXT = ("$organization", "$slot")


@dataclass(frozen=True, slots=True)
class Reference:
    """What is read: a ``column`` of a stream, a column of the ``slot``, or a word of the ``context``."""

    kind: Literal["column", "slot", "context"]
    name: str
    stream: str = ""

    @property
    def per_slot(self) -> bool:
        """Whether the value changes from slot to slot."""
        return self.kind == "slot" or self.name == "$slot"


@dataclass(frozen=True, slots=True)
class Test:
    """A closed condition on one cell. `values` are those of ``equals`` (one) and ``in``."""

    __test__ = False  # not a pytest class

    kind: Literal["equals", "in", "blank", "numeric"]
    values: tuple[str, ...] = ()
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Condition:
    """Holds when one of its alternatives holds."""

    alternatives: tuple[tuple[Reference, Test], ...]
    line: int


@dataclass(frozen=True, slots=True)
class Call:
    """One use of a named function."""

    function: str
    arguments: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Field:
    """How one canonical path is filled: by a constant, or by what is read and done to it, in this order:
    put together (`between`), `default` for a blank, `when`, functions, code map.
    """

    path: str
    reads: tuple[Reference, ...]
    between: str
    constant: str | None
    default: str | None
    when: Test | None
    do: tuple[Call, ...]
    code_map: str | None
    line: int

    @property
    def parts(self) -> tuple[str, ...]:
        """The path in parts: ``subject.0.value`` is ``("subject", "0", "value")``."""
        return tuple(self.path.split("."))


@dataclass(frozen=True, slots=True)
class Stream:
    """A stream's contract: its columns, and what an undeclared one does."""

    name: str
    columns: tuple[str, ...]
    unknown_columns: Literal["freeze", "discard"]
    line: int


@dataclass(frozen=True, slots=True)
class Join:
    """At most one row of `stream` for each main row; `on`: (main column, its column). `rule` is the reject
    of a row that finds none; None: the row goes on, its columns blank.
    """

    stream: str
    on: tuple[tuple[str, str], ...]
    rule: str | None
    line: int


@dataclass(frozen=True, slots=True)
class Slot:
    """One of the records that a wide row holds: its name, and its columns as (name in `fields`, column)."""

    name: str
    columns: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Unpivot:
    """Wide columns to rows. A slot in which every column of `present` is blank does not exist."""

    slots: tuple[Slot, ...]
    present: tuple[str, ...]
    line: int

    @property
    def names(self) -> tuple[str, ...]:
        """The names that fields may read."""
        return tuple(name for name, _ in self.slots[0].columns)


@dataclass(frozen=True, slots=True)
class Mapping:
    """One mapping file with the code maps it uses. `digest`: SHA-256 of all of them, in hexadecimal."""

    id: str
    file: str
    resource: str
    stream: str
    key: tuple[str, ...]
    streams: tuple[Stream, ...]
    joins: tuple[Join, ...]
    where: tuple[Condition, ...]
    unpivot: Unpivot | None
    fields: tuple[Field, ...]
    never_read: tuple[Reference, ...]
    code_maps: tuple[tuple[str, CodeMap], ...]
    lines: tuple[tuple[str, int], ...]
    digest: str

    @property
    def system(self) -> str:
        """The folder: ``gpi``."""
        return self.id.split("/", maxsplit=1)[0]

    def code_map(self, name: str) -> CodeMap | None:
        """The code map that `fields` call by that name; None when its file is absent."""
        return dict(self.code_maps).get(name)

    def columns_read(self) -> tuple[tuple[str, str, int], ...]:
        """(stream, column, line) of everything that the mapping uses, the key's and the joins' included."""
        main = self.stream
        found = [(main, column, self.line("key")) for column in self.key]
        for join in self.joins:
            found += [(main, column, join.line) for column, _ in join.on]
            found += [(join.stream, column, join.line) for _, column in join.on]
        named = [(item, field.line) for field in self.fields for item in field.reads]
        named += [(item, condition.line) for condition in self.where for item, _ in condition.alternatives]
        found += [(item.stream, item.name, line) for item, line in named if item.kind == "column"]
        if self.unpivot:
            columns = [column for slot in self.unpivot.slots for _, column in slot.columns]
            found += [(main, column, self.unpivot.line) for column in columns]
        return tuple(found)

    def line(self, way: str) -> int:
        """The line of a top-level word (``key``) or the first line."""
        return dict(self.lines).get(way, 1)
