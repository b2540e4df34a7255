"""A drop folder: whole files only, each once, nothing lost and nothing covered."""

import hashlib
import zipfile
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest

from canonical_model.errors import ConfigurationError, RetryableError
from connectors.kit.files.complete import Completeness
from connectors.kit.files.folder import LocalFolder
from connectors.kit.files.inbox import Inbox, Taken
from connectors.kit.files.ledger import MOST_HELD, Ledger, Read
from connectors.kit.files.names import NamePattern
from connectors.kit.files.rows import read_any
from connectors.kit.formats import Format

DAY = date(2026, 2, 16)
PATTERN = NamePattern("ELEVES_{day}.csv", "x/eleves", {})
NAME = "ELEVES_2026-02-16.csv"
ROWS = b"fiche;nom\n1;A\n2;B\n"


def no_wait(_: float) -> None:
    """A pause in which nothing happens."""


def stable(wait: Callable[[float], None] = no_wait) -> Completeness:
    """Two looks, with what happens between them."""
    return Completeness("stable", 5.0, wait)


def drop(folder: Path, name: str = NAME, content: bytes = ROWS, *, digest: str | None = None) -> Path:
    """A file and its marker."""
    path = folder / name
    path.write_bytes(content)
    told = digest or hashlib.sha256(content).hexdigest()
    (folder / f"{name}.sha256").write_text(f"{told}  {name}\n# rows: 2\n")
    return path


def inbox(folder: Path, memory: Ledger | None = None) -> Inbox:
    """The inbox of a folder; `memory`: what an earlier one read."""
    return Inbox(LocalFolder(folder, "x@762000"), memory or Ledger())


@pytest.fixture
def memory() -> Ledger:
    """What was read so far."""
    return Ledger()


def told_again(memory: Ledger) -> Ledger:
    """The same memory in another process."""
    made = Ledger()
    made.read_back(memory.written())
    return made


