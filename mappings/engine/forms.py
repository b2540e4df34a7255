"""A form: the shape of a document of another system, written down as data and held as a pydantic class.

What the canonical model is for us, a form is for a partner: names, types, what must be there. It is our
own description of a published format, or our reference contract where none is public; it says which.
Refuses what is not the language of forms, with file and line.
"""

import hashlib
import re
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, Field, StringConstraints, TypeAdapter, create_model
from pydantic_core import SchemaError

from canonical_model.base import Model
from canonical_model.decimals import DecimalText
from canonical_model.elements import Element
from mappings.engine.reading import Node, read

TYPES = MappingProxyType(
    {
        "text": str, "integer": int, "number": float, "decimal": DecimalText, "boolean": bool,
        "date": date, "moment": AwareDatetime,
    }
)  # fmt: skip
_COLUMNS = ("csv", "fixed_width")
LAYOUTS = ("json", *_COLUMNS, "xml")
_FILE = re.compile(r"^([a-z][a-z0-9_]*)\.v([1-9][0-9]*)\.yaml$")
_NAME = re.compile(r"[A-Za-z@#][A-Za-z0-9_:@#-]*")  # of a field; XML has attributes, text and prefixes
EVERY = ("required", "fr", "en", "meaning")
REPEATED = ("list", "min_items", "max_items")
COLUMN = ("column", "width", "align", "fill")  # where a field stands in a file of columns
TEXT = ("values", "pattern", "min_length", "max_length")
_BOUNDS: Mapping[str, tuple[str, Callable[[str], int | float | Decimal]]] = MappingProxyType(
    {
        "integer": (r"-?[0-9]{1,15}", int), "number": (r"-?[0-9]{1,15}(?:\.[0-9]{1,9})?", float),
        "decimal": (r"-?[0-9]{1,15}(?:\.[0-9]{1,9})?", Decimal),
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Place:
    """A field of a file of columns: its path, the name of its column, and its width where it has one."""

    path: str
    column: str
    width: int | None
    align: Literal["left", "right"]
    fill: str


@dataclass(frozen=True)
class Form:
    """One version of one form. `layout`: how a file of such documents is written: ``kind`` and its words,
    pairs of texts for ``namespaces`` and ``attributes``. `model`: the class that a document must fit.
    `places`: its plain fields, in order.
    """

    id: str
    version: str
    source: str
    layout: tuple[tuple[str, str | tuple[tuple[str, str], ...]], ...]
    model: type[BaseModel]
    places: tuple[Place, ...]
    file: str
    digest: bytes

    @property
    def kind(self) -> str:
        """``json``, ``csv``, ``fixed_width`` or ``xml``."""
        return str(self.written["kind"])

    @property
    def written(self) -> dict[str, Any]:
        """`layout` as the writers of files take it, keys and values."""
        return {key: told if isinstance(told, str) else dict(told) for key, told in self.layout}


def versions(folder: Path, name: str) -> tuple[str, ...]:
    """The versions of a form, oldest first."""
    found = [match for path in folder.glob("*.yaml") if (match := _FILE.match(path.name))]
    return tuple(sorted((match[2] for match in found if match[1] == name), key=int))


def load(path: Path, root: Path) -> Form:
    """One file of `forms/`. Raises ConfigurationError, with the line, for what is not a form.

    The same text gives the same class again, so that two mappings of one form are checked alike.
    """
    return _loaded(path, root, hashlib.sha256(path.read_bytes()).digest())


@lru_cache(maxsize=128)
def _loaded(path: Path, root: Path, _digest: bytes) -> Form:
    node = read(path, root)
    node.only("form", "version", "source", "layout", "fields")
    name, _, version = path.stem.rpartition(".v")
    wanted = {"form": f"{path.parent.parent.name}/{name}", "version": version}
    for key, value in wanted.items():
        if node.need(key).text() != value:
            raise node.need(key).refuse(
                f"`{key}` must repeat the file's name. Correct it.",
                f"`{key}` doit reprendre le nom du fichier. Corrigez-le.",
            )
    layout = node.need("layout")
    kind = layout.need("kind").one_of(*LAYOUTS)
    fields = node.need("fields")
    return Form(
        id=wanted["form"],
        version=version,
        source=node.need("source").text(),
        layout=tuple((key, _told(child)) for key, child in layout.children()),
        model=_model(f"{path.parent.parent.name}_{name}_v{version}", fields),
        places=tuple(_places(fields, kind)),
        file=node.file.name,
        digest=node.file.digest,
    )


def _told(node: Node) -> str | tuple[tuple[str, str], ...]:
    """A word of the layout: a text, or keys and texts (``namespaces``; the default one has an empty key)."""
    if isinstance(node.value, str):
        return node.text()
    return tuple((key, child.text()) for key, child in node.children())


def _model(name: str, node: Node) -> type[BaseModel]:
    members: dict[str, Any] = {}
    for field, child in node.children():
        if "." in field:
            raise child.refuse(
                "a name holds no point; write an object with `fields`. Correct it.",
                "un nom ne contient pas de point ; écrivez un objet avec `fields`. Corrigez-le.",
            )
        if not _NAME.fullmatch(field) or field.startswith("model_"):
            raise child.refuse(
                "a field's name starts with a letter, `@` or `#`, and not with `model_`. Correct it.",
                "le nom d'un champ commence par une lettre, `@` ou `#`, et non par `model_`. Corrigez-le.",
            )
        members[field] = _member(f"{name}_{field}", field, child)
    if not members:
        raise node.refuse("a field is expected here. Add one.", "un champ est attendu ici. Ajoutez-en un.")
    with warnings.catch_warnings():  # a partner may name a field as pydantic names a method, `schema`
        warnings.simplefilter("ignore", UserWarning)
        return create_model(name, __base__=Model, **members)


def _member(name: str, field: str, node: Node) -> tuple[Any, Any]:
    below, repeated = node.get("fields"), _yes(node.get("list"))
    if below is None:
        kind = node.need("type").one_of(*TYPES)
        limits = TEXT if kind == "text" else ("min", "max") if kind in _BOUNDS else ()
        node.only("type", *limits, *COLUMN, *EVERY, *REPEATED)
        held: Any = _scalar(node, kind)
    else:
        node.only("fields", *EVERY, *REPEATED)
        held = _model(name, below)
    least, most = _range(node, "min_items", "max_items", _number)
    if repeated:
        held = Annotated[tuple[held, ...], Field(min_length=least, max_length=most)]
    elif least is not None or most is not None:
        raise node.refuse(
            "`min_items` and `max_items` need `list: yes`. Correct the field.",
            "`min_items` et `max_items` exigent `list: yes`. Corrigez le champ.",
        )
    french, english, meaning = (node.get(key) for key in ("fr", "en", "meaning"))
    element = Element(
        french.text() if french else field,
        english.text() if english else field,
        meaning.text() if meaning else "",
    )
    if _yes(node.get("required")):
        return Annotated[held, element], ...
    return Annotated[held | None, element], None


def _scalar(node: Node, kind: str) -> Any:
    values, pattern = node.get("values"), node.get("pattern")
    if values is not None:
        node.only("type", "values", *COLUMN, *EVERY, *REPEATED)
        return Literal[values.texts()]
    if kind == "text":
        least, most = _range(node, "min_length", "max_length", _number)
        return Annotated[
            str,
            StringConstraints(
                pattern=_pattern(pattern) if pattern else None,
                min_length=1 if least is None else least,
                max_length=most,
            ),
        ]
    if kind not in _BOUNDS:
        return TYPES[kind]
    low, high = _range(node, "min", "max", lambda child: _bound(child, kind))
    limits = {key: limit for key, limit in (("ge", low), ("le", high)) if limit is not None}
    return Annotated[TYPES[kind], Field(**limits)] if limits else TYPES[kind]


def _places(node: Node, kind: str, above: str = "") -> Iterator[Place]:
    """The plain fields below, in order; only those of a file of columns say how they stand in it."""
    for name, child in node.children():
        path = f"{above}{name}"
        if below := child.get("fields"):
            if not _yes(child.get("list")):
                yield from _places(below, kind, f"{path}.")
            elif kind in _COLUMNS:
                raise child.refuse(
                    f"a file of columns ({kind}) has no place for a list of objects. Remove it.",
                    f"un fichier de colonnes ({kind}) n'a pas de place pour une liste d'objets. Retirez-la.",
                )
            continue
        for key in COLUMN:
            if (word := child.get(key)) and kind not in (_COLUMNS if key == "column" else ("fixed_width",)):
                raise word.refuse(
                    f"a field of {kind} has no `{key}`. Remove it.",
                    f"un champ de {kind} n'a pas de `{key}`. Retirez-le.",
                )
        if kind == "fixed_width":
            child.need("width")
        column, width, align, fill = (child.get(key) for key in COLUMN)
        if fill and len(fill.text()) != 1:
            raise fill.refuse(
                "one character is expected. Correct it.", "un caractère est attendu. Corrigez-le."
            )
        right = align is not None and align.one_of("left", "right") == "right"
        yield Place(
            path=path,
            column=column.text() if column else name,
            width=_number(width),
            align="right" if right else "left",
            fill=fill.text() if fill else " ",
        )


def _pattern(node: Node) -> str:
    """One that pydantic understands: its regular expressions look neither ahead nor behind."""
    try:
        TypeAdapter(Annotated[str, StringConstraints(pattern=node.text())])
    except SchemaError:
        raise node.refuse(
            "this is not a regular expression. Correct it.",
            "ce n'est pas une expression rationnelle. Corrigez-la.",
        ) from None
    return node.text()


def _yes(node: Node | None) -> bool:
    return node is not None and node.one_of("yes", "no") == "yes"


def _range(node: Node, low: str, high: str, value: Callable[[Node | None], Any]) -> tuple[Any, Any]:
    """The two ends, which must be in order where both are written."""
    least, most = value(node.get(low)), value(node.get(high))
    if least is not None and most is not None and most < least:
        raise node.need(high).refuse(
            f"`{high}` is below `{low}`: nothing would fit. Correct it.",
            f"`{high}` est sous `{low}` : rien ne conviendrait. Corrigez-le.",
        )
    return least, most


def _number(node: Node | None) -> int | None:
    if node is None:
        return None
    if not re.fullmatch(r"[0-9]{1,6}", node.text()):
        raise node.refuse("digits are expected. Correct it.", "des chiffres sont attendus. Corrigez-le.")
    return int(node.text())


def _bound(node: Node | None, kind: str) -> int | float | Decimal | None:
    if node is None:
        return None
    shape, made = _BOUNDS[kind]
    if not re.fullmatch(shape, node.text()):
        raise node.refuse(
            f"a bound of this field is written as its type, {kind}. Correct it.",
            f"une borne de ce champ s'écrit selon son type, {kind}. Corrigez-la.",
        )
    return made(node.text())
