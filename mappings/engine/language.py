"""The language of a mapping file as values. Holds what was written; says nothing of whether it is right.

`loader` makes these from YAML, `checker` judges them, `plan` compiles them. README.md of the folder
above says what each word means.
"""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from mappings.engine.code_maps import CodeMap
from mappings.engine.forms import Form

Combine = Literal["alone", "between", "first", "percent"]
CONTEXT = ("$organization", "$slot")
ROW_NUMBER = "$row"


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
    """A closed condition on one cell. `values` are those of ``equals`` (one) and ``in``, or the day of
    ``before`` and ``after``, which ask the first ten characters of the cell, ``2025-09-30``.
    """

    __test__ = False  # not a pytest class

    kind: Literal["equals", "in", "blank", "numeric", "before", "after"]
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
    """How one path is filled: by a constant, or by what is read and done to it, in this order:
    several made one (`combine`), `default` for a blank, `when`, functions, code map.
    """

    path: str
    reads: tuple[Reference, ...]
    combine: Combine
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
    """A stream's contract: its columns, what an undeclared one does, and the functions that must be able
    to read a column (`types`).

    A stream of canonical documents names their `resource` and, for each column, its path in the document.
    `format` is how its file is written, as the readers of files understand it.
    """

    name: str
    columns: tuple[str, ...]
    unknown_columns: Literal["freeze", "discard", "evolve"]
    line: int
    types: tuple[tuple[str, str], ...] = ()
    resource: str = ""
    paths: tuple[tuple[str, str], ...] = ()
    format: tuple[tuple[str, Any], ...] = field(default=(), hash=False)  # may hold blocks, which have no hash


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
class ChildList:
    """The rows of another stream as the items of the list at `path`, in the order of the columns `order`.

    `on`: (main column, its column); `fields` read that stream, and their paths lie below one item.
    """

    path: str
    stream: str
    on: tuple[tuple[str, str], ...]
    order: tuple[str, ...]
    fields: tuple[Field, ...]
    line: int

    @property
    def whole(self) -> Field:
        """The list as one field of the record, which reads all that its items read."""
        reads = tuple(dict.fromkeys(item for field in self.fields for item in field.reads))
        return Field(self.path, reads, "alone", "", None, None, None, (), None, self.line)


@dataclass(frozen=True, slots=True)
class Reversal:
    """How a mapping is read backwards: not at all (`reversible` is False), or all but the columns that are
    `lossy`, each with the reason; `main` streams are those written.
    """

    reversible: bool
    lossy: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Mapping:
    """One mapping file with the code maps and the form it uses. `digest`: SHA-256 of all of them, in
    hexadecimal. `resource` is the canonical one that it makes, or the name of the `form`.
    """

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
    lists: tuple[ChildList, ...]
    never_read: tuple[Reference, ...]
    reversal: Reversal | None
    code_maps: tuple[tuple[str, CodeMap], ...]
    lines: tuple[tuple[str, int], ...]
    digest: str
    form: Form | None = None

    @property
    def system(self) -> str:
        """The folder: ``gpi``."""
        return self.id.split("/", maxsplit=1)[0]

    @property
    def numbered(self) -> bool:
        """Whether rows are told apart by their number alone (``key: [$row]``)."""
        return self.key == (ROW_NUMBER,)

    @cached_property
    def leaves(self) -> tuple[Field, ...]:
        """The fields of a record, each list of child rows as one."""
        return (*self.fields, *(item.whole for item in self.lists))

    @property
    def joined(self) -> tuple[Join | ChildList, ...]:
        """Every other stream, and how its rows are found from a main row."""
        return (*self.joins, *self.lists)

    def code_map(self, name: str) -> CodeMap | None:
        """The code map that `fields` call by that name; None when its file is absent."""
        return dict(self.code_maps).get(name)

    def columns_read(self) -> tuple[tuple[str, str, int], ...]:
        """(stream, column, line) of everything that the mapping uses, the key's and the joins' included."""
        main = self.stream
        found = [] if self.numbered else [(main, column, self.line("key")) for column in self.key]
        for join in self.joined:
            found += [(main, column, join.line) for column, _ in join.on]
            found += [(join.stream, column, join.line) for _, column in join.on]
        for item in self.lists:
            found += [(item.stream, column, item.line) for column in item.order]
        named = [(item, field.line) for field in self.leaves for item in field.reads]
        named += [(item, condition.line) for condition in self.where for item, _ in condition.alternatives]
        found += [(item.stream, item.name, line) for item, line in named if item.kind == "column"]
        if self.unpivot:
            columns = [column for slot in self.unpivot.slots for _, column in slot.columns]
            found += [(main, column, self.unpivot.line) for column in columns]
        return tuple(found)

    def line(self, way: str) -> int:
        """The line of a top-level word (``key``) or the first line."""
        return dict(self.lines).get(way, 1)
