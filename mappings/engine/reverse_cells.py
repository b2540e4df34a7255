"""One document as the cells that it came from: its places found, its codes and functions turned back.

What a document cannot have got from the mapping raises Refused, with the path and the rule, never the value.
"""

import json
from collections.abc import Mapping as Named
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from itertools import zip_longest
from typing import Any

from canonical_model import resources
from mappings.engine import reverse_ways
from mappings.engine.code_maps import CodeMap
from mappings.engine.expressions import Node, tree
from mappings.engine.functions import FUNCTIONS
from mappings.engine.language import Field, Mapping, Reference
from mappings.engine.reverse_functions import YES, Unreadable
from mappings.engine.reverse_ways import Way

NO_WAY_BACK = "no-way-back"  # the mapping cannot have made this value from any cell


class Refused(Exception):  # noqa: N818 - not an error of the program: a document is set aside
    """A document that cannot be turned back: where, and by which rule."""

    def __init__(self, path: str, rule: str) -> None:
        super().__init__(f"{path}: {rule}")
        self.path = path
        self.rule = rule


@dataclass(frozen=True)
class Reader:
    """Reads documents of one mapping back, for one organisation and one day."""

    mapping: Mapping
    organization: str
    day: date

    def places(self, document: Named[str, Any]) -> dict[str, Any]:
        """What stands at the path of each field and each list; the items of a list are told apart by constants."""
        found: dict[str, Any] = {}
        for name, node in tree(self.mapping.leaves).items():
            self._walk(node, document.get(name), self._own_day(document), found)
        return found

    def cells(self, document: Named[str, Any], places: Named[str, Any]) -> dict[Reference, str | None]:
        """The text of everything that some way gives; None: blank. Raises Refused."""
        ways = reverse_ways.of(self.mapping)
        day = self._own_day(document)
        cells: dict[Reference, str | None] = {}
        chosen: list[tuple[Way, str]] = []
        for way in ways.ways:
            loose = [item for item in way.gives if item not in ways.settled]
            if not way.exact and not loose:
                continue
            try:
                text = self._text(way.field, places[way.field.path], day)
                if way.field.combine == "first":
                    chosen += [(way, text)] if text is not None else []
                    continue
                parts = _parts(way, text)
            except ValueError:  # Unreadable among them
                if way.exact:
                    raise Refused(way.field.path, NO_WAY_BACK) from None
                continue
            for reference, part in parts.items():
                if way.exact or reference in loose:
                    cells[reference] = cells.get(reference) or part
        for way, text in chosen:
            _choose(way, text, cells, ways.settled)
        return cells

    def _text(self, field: Field, value: Any, day: date) -> str | None:
        """The text that the field was made from. Raises Unreadable."""
        if value is None:
            return None
        code_map = self.mapping.code_map(field.code_map) if field.code_map else None
        if isinstance(value, list):
            back: Any = [_source(code_map, item, self.day) if code_map else item for item in value]
        elif code_map is not None:
            back = _source(code_map, value, day)
        else:
            number = isinstance(value, int | float) and not isinstance(value, bool)
            back = json.dumps(value) if number else value
        for call in reversed(field.do):
            function = FUNCTIONS[call.function]
            if function.inverse is None:
                raise Unreadable
            back = function.inverse(back, *call.arguments)
            if function.gives == "boolean" and self._of_documents:
                back = json.dumps(back == YES)
        if isinstance(back, bool) or not isinstance(back, str):
            raise Unreadable
        return back

    @cached_property
    def _of_documents(self) -> bool:
        """Whether the main stream holds documents, in which a yes is ``true``."""
        return any(item.resource for item in self.mapping.streams if item.name == self.mapping.stream)

    def _own_day(self, document: Named[str, Any]) -> date:
        """The day by which the record's codes were read, as `expressions` has it."""
        way = (
            None
            if self.mapping.form
            else getattr(resources.resource(self.mapping.resource), "CODED_ON", None)
        )
        field = next((item for item in self.mapping.fields if item.path == way), None)
        if field is None or any(item.per_slot for item in field.reads):
            return self.day
        held: Any = document
        for part in field.parts:
            held = held.get(part) if isinstance(held, dict) else None
        try:
            return date.fromisoformat(held) if isinstance(held, str) else self.day
        except ValueError:
            return self.day

    def _walk(self, node: Node, value: Any, day: date, found: dict[str, Any]) -> None:
        if isinstance(node, tuple):
            found[node[0].path] = value
        elif all(name.isdecimal() for name in node):
            items = self._items(list(node.values()), value if isinstance(value, list) else [], day)
            for child, item in zip(node.values(), items, strict=True):
                self._walk(child, item, day, found)
        else:
            for name, child in node.items():
                self._walk(child, value.get(name) if isinstance(value, dict) else None, day, found)

    def _items(self, nodes: list[Node], items: list[Any], day: date) -> list[Any]:
        """The item of each position: the first with its constants, else the first that is left."""
        left = list(items)
        found: list[Any] = [None] * len(nodes)
        for at, node in enumerate(nodes):
            wanted = [item for item in left if _marked(node) and self._agrees(node, item, day)]
            if wanted:
                found[at] = wanted[0]
                left.remove(wanted[0])
        for at, held in enumerate(found):
            if held is None and left:
                found[at] = left.pop(0)
        return found

    def _agrees(self, node: Node, value: Any, day: date) -> bool:
        """Whether the constants of a place are there."""
        if not isinstance(node, tuple):
            below = node.items() if isinstance(value, dict) else ()
            return isinstance(value, dict) and all(
                self._agrees(child, value.get(name), day) for name, child in below if not name.isdecimal()
            )
        field = node[0]
        if field.constant is None:
            return True
        constant = field.constant.replace("$organization", self.organization)
        code_map = self.mapping.code_map(field.code_map) if field.code_map else None
        return bool(_code(value) == (code_map.on(day).get(constant) if code_map else constant))


def _marked(node: Node) -> bool:
    """Whether a constant says which place it is."""
    if isinstance(node, tuple):
        return node[0].constant is not None
    return any(_marked(child) for name, child in node.items() if not name.isdecimal())


def _source(code_map: CodeMap, value: Any, day: date) -> str:
    """The first source of a code that day. Raises Unreadable."""
    code = _code(value)
    for source, target in code_map.on(day).items():
        if target == code:
            return source
    if isinstance(code, str) and code_map.unmapped != "refuse":
        return code  # kept as it was; or the default, which an unmapped text of that name becomes
    raise Unreadable


def _code(value: Any) -> Any:
    return value.get("code") if isinstance(value, dict) else value


def _parts(way: Way, text: str | None) -> dict[Reference, str | None]:
    """The text of each thing that was read. Raises Unreadable.

    Where parts cannot be told apart for sure, the way is not exact, and any cut serves that joins again.
    """
    field = way.field
    if text is None:
        return dict.fromkeys(way.gives, None)
    if field.combine == "alone":
        return dict.fromkeys(way.gives, text)
    size = len(field.reads)
    parts = text.split(field.between) if way.exact else text.split(field.between, size - 1)
    if len(parts) != size and way.exact:
        raise Unreadable
    read = dict(zip_longest(field.reads, parts, fillvalue=""))
    return {item: read[item] or None for item in way.gives}


def _choose(way: Way, text: str, cells: dict[Reference, str | None], settled: frozenset[Reference]) -> None:
    """Give a text to the first of its columns that is blank by no other way."""
    for reference in way.gives:
        if reference not in settled and cells.get(reference) is None:
            cells[reference] = text
            return
        if cells.get(reference) is not None:
            return
