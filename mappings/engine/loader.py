"""Reads mapping files, strictly: an unknown word, a wrong shape or a stray file stops with file and line.

Whether what is written makes sense is the checker's question. A used file is never edited: version 2
stands beside version 1.
"""

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from canonical_model.errors import ConfigurationError
from mappings.engine import code_maps
from mappings.engine.language import (
    Call,
    Condition,
    Field,
    Join,
    Mapping,
    Reference,
    Slot,
    Stream,
    Test,
    Unpivot,
)
from mappings.engine.reading import Node, near, read

ROOT = Path(__file__).resolve().parent.parent

_FILE = re.compile(r"^([a-z][a-z0-9_]*)\.v([1-9][0-9]*)\.yaml$")
_NAME = re.compile(r"^[a-z][a-z0-9_]*$")
_RANGE = re.compile(r"^(.*)\{(\d+)\.\.(\d+)\}(.*)$")
_TOP = (
    "mapping", "version", "to", "from", "key", "streams", "join", "where", "unpivot", "fields", "never_read",
)  # fmt: skip
_TESTS = ("equals", "in", "is", "not")


def ids(root: Path = ROOT) -> tuple[str, ...]:
    """Every mapping found, as ``gpi/student@1``. Raises ConfigurationError for a stray file."""
    found = []
    for path in root.glob("*/*.yaml"):
        match = _FILE.match(path.name)
        if match is None:
            raise ConfigurationError(
                f"{path}: a mapping file is named <name>.v<version>.yaml. Rename it, or move it away.",
                f"{path} : un fichier de correspondance se nomme <nom>.v<version>.yaml. Renommez-le ou "
                "déplacez-le.",
            )
        found.append((path.parent.name, match[1], int(match[2])))
    return tuple(f"{system}/{name}@{version}" for system, name, version in sorted(found))


def load_all(root: Path = ROOT) -> tuple[Mapping, ...]:
    """Every mapping. Raises ConfigurationError with the file and line of the first fault."""
    return tuple(load(found, root) for found in ids(root))


def load(identifier: str, root: Path = ROOT) -> Mapping:
    """The mapping of that id, ``gpi/student@1``; without ``@version``, the newest.

    Raises ConfigurationError when there is none, or with the file and line of what is not the language.
    """
    known = ids(root)
    name, _, version = identifier.partition("@")
    versions = [found for found in known if found.startswith(f"{name}@")]
    chosen = identifier if version else next(reversed(versions), "")
    if chosen not in known:
        english, french = near(identifier, (*known, *(item.split("@", maxsplit=1)[0] for item in known)))
        raise ConfigurationError(
            f"{identifier}: no such mapping{english}. Correct the id, or add the file.",
            f"{identifier} : correspondance inconnue{french}. Corrigez l'identifiant, ou ajoutez le fichier.",
        )
    name, _, version = chosen.partition("@")
    node = read(root / f"{name}.v{version}.yaml", root)
    node.only(*_TOP)
    _repeats(node, "mapping", name)
    _repeats(node, "version", version)
    return _mapping(node, chosen, root)


def _repeats(node: Node, key: str, wanted: str) -> None:
    child = node.need(key)
    if child.text() != wanted:
        raise child.refuse(
            f"`{key}` must repeat the file's name. Correct it.",
            f"`{key}` doit reprendre le nom du fichier. Corrigez-le.",
        )


