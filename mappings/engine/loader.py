"""Reads mapping files, strictly: an unknown word, a wrong shape or a stray file stops with file and line.

Whether what is written makes sense is the checker's question. A used file is never edited: version 2
stands beside version 1.
"""

import hashlib
import re
from pathlib import Path

from canonical_model.errors import ConfigurationError
from mappings.engine import code_maps, forms, grammar
from mappings.engine.code_maps import CodeMap
from mappings.engine.forms import Form
from mappings.engine.language import Field, Mapping
from mappings.engine.reading import Node, near, read

ROOT = Path(__file__).resolve().parent.parent

_FILE = re.compile(r"^([a-z][a-z0-9_]*)\.v([1-9][0-9]*)\.yaml$")
_TOP = (
    "mapping", "version", "to", "from", "key", "streams", "join", "where", "unpivot", "fields", "lists",
    "never_read", "reverse",
)  # fmt: skip


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
    unpivot = grammar.unpivot(child) if child else None
    refers = grammar.References(main, unpivot)
    fields = tuple(grammar.field(path, item, refers) for path, item in node.need("fields").children())
    never, where, join, lists, back = (
        node.get(key) for key in ("never_read", "where", "join", "lists", "reverse")
    )
    children = tuple(
        grammar.child_list(path, item, grammar.References(item.need("stream").text(), None))
        for path, item in (lists.children() if lists else ())
    )
    system = identifier.split("/", maxsplit=1)[0]
    every = (*fields, *(field for item in children for field in item.fields))
    maps = _code_maps(every, root, root / system / "codes")
    form = _form(node.need("to"), root, system)
    digests = (node.file.digest, *(held.digest for _, held in maps), form.digest if form else b"")
    return Mapping(
        id=identifier,
        file=node.file.name,
        resource=form.id if form else node.need("to").text(),
        stream=main,
        key=node.need("key").texts(),
        streams=tuple(grammar.stream(name, item) for name, item in node.need("streams").children()),
        joins=tuple(grammar.join(item) for item in join.items()) if join else (),
        where=tuple(grammar.condition(item, refers) for item in where.items()) if where else (),
        unpivot=unpivot,
        fields=fields,
        lists=children,
        never_read=tuple(refers.column(n, item) for item in never.items() for n in grammar.expanded(item))
        if never
        else (),
        reversal=grammar.reversal(back) if back else None,
        code_maps=maps,
        lines=tuple((way[0], line) for way, line in node.file.lines.items() if len(way) == 1),
        digest=hashlib.sha256(b"".join(digests)).hexdigest(),
        form=form,
    )


def _code_maps(fields: tuple[Field, ...], root: Path, folder: Path) -> tuple[tuple[str, CodeMap], ...]:
    """Those that the fields name; one whose file is absent is the checker's to report."""
    names = sorted({item.code_map for item in fields if item.code_map})
    paths = [folder / f"{name}.yaml" for name in names]
    return tuple((path.stem, code_maps.load(path, root)) for path in paths if path.is_file())


def _form(node: Node, root: Path, system: str) -> Form | None:
    """The form that ``to: {form: user}`` names, of the newest version unless one is written (``user@1``)."""
    if isinstance(node.value, str):
        return None
    node.only("form")
    child = node.need("form")
    name, _, version = child.text().partition("@")
    there = forms.versions(root / system / "forms", name)
    if not there or (version and version not in there):
        raise child.refuse(
            "there is no such form. Add the file, or correct the name.",
            "ce gabarit n'existe pas. Ajoutez le fichier, ou corrigez le nom.",
        )
    return forms.load(root / system / "forms" / f"{name}.v{version or there[-1]}.yaml", root)
