"""Pulls over days, through a site's own declared SQL connector: cursors go on, vanished keys are counted."""

import itertools
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml

from canonical_model.errors import ConfigurationError, RetryableError
from connectors.kit.sql import postgres
from gateway import intake
from gateway.store import exchanges, pulls
from gateway.store.hub import Hub
from gateway.store.pulls import Landings
from gateway.store.raw import RawStore
from tests.conftest import MOMENT
from tests.door import DAY

SYSTEM = "carnets@762000"
NUMBERS = itertools.count()
FILES = {
    "connectors/carnets/manifest.yaml": """
name: carnets
direction: inbound
protocol: sql
owner: data@example.org
schedule: "0 5 * * *"
identity: refers
contract: {kind: reference, file: streams.yaml}
secrets: [password]
streams:
  eleves: {key: [fiche], deletions: snapshot, query: {order: [fiche]}}
  visites: {key: [id], cursor: vu, lag: 10m, query: {order: [id]}}
mappings: []
quality: {samples-are-invented: todo}
""",
    "connectors/carnets/streams.yaml": """
streams:
  eleves: {named: dbo.eleves, columns: {fiche: File, nom: Name}}
  visites: {named: dbo.visites, columns: {id: Number, fiche: File, vu: Moment}}
""",
}


class Source:
    """The system's database, and the hub that pulls it day after day."""

    def __init__(self, hub: Hub, address: str) -> None:
        self.hub, self._address = hub, address
        self.pulled = 0

    def run(self, *statements: str) -> None:
        with psycopg.connect(self._address, autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement)  # type: ignore[call-overload]

    def pull(self, run: str | None = None, school_year: int = 2025) -> Any:
        """The exchange of one more day."""
        self.pulled += 1
        name = run or f"run-{self.pulled}"
        exchange = intake.fetch(
            self.hub, system=SYSTEM, run=name, day=DAY, school_year=school_year, moment=MOMENT
        )
        with self.hub.transaction() as connection:
            return exchanges.find(connection, exchange)

    def landed(self, row: Any, stream: str) -> list[tuple[Any, ...]]:
        frames = RawStore(self.hub.settings.root, self.hub.keys).streams(row.digest.hex())
        return frames[stream].rows()


@pytest.fixture
def source(hub: Hub, postgres_url: str) -> Source:
    name = f"carnets_{next(NUMBERS)}"
    with psycopg.connect(postgres_url, autocommit=True) as server:
        server.execute(f"create database {name}")
    address = psycopg.conninfo.make_conninfo(postgres_url, dbname=name)
    folder = hub.settings.site_folder
    for path, text in FILES.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, "utf-8")
    (folder / "password").write_text("x")
    entry = {"system": SYSTEM, "address": address, "secrets": {"password": {"file": "password"}}}
    (folder / "systems.yaml").write_text(yaml.safe_dump([entry], default_style='"'))
    made = Source(hub, address)
    made.run(
        "create schema dbo; create table dbo.eleves (fiche text primary key, nom text);"
        "create table dbo.visites (id integer primary key, fiche text, vu timestamp)",
        "insert into dbo.eleves select 'F' || n, 'Exemple ' || n from generate_series(1, 5) n",
        "insert into dbo.visites select n, 'F1', timestamp '2026-02-16 08:00' + n * interval '1 minute'"
        " from generate_series(1, 30) n",
    )
    return made


def test_a_stream_with_a_cursor_goes_on_where_the_last_pull_ended(source: Source) -> None:
    first = source.pull()
    source.run("insert into dbo.visites values (31, 'F2', '2026-02-16 08:31')")
    second = source.pull()
    third = source.pull()

    assert (30, 1, 0) == tuple(row.counts["rows"]["visites"] for row in (first, second, third))
    assert [(1, "31", "F2", "2026-02-16 08:31:00")] == source.landed(second, "visites")
    assert 11 == second.counts["pull"]["visites"]["known"]  # 08:20 to 08:30: the lag, asked for again
    assert {"visites": "2026-02-16 08:31:00"} == third.receipt["pull"]["cursors"]


def test_keys_that_went_came_changed_or_were_replaced_are_counted(source: Source) -> None:
    first = source.pull()
    source.run(
        "delete from dbo.eleves where fiche = 'F1'",
        "update dbo.eleves set fiche = 'F9' where fiche = 'F2'",
        "update dbo.eleves set nom = 'Autre' where fiche = 'F3'",
        "insert into dbo.eleves values ('F6', 'Nouveau')",
    )
    second = source.pull()

    assert "removed" not in first.counts["pull"]["eleves"]
    assert {
        "rows": 5, "pages": 1, "duplicates": 0, "known": 0, "flagged": 0,
        "added": 1, "removed": 1, "changed": 1, "rekeyed": 1, "unchanged": 2,
    } == second.counts["pull"]["eleves"]  # fmt: skip
    assert 5 == second.counts["rows"]["eleves"]


def test_another_school_year_is_not_compared_with_this_one(source: Source) -> None:
    source.pull()
    other = source.pull(school_year=2026)

    assert "removed" not in other.counts["pull"]["eleves"]
    assert 30 == other.counts["rows"]["visites"]


def test_only_the_last_digests_are_kept_and_no_landing_stays(source: Source) -> None:
    source.pull()
    source.run("insert into dbo.eleves values ('F6', 'Nouveau')")
    source.pull()
    root = source.hub.settings.root

    assert 1 == len([path for path in (root / "raw" / "keys").rglob("*") if path.is_file()])
    assert [] == [path for path in (root / "pull").rglob("*") if path.is_file() and path.suffix != ".lock"]


def test_a_fetch_that_broke_off_is_taken_up_after_the_last_page_and_sealed_meanwhile(
    source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "BATCH_BYTES", 1)  # a page a row
    given: list[int] = []
    frames = postgres.PostgresDriver.frames

    def counted(*asked: Any) -> Any:
        for frame in frames(*asked):
            if len(given) == 20:
                given.append(0)
                raise KeyboardInterrupt
            given.append(frame.height)
            yield frame

    monkeypatch.setattr(postgres.PostgresDriver, "frames", counted)
    with pytest.raises(KeyboardInterrupt):
        source.pull("run")
    landed = [path.read_bytes() for path in (source.hub.settings.root / "pull").rglob("page-*")]
    done = source.pull("run")

    assert 20 == len(landed)
    assert not [content for content in landed if b"Exemple" in content or b"ARROW" in content]
    assert 5 + 30 + 1 == len(given)  # nothing was asked twice
    assert [str(n) for n in range(1, 31)] == [row[1] for row in source.landed(done, "visites")]


def test_a_system_is_pulled_by_one_run_at_a_time_and_the_other_is_told_so(source: Source) -> None:
    held = Landings(source.hub.settings.root, source.hub.keys, SYSTEM)
    with held.held(), pytest.raises(RetryableError, match="another run pulls this system"):
        source.pull()

    assert 30 == source.pull().counts["rows"]["visites"]


def test_digests_that_are_gone_are_said_and_not_taken_for_an_empty_past(
    source: Source, tmp_path: Path
) -> None:
    row = source.pull()
    RawStore(source.hub.settings.root, source.hub.keys).drop_keys(row.receipt["pull"]["keys"])

    with pytest.raises(ConfigurationError, match="no longer in the home"):
        source.pull()
    with source.hub.transaction() as connection:
        assert 1 == pulls.last(connection, SYSTEM).number
