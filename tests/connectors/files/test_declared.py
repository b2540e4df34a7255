"""A source of files by its manifest alone, here and over SFTP; what is settled is never read twice."""

import hashlib
import logging
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from canonical_model.errors import ConfigurationError, RetryableError
from connectors.kit.files.declared import FileSource
from connectors.kit.installation import Installation
from connectors.kit.manifest import Manifest, read
from connectors.kit.protocol import Window
from connectors.kit.sftp_server import SftpUser, host_key, serve

WINDOW = Window(2025, date(2026, 2, 16))
MANIFEST = """\
name: portail
direction: inbound
protocol: files
owner: registrar-data@example.org
schedule: "0 5 * * *"
identity: refers
contract: {kind: reference, file: contract/streams.yaml}
streams:
  eleves:
    key: [fiche]
    file: {name: "ELEVES_{organization}_{day}.csv", format: csv, separator: ";", encoding: windows-1252}
mappings: [portail/student@1]
quality: {samples-are-invented: done}
"""
CONTRACT = (
    "streams: {eleves: {named: eleves, columns: {fiche: File, nom: {named: NOM_ELEVE, means: Name}}}}\n"
)
CSV = "FICHE;NOM_ELEVE;SECRET\n0001;Élise;x\n0002;Zoé;y\n"


@pytest.fixture
def manifest(tmp_path: Path) -> Manifest:
    """A connector of YAML only."""
    folder = tmp_path / "portail"
    (folder / "contract").mkdir(parents=True)
    (folder / "manifest.yaml").write_text(MANIFEST)
    (folder / "contract" / "streams.yaml").write_text(CONTRACT)
    return read(folder)


@pytest.fixture
def depot(tmp_path: Path) -> Path:
    """The partner's folder."""
    made = tmp_path / "depot"
    made.mkdir()
    return made


@pytest.fixture(params=["local", "sftp"])
def installed(request: pytest.FixtureRequest, depot: Path) -> Iterator[Installation]:
    """The same folder as a path and over SFTP."""
    if request.param == "local":
        yield Installation("portail", "762000", depot.as_uri(), {}, {})
        return
    with serve(depot, SftpUser("u", password="p"), key=host_key("x")) as running:
        told = {"host_key": running.host_key}
        yield Installation("portail", "762000", running.address("u"), {"password": "p"}, told)


def drop(depot: Path, text: str = CSV, day: str = "2026-02-16") -> None:
    """A whole file with its marker."""
    name, content = f"ELEVES_762000_{day}.csv", text.encode("windows-1252")
    (depot / name).write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    (depot / f"{name}.sha256").write_text(f"{digest}  {name}\n# rows: {text.count(chr(10)) - 1}\n")


def test_the_contract_s_columns_are_read_as_text_and_the_marker_s_count_agrees(
    installed: Installation, manifest: Manifest, depot: Path
) -> None:
    drop(depot)
    source = FileSource(installed, manifest)

    frame = pl.concat(source.read("eleves", WINDOW))

    assert [("0001", "Élise", None), ("0002", "Zoé", None)] == frame.rows()
    assert ["fiche", "nom", "_fault"] == frame.columns
    assert frame.height == source.count("eleves", WINDOW)
    source.close()


def test_a_file_is_read_again_until_it_is_settled_and_then_never(
    installed: Installation, manifest: Manifest, depot: Path
) -> None:
    drop(depot)
    for _ in range(2):
        source = FileSource(installed, manifest)
        assert 2 == sum(frame.height for frame in source.read("eleves", WINDOW))
        source.close()
    source = FileSource(installed, manifest)
    list(source.read("eleves", WINDOW))
    memory = source.memory()
    source.settled()

    with pytest.raises(RetryableError, match="no file was dropped"):
        list(source.read("eleves", WINDOW))
    source.close()
    drop(depot)
    source = FileSource(installed, manifest)
    source.recall(memory)
    with pytest.raises(RetryableError, match="came again unchanged"):
        list(source.read("eleves", WINDOW))
    source.close()
    assert 4 == len(list((depot / "archive").iterdir()))


