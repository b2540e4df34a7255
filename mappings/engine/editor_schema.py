"""The JSON Schema (2020-12) of mapping files and code maps, for editors: made from one table, never by hand.

`mappings/schemas/` holds what is made here; a test compares them, and the table with the words that the
loader knows. A schema says what may be written where; whether it makes sense is the checker's question.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from canonical_model import codings, resources
from mappings.engine.code_maps import TEXT
from mappings.engine.functions import FUNCTIONS, Function

FOLDER = Path(__file__).resolve().parent.parent / "schemas"
DIALECT = "https://json-schema.org/draft/2020-12/schema"
FILES = MappingProxyType({"mapping.json": "mapping", "code_map.json": "code_map"})

Schema = dict[str, Any]

# An editor reads `version: 1` as a number and `yes` as true; the hub reads every scalar as text.
_SCALAR: Schema = {"type": ["string", "number", "boolean"], "minLength": 1}
_NAME: Schema = {"type": "string", "pattern": "^[a-z][a-z0-9_]*$"}
_STREAM: Schema = {"type": "string", "pattern": "^[A-Za-z][A-Za-z0-9_]*$"}  # may be a resource's name
_COLUMN: Schema = {"type": "string", "pattern": r"^[a-z][a-z0-9_]*(\{[0-9]+\.\.[0-9]+\}[a-z0-9_]*)?$"}
_READ: Schema = {
    "type": "string",
    "pattern": r"^(\$organization|\$slot|([A-Za-z][A-Za-z0-9_]*\.)?[a-z][a-z0-9_]*)$",
}
_NOT_READ: Schema = {
    "type": "string",
    "pattern": r"^([A-Za-z][A-Za-z0-9_]*\.)?[a-z][a-z0-9_]*(\{[0-9]+\.\.[0-9]+\}[a-z0-9_]*)?$",
}
_KEY: Schema = {"type": "string", "pattern": r"^([a-z][a-z0-9_]*|\$row)$"}
_DAY: Schema = {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"}
_PATH = r"^[A-Za-z@#][A-Za-z0-9_:@#-]*(\.([A-Za-z@#][A-Za-z0-9_:@#-]*|[0-9]+))*$"  # a form has its own names


def _ref(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}


def _some(item: Schema) -> Schema:
    """A list that is not empty."""
    return {"type": "array", "items": item, "minItems": 1}


def _named(item: Schema, pattern: str = "^[a-z][a-z0-9_]*$") -> Schema:
    """Keys of that form, each with an `item`."""
    return {
        "type": "object",
        "additionalProperties": False,
        "patternProperties": {pattern: item},
        "minProperties": 1,
    }


def _one_of(*words: str) -> Schema:
    return {"type": "string", "enum": list(words)}


@dataclass(frozen=True, slots=True)
class Word:
    """A key of the language: what may stand there, and what it means in French and English."""

    name: str
    shape: Schema
    french: str
    english: str
    required: bool = False


_TESTS = (
    Word("equals", _SCALAR, "la cellule est ce texte", "the cell is this text"),
    Word("in", _some(_SCALAR), "la cellule est l'un de ces textes", "the cell is one of these texts"),
    Word("is", _one_of("blank", "numeric"), "vide, ou un nombre", "blank, or a number"),
    Word("before", _DAY, "un jour avant celui-ci", "a day before this one"),
    Word("after", _DAY, "un jour après celui-ci", "a day after this one"),
)

# THE table: one tuple a place of the language. A new word of the loader is one line here, then
# `passerelle mapping schema --write`.
WORDS: Mapping[str, tuple[Word, ...]] = MappingProxyType(
    {
        "mapping": (
            Word("mapping", {"type": "string", "pattern": r"^[a-z][a-z0-9_]*/[a-z][a-z0-9_]*$"},
                 "dossier et nom de ce fichier", "folder and name of this file", required=True),
            Word("version", {"type": ["integer", "string"], "pattern": "^[1-9][0-9]*$", "minimum": 1},
                 "version, comme dans le nom du fichier", "version, as in the file's name", required=True),
            Word("to", {}, "ressource du modèle canonique", "resource of the canonical model", required=True),
            Word("from", _STREAM, "flux principal : une de ses lignes donne un enregistrement",
                 "main stream: a row of it gives a record", required=True),
            Word("key", _some(_KEY), "colonnes qui distinguent ses lignes, jour après jour",
                 "columns that tell its rows apart, day after day", required=True),
            Word("streams", _named(_ref("stream"), "^[A-Za-z][A-Za-z0-9_]*$"), "flux lus et leur contrat",
                 "streams that are read, and their contract", required=True),
            Word("join", _some(_ref("join")), "autres flux, par leurs clés", "other streams, by their keys"),
            Word("where", _some(_ref("condition")), "conditions que la ligne doit toutes remplir",
                 "conditions that the row must all meet"),
            Word("unpivot", _ref("unpivot"), "une ligne large donne plusieurs enregistrements",
                 "one wide row gives several records"),
            Word("fields", _named(_ref("field"), _PATH), "chemin canonique : comment il est rempli",
                 "canonical path: how it is filled", required=True),
            Word("lists", _named(_ref("list"), _PATH), "listes faites des lignes d'un autre flux",
                 "lists made of the rows of another stream"),
            Word("never_read", _some(_NOT_READ), "colonnes laissées de côté à dessein",
                 "columns left out on purpose"),
            Word("reverse", {"anyOf": [{"enum": ["yes", "no", True, False]}, _ref("reverse")]},
                 "si le document se relit à l'envers, et ce qui s'y perd",
                 "whether the document can be read backwards, and what is lost"),
        ),
        "target": (Word("form", {"type": "string", "pattern": "^[a-z][a-z0-9_]*(@[1-9][0-9]*)?$"},
                        "gabarit : forms/<nom>.v<version>.yaml", "form: forms/<name>.v<version>.yaml",
                        required=True),),
        "list": (
            Word("stream", _STREAM, "flux des lignes", "stream of the rows", required=True),
            Word("on", _named(_NAME), "colonne principale : sa colonne", "main column: its column", required=True),
            Word("order", _some(_NAME), "colonnes qui donnent l'ordre", "columns that give the order"),
            Word("fields", _named(_ref("field"), _PATH), "chemin dans un élément : comment il est rempli",
                 "path in one item: how it is filled", required=True),
        ),
        "reverse": (Word("lossy", _named(_SCALAR), "colonne : pourquoi elle se perd", "column: why it is lost",
                         required=True),),
        "stream": (
            Word("columns", {"anyOf": [_some(_COLUMN), _named(_SCALAR)]},
                 "toutes ses colonnes; res_etape_{01..30} en est trente; d'une ressource, colonne : chemin",
                 "all its columns; res_etape_{01..30} is thirty; of a resource, column: path", required=True),
            Word("unknown_columns", _one_of("freeze", "discard", "evolve"),
                 "colonne non déclarée : arrêter, ignorer, ou signaler",
                 "an undeclared column: stop, ignore, or report", required=True),
            Word("types", _named(_SCALAR), "colonne : fonction qui doit pouvoir la lire",
                 "column: function that must be able to read it"),
            Word("resource", {"type": "string"}, "ressource dont le flux porte les documents",
                 "resource whose documents the stream holds"),
            Word("format", _named(_SCALAR), "comment le fichier est écrit", "how the file is written"),
        ),
        "join": (
            Word("stream", _STREAM, "flux joint", "joined stream", required=True),
            Word("on", _named(_NAME), "colonne principale : sa colonne", "main column: its column", required=True),
            Word("missing", _one_of("refuse", "keep"), "sans ligne trouvée : rejeter, ou garder avec des vides",
                 "no row found: reject, or keep with blanks", required=True),
            Word("rule", {"type": "string"}, "règle du rejet, avec missing: refuse",
                 "rule of the reject, with missing: refuse"),
        ),
        "alternative": (
            Word("read", _NOT_READ, "colonne, ou flux.colonne", "column, or stream.column", required=True),
            *_TESTS,
            Word("not", _ref("test"), "la condition contraire", "the condition reversed"),
        ),
        "any": (
            Word("any", _some(_ref("alternative")), "une de ces conditions suffit",
                 "one of these conditions is enough", required=True),
        ),
        "test": _TESTS,
        "test_or_not": (*_TESTS, Word("not", _ref("test"), "la condition contraire", "the condition reversed")),
        "unpivot": (
            Word("slots", {"type": "string", "pattern": r"^[0-9]+\.\.[0-9]+$"}, "cases numérotées, comme 01..30",
                 "numbered slots, as 01..30"),
            Word("columns", _named({"type": "string"}), "nom lu par les champs : colonne, avec {slot}",
                 "name that fields read: column, with {slot}"),
            Word("groups", _named(_named(_NAME), "^.+$"), "colonnes de chaque case, une à une",
                 "columns of each slot, one by one"),
            Word("present", _some(_NAME), "la case existe quand une de ces colonnes est remplie",
                 "the slot exists when one of these columns is filled"),
        ),
        "field": (
            Word("read", {"anyOf": [_READ, _some(_READ)]}, "colonne lue, ou plusieurs avec between",
                 "column that is read, or several with between"),
            Word("between", _SCALAR, "ce qui se met entre plusieurs colonnes", "what stands between several columns"),
            Word("first", _one_of("filled"), "la première colonne remplie", "the first column that is filled"),
            Word("compute", _one_of("percent"), "la première pour cent de la seconde",
                 "the first as a percentage of the second"),
            Word("const", _SCALAR, "texte constant; $organization y est permis",
                 "constant text; $organization may stand in it"),
            Word("default", _SCALAR, "texte qui remplace un vide", "text that stands for a blank"),
            Word("when", _ref("test_or_not"), "sinon, le champ est vide", "else the field is blank"),
            Word("do", _some(_ref("call")), "fonctions, dans l'ordre", "functions, in order"),
            Word("code_map", _NAME, "table de codes : codes/<nom>.yaml", "code map: codes/<name>.yaml"),
        ),
        "code_map": (
            Word("code_map", _NAME, "nom de ce fichier", "name of this file", required=True),
            Word("to", {}, "liste canonique, ou text", "canonical list, or text", required=True),
            Word("unmapped", _one_of("refuse", "keep-source", "default"),
                 "code absent : refusé, gardé tel quel, ou le code de default",
                 "a code that is not here: refused, kept as it is, or the code of default"),
            Word("default", _SCALAR, "code qui remplace un code absent", "code that stands for one that is not here"),
            Word("codes", {"type": "object", "minProperties": 1,
                           "additionalProperties": {"anyOf": [_SCALAR, _some(_ref("entry"))]}},
                 "code de la source : code canonique, ou lignes datées",
                 "the source's code: canonical code, or dated entries", required=True),
        ),
        "entry": (
            Word("code", _SCALAR, "code canonique", "canonical code", required=True),
            Word("from", _DAY, "premier jour où la ligne vaut", "first day on which the entry holds"),
            Word("until", _DAY, "premier jour où elle ne vaut plus", "first day on which it no longer holds"),
        ),
    }
)  # fmt: skip

# What the words of a place require of each other.
_TOGETHER: Mapping[str, Schema] = MappingProxyType(
    {
        "join": {
            "if": {"properties": {"missing": {"const": "refuse"}}},
            "then": {"required": ["rule"]},
            "else": {"not": {"required": ["rule"]}},
        },
        "alternative": {"minProperties": 2, "maxProperties": 2},
        "test": {"minProperties": 1, "maxProperties": 1},
        "test_or_not": {"minProperties": 1, "maxProperties": 1},
        "unpivot": {"oneOf": [{"required": ["groups"]}, {"required": ["slots", "columns"]}]},
        "field": {"oneOf": [{"required": ["read"]}, {"required": ["const"]}]},
        "code_map": {
            "if": {"properties": {"unmapped": {"const": "default"}}, "required": ["unmapped"]},
            "then": {"required": ["default"]},
            "else": {"not": {"required": ["default"]}},
        },
    }
)
_ROOTS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "mapping": (
            "target",
            "stream",
            "join",
            "list",
            "alternative",
            "any",
            "test",
            "test_or_not",
            "unpivot",
            "field",
            "reverse",
        ),
        "code_map": ("entry",),
    }
)
_TITLES = MappingProxyType(
    {
        "mapping": "Fichier de correspondance de Passerelle · Mapping file of Passerelle",
        "code_map": "Table de codes de Passerelle · Code map of Passerelle",
    }
)


def schema(name: str) -> Schema:
    """The schema of a ``mapping`` or of a ``code_map``."""
    whole = _object(name)
    targets: dict[str, Schema] = {
        "mapping": {"anyOf": [{"type": "string", "pattern": _resource()}, _ref("target")]},
        "code_map": {"type": "string", "enum": [TEXT, *_code_lists()]},
    }
    whole["properties"]["to"] |= targets[name]
    defined = {place: _object(place) for place in _ROOTS[name]}
    if name == "mapping":
        defined["condition"] = {"anyOf": [_ref("any"), _ref("alternative")]}
        defined["call"] = _call()
    return {
        "$schema": DIALECT,
        "$id": f"urn:passerelle:schema:{name}",
        "title": _TITLES[name],
        **whole,
        "$defs": defined,
    }


def text(name: str) -> str:
    """The schema as the committed file holds it."""
    return json.dumps(schema(name), ensure_ascii=False, indent=2) + "\n"


def write(folder: Path = FOLDER) -> int:
    """Make `folder` hold the schemas; how many files changed."""
    folder.mkdir(exist_ok=True)
    changed = 0
    for file, name in FILES.items():
        path = folder / file
        if not path.is_file() or path.read_text("utf-8") != text(name):
            path.write_text(text(name), "utf-8")
            changed += 1
    return changed


def _object(place: str) -> Schema:
    """One place of the language: its words, and no other."""
    words = WORDS[place]
    required = [word.name for word in words if word.required]
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            word.name: {"description": f"{word.french} · {word.english}", **word.shape} for word in words
        },
        **({"required": required} if required else {}),
        **_TOGETHER.get(place, {}),
    }


def _resource() -> str:
    """A resource of the model, alone or with a version of the model."""
    return f"^({'|'.join(resources.NAMES)})(@[1-9][0-9]*)?$"


def _code_lists() -> list[str]:
    return sorted({path.name.split(".", 1)[0] for path in codings.FOLDER.glob("*.yaml")})


def _call() -> Schema:
    """``trim``, or ``{digits: "7"}``, or ``{pad_left: ["7", "0"]}``."""
    bare = [name for name, function in FUNCTIONS.items() if not function.arguments]
    return {"anyOf": [_one_of(*bare), *_calls()]}


def _calls() -> Iterator[Schema]:
    for name, function in FUNCTIONS.items():
        if function.arguments:
            yield {
                "type": "object",
                "description": f"{function.french} · {function.english}",
                "additionalProperties": False,
                "required": [name],
                "properties": {name: _arguments(function)},
            }


def _arguments(function: Function) -> Schema:
    # A pattern of Python; `(?s)` is not one of JSON Schema's. It binds texts only: an editor may see a number.
    items = [
        {"type": ["string", "number"], "pattern": f"^(?:{pattern.replace('(?s)', '')})$"}
        for pattern in function.arguments
    ]
    if len(items) == 1:
        return items[0]
    return {"type": "array", "prefixItems": items, "minItems": len(items), "maxItems": len(items)}
