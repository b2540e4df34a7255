"""A small province whose systems answer on loopback, and a hub that was pointed at them."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date

import pytest

from connectors.kit import sandbox
from connectors.kit.province.generate import generate
from connectors.kit.province.model import Province
from gateway import day as steps
from gateway.cli import demo_site
from gateway.settings import Settings
from gateway.store import server
from gateway.store.hub import Hub

DAY = date(2026, 2, 16)


@dataclass(frozen=True)
class World:
    """A hub and the province that its systems hold."""

    hub: Hub
    province: Province

    @property
    def environment(self) -> dict[str, str]:
        """The settings that point a process at this hub."""
        names = ("home", "database_url", "day")
        return {f"PASSERELLE_{name.upper()}": str(getattr(self.hub.settings, name)) for name in names}

    def run(self, run: str, *, until: str = "report") -> None:
        """One run of the day in this process, by the steps that Airflow calls. Needs `environment` to be set."""
        steps.whole(run, until=until, progress=lambda english, french: None)


@contextmanager
def world(hub: Hub, postgres: server.Server, *, students: int, boards: int, seed: int) -> Iterator[World]:
    """A world around a fresh hub, with sandboxes of its own (their GPI databases are shared by seed)."""
    province = generate(seed, students=students, boards=boards, day=DAY)
    folder = hub.settings.root / "sandbox"
    with sandbox.running(province, folder, postgres=postgres.url("postgres")) as running:
        settings = Settings(home=hub.settings.home, database_url=hub.settings.database_url, day=DAY)
        demo_site.declare(settings, running.systems, running.entries)
        yield World(Hub(settings, hub.keys, hub.engine), province)


@pytest.fixture
def new_world(
    new_hub: Callable[[], Hub], postgres: server.Server, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., World]]:
    """Makes worlds and points this process at the newest."""
    with ExitStack() as stack:

        def make(*, students: int = 150, boards: int = 2, seed: int = 7) -> World:
            made = stack.enter_context(
                world(new_hub(), postgres, students=students, boards=boards, seed=seed)
            )
            for name, value in made.environment.items():
                monkeypatch.setenv(name, value)
            return made

        yield make