def _mapping(node: Node, identifier: str, root: Path) -> Mapping:
    main = node.need("from").text()
    child = node.get("unpivot")
    unpivot = _unpivot(child) if child else None
    refers = _References(main, unpivot)
    fields = tuple(_field(path, item, refers) for path, item in node.need("fields").children())
    system = identifier.split("/", maxsplit=1)[0]
    maps = []
    for name in sorted({item.code_map for item in fields if item.code_map}):
        path = root / system / "codes" / f"{name}.yaml"
        if path.is_file():
            maps.append((name, code_maps.load(path, root)))
    never, where, join = (node.get(key) for key in ("never_read", "where", "join"))
    return Mapping(
        id=identifier,
        file=node.file.name,
        resource=node.need("to").text(),
        stream=main,
        key=node.need("key").texts(),
        streams=tuple(_stream(name, item) for name, item in node.need("streams").children()),
        joins=tuple(_join(item) for item in join.items()) if join else (),
        where=tuple(_condition(item, refers) for item in where.items()) if where else (),
        unpivot=unpivot,
        fields=fields,
        never_read=tuple(refers.column(name, item) for item in never.items() for name in _expanded(item))
        if never
        else (),
        code_maps=tuple(maps),
        lines=tuple((way[0], line) for way, line in node.file.lines.items() if len(way) == 1),
        digest=hashlib.sha256(b"".join((node.file.digest, *(m.digest for _, m in maps)))).hexdigest(),
    )


class _References:
    """What a name means in this mapping."""

    def __init__(self, main: str, unpivot: Unpivot | None) -> None:
        self._main = main
        self._slot_names = unpivot.names if unpivot else ()

    def any(self, node: Node) -> Reference:
        text = node.text()
        if text.startswith("$"):
            return Reference("context", text)
        if text in self._slot_names:
            return Reference("slot", text)
        return self.column(text, node)

    def column(self, text: str, node: Node) -> Reference:
        stream, _, name = text.rpartition(".")
        _named(name, node)
        return Reference("column", name, _named(stream, node) if stream else self._main)


def _named(text: str, node: Node) -> str:
    if not _NAME.match(text):
        raise node.refuse(
            "a name is small letters, digits and `_`. Correct the line.",
            "un nom est fait de minuscules, de chiffres et de `_`. Corrigez la ligne.",
        )
    return text


def _stream(name: str, node: Node) -> Stream:
    node.only("columns", "unknown_columns")
    columns = tuple(_named(n, c) for c in node.need("columns").items() for n in _expanded(c))
    unknown = node.need("unknown_columns").one_of("freeze", "discard")
    return Stream(_named(name, node), columns, "freeze" if unknown == "freeze" else "discard", node.line)


def _expanded(node: Node) -> Iterator[str]:
    """``res_etape_{01..30}`` is thirty names."""
    match = _RANGE.match(node.text())
    if match is None:
        yield node.text()
        return
    for slot in _numbers(match[2], match[3]):
        yield f"{match[1]}{slot}{match[4]}"


def _numbers(first: str, last: str) -> tuple[str, ...]:
    return tuple(str(number).zfill(len(first)) for number in range(int(first), int(last) + 1))


def _join(node: Node) -> Join:
    node.only("stream", "on", "missing", "rule")
    refuses = node.need("missing").one_of("refuse", "keep") == "refuse"
    rule = node.get("rule")
    if refuses != (rule is not None):
        raise node.refuse(
            "`missing: refuse` needs a `rule`, `missing: keep` has none. Correct the join.",
            "`missing: refuse` exige une `rule`, `missing: keep` n'en a pas. Corrigez la jointure.",
        )
    on = tuple((_named(main, child), child.text()) for main, child in node.need("on").children())
    return Join(node.need("stream").text(), on, rule.text() if rule else None, node.line)


def _condition(node: Node, refers: _References) -> Condition:
    alternatives = node.get("any")
    if alternatives is not None:
        node.only("any")
        return Condition(tuple(_alternative(item, refers) for item in alternatives.items()), node.line)
    return Condition((_alternative(node, refers),), node.line)


def _alternative(node: Node, refers: _References) -> tuple[Reference, Test]:
    node.only("read", *_TESTS)
    read_node = node.need("read")
    return refers.column(read_node.text(), read_node), _test(node)


