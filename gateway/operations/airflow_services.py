"""Airflow on this machine: its folder, its secrets, its environment, its migration, its three processes.

Not `airflow standalone`: its children outlive it, and it starts a triggerer that no DAG here needs.
Airflow itself is never imported by the gateway; it is configured by its environment alone.
"""

import json
import secrets
import sys
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

import psycopg

from gateway.operations import ports, private_files
from gateway.operations.airflow_api import AirflowApi
from gateway.operations.services import DAGS
from gateway.operations.supervisor import Service
from gateway.settings import Settings
from gateway.store.server import AIRFLOW_DATABASE, Server

ADMINISTRATOR = "admin"
_MARKER = "migrated.json"


@dataclass(frozen=True, slots=True)
class AirflowHome:
    """`folder` holds Airflow's logs and secrets. `password` is the administrator's, made once."""

    folder: Path
    address: str
    password: str = field(repr=False)
    secrets: Mapping[str, str] = field(repr=False)

    @property
    def password_file(self) -> Path:
        """Where Airflow and the administrator find the password."""
        return self.folder / "passwords.json"

    def api(self) -> AirflowApi:
        """Airflow's own interface, as the administrator."""
        return AirflowApi(self.address, ADMINISTRATOR, self.password)


def prepare(settings: Settings) -> AirflowHome:
    """The folder and the secrets of this installation's Airflow; made on first use, kept after."""
    folder = settings.root / "airflow"
    port = ports.airflow(settings)
    kept = _kept_json(
        folder / "secrets.json",
        {
            "FERNET_KEY": urlsafe_b64encode(secrets.token_bytes(32)).decode(),
            "API_SECRET": secrets.token_urlsafe(32),
            "JWT_SECRET": secrets.token_urlsafe(48),
        },
    )
    passwords = _kept_json(folder / "passwords.json", {ADMINISTRATOR: secrets.token_urlsafe(12)})
    address = f"http://{port.host}:{port.number}"
    return AirflowHome(folder, address, passwords[ADMINISTRATOR], kept)


def environment(
    settings: Settings, home: AirflowHome, server: Server, base: Mapping[str, str]
) -> dict[str, str]:
    """The environment of every process of Airflow, on top of the hub's own."""
    database = server.sqlalchemy_url(AIRFLOW_DATABASE)  # psycopg 3 serves both of Airflow's engines
    options = {
        "CORE__DAGS_FOLDER": str(DAGS),
        "CORE__PLUGINS_FOLDER": str(home.folder / "plugins"),
        "CORE__LOAD_EXAMPLES": "False",
        "CORE__EXECUTOR": "LocalExecutor",
        "CORE__PARALLELISM": "4",
        "CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",  # the schedule is None unless the site sets one
        "CORE__EXECUTION_API_SERVER_URL": f"{home.address}/execution/",
        "CORE__FERNET_KEY": home.secrets["FERNET_KEY"],
        "CORE__SIMPLE_AUTH_MANAGER_USERS": f"{ADMINISTRATOR}:admin",
        "CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(home.password_file),
        "DATABASE__SQL_ALCHEMY_CONN": database,
        "DATABASE__SQL_ALCHEMY_CONN_ASYNC": database,
        "API__HOST": ports.LOOPBACK,
        "API__PORT": str(settings.airflow_port),
        "API__BASE_URL": home.address,
        "API__INSTANCE_NAME": "Passerelle",
        "API__SECRET_KEY": home.secrets["API_SECRET"],
        "API_AUTH__JWT_SECRET": home.secrets["JWT_SECRET"],
        "LOGGING__BASE_LOG_FOLDER": str(home.folder / "logs"),
        "LOGGING__FILE_TASK_HANDLER_NEW_FOLDER_PERMISSIONS": "0o700",
        "LOGGING__FILE_TASK_HANDLER_NEW_FILE_PERMISSIONS": "0o600",
        "DAG_PROCESSOR__REFRESH_INTERVAL": "30",
        # a killed task or scheduler is noticed within a minute, and its work begun again
        "SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "60",
        "SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "30",
    }
    return {
        **base,
        "AIRFLOW_HOME": str(home.folder),
        **{f"AIRFLOW__{name}": value for name, value in options.items()},
    }


def needs_migration(home: AirflowHome, server: Server) -> bool:
    """False only when this Airflow left its tables as they are now; asking Airflow itself takes seconds."""
    marker = home.folder / _MARKER
    if not marker.is_file():
        return True
    return bool(json.loads(marker.read_text("utf-8")) != [version("apache-airflow"), _revision(server)])


def migration(settings: Settings, surroundings: Mapping[str, str]) -> Service:
    """Airflow's own migration of its tables; a fresh database takes about five seconds."""
    return _process("airflow-migration", ("db", "migrate"), settings, surroundings, within=300)


def remember_migration(home: AirflowHome, server: Server) -> None:
    """Write down how the migration left the tables."""
    private_files.write(home.folder / _MARKER, json.dumps([version("apache-airflow"), _revision(server)]))


def processes(
    settings: Settings, api: AirflowApi, surroundings: Mapping[str, str], *, since: datetime
) -> tuple[Service, ...]:
    """The interface with its pages, the scheduler with its workers, the reader of DAG files.

    `since`: the present moment; a sign of life from before it is another run's.
    """
    quiet = {**surroundings, "AIRFLOW__LOGGING__LOGGING_LEVEL": "WARNING"}
    return (
        _process(
            "api-server",
            ("api-server",),
            settings,
            quiet,
            lambda: api.alive("api", since),
            address=api.address,
        ),
        _process(
            "scheduler",
            (
                "scheduler",
                "--skip-serve-logs",
            ),  # pages and workers are on one machine: they read the same files
            settings,
            surroundings,
            lambda: api.alive("scheduler", since),
        ),
        _process(
            "dag-processor", ("dag-processor",), settings, quiet, lambda: api.alive("dag_processor", since)
        ),
    )


def _process(
    name: str,
    arguments: tuple[str, ...],
    settings: Settings,
    surroundings: Mapping[str, str],
    healthy: Callable[[], bool] = lambda: True,
    *,
    address: str = "",
    within: float = 180,
) -> Service:
    command = (sys.executable, "-m", "airflow", *arguments)
    return Service(name, command, surroundings, settings.root, healthy, address, within)


def _revision(server: Server) -> str | None:
    with psycopg.connect(server.url(AIRFLOW_DATABASE), connect_timeout=10) as connection:
        if connection.execute("select to_regclass('alembic_version')").fetchone() == (None,):
            return None
        row = connection.execute("select version_num from alembic_version").fetchone()
        return row[0] if row else None


def _kept_json(path: Path, fresh: dict[str, str]) -> dict[str, str]:
    if not path.is_file():
        private_files.write(path, json.dumps(fresh))
    return dict(json.loads(path.read_text("utf-8")))
