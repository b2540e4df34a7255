"""Manifests: read strictly into typed values, refused with the file, the line and the key."""

import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from canonical_model.errors import ConfigurationError
from connectors.kit import load
from connectors.kit.manifest import (
    ALWAYS,
    Authentication,
    Deletions,
    Limits,
    Manifest,
    Paging,
    Rung,
    SqlQuery,
    Total,
    read,
)

RIGHT = """
name: example
direction: inbound
protocol: files
owner: data@example.org
schedule: "0 5 * * *"
entry: source:ExampleSource
identity: refers
streams: {answers: [number]}
mappings: [example/answer@1]
secrets: [password]
contract: {kind: reference, file: contract.yaml}
quality: {samples-are-invented: done, paging-loop-refused: {exempt: No pages.}}
"""

DECLARED = """
name: example
direction: inbound
protocol: rest
owner: data@example.org
schedule: "0 5 * * 1-5"
identity: establishes
secrets: [client_secret]
authentication: {kind: oauth2, scope: plans}
limits: {requests_per_second: "0.5", tries: 5, give_up_after: 10m, page_rows: 200, largest_answer: 8MB, timeout: 45s}
opening_hours:
  time_zone: America/Toronto
  monday: "06:00-12:00, 13:00-22:00"
  holidays: [2026-12-25]
contract: {kind: reference, file: contract.yaml, wire: openapi.yaml}
streams:
  plans:
    key: [id]
    cursor: modified_at
    lag: 10m
    deletions: {kind: flag, column: status, gone: [tobedeleted]}
    request:
      path: "/v1/{organization}/plans"
      query: {since: "{since}", limit: "{page_rows}", active: "true"}
      records: /items
      total: {path: /v1/plans/count, at: /total}
      paging: {kind: cursor, next: /next, parameter: cursor}
  people: {key: [id], deletions: snapshot, request: {path: /v1/people, total: {header: X-Total-Count},
    paging: {kind: page, parameter: page, first: "0"}}}
  days: {key: [id], request: {path: /v1/days, total: /total}}
mappings: [example/plan@1]
quality: {samples-are-invented: todo}
"""


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str], Path]:
    """Writes a manifest into a connector's folder called `example`."""

    def make(text: str) -> Path:
        folder = tmp_path / "example"
        folder.mkdir(exist_ok=True)
        (folder / "contract.yaml").touch()
        (folder / "openapi.yaml").touch()
        (folder / "manifest.yaml").write_text(text)
        return folder

    return make


@pytest.fixture
def declared(write: Callable[[str], Path]) -> Manifest:
    return read(write(DECLARED))


def test_a_manifest_is_read_whole(write: Callable[[str], Path]) -> None:
    found = read(write(RIGHT))

    assert {"answers": ("number",)} == {name: stream.key for name, stream in found.streams.items()}
    assert ("password",) == found.secrets
    assert Rung("exempt", "No pages.") == found.quality["paging-loop-refused"]
    assert found.contract.path.is_file()
    assert found.contract.wire is None


def test_what_a_manifest_does_not_say_has_its_default(write: Callable[[str], Path]) -> None:
    found = read(write(RIGHT))

    assert Authentication("none") == found.authentication
    assert Limits() == found.limits
    assert ALWAYS == found.opening_hours
    assert (None, timedelta(0), Deletions("none")) == (
        found.streams["answers"].cursor,
        found.streams["answers"].lag,
        found.streams["answers"].deletions,
    )


def test_a_declared_connector_has_no_entry_and_all_its_amounts_are_typed(declared: Manifest) -> None:
    assert declared.entry is None
    assert Authentication("oauth2", "/oauth/token", "plans") == declared.authentication
    assert Limits(0.5, 5, timedelta(minutes=10), 200, 8 * 2**20, timedelta(seconds=45)) == declared.limits
    assert frozenset({date(2026, 12, 25)}) == declared.opening_hours.holidays
    assert declared.opening_hours.open_at(datetime(2026, 3, 2, 14, tzinfo=UTC))
    assert not declared.opening_hours.open_at(datetime(2026, 3, 2, 17, 30, tzinfo=UTC))


def test_a_rest_stream_says_how_it_is_asked_for(declared: Manifest) -> None:
    plans = declared.streams["plans"]

    assert ("modified_at", timedelta(minutes=10)) == (plans.cursor, plans.lag)
    assert Deletions("flag", "status", ("tobedeleted",)) == plans.deletions
    assert plans.request is not None
    assert ("/v1/{organization}/plans", "/items") == (plans.request.path, plans.request.records)
    assert {"since": "{since}", "limit": "{page_rows}", "active": "true"} == dict(plans.request.query)
    assert Total("/total", path="/v1/plans/count") == plans.request.total
    assert Paging("cursor", "cursor", next="/next") == plans.request.paging


def test_totals_and_pagings_have_their_other_forms(declared: Manifest) -> None:
    people, days = declared.streams["people"].request, declared.streams["days"].request
    assert people is not None
    assert days is not None

    assert (Total(header="X-Total-Count"), Paging("page", "page", 0)) == (people.total, people.paging)
    assert (Total("/total"), Paging("none"), "") == (days.total, days.paging, days.records)
    assert Deletions("snapshot") == declared.streams["people"].deletions


def test_a_declared_table_without_a_query_is_read_whole_in_the_order_of_its_key(
    write: Callable[[str], Path],
) -> None:
    text = RIGHT.replace("protocol: files", "protocol: sql").replace("entry: source:ExampleSource\n", "")
    query = "{answers: {key: [number], query: {condition: '[answers.org] = %(org)s', order: [day]}}}"

    assert SqlQuery("", ("number",)) == read(write(text)).streams["answers"].query
    told = read(write(text.replace("{answers: [number]}", query))).streams["answers"].query
    assert SqlQuery("[answers.org] = %(org)s", ("day",)) == told


