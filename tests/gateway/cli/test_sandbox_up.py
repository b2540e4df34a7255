"""`passerelle sandbox up SYSTEM…`: starts what is named, demonstrated or not, and says where and how to sign in."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from connectors.kit import sandbox
from connectors.kit.rest_server import TOKEN_CALLS
from gateway.store.server import Server
from tests.gateway.cli.conftest import Call


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@contextmanager
def started(postgres: Server, home: Path, *words: str) -> Iterator["subprocess.Popen[str]"]:
    """The command in a process of its own, as a person starts it."""
    surroundings = {
        **os.environ, "PASSERELLE_HOME": str(home), "PASSERELLE_SANDBOX_PORT": str(free_port()),
        "PASSERELLE_DATABASE_URL": postgres.url("postgres"),
    }  # fmt: skip
    province = ("--boards", "1", "--students", "60", "--lang", "en")
    process = subprocess.Popen(
        [sys.executable, "-m", "gateway.cli", "sandbox", "up", *words, *province],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=surroundings,
    )  # fmt: skip
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)


def first_lines(process: "subprocess.Popen[str]", number: int) -> list[str]:
    assert process.stdout is not None
    return [process.stdout.readline().rstrip("\n") for _ in range(number)]


def test_a_system_outside_the_demonstration_is_started_by_name_with_how_to_sign_in(
    postgres: Server, tmp_path: Path
) -> None:
    with started(postgres, tmp_path / "home", "spi@762000", "--faults", "spi=expired-token") as process:
        said = first_lines(process, 3)
        address, client, secret = (line.partition(": ")[2] for line in said)
        assert ["spi@762000", "    client_id", "    client_secret"] == [
            line.partition(": ")[0] for line in said
        ]

        asked = {"grant_type": "client_credentials", "scope": "plans"}
        token = httpx.post(f"{address}/oauth/token", data=asked, auth=(client, secret), trust_env=False)
        headers = {"Authorization": f"Bearer {token.json()['access_token']}"}
        answers = [
            httpx.get(f"{address}/v1/plans?school_year=2025", headers=headers, trust_env=False).status_code
            for _ in range(TOKEN_CALLS + 1)
        ]
    assert [200] * TOKEN_CALLS + [401] == answers


def test_without_a_name_it_says_addresses_and_no_secret_for_a_service_writes_that_to_its_log(
    postgres: Server, tmp_path: Path
) -> None:
    demonstrated = [name for name in sandbox.connectors() if sandbox.kind(name).demonstrated]
    with started(postgres, tmp_path / "home") as process:
        lines = first_lines(process, len(demonstrated))

    assert demonstrated == [line.partition("@")[0] for line in lines]


def test_a_program_reads_the_entries_as_one_document(postgres: Server, tmp_path: Path) -> None:
    with started(postgres, tmp_path / "home", "lms", "--json") as process:
        assert process.stdout is not None
        text = ""
        while not text.endswith("\n}\n"):
            text += process.stdout.readline()

    (entry,) = json.loads(text)["systems"]
    assert ("lms@916000", {"api_key"}) == (entry["system"], entry["secrets"].keys())


@pytest.mark.parametrize("name", ["spj", "spi@999999"])
def test_a_name_that_nothing_answers_to_is_refused_with_those_that_there_are(
    call: Call, monkeypatch: pytest.MonkeyPatch, postgres: Server, name: str
) -> None:
    monkeypatch.setenv("PASSERELLE_DATABASE_URL", postgres.url("postgres"))
    monkeypatch.setenv("PASSERELLE_SANDBOX_PORT", str(free_port()))

    answer = call("sandbox", "up", name, "--boards", 1, "--students", 50, "--lang", "en")

    assert 2 == answer.code
    assert f"{name}: no such sandbox" in answer.err
    assert "spi" in answer.err.partition("Choose among")[2]
