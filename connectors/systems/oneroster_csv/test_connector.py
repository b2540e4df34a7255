"""OneRoster's CSV binding against its live sandbox: a folder in which a provider drops one ZIP."""

import csv
import io
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from canonical_model.errors import ConfigurationError, RetryableError
from connectors.kit import contract, files, load, sandbox
from connectors.kit.installation import Installation
from connectors.kit.protocol import Window
from connectors.kit.province.generate import generate
from connectors.kit.province.model import Province

DAY = date(2026, 2, 16)
WINDOW = Window(school_year=2025, day=DAY)
BOARD = "762000"
FOLDER = Path(__file__).parent
ZIP = f"oneroster_{DAY}.zip"


@pytest.fixture(scope="module")
def province() -> Province:
    """One board of two hundred pupils."""
    return generate(7, students=200, boards=1, day=DAY)


@contextmanager
def running(province: Province, folder: Path, *faults: str) -> Iterator[Installation]:
    told = {"oneroster_csv": frozenset(faults)} if faults else {}
    with sandbox.running(province, folder, systems=["oneroster_csv"], faults=told) as made:
        yield made.installation(f"oneroster_csv@{BOARD}")


@pytest.fixture
def installed(province: Province, tmp_path: Path) -> Iterator[Installation]:
    """The simulated provider, without a fault."""
    with running(province, tmp_path) as made:
        yield made


def whole(installation: Installation, stream: str) -> pl.DataFrame:
    """All rows of one file of the set."""
    source = load.source(installation)
    try:
        return pl.concat(source.read(stream, WINDOW))
    finally:
        source.close()


def say(folder: Path, **properties: str) -> None:
    """Drop the same set again, its manifest.csv saying something else; a property that is blank is left out."""
    (path,) = folder.rglob(ZIP)
    with zipfile.ZipFile(path) as packed:
        held = {name: packed.read(name) for name in packed.namelist()}
    told = dict(csv.reader(io.StringIO(held["manifest.csv"].decode(), newline="")))
    told |= {name.replace("__", "."): value for name, value in properties.items()}
    rows = "".join(f"{name},{value}\r\n" for name, value in told.items() if value)
    with zipfile.ZipFile(path, "w") as packed:
        for name, content in {**held, "manifest.csv": rows.encode()}.items():
            packed.writestr(name, content)


def test_every_stream_has_the_contract_s_columns_as_text(installed: Installation) -> None:
    for name, stream in contract.read(FOLDER / "contract" / "files.yaml").items():
        frame = whole(installed, name)
        assert [*stream.names, "_fault"] == frame.columns
        assert {pl.String} == set(frame.dtypes)
        assert frame.height
        assert frame["_fault"].null_count() == frame.height


def test_every_pupil_has_a_row_a_role_and_a_homeroom(province: Province, installed: Installation) -> None:
    fiches = {f"{pupil.fiche:07d}" for pupil in province.board(BOARD).pupils}
    users, roles, classes = (whole(installed, name) for name in ("users", "roles", "classes"))
    seats = whole(installed, "enrollments")
    pupils = roles.filter(role="student")["usersourcedid"]
    homerooms = classes.filter(classtype="homeroom")["sourcedid"]

    assert fiches == set(users.filter(pl.col("sourcedid").is_in(pupils.implode()))["identifier"])
    seated = seats.filter(pl.col("classsourcedid").is_in(homerooms.implode()))["usersourcedid"]
    assert sorted(pupils) == sorted(seated)


def test_it_follows_the_contract_the_set_holds_every_file_that_its_manifest_promises(
    installed: Installation, tmp_path: Path
) -> None:
    (path,) = tmp_path.rglob(ZIP)
    with zipfile.ZipFile(path) as packed:
        members = set(packed.namelist())
    said = dict(whole(installed, "manifest").select("propertyname", "value").iter_rows())

    promised = {name.removeprefix("file.") for name, value in said.items() if value == "bulk"}
    assert members == {f"{name}.csv" for name in promised} | {"manifest.csv"}
    assert ("1.0", "1.2") == (said["manifest.version"], said["oneroster.version"])


@pytest.mark.parametrize("said", ["delta", "absent", ""])
def test_a_file_that_is_not_in_bulk_is_refused_by_name(
    installed: Installation, tmp_path: Path, said: str
) -> None:
    say(tmp_path, file__enrollments=said)

    assert whole(installed, "users").height
    with pytest.raises(
        ConfigurationError, match=rf"manifest\.csv: file\.enrollments is {said or '-'}, not bulk"
    ):
        whole(installed, "enrollments")


def test_another_version_is_refused(installed: Installation, tmp_path: Path) -> None:
    say(tmp_path, oneroster__version="1.1")

    with pytest.raises(ConfigurationError, match=r"oneroster\.version is 1\.1, not 1\.2"):
        whole(installed, "orgs")


def test_what_a_manifest_says_otherwise_is_not_repeated(installed: Installation, tmp_path: Path) -> None:
    say(tmp_path, file__users="Tremblay")

    with pytest.raises(ConfigurationError) as caught:
        whole(installed, "users")

    assert "Tremblay" not in caught.value.english + caught.value.french


def test_a_set_without_its_manifest_is_refused(installed: Installation, tmp_path: Path) -> None:
    (path,) = tmp_path.rglob(ZIP)
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("orgs.csv", "sourcedId\r\n")

    with pytest.raises(ConfigurationError, match=r"manifest\.csv"):
        whole(installed, "orgs")


@pytest.mark.parametrize("fault", ["down", "writing"])
def test_a_set_still_being_written_or_not_dropped_yet_may_be_tried_again(
    province: Province, tmp_path: Path, fault: str
) -> None:
    with running(province, tmp_path, fault) as made, pytest.raises(RetryableError):
        whole(made, "orgs")


def test_a_missing_column_is_named(province: Province, tmp_path: Path) -> None:
    with running(province, tmp_path, "missing-column") as made:
        assert whole(made, "orgs").height
        with pytest.raises(ConfigurationError, match="users: the column sourcedid is missing"):
            whole(made, "users")


@pytest.mark.parametrize(("fault", "stream"), [("ragged", "enrollments"), ("encoding", "demographics")])
def test_a_bad_line_is_set_aside_and_the_others_are_read(
    province: Province, installed: Installation, tmp_path: Path, fault: str, stream: str
) -> None:
    sound = whole(installed, stream).height
    with running(province, tmp_path / "spoilt", fault) as made:
        found = whole(made, stream)

    assert sound == found.height
    assert 1 == found.height - found["_fault"].null_count()


def test_the_same_province_drops_the_same_bytes(province: Province, tmp_path: Path) -> None:
    for name in ("one", "two"):
        with running(province, tmp_path / name):
            pass

    one, two = sorted(tmp_path.rglob(ZIP))
    assert one.read_bytes() == two.read_bytes()


def test_a_folder_that_is_absent_is_named(installed: Installation) -> None:
    with pytest.raises(ConfigurationError, match=f"oneroster_csv@{BOARD}"):
        whole(replace(installed, address="/nowhere/at/all"), "orgs")


def test_samples_have_the_contract_s_columns() -> None:
    for name, stream in contract.read(FOLDER / "contract" / "files.yaml").items():
        assert set(stream.names) <= set(files.read_any(FOLDER / "samples" / f"{name}.csv").columns)
