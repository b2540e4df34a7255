"""A small province whose systems answer on loopback, and a hub that was pointed at them."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date
from pathlib import Path

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

    def run(self, run: str, *, until: str = "report") -> None:
        """One run of the day in this process, by the steps that Airflow calls."""
        steps.whole(run, until=until, progress=lambda english, french: None)


@pytest.fixture
def new_world(
    new_hub: Callable[[], Hub], postgres: server.Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Callable[..., World]]:
    """Makes worlds: a fresh hub each, and sandboxes of their own (their GPI databases are shared by seed)."""
    with ExitStack() as stack:

        def make(*, students: int = 150, boards: int = 2, seed: int = 7) -> World:
            hub = new_hub()
            province = generate(seed, students=students, boards=boards, day=DAY)
            folder = hub.settings.root / "sandbox"
            running = stack.enter_context(
                sandbox.running(province, folder, postgres=postgres.url("postgres"))
            )
            settings = Settings(home=hub.settings.home, database_url=hub.settings.database_url, day=DAY)
            demo_site.declare(settings, running.systems, running.entries)
            for name in ("home", "database_url", "day"):
                monkeypatch.setenv(f"PASSERELLE_{name.upper()}", str(getattr(settings, name)))
            return World(Hub(settings, hub.keys, hub.engine), province)

        yield make
