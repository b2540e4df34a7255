"""What a service is told of its surroundings, and what Airflow keeps: ours, and nothing of the caller's."""

import json
import stat
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from gateway.operations import airflow_services, services
from gateway.operations.airflow_api import AirflowApi
from gateway.settings import Settings
from gateway.store.server import AIRFLOW_DATABASE, Server


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A home named relative to where the call was made."""
    monkeypatch.chdir(tmp_path)
    return Settings(home=Path("here"), lang="en")


def test_a_service_finds_the_settings_wherever_it_is_started(settings: Settings, tmp_path: Path) -> None:
    found = services.environment(settings, "postgresql://u@h/d")

    assert str(tmp_path / "here") == found["PASSERELLE_HOME"]
    assert str(tmp_path / "here" / "site") == found["PASSERELLE_SITE"]
    assert ("postgresql://u@h/d", "en") == (found["PASSERELLE_DATABASE_URL"], found["PASSERELLE_LANG"])
    assert "PASSERELLE_MASTER_KEY_FILE" not in found


def test_every_setting_reaches_a_service_as_it_was_understood(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = services.environment(settings, "postgresql://u@h/d")
    for name, value in found.items():
        if name.startswith("PASSERELLE_"):
            monkeypatch.setenv(name, value)
    again = Settings()

    assert (settings.root, settings.site_folder, settings.master_key_path) == (
        again.root, again.site_folder, again.master_key_path,
    )  # fmt: skip
    kept = set(Settings.model_fields) - {"home", "site", "database_url"}
    assert settings.model_dump(include=kept) == again.model_dump(include=kept)


def test_another_airflow_of_the_caller_does_not_reach_ours(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_HOME", "/elsewhere")
    monkeypatch.setenv("AIRFLOW__CORE__EXECUTOR", "CeleryExecutor")
    monkeypatch.setenv("PYTHONPATH", "/elsewhere")
    monkeypatch.setenv("NO_PROXY", "school.example")
    base = services.environment(settings, "")
    home = airflow_services.prepare(settings)
    found = airflow_services.environment(settings, home, Server("postgresql://u@h/d"), base)

    assert "/elsewhere" not in found.values()
    assert "LocalExecutor" == found["AIRFLOW__CORE__EXECUTOR"]
    assert "school.example,127.0.0.1,localhost" == found["NO_PROXY"]


def test_the_secrets_of_airflow_are_made_once_and_for_their_owner_only(settings: Settings) -> None:
    first, second = airflow_services.prepare(settings), airflow_services.prepare(settings)

    assert first == second
    assert {ADMIN: first.password} == json.loads(first.password_file.read_text("utf-8"))
    assert first.password not in repr(first)
    for path in (first.password_file, first.folder / "secrets.json"):
        assert 0o600 == stat.S_IMODE(path.stat().st_mode)


ADMIN = airflow_services.ADMINISTRATOR


def test_every_port_of_airflow_is_the_one_of_the_setting(settings: Settings) -> None:
    moved = settings.model_copy()
    home = airflow_services.prepare(moved)
    found = airflow_services.environment(moved, home, Server("postgresql://u@h/d"), {})
    names = ("API__PORT", "API__BASE_URL", "CORE__EXECUTION_API_SERVER_URL")

    assert all(str(moved.airflow_port) in found[f"AIRFLOW__{name}"] for name in names)
    scheduler = next(
        part
        for part in airflow_services.processes(moved, home.api(), found, since=datetime.now(UTC))
        if part.name == "scheduler"
    )
    assert "--skip-serve-logs" in scheduler.command  # otherwise a port of its own, open to the network


def test_airflow_migrates_when_its_tables_are_not_as_it_left_them(
    settings: Settings, postgres: Server
) -> None:
    with psycopg.connect(postgres.url("postgres"), autocommit=True) as connection:
        connection.execute(f"drop database if exists {AIRFLOW_DATABASE}")
        connection.execute(f"create database {AIRFLOW_DATABASE}")
    home = airflow_services.prepare(settings)

    assert airflow_services.needs_migration(home, postgres)
    _set_revision(postgres, "a")
    airflow_services.remember_migration(home, postgres)
    assert not airflow_services.needs_migration(home, postgres)
    _set_revision(postgres, "b")
    assert airflow_services.needs_migration(home, postgres)
    assert airflow_services.needs_migration(replace(home, folder=home.folder / "other"), postgres)


def _set_revision(server: Server, revision: str) -> None:
    with psycopg.connect(server.url(AIRFLOW_DATABASE), autocommit=True) as connection:
        connection.execute("create table if not exists alembic_version (version_num text)")
        connection.execute("delete from alembic_version")
        connection.execute("insert into alembic_version values (%s)", [revision])


def test_an_airflow_that_is_not_there_is_not_alive() -> None:
    api = AirflowApi("http://127.0.0.1:9", "admin", "invented")

    assert not any(api.alive(part, datetime.now(UTC)) for part in ("api", "scheduler", "dag_processor"))
    assert not services.answers("http://127.0.0.1:9/healthz")()
