"""A workshop for small mappings: written to a folder of their own, loaded, run on small frames."""

import copy
import json
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml

from mappings.engine import compiler, loader
from mappings.engine.language import Mapping
from mappings.engine.result import Mapped

DAY = date(2026, 2, 16)

PUPIL: dict[str, Any] = {
    "mapping": "test/pupil",
    "version": "1",
    "to": "Student",
    "from": "pupils",
    "key": ["id"],
    "streams": {"pupils": {"columns": ["id", "name", "first", "born", "sex"], "unknown_columns": "freeze"}},
    "fields": {
        "subject.0.system": {"const": "fiche:$organization"},
        "subject.0.value": {"read": "id", "do": [{"digits": "7"}]},
        "organization": {"read": "$organization"},
        "family_name": {"read": "name"},
        "given_name": {"read": "first"},
        "birth_date": {"read": "born", "do": ["date_iso"]},
        "sex": {"read": "sex", "code_map": "sex"},
    },
}
SEX: dict[str, Any] = {"code_map": "sex", "to": "sex", "codes": {"F": "F", "M": "M"}}
FORM: dict[str, Any] = {
    "form": "test/user",
    "version": "1",
    "source": "invented",
    "layout": {"kind": "json"},
    "fields": {
        "id": {"type": "text", "required": "yes", "max_length": "8"},
        "name": {"type": "text", "required": "yes"},
        "note": {"type": "text"},
        "mark": {"type": "number", "min": "0", "max": "100"},
        "parents": {
            "list": "yes",
            "fields": {"name": {"type": "text", "required": "yes"}, "since": {"type": "date"}},
        },
    },
}
ROW: dict[str, str | None] = {"id": "12", "name": "Roy", "first": "Zoé", "born": "2010-05-06", "sex": "F"}
REMOVE = object()


class _Plain(yaml.SafeDumper):
    """Writes everything out: the hub's YAML has no aliases."""

    def ignore_aliases(self, data: object) -> bool:
        return True


def _yaml(data: dict[str, Any]) -> str:
    return yaml.dump(data, Dumper=_Plain, sort_keys=False, allow_unicode=True)


