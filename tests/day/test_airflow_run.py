"""Airflow itself, as the hub starts it: one run, whose failure is told in its own words, and nothing left."""

import socket
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import psutil
import pytest

from canonical_model.errors import ConfigurationError
from gateway.operations import airflow_services, services
from gateway.operations.supervisor import Supervisor
from gateway.settings import Settings
from gateway.store import server as postgres


@pytest.fixture
def settings() -> Iterator[Settings]:
    """A fresh home, where PostgreSQL can run as its own user, without a site: the day has nothing to read."""
    with (
        tempfile.TemporaryDirectory(prefix="passerelle-", ignore_cleanup_errors=True) as folder,
        socket.create_server(("127.0.0.1", 0)) as taken,
    ):
        number = taken.getsockname()[1]
        taken.close()
        yield Settings(home=Path(folder), airflow_port=number)


def test_a_run_that_fails_says_why_and_airflow_leaves_nothing_behind(settings: Settings) -> None:
    told: list[str] = []
    held = postgres.ensure(settings)
    try:
        home = airflow_services.prepare(settings)
        base = services.environment(settings, held.uri)
        surroundings = airflow_services.environment(settings, home, held, base)
        api = home.api()
        with Supervisor(
            settings.root / "log", progress=lambda english, french: told.append(french)
        ) as supervisor:
            supervisor.finish(airflow_services.migration(settings, surroundings))
            airflow_services.remember_migration(home, held)
            parts = airflow_services.processes(settings, api, surroundings, since=datetime.now(UTC))
            for part in parts:
                supervisor.start(part)
            supervisor.wait(*(part.name for part in parts))
            family = [
                member
                for _, pid in supervisor.services
                for member in (psutil.Process(pid), *psutil.Process(pid).children(recursive=True))
            ]
            api.await_dag("hub_day", within=60, check=supervisor.check)
            api.trigger("hub_day", "trial-1")
            api.trigger("hub_day", "trial-1")  # asked twice is asked once
            run = api.follow("hub_day", "trial-1", within=120, progress=lambda _, f: told.append(f))
            unfinished = api.give_up_unfinished("hub_day")
        api.close()
    finally:
        held.release()

    assert "failed" == run.state
    assert ["plan_intake"] == [step.english for step in run.failed]
    with pytest.raises(ConfigurationError, match=r"site/.*absent"):
        run.raise_for_failure()
    assert any(text.startswith("Planifier la collecte : échec") for text in told)
    assert 0 == unfinished
    assert [] == [process for process in family if process.is_running() and process.status() != "zombie"]
