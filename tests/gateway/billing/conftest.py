"""A board of invented families on a real database, with a live ERP beside it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import yaml

from connectors.kit import sandbox
from connectors.kit.province.generate import generate
from gateway.billing import site_files
from gateway.store.hub import Hub
from tests.gateway.billing.board import DAY, ERP, Daycare
from tests.gateway.billing.invented import SITE


@pytest.fixture
def daycare(hub: Hub) -> Daycare:
    """An empty board with the demonstration's prices and accounts; no ERP is installed."""
    site = hub.settings.site_folder
    site.mkdir(parents=True)
    for name in (site_files.PRICES, site_files.ACCOUNTS):
        (site / name).write_text((SITE / name).read_text())
    return Daycare(hub)


@pytest.fixture
def erp(daycare: Daycare, tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """Starts the ERP, with faults, and installs it at the site; started again it remembers."""
    province = generate(7, students=30, boards=1, day=DAY)
    with ExitStack() as stack:

        def start(*faults: str) -> Any:
            told = {ERP: frozenset(faults)}
            running = stack.enter_context(
                sandbox.running(province, tmp_path / "erp", systems=[ERP], faults=told)
            )
            (entry,) = running.entries
            site = daycare.hub.settings.site_folder
            for name, text in entry["secrets"].items():
                (site / name).write_text(text)
            secrets = {name: {"file": name} for name in entry["secrets"]}
            (site / "systems.yaml").write_text(yaml.safe_dump([entry | {"secrets": secrets}]))
            return running.systems[0]

        yield start