def changed(base: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A copy in which ``fields__sex`` (``__`` goes down) is replaced; REMOVE takes it out."""
    made = copy.deepcopy(base)
    for way, value in changes.items():
        node = made
        *parents, last = way.split("__")
        for parent in parents:
            node = node.setdefault(parent, {})
        if value is REMOVE:
            del node[last]
        else:
            node[last] = value
    return made


SCHOOLS = {"columns": ["id", "code"], "unknown_columns": "freeze"}
JOINED = changed(
    PUPIL,
    streams__pupils__columns=["id", "name", "first", "born", "sex", "school"],
    streams__schools=SCHOOLS,
    join=[{"stream": "schools", "on": {"school": "id"}, "missing": "refuse", "rule": "unknown-school"}],
    fields__code_permanent={"read": "schools.code"},
)
PARENTS = changed(
    PUPIL,
    to="Guardian",
    streams__pupils__columns=["id", "dad", "dad_first", "mum", "mum_first"],
    unpivot={
        "groups": {
            "father": {"family": "dad", "given": "dad_first"},
            "mother": {"family": "mum", "given": "mum_first"},
        }
    },
    fields__family_name={"read": "family"},
    fields__given_name={"read": "given"},
    fields__birth_date=REMOVE,
    fields__sex=REMOVE,
    fields__relation={"read": "$slot", "code_map": "slot"},
)
SLOT = {"code_map": "slot", "to": "guardian_relation", "codes": {"father": "father", "mother": "mother"}}
STEPS = changed(
    PUPIL,
    to="ChildcareDay",
    streams__pupils__columns=["id", "sdg", "h_{01..03}"],
    unpivot={"slots": "01..03", "columns": {"hours": "h_{slot}"}},
    fields__family_name=REMOVE,
    fields__given_name=REMOVE,
    fields__birth_date=REMOVE,
    fields__sex=REMOVE,
    fields__daycare={"read": "sdg"},
    fields__day={"read": ["sdg", "$slot"], "between": "-", "do": [{"remove": "-"}, "date_yyyymmdd"]},
    fields__extra_hours={"read": "hours", "do": ["decimal"]},
    fields__kind={"read": "sdg", "code_map": "kind"},
    fields__status={"read": "sdg", "code_map": "status"},
)

KIND = {"code_map": "kind", "to": "text", "codes": {"m": "mother", "f": "father"}}
FAMILY = changed(
    PUPIL,
    to={"form": "user"},
    never_read=["born", "sex", "first"],
    streams__contacts={"columns": ["of", "rank", "name", "kind"], "unknown_columns": "freeze"},
    fields={"id": {"read": "id"}, "name": {"read": "name"}},
    lists={
        "parents": {
            "stream": "contacts",
            "on": {"id": "of"},
            "order": ["rank"],
            "fields": {"name": {"read": "name"}, "kind": {"read": "kind", "code_map": "kind"}},
        }
    },
)


def frame(*rows: dict[str, str | None]) -> pl.DataFrame:
    """Rows as a source gives them: all text or null."""
    return pl.DataFrame(rows, schema=dict.fromkeys(rows[0], pl.String))


def pupil(**cells: str | None) -> dict[str, str | None]:
    """A row of ``pupils``, some cells otherwise."""
    return {**ROW, **cells}


def schools(*rows: tuple[str, str | None]) -> pl.DataFrame:
    """The joined stream: id and code."""
    return frame(*({"id": key, "code": code} for key, code in rows))


def contacts(*rows: tuple[str, str, str, str]) -> pl.DataFrame:
    """The child stream of FAMILY: of, rank, name, kind."""
    return pl.DataFrame(rows, schema=dict.fromkeys(("of", "rank", "name", "kind"), pl.String), orient="row")


class Workshop:
    """A folder of mappings, system ``test``."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "mappings"
        (self.root / "test" / "codes").mkdir(parents=True)
        self.codes(SEX)

    def codes(self, data: dict[str, Any]) -> None:
        """Write a code map."""
        path = self.root / "test" / "codes" / f"{data['code_map']}.yaml"
        path.write_text(_yaml(data), "utf-8")

    def form(self, data: dict[str, Any]) -> None:
        """Write a form where its id says."""
        system, _, name = data["form"].partition("/")
        path = self.root / system / "forms" / f"{name}.v{data['version']}.yaml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(_yaml(data), "utf-8")

    def family(self) -> None:
        """Write the form and the code map of FAMILY."""
        self.form(
            changed(FORM, fields__parents__fields__kind={"type": "text", "fr": "Lien", "en": "Relation"})
        )
        self.codes(KIND)

    def write(self, data: dict[str, Any]) -> None:
        """Write a mapping where its id says."""
        path = self.root / f"{data['mapping']}.v{data['version']}.yaml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(_yaml(data), "utf-8")

    def text(self, name: str, text: str) -> None:
        """Write a file of the system as it is."""
        (self.root / "test" / name).write_text(text, "utf-8")

    def mapping(self, data: dict[str, Any] = PUPIL) -> Mapping:
        """Write and load."""
        self.write(data)
        return loader.load(f"{data['mapping']}@{data['version']}", self.root)

    def run(self, data: dict[str, Any], *rows: dict[str, str | None], **joined: pl.DataFrame) -> Mapped:
        """Write, load and run on `rows` of the main stream and the `joined` frames."""
        streams = {data["from"]: frame(*rows), **joined}
        return compiler.run(self.mapping(data), streams, system="test@762000", organization="762000", day=DAY)


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    return Workshop(tmp_path)


def documents(mapped: Mapped) -> list[dict[str, Any]]:
    """The documents, read."""
    return [json.loads(text) for text in mapped.documents["document"]]


def faults(mapped: Mapped) -> list[tuple[str, str, str]]:
    """(column, path, rule) of each reject."""
    return list(mapped.rejects.select("column", "path", "rule").iter_rows())


def rules_of(mapped: Mapped) -> list[str]:
    """The rules of the rejects."""
    return mapped.rejects["rule"].to_list()
