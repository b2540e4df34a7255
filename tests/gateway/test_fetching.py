"""Fetching from a real drop folder, here and over SFTP, and over REST: what is kept, told and not asked again."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml

from canonical_model.errors import ConfigurationError, RetryableError
from connectors.kit import load, sandbox
from connectors.kit.files.declared import FileSource
from connectors.kit.files.rows import contract_frames
from connectors.kit.province.generate import generate
from connectors.kit.province.model import Province
from connectors.kit.rest import Fetched, RestClient
from connectors.kit.sftp_server import SftpUser, host_key, serve
from gateway import intake
from gateway.store import exchanges
from gateway.store.hub import Hub
from tests.conftest import MOMENT
from tests.door import DAY

SYSTEM = "geobus@762000"
STREAMS = 5


@pytest.fixture(scope="module")
def province() -> Province:
    return generate(7, students=60, boards=1, day=DAY)


class Folder:
    """A partner's drop folder, and the hub that reads it."""

    def __init__(self, hub: Hub, province: Province, folder: Path) -> None:
        self.hub, self._province, self._folder = hub, province, folder
        self.depot = folder / "geobus-762000" / "depot"

    def drop(self, day: date = DAY, *faults: str) -> None:
        """The five files of a day with their markers, as the simulated Geobus writes them."""
        told = {"geobus": frozenset(faults)}
        (entry,) = sandbox.prepare(
            replace(self._province, day=day), self._folder, port=1, systems=["geobus"], faults=told
        )
        self.depot = Path(entry["address"].removeprefix("file://"))

    def fetch(self, run: str, day: date = DAY) -> Any:
        """The exchange of one run."""
        exchange = intake.fetch(self.hub, system=SYSTEM, run=run, day=day, school_year=2025, moment=MOMENT)
        return self.exchange(exchange)

    def exchange(self, name: str) -> Any:
        with self.hub.transaction() as connection:
            return exchanges.find(connection, name)

    def names(self, below: str = "") -> list[str]:
        """The files without their markers."""
        held = self.depot / below
        return sorted(path.name for path in held.glob("*.csv")) if held.is_dir() else []

    def landed(self) -> list[Path]:
        """What stands of batches, and of pulls in progress."""
        root = self.hub.settings.root
        batches = [path for path in (root / "raw").rglob("*") if path.is_file()]
        return batches + list((root / "pull").rglob("page-*"))


def declare(hub: Hub, entry: dict[str, Any], secrets: dict[str, str]) -> None:
    """One system in the site's systems.yaml."""
    site = hub.settings.site_folder
    site.mkdir(parents=True, exist_ok=True)
    for name, value in secrets.items():
        (site / name).write_text(value)
    told = {**entry, "secrets": {name: {"file": name} for name in secrets}}
    (site / "systems.yaml").write_text(yaml.safe_dump([told], default_style='"'))


@contextmanager
def reached(way: str, folder: Folder) -> Iterator[None]:
    """The folder as the hub reaches it: its path, or SFTP."""
    entry: dict[str, Any] = {"system": SYSTEM, "address": folder.depot.as_uri(), "options": {}}
    if way == "local":
        declare(folder.hub, entry, {})
        yield
        return
    with serve(folder.depot, SftpUser("u", password="p"), key=host_key("x")) as running:
        told = {"address": running.address("u"), "options": {"host_key": running.host_key}}
        declare(folder.hub, entry | told, {"password": "p"})
        yield


@pytest.fixture(params=["local", "sftp"])
def folder(request: pytest.FixtureRequest, hub: Hub, province: Province, tmp_path: Path) -> Iterator[Folder]:
    made = Folder(hub, province, tmp_path / "sandbox")
    made.drop()
    with reached(request.param, made):
        yield made


@pytest.fixture
def local(hub: Hub, province: Province, tmp_path: Path) -> Iterator[Folder]:
    made = Folder(hub, province, tmp_path / "sandbox")
    made.drop()
    with reached("local", made):
        yield made


def test_files_are_archived_once_their_rows_are_kept_and_no_later_run_reads_them_again(
    folder: Folder,
) -> None:
    first = folder.fetch("run-1")
    archived = folder.names("archive")
    folder.drop()
    with pytest.raises(RetryableError, match="came again unchanged"):
        folder.fetch("run-2")
    folder.drop(DAY + timedelta(days=1))
    third = folder.fetch("run-3", DAY + timedelta(days=1))

    assert STREAMS == len(archived)
    assert [] == folder.names()
    assert "failed" == folder.exchange(intake.exchange_id("run-2", SYSTEM)).state
    assert first.counts["rows"] == third.counts["rows"]
    assert min(first.counts["rows"].values()) > 0