def test_a_stream_of_files_hands_its_format_on_as_texts(write: Callable[[str], Path]) -> None:
    told = '{answers: {key: [number], file: {name: "A_{day}.csv", format: csv, separator: ";"}}}'
    text = RIGHT.replace("entry: source:ExampleSource\n", "").replace("{answers: [number]}", told)

    file = read(write(text)).streams["answers"].file

    assert file is not None
    assert ("A_{day}.csv", "marker") == (file.name, file.complete)
    assert {"kind": "csv", "separator": ";"} == dict(file.format)


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("name: example", "name: other", ":2: `name` must be example"),
        ("direction: inbound", "direction: sideways", ":3: `direction` must be inbound | outbound"),
        ("owner: data@example.org\n", "", "`owner` is missing"),
        ("identity: refers\n", "", "`identity` is missing: the connector is inbound"),
        ("protocol: files", "protocol: FTP", ":4: `protocol` must be rest | soap | sql | files"),
        ("protocol: files", "protocol: files\nport: 80", ":5: `port` is an unknown key."),
        ("secrets:", "secret:", ":11: `secret` is an unknown key (did you mean `secrets`?)"),
        ("source:ExampleSource", "target:ExampleTarget", "`entry` must be source:Class: the connector is"),
        ("source:ExampleSource", "os:system", "`entry` must be source:Class or target:Class"),
        ("entry: source:ExampleSource\n", "", ":8: `streams/answers/file` is missing: there is no entry"),
        ("[number]", "number", "`streams/answers` must be a list or keys and values"),
        ("[number]", "[]", "`streams/answers` must be a list"),
        ("[number]", "{key: [number], request: {path: /a}}", "`streams/answers/request` has no place here"),
        ("[number]", "{key: [Number]}", "`streams/answers/key/0` must be a name in small letters"),
        ("[number]", "{key: [number], lag: 10 minutes}", "`streams/answers/lag` must be a duration"),
        ("example/answer@1", "example/answer", "`mappings/0` must be a mapping"),
        ("file: contract.yaml", "file: absent.yaml", "`contract/file` names absent.yaml, which is absent"),
        ("file: contract.yaml", "file: ../contract.yaml", "`contract/file` must be a path below the folder"),
        ("kind: reference", "kind: guessed", "`contract/kind` must be published | reference"),
        ("{exempt: No pages.}", "exempt", "`quality/paging-loop-refused` must be done | todo"),
        ("{exempt: No pages.}", "{exempt: }", "`quality/paging-loop-refused/exempt` must be a text"),
        ("secrets: [password]", "authentication: {kind: password}", "`secrets` is missing: a sign-in takes"),
        ("secrets:", "authentication: {kind: oauth2}\nsecrets:", "`authentication/kind` must be none | password"),
        ("secrets:", "limits: {trys: 3}\nsecrets:", "`limits/trys` is an unknown key (did you mean `tries`?)"),
        ("secrets:", "limits: {largest_answer: 2G}\nsecrets:", "`limits/largest_answer` must be a size"),
        ("secrets:", "opening_hours: {time_zone: UTC}\nsecrets:", "`opening_hours/monday` is missing"),
        ("name: example", "- name", "not YAML"),
        (RIGHT, "- name", "the file must be keys and values"),
    ],
)  # fmt: skip
def test_a_wrong_manifest_is_refused_with_its_file_line_and_key(
    write: Callable[[str], Path], old: str, new: str, complaint: str
) -> None:
    assert old in RIGHT

    with pytest.raises(ConfigurationError) as caught:
        read(write(RIGHT.replace(old, new)))

    assert "manifest.yaml" in caught.value.english
    assert complaint in caught.value.english
    assert "manifest.yaml" in caught.value.french


@pytest.mark.parametrize(
    "hours",
    [
        "{time_zone: America/Montreal2, monday: '06:00-22:00'}",
        "{time_zone: UTC, monday: '06:00-06:00'}",
        "{time_zone: UTC, monday: '06:00-22:00', holidays: [2026-02-30]}",
    ],
)
def test_a_zone_an_hour_or_a_day_that_does_not_exist_is_refused(
    write: Callable[[str], Path], hours: str
) -> None:
    with pytest.raises(ConfigurationError, match=r"opening_hours/\w+` names a zone, an hour or a day"):
        read(write(f"{RIGHT}opening_hours: {hours}\n"))


def test_a_soap_connector_needs_python_and_says_so(write: Callable[[str], Path]) -> None:
    text = RIGHT.replace("protocol: files", "protocol: soap").replace("entry: source:ExampleSource\n", "")

    with pytest.raises(ConfigurationError, match="`entry` is missing: soap has no declared form"):
        read(write(text))


@pytest.mark.parametrize("folder", load.folders(), ids=lambda folder: folder.name)
def test_every_manifest_names_its_schema_for_the_editor(folder: Path) -> None:
    lines = (folder / "manifest.yaml").read_text("utf-8").splitlines()
    named = [line.partition("=")[2] for line in lines if line.startswith("# yaml-language-server: $schema=")]

    assert ["../../kit/manifest/manifest.schema.json"] == named
    assert (folder / named[0]).is_file()


def test_reading_manifests_loads_no_heavy_library() -> None:
    """Airflow reads them again and again."""
    heavy = ("polars", "httpx", "zeep", "lxml", "psycopg", "sqlalchemy", "airflow")
    code = (
        "import sys; from connectors.kit import load; load.manifests();"
        f"print([m for m in {heavy} if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert "[]" == done.stdout.strip()
