"""Reads a connector's `manifest.yaml`, strictly: what `grammar` does not know is refused with file, line and key."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any

from canonical_model import strict_yaml
from canonical_model.errors import ConfigurationError
from connectors.kit.manifest import opening_hours
from connectors.kit.manifest.grammar import CONDITIONS, MANIFEST
from connectors.kit.manifest.model import (
    Authentication,
    Contract,
    Deletions,
    FileDeclaration,
    Limits,
    Manifest,
    Paging,
    RestRequest,
    Rung,
    SqlQuery,
    StreamDeclaration,
    Total,
)
from connectors.kit.manifest.scalars import duration, size
from connectors.kit.manifest.shapes import UnfitError

FILE = "manifest.yaml"


def read(folder: Path) -> Manifest:
    """The manifest of a connector's folder. Raises ConfigurationError naming the file, the line and the key."""
    path = folder / FILE
    if not path.is_file():
        raise ConfigurationError(
            f"{folder}: no {FILE}. Add one, or delete the folder.",
            f"{folder} : {FILE} est absent. Ajoutez-le, ou supprimez le dossier.",
        )
    data = strict_yaml.load_file(path)
    try:
        check(data)
        return _manifest(data, folder)
    except UnfitError as error:
        raise _refused(path, error) from None


def check(data: Any) -> None:
    """Raises UnfitError for what the JSON Schema refuses too: a form, an unknown or missing key, a condition."""
    MANIFEST.check(data, ())
    for condition in CONDITIONS:
        condition.check(data)


def _refused(path: Path, error: UnfitError) -> ConfigurationError:
    lines = strict_yaml.lines(path.read_text("utf-8"), str(path))
    way = error.way
    while way not in lines:
        way = way[:-1]
    place, key = f"{path}:{lines[way]}", "/".join(error.way)
    return ConfigurationError(
        f"{place}: {f'`{key}`' if key else 'the file'} {error.english}. Correct the file.",
        f"{place} : {f'`{key}`' if key else 'le fichier'} {error.french}. Corrigez le fichier.",
    )


def _manifest(data: Mapping[str, Any], folder: Path) -> Manifest:
    if data["name"] != folder.name:
        raise UnfitError(("name",), f"must be {folder.name}", f"doit être {folder.name}")
    declared_sql = data["protocol"] == "sql" and "entry" not in data
    streams = {
        name: _stream(name, told if isinstance(told, dict) else {"key": told}, declared_sql=declared_sql)
        for name, told in data.get("streams", {}).items()
    }
    return Manifest(
        name=folder.name,
        folder=folder,
        direction=data["direction"],
        protocol=data["protocol"],
        owner=data["owner"],
        schedule=data["schedule"],
        entry=data.get("entry"),
        identity=data.get("identity"),
        streams=MappingProxyType(streams),
        mappings=tuple(data.get("mappings", ())),
        secrets=tuple(data.get("secrets", ())),
        contract=_contract(data["contract"], folder),
        quality=MappingProxyType({name: _rung(told) for name, told in data["quality"].items()}),
        authentication=Authentication(**data.get("authentication", {})),
        limits=Limits(**{key: _LIMITS[key](text) for key, text in data.get("limits", {}).items()}),
        opening_hours=_hours(data["opening_hours"]) if "opening_hours" in data else opening_hours.ALWAYS,
    )


_LIMITS: Mapping[str, Any] = MappingProxyType(
    {
        "requests_per_second": float,
        "tries": int,
        "give_up_after": duration,
        "page_rows": int,
        "largest_answer": size,
        "timeout": duration,
    }
)


def _hours(told: Mapping[str, Any]) -> opening_hours.OpeningHours:
    days = {key: value for key, value in told.items() if key != "holidays"}
    try:
        return opening_hours.from_text(days, tuple(told.get("holidays", ())))
    except ValueError as error:
        raise UnfitError(
            ("opening_hours", str(error)),
            "names a zone, an hour or a day that does not exist",
            "nomme un fuseau, une heure ou un jour qui n'existe pas",
        ) from None


def _contract(told: Mapping[str, str], folder: Path) -> Contract:
    for key in ("file", "wire"):
        if key in told and not (folder / told[key]).exists():
            raise UnfitError(
                ("contract", key), f"names {told[key]}, which is absent", f"nomme {told[key]}, qui est absent"
            )
    kind: Any = told["kind"]
    return Contract(kind, folder / told["file"], folder / told["wire"] if "wire" in told else None)


def _rung(told: Any) -> Rung:
    return Rung("exempt", told["exempt"]) if isinstance(told, dict) else Rung(told)


def _stream(name: str, told: Mapping[str, Any], *, declared_sql: bool) -> StreamDeclaration:
    key = tuple(told["key"])
    query = told.get("query", {} if declared_sql else None)
    return StreamDeclaration(
        name=name,
        key=key,
        cursor=told.get("cursor"),
        lag=duration(told["lag"]) if "lag" in told else timedelta(0),
        deletions=_deletions(told.get("deletions", "none")),
        request=_request(told["request"]) if "request" in told else None,
        query=None if query is None else SqlQuery(query.get("condition", ""), tuple(query.get("order", key))),
        file=_file(told["file"]) if "file" in told else None,
    )


def _deletions(told: Any) -> Deletions:
    if isinstance(told, dict):
        return Deletions("flag", told["column"], tuple(told["gone"]))
    return Deletions(told)


def _request(told: Mapping[str, Any]) -> RestRequest:
    paging = dict(told.get("paging", {}))
    if "first" in paging:
        paging["first"] = int(paging["first"])
    return RestRequest(
        path=told["path"],
        query=MappingProxyType(told.get("query", {})),
        records=told.get("records", ""),
        total=_total(told["total"]) if "total" in told else None,
        paging=Paging(**paging),
    )


def _total(told: Any) -> Total:
    if isinstance(told, str):
        return Total(pointer=told)
    return Total(pointer=told.get("at", ""), header=told.get("header", ""), path=told.get("path", ""))


def _file(told: Mapping[str, Any]) -> FileDeclaration:
    """`format` is what formats.Format.from_text takes: its key for the kind of file is `kind`."""
    told_format = {key: value for key, value in told.items() if key not in ("name", "format", "complete")}
    return FileDeclaration(
        told["name"],
        MappingProxyType({"kind": told["format"], **told_format}),
        told.get("complete", "marker"),
    )
