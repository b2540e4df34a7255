"""The JSON Schema of the manifest: the committed file, what it refuses, and the tables that people read."""

import copy
import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from canonical_model import strict_yaml
from connectors.kit import load
from connectors.kit.formats import format as formats
from connectors.kit.manifest import KEYS, Limits, grammar, schema
from connectors.kit.manifest.model import AuthenticationKind, Protocol
from connectors.kit.manifest.reader import _LIMITS, check
from connectors.kit.manifest.shapes import UnfitError

README = Path(load.__file__).parent / "README.md"
VALIDATOR = Draft202012Validator(schema.schema())

REST = """
name: spi
direction: inbound
protocol: rest
owner: data@example.org
schedule: "0 5 * * *"
identity: refers
secrets: [client_secret]
authentication: {kind: oauth2, token_path: /oauth/token, scope: plans}
limits: {requests_per_second: "10", tries: "5", give_up_after: 10m, page_rows: "500", largest_answer: 64MB}
opening_hours: {time_zone: America/Toronto, monday: "06:00-12:00, 13:00-22:00", holidays: [2026-12-25]}
contract: {kind: reference, file: contract/streams.yaml, wire: contract/openapi.yaml}
streams:
  plans:
    key: [id]
    cursor: modified_at
    lag: 10m
    deletions: {kind: flag, column: status, gone: [tobedeleted]}
    request:
      path: /v1/plans
      query: {since: "{since}", limit: "{page_rows}"}
      records: /items
      total: {path: /v1/plans/count, at: /total}
      paging: {kind: cursor, next: /next, parameter: cursor}
  others: {key: [id], deletions: snapshot, request: {path: /o, total: {header: X-Total}, paging: {kind: link}}}
mappings: [spi/support_plan@1]
quality: {samples-are-invented: done, never-writes: {exempt: It has no writing call.}}
"""
FILES = """
name: geobus
direction: inbound
protocol: files
owner: data@example.org
schedule: "0 5 * * *"
identity: refers
secrets: [key]
authentication: {kind: key}
contract: {kind: reference, file: contract/streams.yaml}
streams:
  eleves: {key: [id], file: {name: "ELEVES_{day}.csv", format: csv, separator: ";", encoding: windows-1252}}
  arrets: {key: [id], file: {name: arrets.txt, format: fixed_width, complete: stable,
    columns: {id: {start: "1", length: "7"}}}}
mappings: []
quality: {samples-are-invented: done}
"""
SQL = """
name: jade
direction: inbound
protocol: sql
owner: data@example.org
schedule: "0 5 * * *"
identity: establishes
contract: {kind: published, file: contract/tables.yaml}
streams: {e_ele: [fiche], e_freq: {key: [fiche], query: {condition: "[e_freq.annee] = %(year)s", order: [fiche]}}}
mappings: [jade/student@1]
quality: {samples-are-invented: done}
"""
SOAP = """
name: charlemagne
direction: outbound
protocol: soap
owner: data@example.org
schedule: "0 7 * * *"
entry: target:CharlemagneTarget
secrets: [password]
authentication: {kind: username-token}
contract: {kind: reference, file: contract/charlemagne.wsdl}
quality: {samples-are-invented: done}
"""
GOOD: dict[str, Any] = {text.split()[1]: strict_yaml.load(text) for text in (REST, FILES, SQL, SOAP)}
VALUES: tuple[Any, ...] = (
    "", "none", "0", "10m", "64MB", "/a", "/items/0", "{since}", "{since", "{hour}", "source:A", "target:A",
    "inbound", "outbound", "pulls", "rest", "sql", "files", "soap", "oauth2", "link", "page", "snapshot", "flag",
    "A-B",
    "../up", "2026-12-25", "06:00-22:00", "24:00-25:00", [], ["id"], ["Id"], [[]], {}, {"kind": "none"},
    {"kind": "page", "parameter": "p", "first": "0"}, {"key": ["id"]}, {"exempt": "why"}, {"path": "/a"},
    {"header": "X"}, {"header": "X", "path": "/a"}, {"at": "/a"},
)  # fmt: skip


def refused_by_reader(data: Any) -> bool:
    try:
        check(data)
    except UnfitError:
        return True
    return False


