"""The SFTP client against a real server on loopback: pinned key, bounded waits, nothing read in part."""

import logging
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from canonical_model.errors import ConfigurationError, RetryableError
from connectors.kit import sftp_server
from connectors.kit.files.complete import Completeness
from connectors.kit.files.inbox import Inbox
from connectors.kit.files.ledger import Ledger
from connectors.kit.files.opening import shared_folder
from connectors.kit.files.sftp import HostKeyError, SftpAddress, SftpFolder
from connectors.kit.installation import Installation
from connectors.kit.sftp_server import SftpUser, host_key, private_key, serve

USER = SftpUser("passerelle", password="not-a-secret", private_key=private_key("user"))
CONTENT = bytes(range(256)) * 4096  # one megabyte


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What the server serves."""
    made = tmp_path / "served"
    made.mkdir()
    return made


@contextmanager
def served(folder: Path, *faults: str, key: str = "host") -> Iterator[Installation]:
    """The folder over SFTP, as systems.yaml would say it."""
    with serve(folder, USER, key=host_key(key), faults=frozenset(faults)) as running:
        yield Installation(
            "sram", "000002", running.address(USER.name),
            {"password": USER.password}, {"host_key": running.host_key, "timeout_seconds": "5"},
        )  # fmt: skip


@contextmanager
def opened(installation: Installation, *, largest: int | None = None) -> Iterator[SftpFolder]:
    """The client, closed at the end."""
    told = SftpAddress.of(installation)
    made = SftpFolder(told) if largest is None else SftpFolder(told, largest=largest)
    try:
        yield made
    finally:
        made.close()


def test_what_is_written_is_listed_and_read_byte_for_byte(folder: Path) -> None:
    with served(folder) as installed, opened(installed) as place:
        place.write("a.txt", [CONTENT[:1000], CONTENT[1000:]])
        (folder / ".hidden").touch()
        (folder / "below").mkdir()
        with place.open("a.txt") as file:
            assert CONTENT == file.read()

        assert [("a.txt", len(CONTENT))] == [(entry.name, entry.size) for entry in place.list()]
        assert CONTENT == (folder / "a.txt").read_bytes()
        assert place.look("absent.txt") is None


def test_writing_again_replaces_at_once_and_leaves_no_part(folder: Path) -> None:
    with served(folder) as installed, opened(installed) as place:
        place.write("a.txt", [b"one"])
        place.write("a.txt", [b"two"])

    assert {"a.txt": b"two"} == {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_moved_file_covers_no_other(folder: Path) -> None:
    with served(folder) as installed, opened(installed) as place:
        names = []
        for content in (b"one", b"two"):
            place.write("a.txt", [content])
            names.append(place.move("a.txt", "archive"))

    assert ["a.txt", "a-2.txt"] == names
    assert [b"one", b"two"] == [(folder / "archive" / name).read_bytes() for name in names]


def test_a_key_signs_in_as_a_password_does(folder: Path) -> None:
    with (
        served(folder) as installed,
        opened(replace(installed, secrets={"private_key": USER.private_key})) as place,
    ):
        assert () == place.list()


@pytest.mark.parametrize(
    ("secrets", "words"),
    [
        ({"password": "another"}, "refused the user, password or key"),
        ({"private_key": private_key("another")}, "refused the user, password or key"),
        ({"private_key": "-----zut-----"}, "not a key that can be read"),
        ({}, "password or private_key is needed"),
    ],
)
def test_a_wrong_secret_is_named_and_not_shown(folder: Path, secrets: dict[str, str], words: str) -> None:
    with (
        served(folder) as installed,
        pytest.raises(ConfigurationError, match=words) as caught,
        opened(replace(installed, secrets=secrets)) as place,
    ):
        place.list()

    assert not any(secret in str(caught.value) + repr(installed) for secret in secrets.values())


def test_another_host_key_stops_before_the_password_is_sent(folder: Path) -> None:
    with served(folder) as before:
        pass
    asked: list[str] = []

    class Door(sftp_server._Door):
        def check_auth_password(self, username: str, password: str) -> int:
            asked.append(password)
            return super().check_auth_password(username, password)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sftp_server, "_Door", Door)
        with served(folder, key="renewed") as now:
            told = replace(now, options=dict(before.options))
            with (
                pytest.raises(HostKeyError, match=r"another host key, SHA256:.*by another way") as caught,
                opened(told) as place,
            ):
                place.list()
            assert [] == asked
            both = f"{before.options['host_key']} {now.options['host_key']}"
            with opened(replace(told, options={"host_key": both})) as place:
                assert () == place.list()
            assert [USER.password] == asked

    assert now.options["host_key"] in caught.value.french
    assert isinstance(caught.value, ConfigurationError)


@pytest.mark.parametrize(
    ("address", "options"),
    [
        ("sftp://h/x", {"host_key": "SHA256:a"}),
        ("sftp://u:p@h/x", {"host_key": "SHA256:a"}),
        ("sftp://u@h/x", {}),
        ("sftp://u@h/x", {"host_key": "md5:a"}),
        ("ftp://u@h/x", {"host_key": "SHA256:a"}),
    ],
)
def test_an_address_without_user_or_pinned_key_is_refused(address: str, options: dict[str, str]) -> None:
    with pytest.raises(ConfigurationError, match=r"Correct systems\.yaml"):
        shared_folder(Installation("sram", "000002", address, {"password": "x"}, options))


def test_a_server_that_is_down_may_be_tried_again(folder: Path) -> None:
    with (
        served(folder, "down") as installed,
        opened(installed) as place,
        pytest.raises(RetryableError, match="does not answer"),
    ):
        place.list()


def test_a_server_that_says_nothing_is_left_after_the_time_out(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        told = Installation(
            "sram", "000002", f"sftp://u@127.0.0.1:{silent.getsockname()[1]}/",
            {"password": "x"}, {"host_key": "SHA256:a", "timeout_seconds": "0.3"},
        )  # fmt: skip
        with opened(told) as place, pytest.raises(RetryableError, match="does not answer"):
            place.list()


def test_a_slow_server_is_left_after_the_time_out(folder: Path) -> None:
    (folder / "a.txt").write_bytes(b"x")
    with served(folder, "slow") as installed:
        impatient = replace(installed, options={**installed.options, "timeout_seconds": "0.4"})
        with opened(impatient) as place, pytest.raises(RetryableError, match="does not answer"):
            place.open("a.txt").__enter__()


def test_a_line_cut_in_the_middle_gives_nothing_and_the_next_try_connects_anew(folder: Path) -> None:
    (folder / "a.txt").write_bytes(CONTENT)
    with served(folder, "cut") as installed, opened(installed) as place:
        with pytest.raises(RetryableError, match="cut the line"), place.local("a.txt"):
            pytest.fail("a part of a file was given")

        assert ["a.txt"] == [entry.name for entry in place.list()]


def test_a_file_larger_than_the_limit_is_not_brought(folder: Path) -> None:
    (folder / "a.txt").write_bytes(CONTENT)
    with (
        served(folder) as installed,
        opened(installed, largest=1000) as place,
        pytest.raises(ConfigurationError, match="larger than 1000 bytes"),
        place.local("a.txt"),
    ):
        pytest.fail("it was brought")


def test_a_file_that_grows_on_the_server_while_it_is_read_is_refused(folder: Path) -> None:
    path = folder / "a.txt"
    path.write_bytes(b"one\n")
    with served(folder) as installed, opened(installed) as place:
        box = Inbox(place, Ledger())
        with (
            pytest.raises(RetryableError, match="changed while it was read"),
            box.take("s", "a.txt", Completeness("stable", 1.0, lambda _: None)) as taken,
        ):
            path.write_bytes(b"one\ntwo\n")
        assert not taken.path.exists()


def test_the_server_does_not_leave_its_folder(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "outside.txt").write_text("x")
    with served(folder) as installed:
        outside = replace(installed, address=f"{installed.address}../")
        with opened(outside) as place, pytest.raises(ConfigurationError, match="may not read"):
            place.list()


def test_nothing_of_the_secret_or_the_files_is_logged(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    (folder / "a.txt").write_bytes(b"x")
    with served(folder) as installed, opened(installed) as place, place.open("a.txt"):
        pass

    assert USER.password not in caplog.text
    assert "a.txt" not in caplog.text


@pytest.mark.skipif(shutil.which("sftp") is None, reason="OpenSSH's sftp is not installed here")
def test_openssh_s_own_client_reads_what_we_serve(folder: Path, tmp_path: Path) -> None:
    (folder / "a.txt").write_bytes(CONTENT)
    key = tmp_path / "key"
    key.write_text(USER.private_key)
    key.chmod(0o600)
    with serve(folder, USER, key=host_key("host")) as running:
        done = subprocess.run(
            [
                "sftp", "-q", "-P", str(running.port), "-i", str(key), "-o", "BatchMode=yes",
                "-o", "StrictHostKeyChecking=no", "-o", f"UserKnownHostsFile={tmp_path / 'known'}",
                "-F", "/dev/null", f"{USER.name}@127.0.0.1:/a.txt", str(tmp_path / "copy.txt"),
            ],
            capture_output=True, timeout=30, check=False,
        )  # fmt: skip

    assert 0 == done.returncode, done.stderr
    assert CONTENT == (tmp_path / "copy.txt").read_bytes()
