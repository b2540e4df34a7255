"""Files dropped for a partner: whole, once, and accounted for by its return file."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from types import MappingProxyType

import pytest

from canonical_model.errors import ConfigurationError, IntegrityError, RetryableError
from connectors.kit.files.outgoing import FileTarget, Outgoing
from connectors.kit.installation import Installation
from connectors.kit.protocol import Delivery
from connectors.kit.sftp_server import SftpUser, host_key, serve

A, B = Outgoing("a", b"one\ntwo\n", 2), Outgoing("b", b"three\n", 1)
SENT = {"A_762000_K1.txt": 2, "B_K1.txt": 1}
HEADER = "recu;fichier;ligne;etat;motif\n"
ANSWER = f"{HEADER}R-7;A_762000_K1.txt;1;A;\nR-7;A_762000_K1.txt;2;R;inconnu\nR-7;B_K1.txt;1;A;\n"


class Marked(FileTarget):
    """Each file with its marker."""

    names = MappingProxyType({"a": "A_{organization}_{key}.txt", "b": "B_{key}.txt"})


class Listed(Marked):
    """One list of checksums for all."""

    complete = "checksum"


@pytest.fixture(params=["local", "sftp"])
def installed(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Installation]:
    """The partner's folder as a path and over SFTP."""
    depot = tmp_path / "depot"
    depot.mkdir()
    if request.param == "local":
        yield Installation("x", "762000", str(depot), {}, {})
        return
    with serve(depot, SftpUser("u", password="p"), key=host_key("x")) as running:
        yield Installation(
            "x", "762000", running.address("u"), {"password": "p"}, {"host_key": running.host_key}
        )


@pytest.fixture
def target(installed: Installation) -> Iterator[Marked]:
    """The target, closed at the end."""
    made = Marked(installed)
    yield made
    made.close()


def held(tmp_path: Path) -> dict[str, tuple[int, bytes]]:
    """The files that wait for the partner, with the moment of their writing."""
    return {
        path.name: (path.stat().st_mtime_ns, path.read_bytes())
        for path in (tmp_path / "depot").iterdir()
        if path.is_file()
    }


def answer(tmp_path: Path, text: str) -> None:
    """The partner's return file and its marker."""
    folder, name = tmp_path / "depot" / "retour", "RETOUR_K1.csv"
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text)
    (folder / f"{name}.sha256").write_text(f"{hashlib.sha256(text.encode()).hexdigest()}  {name}\n")


def test_each_file_is_dropped_with_its_marker(target: Marked, tmp_path: Path) -> None:
    receipt = target.deliver(Delivery("K1", (), (A, B)))

    found = {name: content for name, (_, content) in held(tmp_path).items()}
    assert ("K1", 3, ()) == (receipt.number, receipt.accepted, receipt.refused)
    assert {*SENT, *(f"{name}.sha256" for name in SENT)} == set(found)
    assert A.content == found["A_762000_K1.txt"]
    assert f"{A.digest}  A_762000_K1.txt\n# rows: 2\n".encode() == found["A_762000_K1.txt.sha256"]


def test_one_list_of_checksums_may_name_all_files(installed: Installation, tmp_path: Path) -> None:
    target = Listed(installed)
    target.deliver(Delivery("K1", (), (A, B)))
    before = held(tmp_path)
    target.deliver(Delivery("K1", (), (A, B)))
    target.close()

    assert {*SENT, "K1.sha256"} == set(before)
    assert f"{A.digest}  A_762000_K1.txt\n{B.digest}  B_K1.txt\n".encode() == before["K1.sha256"][1]
    assert before == held(tmp_path)


def test_the_same_delivery_again_changes_nothing_waiting_or_taken(target: Marked, tmp_path: Path) -> None:
    target.deliver(Delivery("K1", (), (A, B)))
    before = held(tmp_path)
    target.deliver(Delivery("K1", (), (A, B)))
    assert before == held(tmp_path)

    depot = tmp_path / "depot"
    (depot / "archive").mkdir(exist_ok=True)
    for name in before:
        (depot / name).rename(depot / "archive" / name)
    target.deliver(Delivery("K1", (), (A, B)))
    assert {} == held(tmp_path)


def test_killed_between_a_file_and_its_marker_it_ends_the_same(target: Marked, tmp_path: Path) -> None:
    (tmp_path / "depot" / "A_762000_K1.txt").write_bytes(A.content)

    target.deliver(Delivery("K1", (), (A, B)))

    assert {*SENT, *(f"{name}.sha256" for name in SENT)} == set(held(tmp_path))


def test_another_content_under_the_same_key_is_refused_and_nothing_is_replaced(
    target: Marked, tmp_path: Path
) -> None:
    target.deliver(Delivery("K1", (), (A,)))

    with pytest.raises(IntegrityError, match="another content"):
        target.deliver(Delivery("K1", (), (Outgoing("a", b"other\n", 1),)))
    assert A.content == held(tmp_path)["A_762000_K1.txt"][1]


def test_the_return_file_says_what_was_taken_and_refused(target: Marked, tmp_path: Path) -> None:
    assert target.fetch_return("K1", SENT) is None
    answer(tmp_path, ANSWER)

    receipt = target.deliver(Delivery("K1", (), (A, B)))

    assert ("R-7", 2, (("A_762000_K1.txt:2", "inconnu"),)) == (
        receipt.number,
        receipt.accepted,
        receipt.refused,
    )
    assert ANSWER.encode() == receipt.raw


@pytest.mark.parametrize(
    "text",
    [
        HEADER,
        ANSWER.replace("R-7;B_K1.txt;1;A;\n", ""),
        ANSWER.replace("B_K1.txt;1", "A_762000_K1.txt;1"),
        ANSWER.replace("R-7;B", "R-8;B"),
        ANSWER.replace("1;A;", "1;Z;"),
        ANSWER.replace(";inconnu", ";"),
    ],
)
def test_a_return_file_that_does_not_account_for_each_record_once_is_refused(
    target: Marked, tmp_path: Path, text: str
) -> None:
    answer(tmp_path, text)

    with pytest.raises(IntegrityError, match="K1"):
        target.fetch_return("K1", SENT)


def test_a_return_file_still_being_written_may_be_tried_again(target: Marked, tmp_path: Path) -> None:
    answer(tmp_path, ANSWER)
    (tmp_path / "depot" / "retour" / "RETOUR_K1.csv").write_text(HEADER)

    with pytest.raises(RetryableError, match="still being written"):
        target.fetch_return("K1", SENT)


def test_a_return_file_of_other_columns_is_compared_with_the_contract(target: Marked, tmp_path: Path) -> None:
    answer(tmp_path, "receipt;file\nx;y\n")

    with pytest.raises(ConfigurationError, match="not what the contract says"):
        target.fetch_return("K1", SENT)


@pytest.mark.parametrize("content", [None, (), (A, A), (Outgoing("z", b"", 0),), ("a",)])
def test_a_delivery_of_something_else_than_its_kinds_of_file_drops_nothing(
    target: Marked, tmp_path: Path, content: object
) -> None:
    with pytest.raises(ConfigurationError, match="one file of each of its kinds, a, b"):
        target.deliver(Delivery("K1", (), content))
    assert {} == held(tmp_path)


@pytest.mark.parametrize("key", ["../K1", "a/b", "", ".k", "k 1"])
def test_a_key_that_is_no_part_of_a_name_is_refused(target: Marked, tmp_path: Path, key: str) -> None:
    with pytest.raises(ConfigurationError, match="cannot be part of a file's name"):
        target.deliver(Delivery(key, (), (A,)))
    assert {} == held(tmp_path)
