"""Calls of `passerelle` in this process, and a hub that has lived one day."""

import json
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from connectors.kit.province.model import Province
from gateway.cli.main import main
from gateway.store import server
from tests.conftest import fresh_hub
from tests.world import World, world


@dataclass(frozen=True)
class Answer:
    """What a call answered: its exit code, standard output and standard error."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """The one JSON document of standard output."""
        return json.loads(self.out)


Call = Callable[..., Answer]


@pytest.fixture
def call(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Call]:
    """`passerelle WORDS`, on a home where nothing ever ran."""
    monkeypatch.setenv("PASSERELLE_HOME", str(tmp_path / "home"))
    ending = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.getsignal(number) for number in ending}

    def passerelle(*words: object) -> Answer:
        capsys.readouterr()
        code = main([str(word) for word in words])
        answer = Answer(code, *capsys.readouterr())
        assert "Traceback" not in answer.out + answer.err
        return answer

    yield passerelle
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture(scope="session")
def lived(postgres: server.Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A hub after one whole day of one small board."""
    with (
        pytest.MonkeyPatch.context() as patch,
        fresh_hub(postgres, tmp_path_factory.mktemp("lived"), "lived_hub") as hub,
        world(hub, postgres, students=80, boards=1, seed=11) as made,
    ):
        for name, value in made.environment.items():
            patch.setenv(name, value)
        made.run("day-one")
        patch.undo()
        yield made


@pytest.fixture
def call_there(call: Call, lived: World, monkeypatch: pytest.MonkeyPatch) -> Call:
    """`passerelle WORDS` on the hub that has lived; standard error never holds a person's value."""
    for name, value in lived.environment.items():
        monkeypatch.setenv(name, value)
    secret = values(lived.province)

    def passerelle(*words: object) -> Answer:
        answer = call(*words)
        assert [] == [value for value in secret if value in answer.err]
        return answer

    return passerelle


def values(province: Province) -> set[str]:
    """What must be in no log: names, codes, social insurance numbers."""
    found: set[str | None] = set()
    for pupil in (pupil for board in province.boards for pupil in board.pupils):
        for who in (pupil, *pupil.guardians):
            found |= {f"{who.given_name} {who.family_name}", f"{who.family_name} {who.given_name}"}
        found |= {pupil.code_permanent, *(who.social_insurance_number for who in pupil.guardians)}
    return {value for value in found if value}