def take(box: Inbox, name: str = NAME, way: Completeness | None = None) -> Taken:
    """Take a file to its end and let it go."""
    with box.take("eleves", name, way or Completeness("marker")) as taken:
        assert taken.path.read_bytes()
    return taken


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty drop folder."""
    made = tmp_path / "depot"
    made.mkdir()
    return made


def test_a_file_with_its_marker_is_taken_with_its_rows(folder: Path) -> None:
    drop(folder)

    assert 2 == take(inbox(folder)).rows


def test_a_file_whose_marker_is_of_another_content_is_still_being_written(folder: Path) -> None:
    drop(folder, digest="0" * 64)

    with pytest.raises(RetryableError, match="still being written"):
        take(inbox(folder))


@pytest.mark.parametrize("name", ["SHA256SUMS", "envoi_12.sha256"])
def test_a_list_of_checksums_tells_which_files_are_whole(folder: Path, name: str) -> None:
    (folder / NAME).write_bytes(ROWS)
    with pytest.raises(RetryableError, match="still being written"):
        take(inbox(folder), way=Completeness("checksum"))
    (folder / name).write_text(f"{'1' * 64}  other.csv\n{hashlib.sha256(ROWS).hexdigest()} *{NAME}\n")

    assert hashlib.sha256(ROWS).hexdigest() == take(inbox(folder), way=Completeness("checksum")).read.digest


def test_a_list_of_checksums_of_another_content_is_not_believed(folder: Path) -> None:
    (folder / NAME).write_bytes(ROWS)
    (folder / "SHA256SUMS").write_text(f"{'1' * 64}  {NAME}\n")

    with pytest.raises(RetryableError, match="still being written"):
        take(inbox(folder), way=Completeness("checksum"))


def test_without_marker_a_file_is_whole_when_two_looks_agree(folder: Path) -> None:
    path = folder / NAME
    path.write_bytes(ROWS)
    pauses: list[float] = []

    assert take(inbox(folder), way=stable(pauses.append)).path == path
    assert [5.0] == pauses


def test_a_file_that_grows_between_two_looks_is_still_being_written(folder: Path) -> None:
    path = folder / NAME
    path.write_bytes(ROWS)

    def grow(_: float) -> None:
        with path.open("ab") as file:
            file.write(b"3;C\n")

    with pytest.raises(RetryableError, match="still being written"):
        take(inbox(folder), way=stable(grow))


def test_an_empty_file_is_not_whole_because_it_is_stable(folder: Path) -> None:
    (folder / NAME).touch()

    with pytest.raises(RetryableError, match="still being written"):
        take(inbox(folder), way=stable())


@pytest.mark.parametrize("way", [Completeness("marker"), stable()])
def test_a_file_that_grows_while_it_is_read_is_refused_and_not_remembered(
    folder: Path, memory: Ledger, way: Completeness
) -> None:
    path, box = drop(folder), inbox(folder, memory)

    with (
        pytest.raises(RetryableError, match="changed while it was read"),
        box.take("eleves", NAME, way),
        path.open("ab") as file,
    ):
        file.write(b"3;C\n")
    assert {} == memory.written()
    assert path.exists()


def test_a_file_replaced_by_one_of_the_same_size_while_it_is_read_is_refused(folder: Path) -> None:
    path = drop(folder)

    with (
        pytest.raises(RetryableError, match="changed while it was read"),
        inbox(folder).take("eleves", NAME, Completeness("marker")),
    ):
        path.write_bytes(ROWS.replace(b"A", b"Z"))


def test_a_settled_file_is_archived_with_its_marker_and_never_read_again(
    folder: Path, memory: Ledger
) -> None:
    drop(folder)
    box = inbox(folder, memory)
    box.settle(take(box).read, PATTERN)

    assert {NAME, f"{NAME}.sha256"} == {path.name for path in (folder / "archive").iterdir()}
    with pytest.raises(RetryableError, match="no file was dropped"):
        box.newest("eleves", PATTERN, DAY)
    drop(folder)
    with pytest.raises(RetryableError, match="came again unchanged"):
        take(inbox(folder, told_again(memory)))
    assert {"archive"} == {path.name for path in folder.iterdir()}
    assert "ELEVES_2026-02-16-2.csv.sha256" in {path.name for path in (folder / "archive").iterdir()}


def test_killed_between_the_memory_and_the_move_the_file_is_moved_and_not_read_again(
    folder: Path, memory: Ledger
) -> None:
    drop(folder)
    memory.note(take(inbox(folder)).read)

    with pytest.raises(RetryableError, match="came again unchanged"):
        take(inbox(folder, told_again(memory)))
    assert (folder / "archive" / NAME).exists()


def test_a_corrected_file_of_the_same_name_is_read_as_a_new_one(folder: Path, memory: Ledger) -> None:
    drop(folder)
    box = inbox(folder, memory)
    box.settle(take(box).read, PATTERN)
    drop(folder, content=ROWS.replace(b"B", b"C"))
    again = inbox(folder, told_again(memory))

    taken = take(again, again.newest("eleves", PATTERN, DAY))

    assert taken.corrected
    assert taken.same_as is None


def test_the_same_content_under_another_name_is_noticed(folder: Path, memory: Ledger) -> None:
    drop(folder)
    box = inbox(folder, memory)
    box.settle(take(box).read, PATTERN)
    drop(folder, "ELEVES_2026-02-17.csv")

    assert NAME == take(inbox(folder, told_again(memory)), "ELEVES_2026-02-17.csv").same_as


def test_an_older_list_is_never_read_after_a_newer_one(folder: Path, memory: Ledger) -> None:
    drop(folder)
    drop(folder, "ELEVES_20260215.csv", b"fiche;nom\n9;Z\n")
    box = inbox(folder, memory)
    box.settle(take(box, box.newest("eleves", PATTERN, DAY)).read, PATTERN)

    assert (folder / "archive" / "ELEVES_20260215.csv").exists()
    drop(folder, "ELEVES_2026-02-14.csv", b"fiche;nom\n9;Z\n")
    with pytest.raises(RetryableError, match="no file was dropped"):
        inbox(folder, told_again(memory)).newest("eleves", PATTERN, DAY)


def test_a_file_of_a_later_day_waits(folder: Path) -> None:
    drop(folder)
    drop(folder, "ELEVES_2026-02-17.csv")

    assert NAME == inbox(folder).newest("eleves", PATTERN, DAY)


def test_a_file_set_aside_covers_no_other(folder: Path) -> None:
    for content in (b"a", b"b", b"c"):
        drop(folder, content=content)
        inbox(folder).set_aside(NAME)

    held = {path.name: path.read_bytes() for path in (folder / "erreur").glob("*.csv")}
    assert {NAME: b"a", "ELEVES_2026-02-16-2.csv": b"b", "ELEVES_2026-02-16-3.csv": b"c"} == held


def test_a_memory_is_of_the_last_files_and_what_is_no_memory_is_forgotten(memory: Ledger) -> None:
    read = [Read("eleves", f"{n}.csv", str(n)) for n in range(MOST_HELD + 1)]
    for one in read:
        memory.note(one)
    held = told_again(memory)
    held.read_back({"autres": "[[1]]", "notes": "cut shor"})

    assert [False, True, True] == [held.knows(read[n]) for n in (0, 1, MOST_HELD)]
    assert ("eleves",) == held.streams()


@pytest.mark.parametrize("name", ["../x.csv", "a/b.csv", "a\\b.csv", ".hidden", ""])
def test_a_name_that_leads_out_of_the_folder_is_refused(folder: Path, name: str) -> None:
    with pytest.raises(ConfigurationError, match="leads out of the folder"):
        LocalFolder(folder, "x@762000").write(name, [b"x"])
    assert [] == list(folder.iterdir())


def test_a_write_that_fails_in_the_middle_leaves_the_old_file_whole(folder: Path) -> None:
    def blocks() -> Iterator[bytes]:
        yield b"new"
        raise OSError(28, "full")

    place = LocalFolder(folder, "x@762000")
    place.write("a.csv", [b"old"])

    with pytest.raises(RetryableError, match="is full"):
        place.write("a.csv", blocks())
    assert {"a.csv": b"old"} == {path.name: path.read_bytes() for path in folder.iterdir()}


def test_an_unknown_placeholder_is_named() -> None:
    with pytest.raises(ConfigurationError, match=r"\{dya\}"):
        NamePattern("ELEVES_{dya}.csv", "x/eleves", {})


def test_a_member_that_is_named_is_read_out_of_an_archive_of_several(tmp_path: Path) -> None:
    path = tmp_path / "geo.zip"
    with zipfile.ZipFile(path, "w") as made:
        made.writestr("ecoles.csv", "code;nom\n1;A\n")
        made.writestr("eleves.csv", "fiche;nom\n7;B\n")

    told = Format.from_text({"kind": "csv", "separator": ";", "member": "eleves.csv"})
    assert ["7"] == read_any(path, told)["fiche"].to_list()
    with pytest.raises(ConfigurationError, match=r"geo\.zip"):
        read_any(path, Format.from_text({"kind": "csv", "member": "absent.csv"}))


def test_an_archive_that_names_a_file_outside_itself_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "geo.zip"
    with zipfile.ZipFile(path, "w") as made:
        made.writestr("../eleves.csv", "fiche;nom\n7;B\n")

    with pytest.raises(ConfigurationError, match="outside itself"):
        read_any(path, Format("csv"))
    assert [path] == list(tmp_path.iterdir())
