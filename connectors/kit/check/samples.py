"""The recorded answers of a connector (samples/) as frames of text. Refuses a file whose records it cannot tell.

One file a stream, ``samples/<stream>.<suffix>``: CSV, TSV, fixed width, JSON lines and Parquet as the
formats read them, a JSON answer by the stream's own pointers, an XML answer by its repeated element.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import polars as pl
from lxml import etree

from canonical_model import strict_yaml
from canonical_model.errors import ConfigurationError
from connectors.kit import contract, files, safe_xml
from connectors.kit.contract import Stream
from connectors.kit.errors import TransientError
from connectors.kit.formats import Format
from connectors.kit.manifest import Manifest
from connectors.kit.rest.wire_json import parsed, pointer, text

FOLDER = "samples"
_ADDED = ("_row", "_fault")


def contract_streams(manifest: Manifest) -> Mapping[str, Stream]:
    """The streams of a contract of columns; none for a WSDL or an OpenAPI document, which say it otherwise.

    Raises ConfigurationError for a contract of columns that is malformed.
    """
    path = manifest.contract.path
    if path.suffix not in (".yaml", ".yml"):
        return {}
    data = strict_yaml.load_file(path)
    return contract.read(path) if isinstance(data, dict) and "openapi" not in data else {}


def found(manifest: Manifest, stream: str) -> Path | None:
    """The sample of a stream; None when there is none."""
    folder = manifest.folder / FOLDER
    there = sorted(path for path in folder.glob(f"{stream}.*") if path.is_file())
    return there[0] if there else None


def every(manifest: Manifest) -> Iterator[Path]:
    """Every file of samples/, whatever it holds."""
    folder = manifest.folder / FOLDER
    if folder.is_dir():
        yield from sorted(path for path in folder.rglob("*") if path.is_file())


def frame(manifest: Manifest, stream: str, path: Path) -> pl.DataFrame:
    """The records of a sample under the contract's names, all text; what it does not name is left, as a source does.

    Raises ConfigurationError.
    """
    told = contract_streams(manifest).get(stream)
    if path.suffix == ".xml":
        made = _of_records(_xml(path))
    elif path.suffix == ".json":
        return _of_json(manifest, stream, path, told)
    else:
        made = _of_file(manifest, stream, path)
    made = made.rename({name: name.lower() for name in made.columns})
    if told is None:
        return made
    ours = {c.named.lower(): c.name for c in told.columns if c.named.lower() in made.columns}
    return made.select(list(ours)).rename(ours)


def _of_file(manifest: Manifest, stream: str, path: Path) -> pl.DataFrame:
    told = _declared_format(manifest, stream)
    made = files.read_any(path, told)
    return made.filter(pl.col("_fault").is_null()).drop(_ADDED)


def _declared_format(manifest: Manifest, stream: str) -> Format | None:
    """The format that the manifest declares for the stream's files; None: as the name of the sample says."""
    declared = manifest.streams.get(stream)
    if declared is None or declared.file is None:
        return None
    return Format.from_text(declared.file.format, place=f"{manifest.name}/{stream}")


def _xml(path: Path) -> list[dict[str, str | None]]:
    root = safe_xml.parse(path.read_bytes())
    holders = [element for element in root.iter() if isinstance(element.tag, str) and len(element)]
    found = [element for element in holders if not any(len(child) for child in element)]
    return [
        {etree.QName(child).localname: child.text or None for child in element if isinstance(child.tag, str)}
        for element in found
    ]


def _of_records(held: list[dict[str, str | None]]) -> pl.DataFrame:
    names = dict.fromkeys(name for record in held for name in record)
    return pl.DataFrame(held, schema=dict.fromkeys(names, pl.String))


def records(manifest: Manifest, stream: str, path: Path) -> list[Any]:
    """The records of a recorded JSON answer, where the stream's request says they are. Raises ConfigurationError."""
    try:
        answer = parsed(path.name, path.read_bytes())
    except (TransientError, ValueError) as error:
        raise _unreadable(path) from error
    declared = manifest.streams.get(stream)
    way = declared.request.records if declared and declared.request else ""
    found = pointer(way)(answer) if way else answer
    found = [found] if isinstance(found, dict) else found
    if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
        raise _unreadable(path)
    return found


def _of_json(manifest: Manifest, stream: str, path: Path, told: Stream | None) -> pl.DataFrame:
    held = records(manifest, stream, path)
    if told is None:
        return _of_records([{name: text(value) for name, value in item.items()} for item in held])
    ways = {c.name: pointer(c.named if c.named.startswith("/") else f"/{c.named}") for c in told.columns}
    rows = [{name: text(way(item)) for name, way in ways.items()} for item in held]
    return pl.DataFrame(rows, schema=dict.fromkeys(ways, pl.String))


def _unreadable(path: Path) -> ConfigurationError:
    return ConfigurationError(
        f"{path}: no records where the manifest says they are. Correct the sample, or `records`.",
        f"{path} : aucun enregistrement là où le manifeste les dit. Corrigez l'échantillon, ou « records ».",
    )
