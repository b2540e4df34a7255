"""What an OpenAPI document says of a list of records: its columns, path, pages, total and way to sign in.

The first GET that answers with a list of objects is taken; the rest is a person's to look at. Refuses a document
that describes no object. Nothing outside the document is fetched: a `$ref` to elsewhere counts as unknown.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from canonical_model import strict_yaml
from canonical_model.errors import ConfigurationError

_PAGE = ("page", "numpage", "pagenumber", "nopage")
_OFFSET = ("offset", "skip", "debut", "startindex")
_SIZE = ("limit", "perpage", "parpage", "pagesize", "size", "taille", "max", "count")
_TOTAL = ("total", "totalcount", "count", "nombre", "nb", "totalresults", "totalrecords")
_DEEPEST = 3  # objects within objects


@dataclass(frozen=True, slots=True)
class Api:
    """`path`, `records`, `total`: as in a manifest. `size`, `paging`: its parameters, None when there is none."""

    path: str
    records: str
    total: str | None
    size: str | None
    paging: str | None
    sign_in: str | None


@dataclass(frozen=True, slots=True)
class Described:
    """`pointers`: of the plain values of one record. `api`: None when the document has schemas and no paths."""

    pointers: tuple[str, ...]
    api: Api | None


def of_file(path: Path) -> Described:
    """What the document says. Raises ConfigurationError when it does not read, or describes no object."""
    text = path.read_text("utf-8")
    try:
        document = json.loads(text) if path.suffix == ".json" else strict_yaml.load(text, path.name)
    except ValueError as error:
        raise ConfigurationError(
            f"{path}: this is not JSON. Correct the file.",
            f"{path} : ce n'est pas du JSON. Corrigez le fichier.",
        ) from error
    if not isinstance(document, dict):
        document = {}
    for way, operation in _lists(document):
        envelope = _answer(document, operation)
        for records, items in _arrays(document, envelope, ""):
            pointers = tuple(_plain(document, items, "", _DEEPEST))
            if pointers:
                return Described(pointers, _api(document, way, operation, envelope, records))
    for schema in _map(_map(document, "components"), "schemas").values():
        if pointers := tuple(_plain(document, schema, "", _DEEPEST)):
            return Described(pointers, None)
    raise ConfigurationError(
        f"{path}: no GET answers with a list of objects, and no schema has plain properties. Give another document.",
        f"{path} : aucun GET ne répond par une liste d'objets, et aucun schéma n'a de valeurs simples. Donnez un"
        " autre document.",
    )


def _lists(document: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The GET operations, those without a parameter in their path only: a list has none of one record."""
    for way, item in _map(document, "paths").items():
        operation = _map(item, "get")
        if operation and "{" not in way:
            both = [*_list(item, "parameters"), *_list(operation, "parameters")]
            yield way, {**operation, "parameters": [_followed(document, one) for one in both]}


def _answer(document: Mapping[str, Any], operation: Mapping[str, Any]) -> Mapping[str, Any]:
    answers = _map(operation, "responses")
    found = _followed(document, answers.get("200") or answers.get("default"))
    for kind, content in _map(found, "content").items():
        if "json" in kind:
            return _followed(document, _map(content, "schema"))
    return _followed(document, _map(found, "schema"))  # Swagger 2


def _arrays(
    document: Mapping[str, Any], schema: Mapping[str, Any], way: str, depth: int = _DEEPEST
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """JSON Pointer and item of each list of objects in an answer, the nearest first."""
    if schema.get("type") == "array" or "items" in schema:
        yield way, _followed(document, schema.get("items"))
        return
    for name, told in _properties(document, schema) if depth else ():
        yield from _arrays(document, told, f"{way}/{_escaped(name)}", depth - 1)


def _plain(document: Mapping[str, Any], schema: Any, way: str, depth: int) -> Iterator[str]:
    """JSON Pointers of the plain values of a record; lists are left."""
    for name, told in _properties(document, _followed(document, schema)) if depth else ():
        place = f"{way}/{_escaped(name)}"
        if "properties" in told or "allOf" in told:
            yield from _plain(document, told, place, depth - 1)
        elif told.get("type") not in ("array", "object") and "items" not in told and "$ref" not in told:
            yield place


def _properties(
    document: Mapping[str, Any], schema: Mapping[str, Any]
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for part in (schema, *(_followed(document, one) for one in _list(schema, "allOf"))):
        for name, told in _map(part, "properties").items():
            yield name, _followed(document, told)


def _api(
    document: Mapping[str, Any],
    way: str,
    operation: Mapping[str, Any],
    envelope: Mapping[str, Any],
    records: str,
) -> Api:
    asked = [one for one in operation["parameters"] if one.get("in") == "query"]
    page, offset, size = (_named(asked, words) for words in (_PAGE, _OFFSET, _SIZE))
    paging = None
    if page is not None:
        first = _map(page, "schema").get("default", _map(page, "schema").get("minimum", "1"))
        zero = ', first: "0"' if str(first) == "0" else ""
        paging = f"{{kind: page, parameter: {page['name']}{zero}}}"
    elif offset is not None:
        paging = f"{{kind: offset, parameter: {offset['name']}}}"
    totals = [
        place for place in _plain(document, envelope, "", _DEEPEST) if _bare(place.rpartition("/")[2]) in _TOTAL
    ]  # fmt: skip
    return Api(
        way,
        records,
        totals[0] if totals else None,
        str(size["name"]) if size is not None else None,
        paging,
        _sign_in(document),
    )


def _sign_in(document: Mapping[str, Any]) -> str | None:
    """`authentication` as a manifest writes it; None for a way that the kit does not know, or that is not said."""
    for scheme in _map(_map(document, "components"), "securitySchemes").values():
        told = _followed(document, scheme)
        if told.get("type") == "apiKey" and told.get("in") == "header":
            return f"{{kind: api-key, header: {told.get('name')}}}"
        flow = _map(_map(told, "flows"), "clientCredentials")
        if flow:
            scopes = " ".join(_map(flow, "scopes"))
            said = f', scope: "{scopes}"' if scopes else ""
            return f"{{kind: oauth2, token_path: {urlsplit(str(flow.get('tokenUrl', '/oauth/token'))).path}{said}}}"
    return None


def _followed(document: Mapping[str, Any], told: Any) -> Mapping[str, Any]:
    """What a `$ref` within the document leads to; a circle or an outer one leads nowhere."""
    for _ in range(10):
        if not isinstance(told, dict) or not isinstance(told.get("$ref"), str):
            break
        held: Any = document if told["$ref"].startswith("#/") else None
        for part in told["$ref"][2:].split("/"):
            held = held.get(part.replace("~1", "/").replace("~0", "~")) if isinstance(held, dict) else None
        told = held
    return told if isinstance(told, dict) else {}


def _named(asked: list[Mapping[str, Any]], words: tuple[str, ...]) -> Mapping[str, Any] | None:
    return next((one for one in asked if _bare(str(one.get("name"))) in words), None)


def _bare(name: str) -> str:
    return "".join(sign for sign in name.lower() if sign.isalnum())


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")


def _map(held: Any, key: str) -> Mapping[str, Any]:
    found = held.get(key) if isinstance(held, dict) else None
    return found if isinstance(found, dict) else {}


def _list(held: Mapping[str, Any], key: str) -> list[Any]:
    found = held.get(key)
    return found if isinstance(found, list) else []