def _test(node: Node) -> Test:
    found = [(key, child) for key, child in node.children() if key in _TESTS]
    if len(found) != 1:
        raise node.refuse(
            "exactly one of equals, in, is, not is expected. Correct the condition.",
            "exactement un parmi equals, in, is, not est attendu. Corrigez la condition.",
        )
    key, child = found[0]
    if key == "not":
        child.only(*_TESTS[:3])
        inner = _test(child)
        return Test(inner.kind, inner.values, negated=True)
    if key == "is":
        kind: Literal["blank", "numeric"] = (
            "blank" if child.one_of("blank", "numeric") == "blank" else "numeric"
        )
        return Test(kind)
    return Test("equals", (child.text(),)) if key == "equals" else Test("in", child.texts())


def _unpivot(node: Node) -> Unpivot:
    node.only("slots", "columns", "groups", "present")
    groups = node.get("groups")
    if groups is not None:
        node.only("groups", "present")
        slots = tuple(_slot(name, child) for name, child in groups.children())
    else:
        span = node.need("slots")
        match = re.fullmatch(r"(\d+)\.\.(\d+)", span.text())
        if match is None:
            raise span.refuse(
                "slots are written first..last, as 01..30. Correct the line.",
                "les cases s'écrivent première..dernière, comme 01..30. Corrigez la ligne.",
            )
        slots = tuple(_slot(name, node.need("columns"), name) for name in _numbers(match[1], match[2]))
    if not slots or any(
        [name for name, _ in slot.columns] != [name for name, _ in slots[0].columns] for slot in slots
    ):
        raise node.refuse(
            "every slot must have the same names in the same order. Correct the groups.",
            "chaque case doit porter les mêmes noms dans le même ordre. Corrigez les groupes.",
        )
    present = node.get("present")
    names = tuple(name for name, _ in slots[0].columns)
    wanted = present.texts() if present else names
    if present is not None and not set(wanted) <= set(names):
        raise present.refuse(
            f"`present` names what the slots have: {', '.join(names)}. Correct the line.",
            f"`present` nomme ce que portent les cases : {', '.join(names)}. Corrigez la ligne.",
        )
    return Unpivot(slots, wanted, node.line)


def _slot(name: str, node: Node, number: str | None = None) -> Slot:
    columns = []
    for alias, child in node.children():
        pattern = child.text() if number is None else child.text().replace("{slot}", number)
        columns.append((_named(alias, child), _named(pattern, child)))
    return Slot(name, tuple(columns))


def _field(path: str, node: Node, refers: _References) -> Field:
    node.only("read", "between", "const", "default", "when", "do", "code_map")
    constant, source = node.get("const"), node.get("read")
    if constant is not None:
        node.only("const", "code_map")
    elif source is None:
        raise node.refuse(
            "a field has `read` or `const`. Add one.", "un champ a `read` ou `const`. Ajoutez-en un."
        )
    several = source is not None and isinstance(source.value, list)
    between = node.get("between")
    if several != (between is not None):
        raise node.refuse(
            "several columns need `between`, one column has none. Correct the field.",
            "plusieurs colonnes exigent `between`, une seule n'en a pas. Corrigez le champ.",
        )
    default, when, do, code_map = (node.get(key) for key in ("default", "when", "do", "code_map"))
    if when is not None:
        when.only(*_TESTS)
    return Field(
        path=path,
        reads=() if source is None else tuple(map(refers.any, source.items() if several else (source,))),
        between=between.text() if between else "",
        constant=constant.text() if constant else None,
        default=default.text() if default else None,
        when=_test(when) if when else None,
        do=tuple(_call(item) for item in do.items()) if do else (),
        code_map=_named(code_map.text(), code_map) if code_map else None,
        line=node.line,
    )


def _call(node: Node) -> Call:
    """``trim``, or ``{digits: "7"}``, or ``{pad_left: ["7", "0"]}``."""
    if isinstance(node.value, str):
        return Call(node.text(), ())
    calls = list(node.children())
    if len(calls) != 1:
        raise node.refuse(
            "one function is written on one line. Correct the list.",
            "une fonction s'écrit sur une ligne. Corrigez la liste.",
        )
    name, child = calls[0]
    return Call(name, child.texts() if isinstance(child.value, list) else (child.text(),))
