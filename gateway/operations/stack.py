"""The hub on this machine: database, sandbox, gateway, Airflow; started in order, stopped together."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from gateway.operations import airflow_services, ports, services
from gateway.operations.airflow_api import AirflowApi
from gateway.operations.progress import Progress, silent
from gateway.operations.supervisor import GUARD, Supervisor
from gateway.settings import Settings
from gateway.store import server as postgres
from gateway.store.server import Server


@dataclass(frozen=True, slots=True)
class Stack:
    """What runs. `airflow` is None where it was not asked for."""

    settings: Settings
    server: Server
    supervisor: Supervisor
    airflow: AirflowApi | None

    @property
    def services(self) -> tuple[tuple[str, int, str], ...]:
        """Name, process id and address of each service that listens."""
        return tuple(
            (found.name, pid, found.address) for found, pid in self.supervisor.services if found.address
        )


@contextmanager
def run(
    settings: Settings,
    *,
    moment: datetime,
    sandbox: Sequence[str] | None,
    airflow: bool,
    prepare: Callable[[Server], None],
    progress: Progress = silent,
) -> Iterator[Stack]:
    """Everything asked for, answering; stopped on the way out, however that is taken.

    `sandbox`: arguments of `passerelle sandbox up`, or None for no simulated system. `prepare` is called
    once the database answers and before the gateway starts: the site's files, the hub's migration.

    Raises ConfigurationError for a port in use or a service that finds its configuration wrong,
    RetryableError for one that does not answer.
    """
    wanted = [ports.gateway(settings)]
    wanted += [ports.sandbox(settings)] if sandbox is not None else []
    wanted += [ports.airflow(settings)] if airflow else []
    ports.require_free(*wanted)
    progress("PostgreSQL: starting", "PostgreSQL : démarrage")
    server = postgres.ensure(settings)
    try:
        with Supervisor(settings.root / "log", progress=progress) as supervisor:
            if server.embedded is not None:
                supervisor.guard_postmaster(settings.root / "postgres" / "postmaster.pid")
            surroundings = services.environment(settings, server.uri)
            if sandbox is not None:
                supervisor.start(services.sandbox(settings, surroundings, sandbox))
            api = None
            if airflow:
                api = _start_airflow(
                    settings, server, supervisor, surroundings, moment=moment, progress=progress
                )
            prepare(server)
            supervisor.start(services.gateway_http(settings, surroundings))
            supervisor.wait(*(found.name for found, _ in supervisor.services if found.name != GUARD))
            try:
                yield Stack(settings, server, supervisor, api)
            finally:
                if api is not None:
                    api.close()
    finally:
        server.release()


def _start_airflow(
    settings: Settings,
    server: Server,
    supervisor: Supervisor,
    base: dict[str, str],
    *,
    moment: datetime,
    progress: Progress,
) -> AirflowApi:
    home = airflow_services.prepare(settings)
    surroundings = airflow_services.environment(settings, home, server, base)
    if airflow_services.needs_migration(home, server):
        progress("Airflow: preparing its tables", "Airflow : préparation de ses tables")
        supervisor.finish(airflow_services.migration(settings, surroundings))
        airflow_services.remember_migration(home, server)
    api = home.api()
    for process in airflow_services.processes(settings, api, surroundings, since=moment):
        supervisor.start(process)
    return api
