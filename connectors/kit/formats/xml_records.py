"""Reads the repeated element of an XML file as rows; memory holds one record at a time.

A column is named by its path in the record: ``@id``, ``Name.FirstName``, ``Name.@lang``; local names,
no prefix. A child that comes several times in one record is a JSON list. Text beside children is ``#text``.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import polars as pl
from lxml import etree

from canonical_model.errors import ConfigurationError
from connectors.kit.formats.format import Format
from connectors.kit.formats.frames import cannot_read
from connectors.kit.formats.records import Record, frames_of
from connectors.kit.formats.sources import opened
from connectors.kit.formats.xml_events import events, forget, local_name

TEXT = "#text"
Held = str | dict[str, "Held"] | list["Held"]


def read(path: Path, told: Format, only: Sequence[str] | None, rows: int) -> Iterator[pl.DataFrame]:
    """Frames of at most `rows` rows, at least one, numbered from 1."""
    return frames_of(path, told, only, rows, records=_records, names_in=_names)


def _records(path: Path, told: Format) -> Iterator[Record]:
    wanted = _steps(path, told)
    names: list[str] = []
    inside, number, root = 0, 0, True
    with opened(path, told.member) as file:
        for event, element in events(path, file):
            if event == "start":
                names.append(str(element.tag))
                if root:
                    root = False
                    if not _same(names[0], wanted[0]):
                        raise _no_root(path, told)
                if not inside and len(names) == len(wanted) and all(map(_same, names, wanted)):
                    inside = len(names)
                continue
            if inside == len(names):
                number += 1
                yield number, _flat(path, element), None
                inside = 0
            if not inside:
                forget(element)
            names.pop()


def _names(path: Path, told: Format) -> Iterator[Iterable[str]]:
    return (values for _, values, _ in _records(path, told))


def _steps(path: Path, told: Format) -> list[str]:
    """The record's path as names that lxml gives; ``{*}name`` for a bare one."""
    known = dict(told.namespaces)
    steps = []
    for step in told.record.strip("/").split("/"):
        prefix, colon, name = step.rpartition(":")
        if colon and prefix not in known:
            raise ConfigurationError(
                f"{path.name}: record uses the prefix {prefix}, which namespaces does not declare. Declare it.",
                f"{path.name} : record emploie le préfixe {prefix}, que namespaces ne déclare pas. Déclarez-le.",
            )
        steps.append(f"{{{known[prefix]}}}{name}" if colon else f"{{*}}{name}")
    return steps


def _same(tag: str, wanted: str) -> bool:
    if wanted.startswith("{*}"):
        return local_name(tag) == wanted[3:]
    return tag == wanted


def _flat(path: Path, element: etree._Element) -> dict[str, str | None]:
    held = _held(element)
    found: dict[str, str | None] = {}
    for name, text in _laid(held if isinstance(held, dict) else {TEXT: held}, ""):
        if name in found:  # an element named with a dot, beside one inside another
            raise cannot_read(path, f"two values are {name}", f"deux valeurs sont {name}")
        found[name] = text
    return found


def _laid(held: dict[str, Held], above: str) -> Iterator[tuple[str, str]]:
    """(column, text) of what a record holds, in its order."""
    for name, value in held.items():
        if isinstance(value, dict):
            yield from _laid(value, f"{above}{name}.")
        else:
            yield f"{above}{name}", value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _held(element: etree._Element) -> Held:
    """The text of an element without attributes and children; else what it holds, by name."""
    own = (element.text or "") + "".join(child.tail or "" for child in element)
    if not len(element) and not element.attrib:
        return own
    found: dict[str, Held] = {
        f"@{local_name(str(name))}": str(value) for name, value in element.attrib.items()
    }
    several: dict[str, list[Held]] = {}
    for child in element:
        several.setdefault(local_name(str(child.tag)), []).append(_held(child))
    found.update({name: held[0] if len(held) == 1 else held for name, held in several.items()})
    if own.strip():
        found[TEXT] = own
    return found


def _no_root(path: Path, told: Format) -> ConfigurationError:
    root = told.record.strip("/").split("/")[0]
    return cannot_read(path, f"its root element is not {root}", f"son élément racine n'est pas {root}")