def ways(data: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to every value of a document, itself last."""
    items = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in items:
        yield from ways(value, (*way, key))
        yield (*way, key)


def mutated(data: Any, way: tuple[Any, ...], change: str, value: Any) -> Any:
    """A copy in which the value of that way is dropped, replaced, or has a key or an item more."""
    found = copy.deepcopy(data)
    held = found
    for key in way[:-1]:
        held = held[key]
    if change == "drop":
        del held[way[-1]]
    elif change == "replace":
        held[way[-1]] = value
    elif isinstance(held, dict):
        held[value if isinstance(value, str) else "more"] = copy.deepcopy(held[way[-1]])
    else:
        held.append(value)
    return found


def test_the_committed_schema_is_the_one_that_the_table_makes() -> None:
    """When it is not: ``python -m connectors.kit.manifest.schema``."""
    Draft202012Validator.check_schema(schema.schema())

    assert schema.text() == schema.FILE.read_text("utf-8")


@pytest.mark.parametrize("name", GOOD)
def test_a_good_manifest_is_good_to_both(name: str) -> None:
    assert [] == [error.message for error in VALIDATOR.iter_errors(GOOD[name])]
    assert not refused_by_reader(GOOD[name])


@pytest.mark.parametrize("folder", load.folders(), ids=lambda folder: folder.name)
def test_every_manifest_here_is_good_to_the_schema(folder: Path) -> None:
    data = strict_yaml.load_file(folder / "manifest.yaml")

    assert [] == [error.message for error in VALIDATOR.iter_errors(data)]


@pytest.mark.parametrize("name", GOOD)
def test_reader_and_schema_refuse_the_same_after_every_single_change(name: str) -> None:
    """Each value dropped, and replaced by each of some values that are right elsewhere."""
    changed = [
        mutated(GOOD[name], way, change, value)
        for way in ways(GOOD[name])
        for change, value in (
            ("drop", None),
            *(("replace", value) for value in VALUES[::3]),
            ("more", "extra"),
        )
    ]
    differ = [data for data in changed if refused_by_reader(data) is VALIDATOR.is_valid(data)]

    assert [] == differ
    assert len([data for data in changed if refused_by_reader(data)]) >= 30
    assert [data for data in changed if not refused_by_reader(data)]


@given(st.data())
@settings(max_examples=400, deadline=None)
def test_reader_and_schema_refuse_the_same_after_any_changes(data: st.DataObject) -> None:
    found = data.draw(st.sampled_from(sorted(GOOD)).map(GOOD.__getitem__))
    for _ in range(data.draw(st.integers(1, 3))):
        way = data.draw(st.sampled_from(sorted(ways(found), key=str)))
        change = data.draw(st.sampled_from(["drop", "replace", "more"]))
        found = mutated(found, way, change, data.draw(st.sampled_from(VALUES)))
        if not found:
            break

    assert refused_by_reader(found) is not VALIDATOR.is_valid(found)


def test_an_amount_without_quotes_is_a_number_to_an_editor_and_right_to_it_too() -> None:
    data = mutated(GOOD["spi"], ("limits", "tries"), "replace", 5)

    assert VALIDATOR.is_valid(data)


def test_the_words_of_a_file_are_those_that_the_formats_know() -> None:
    ours = set(grammar.FILE.names) - {"name", "format", "complete"}

    assert set(get_args(formats.Kind)) == set(grammar.FILE_KINDS)
    assert set(formats._KEYS_OF) == ours


def test_every_protocol_and_sign_in_has_its_place_in_the_table() -> None:
    protocols = get_args(Protocol)
    kinds = {kind for protocol in protocols for kind in grammar._SIGN_IN[protocol]}

    assert set(get_args(AuthenticationKind)) == kinds == set(grammar.AUTHENTICATION.cases)


def rows(heading: str) -> dict[str, str]:
    """First cell and whole row of the README's table below a heading."""
    text = README.read_text("utf-8").partition(f"{heading}\n")[2]
    table = re.split(r"\n#+ ", text)[0]
    found = re.findall(r"^\| (`.*?`) \|(.*)$", table, re.MULTILINE)
    return {name: row for cell, row in found for name in re.findall(r"`(.*?)`", cell)}


@pytest.mark.parametrize(
    ("heading", "names"),
    [
        ("## Manifest", KEYS),
        ("### Streams", set(grammar.STREAM.names)),
        ("### Limits", set(grammar.LIMITS.names)),
        ("### Sign-in", set(grammar.AUTHENTICATION.cases)),
        ("### Requests", set(grammar.REQUEST.names)),
        ("### Paging", set(grammar.PAGING.cases)),
        ("### Files", set(grammar.FILE.names)),
    ],
)
def test_the_readme_names_every_key_and_no_other(heading: str, names: set[str]) -> None:
    assert set(names) == set(rows(heading))


def test_the_manifest_that_the_readme_shows_is_a_good_one() -> None:
    shown = (
        README.read_text("utf-8").partition("## Manifest\n")[2].partition("```yaml\n")[2].partition("```")[0]
    )
    data = strict_yaml.load(shown)

    assert not refused_by_reader(data)
    assert VALIDATOR.is_valid(data)


def test_the_readme_says_the_true_defaults_of_the_limits() -> None:
    told = {name: row.split("|")[-2].strip() for name, row in rows("### Limits").items()}
    parsed = {name: _LIMITS[name](text) for name, text in told.items() if text != "none"}

    assert Limits(**parsed) == Limits()
    assert {field.name for field in fields(Limits)} == told.keys()