def test_killed_between_the_commit_and_the_archive_the_same_run_archives_and_reads_nothing(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as killing:
        killing.setattr(FileSource, "settled", _killed)
        with pytest.raises(KeyboardInterrupt):
            folder.fetch("run-1")
    before = folder.landed(), len(folder.names())
    monkeypatch.setattr(FileSource, "read", _killed)
    row = folder.fetch("run-1")

    assert STREAMS == before[1]
    assert "landed" == row.state
    assert ([], STREAMS) == (folder.names(), len(folder.names("archive")))
    assert set(folder.landed()) < set(before[0])  # the batch; no page of the pull is left


def test_killed_between_the_commit_and_the_archive_the_next_run_reads_nothing_twice(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as killing:
        killing.setattr(FileSource, "settled", _killed)
        with pytest.raises(KeyboardInterrupt):
            folder.fetch("run-1")
    kept = [path for path in folder.landed() if "page-" not in path.name]
    with pytest.raises(RetryableError, match="came again unchanged"):
        folder.fetch("run-2")
    folder.drop(DAY + timedelta(days=1))
    folder.fetch("run-3", DAY + timedelta(days=1))

    assert set(kept) <= set(folder.landed())
    assert ([], 2 * STREAMS) == (folder.names(), len(folder.names("archive")))


def test_a_folder_that_cannot_be_tidied_leaves_the_batch_landed_and_is_tidied_by_the_next_call(
    local: Folder, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (local.depot / "archive").write_text("a file where the folder should be")
    row = local.fetch("run-1")
    (local.depot / "archive").unlink()
    left = len(local.names())
    local.fetch("run-1")

    assert "landed" == row.state
    assert STREAMS == left
    assert "its files were not moved" in caplog.text
    assert ([], STREAMS) == (local.names(), len(local.names("archive")))


def test_a_file_that_cannot_be_read_goes_to_the_folder_of_errors_and_nothing_is_landed(
    folder: Folder,
) -> None:
    folder.drop(DAY, "missing-column")
    with pytest.raises(ConfigurationError, match="droittrsp is missing"):
        folder.fetch("run-1")
    aside = folder.names("erreur")
    nothing = folder.landed()
    folder.drop()

    assert [f"GEO_V_TRSP_{DAY}.csv"] == aside
    assert [] == nothing
    assert "landed" == folder.fetch("run-1").state


def test_a_file_that_changes_while_it_is_read_leaves_nothing_landed(
    local: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def growing(path: Path, *asked: Any, **how: Any) -> Iterator[pl.DataFrame]:
        yield from contract_frames(path, *asked, **how)
        with path.open("ab") as file:
            file.write(b"x\n")

    with monkeypatch.context() as changing:
        changing.setattr("connectors.kit.files.declared.contract_frames", growing)
        with pytest.raises(RetryableError, match="changed while it was read"):
            local.fetch("run-1")

    assert [] == local.landed()
    assert "failed" == local.exchange(intake.exchange_id("run-1", SYSTEM)).state
    assert STREAMS == len(local.names())
    local.drop()
    assert "landed" == local.fetch("run-1").state


def test_a_count_that_differs_from_the_marker_s_leaves_nothing_landed(local: Folder) -> None:
    marker = local.depot / f"GEO_B_BAT_{DAY}.csv.sha256"
    marker.write_text(marker.read_text().replace("# rows: ", "# rows: 9"))
    with pytest.raises(RetryableError, match="rows were read and the system counts 9"):
        local.fetch("run-1")

    assert not [path for path in local.landed() if path.is_relative_to(local.hub.settings.root / "raw")]
    assert STREAMS == len(local.names())


def _killed(*_: Any) -> None:
    raise KeyboardInterrupt


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, bool, int]]:
    """Every page that was asked for: its path, whether conditionally, and the status of the answer."""
    found: list[tuple[str, bool, int]] = []
    fetch: Callable[..., Fetched] = RestClient.fetch

    def seen(client: RestClient, path: str, query: str = "", *, etag: str = "") -> Fetched:
        answer = fetch(client, path, query, etag=etag)
        found.append((path, bool(etag), answer.status))
        return answer

    monkeypatch.setattr(RestClient, "fetch", seen)
    return found


def test_a_list_that_did_not_change_since_the_last_pull_is_answered_by_304_and_stays_known(
    hub: Hub, province: Province, tmp_path: Path, asked: list[tuple[str, bool, int]]
) -> None:
    """The SPI's own manifest, of which no mapping reads two lists together: then each is pulled since its cursor."""
    ours, own = load.manifest("spi").folder, hub.settings.site_folder / "connectors" / "carnet"
    (own / "contract").mkdir(parents=True)
    text = (ours / "manifest.yaml").read_text("utf-8")
    text = text.replace("name: spi", "name: carnet").replace("[spi/intervention_plan@1]", "[]")
    (own / "manifest.yaml").write_text(text, "utf-8")
    for path in (ours / "contract").iterdir():
        (own / "contract" / path.name).write_bytes(path.read_bytes())

    with sandbox.running(province, tmp_path / "sandbox", systems=("spi@762000",)) as running:
        entry = {**running.entries[0], "system": "carnet@762000"}
        declare(hub, entry, entry["secrets"])
        rows, statuses, memories = [], [], []
        for number in range(4):
            asked.clear()
            exchange = intake.fetch(
                hub, system="carnet@762000", run=f"run-{number}", day=DAY, school_year=2025, moment=MOMENT
            )
            with hub.transaction() as connection:
                row = exchanges.find(connection, exchange)
            assert row is not None
            rows.append(
                {stream: (held["rows"], held["known"]) for stream, held in row.counts["pull"].items()}
            )
            statuses.append([status for _, conditional, status in asked if conditional])
            memories.append(row.receipt["pull"]["memory"])

    assert all(held > 0 for held, _ in rows[0].values())
    assert all(held == 0 and known > 0 for held, known in rows[1].values())  # the lag before the cursor
    assert [{(0, 0)}, {(0, 0)}] == [set(held.values()) for held in rows[2:]]
    assert [[], [], [304] * 3, [304] * 3] == statuses
    assert ({}, memories[1], memories[1]) == (memories[0], memories[2], memories[3])
    assert 3 == len(memories[1])
    assert "modified_at" not in json.dumps(memories[1])