def test_killed_before_the_move_the_next_source_moves_what_it_recalls_and_only_that(
    installed: Installation, manifest: Manifest, depot: Path
) -> None:
    drop(depot)
    source = FileSource(installed, manifest)
    list(source.read("eleves", WINDOW))
    memory = source.memory()
    source.close()

    for _ in range(2):
        again = FileSource(installed, manifest)
        again.recall(memory)
        again.settled()
        again.close()

    assert {"archive"} == {path.name for path in depot.iterdir()}
    assert 2 == len(list((depot / "archive").iterdir()))


def test_a_corrected_file_that_comes_before_the_move_is_left_to_be_read(
    installed: Installation, manifest: Manifest, depot: Path
) -> None:
    drop(depot)
    source = FileSource(installed, manifest)
    list(source.read("eleves", WINDOW))
    drop(depot, CSV + "0003;Tim;z\n")
    source.settled()

    assert 3 == sum(frame.height for frame in source.read("eleves", WINDOW))
    source.close()


def test_a_file_that_was_not_read_to_its_end_is_not_settled(
    installed: Installation, manifest: Manifest, depot: Path
) -> None:
    drop(depot)
    source = FileSource(installed, manifest)
    frames = source.read("eleves", WINDOW)
    next(frames)

    assert {} == source.memory()
    source.settled()
    frames.close()  # type: ignore[attr-defined] # a generator
    source.close()
    assert not (depot / "archive").exists()


def test_a_file_that_grows_between_two_frames_ends_in_try_again(
    installed: Installation, manifest: Manifest, depot: Path
) -> None:
    drop(depot)
    source = FileSource(installed, manifest)

    frames = source.read("eleves", WINDOW)
    assert 2 == next(frames).height
    with (depot / "ELEVES_762000_2026-02-16.csv").open("ab") as file:
        file.write(b"0003;Tim;z\n")

    with pytest.raises(RetryableError, match="changed while it was read"):
        next(frames)
    source.close()


def test_a_file_that_cannot_be_read_is_set_aside_and_a_corrected_one_is_read(
    installed: Installation, manifest: Manifest, depot: Path
) -> None:
    drop(depot, "FICHE;NOM\n0001;x\n")
    source = FileSource(installed, manifest)
    with pytest.raises(ConfigurationError, match="NOM_ELEVE is missing"):
        list(source.read("eleves", WINDOW))
    source.set_aside()
    drop(depot)

    assert 2 == sum(frame.height for frame in source.read("eleves", WINDOW))
    source.close()
    assert {"ELEVES_762000_2026-02-16.csv", "ELEVES_762000_2026-02-16.csv.sha256"} == {
        path.name for path in (depot / "erreur").iterdir()
    }


def test_the_same_list_on_two_days_is_read_and_said(
    installed: Installation, manifest: Manifest, depot: Path, caplog: pytest.LogCaptureFixture
) -> None:
    drop(depot, day="2026-02-15")
    source = FileSource(installed, manifest)
    list(source.read("eleves", WINDOW))
    source.settled()
    drop(depot)

    with caplog.at_level(logging.WARNING, logger="connectors.kit.files"):
        assert 2 == sum(frame.height for frame in source.read("eleves", WINDOW))
    assert "has the content of ELEVES_762000_2026-02-15.csv" in caplog.text
    source.close()


def test_a_pause_that_is_no_number_is_named(manifest: Manifest, depot: Path) -> None:
    drop(depot)
    installed = Installation("portail", "762000", str(depot), {}, {"stable_seconds": "soon"})

    with pytest.raises(ConfigurationError, match="stable_seconds"):
        FileSource(installed, manifest).count("eleves", WINDOW)


def test_a_stream_without_a_file_is_refused(manifest: Manifest, depot: Path) -> None:
    bare = replace(manifest, streams={})

    with pytest.raises(ConfigurationError, match="portail/eleves"):
        list(FileSource(Installation("portail", "762000", str(depot), {}, {}), bare).read("eleves", WINDOW))
