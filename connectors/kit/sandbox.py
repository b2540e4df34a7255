"""Finds the simulated systems and runs them on loopback, for `passerelle sandbox up`, the demo and tests.

The only place that loads a sandbox, by name: no import does, so that a real run cannot read the
invented province by mistake. Nothing here listens on anything but 127.0.0.1.
"""

import logging
import socket
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route

from canonical_model.errors import ConfigurationError
from connectors.kit import load
from connectors.kit.installation import Installation
from connectors.kit.province.model import Province
from connectors.kit.sandbox_system import SandboxSystem

Faults = Mapping[str, frozenset[str]]
EVERY = "*"  # faults for every system that knows them
NO_FAULTS: Faults = MappingProxyType({})
_HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Running:
    """Simulated systems that answer now: the address of their server and their entries of systems.yaml."""

    base_url: str
    systems: tuple[SandboxSystem, ...]
    entries: tuple[dict[str, Any], ...]

    def installation(self, system: str) -> Installation:
        """What a connector is made with, as the gateway makes it. Raises KeyError when it does not run."""
        entries = {entry["system"]: entry for entry in self.entries}
        return installation(entries[system])


def installation(entry: Mapping[str, Any]) -> Installation:
    """The Installation of an entry of systems.yaml whose secrets stand in it as plain text."""
    connector, _, organization = entry["system"].partition("@")
    return Installation(connector, organization, entry["address"], entry["secrets"], entry["options"])


def connectors() -> tuple[str, ...]:
    """The connectors that have a sandbox, in the order of names."""
    return tuple(folder.name for folder in load.folders() if (folder / "sandbox.py").is_file())


def kind(connector: str) -> type[SandboxSystem]:
    """The class of a connector's simulated system."""
    found: type[SandboxSystem] = import_module(f"connectors.systems.{connector}.sandbox").Sandbox
    return found


def kind_at(folder: Path) -> type[SandboxSystem]:
    """The class of the simulated system of a connector that stands in that folder, ours or a site's own.

    Raises ConfigurationError when the folder has no sandbox.py, or one without ``Sandbox``.
    """
    found = getattr(load.part(folder, "sandbox"), "Sandbox", None)
    if not (isinstance(found, type) and issubclass(found, SandboxSystem)):
        raise _no_sandbox(folder)
    return found


def _no_sandbox(folder: Path) -> ConfigurationError:
    return ConfigurationError(
        f"{folder / 'sandbox.py'}: no class Sandbox. Write one; CONTRIBUTING.md shows how.",
        f"{folder / 'sandbox.py'} : aucune classe Sandbox. Écrivez-la; CONTRIBUTING.md montre comment.",
    )


def parse_faults(text: str) -> Faults:
    """``gpi@762000=slow+cut,clara=html200`` as a mapping from system or connector to fault names.

    A fault without a system, as in ``slow,cut``, is for every system that knows it.
    """
    found: dict[str, frozenset[str]] = {}
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        system, equals, faults = part.partition("=")
        if not equals:
            system, faults = EVERY, system
        names = frozenset(faults.split("+"))
        if not system or not all(names):
            raise ConfigurationError(
                f"--faults: {part!r} is not FAULT or SYSTEM=FAULT+FAULT. Correct the option.",
                f"--faults : {part!r} n'est ni DÉFAUT ni SYSTÈME=DÉFAUT+DÉFAUT. Corrigez l'option.",
            )
        found[system] = found.get(system, frozenset()) | names
    return MappingProxyType(found)


def check_faults(faults: Faults, *, systems: Sequence[str] | None = None) -> None:
    """Raises ConfigurationError for a fault that none of the systems knows, before anything is made."""
    kinds = {name: kind(name) for name in connectors()}
    for name in {system.partition("@")[0] for system in faults} & kinds.keys():
        told = (held for system, held in faults.items() if system.partition("@")[0] == name)
        _check_faults(name, kinds[name], frozenset().union(*told))
    wanted = {system.partition("@")[0] for system in systems or ()}
    asked = [
        made_by for name, made_by in kinds.items() if (name in wanted if wanted else made_by.demonstrated)
    ]
    _check_known(asked, faults.get(EVERY, frozenset()))


def find(
    province: Province, folder: Path, *, systems: Sequence[str] | None = None, faults: Faults = NO_FAULTS
) -> tuple[SandboxSystem, ...]:
    """The simulated systems of a province, each with a folder of its own below `folder`.

    `systems`: connectors or systems (``gpi``, ``gpi@762000``) to keep; None for those of the
    demonstration. Raises ConfigurationError for a name, or a fault, that nothing answers to.
    """
    wanted = tuple(systems) if systems is not None else tuple(filter(_demonstrated, connectors()))
    found = []
    for connector in connectors():
        if not {connector} & {name.partition("@")[0] for name in wanted}:
            continue
        made_by = kind(connector)
        for organization in _organizations(made_by, province):
            system = f"{connector}@{organization}"
            if {connector, system} & set(wanted):
                told = faults.get(connector, frozenset()) | faults.get(system, frozenset())
                _check_faults(system, made_by, told)
                told |= faults.get(EVERY, frozenset()) & made_by.known_faults.keys()
                place = folder / connector / organization
                place.mkdir(parents=True, exist_ok=True)
                found.append(made_by(organization, province, place, told))
    names = (*wanted, *(name for name in faults if name != EVERY))
    _check_names(names, {name for made in found for name in (made.connector, made.system)})
    _check_known(found, faults.get(EVERY, frozenset()))
    return tuple(found)


def prepare(
    province: Province,
    folder: Path,
    *,
    port: int,
    postgres: str = "",
    systems: Sequence[str] | None = None,
    faults: Faults = NO_FAULTS,
) -> list[dict[str, Any]]:
    """Make what the systems hold, and return their entries of systems.yaml (secrets as plain text).

    They are those of a server that `run`, with the same arguments, starts on `port`.
    """
    found = find(province, folder, systems=systems, faults=faults)
    return list(_prepared(found, f"http://{_HOST}:{port}", postgres))


def run(
    province: Province,
    folder: Path,
    *,
    port: int,
    postgres: str = "",
    systems: Sequence[str] | None = None,
    faults: Faults = NO_FAULTS,
    tell: Callable[[Sequence[Mapping[str, Any]]], None] = lambda _: None,
) -> None:
    """Prepare the systems and serve them on loopback until a signal ends the process.

    `tell` is given their entries of systems.yaml once their port listens. Raises ConfigurationError when it is taken.
    """
    with _listening(port) as listener:
        found = find(province, folder, systems=systems, faults=faults)
        entries = _prepared(found, f"http://{_HOST}:{port}", postgres)
        with _serving_otherwise(found):
            tell(entries)
            _server(found).run(sockets=[listener])


@contextmanager
def running(
    province: Province,
    folder: Path,
    *,
    postgres: str = "",
    systems: Sequence[str] | None = None,
    faults: Faults = NO_FAULTS,
) -> Iterator[Running]:
    """The systems on a free port, in a thread, for the length of a test."""
    with serving(find(province, folder, systems=systems, faults=faults), postgres=postgres) as made:
        yield made


@contextmanager
def serving(found: Sequence[SandboxSystem], *, postgres: str = "") -> Iterator[Running]:
    """Simulated systems that were made already, those of a site's own folder too, on a free port, in a thread."""
    with _listening(0) as listener:
        base_url = f"http://{_HOST}:{listener.getsockname()[1]}"
        entries = _prepared(found, base_url, postgres)
        server = _server(found)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        with _serving_otherwise(found):
            thread.start()
            try:
                yield Running(base_url, tuple(found), entries)
            finally:
                server.should_exit = True
                thread.join(timeout=10)


def application(systems: Sequence[SandboxSystem]) -> Starlette:
    """One application: every HTTP system at ``/<connector>/<organization>``, and ``/healthz``."""

    def healthz(_: Request) -> Response:
        return JSONResponse({"status": "ok", "systems": [made.system for made in systems]})

    routes: list[BaseRoute] = [Route("/healthz", healthz)]
    for made in systems:
        app = made.app()
        if app is not None:
            routes.append(Mount(f"/{made.connector}/{made.organization}", app=app))
    return Starlette(routes=routes)


@contextmanager
def _serving_otherwise(systems: Sequence[SandboxSystem]) -> Iterator[None]:
    """The servers of the systems that speak something else than HTTP."""
    with ExitStack() as others:
        for made in systems:
            others.enter_context(made.serve())
        yield


def _prepared(systems: Sequence[SandboxSystem], base_url: str, postgres: str) -> tuple[dict[str, Any], ...]:
    for made in systems:
        made.prepare(postgres)
    return tuple(made.entry(f"{base_url}/{made.connector}/{made.organization}", postgres) for made in systems)


def _server(systems: Sequence[SandboxSystem]) -> uvicorn.Server:
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
    config = uvicorn.Config(
        application(systems),
        log_config=None,
        access_log=False,  # a path may hold what a log may not
        lifespan="off",
        timeout_graceful_shutdown=3,
    )
    return uvicorn.Server(config)


@contextmanager
def _listening(port: int) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((_HOST, port))
        except OSError as error:
            raise ConfigurationError(
                f"port {port}: it is taken. Stop what uses it, or set PASSERELLE_SANDBOX_PORT.",
                f"port {port} : il est occupé. Arrêtez ce qui l'utilise, ou réglez PASSERELLE_SANDBOX_PORT.",
            ) from error
        listener.listen()
        yield listener


def _demonstrated(connector: str) -> bool:
    return kind(connector).demonstrated


def _organizations(made_by: type[SandboxSystem], province: Province) -> tuple[str, ...]:
    return tuple(board.code for board in province.boards) if made_by.per_board else made_by.organizations


def _check_faults(system: str, made_by: type[SandboxSystem], told: frozenset[str]) -> None:
    if unknown := sorted(told - made_by.known_faults.keys()):
        known = ", ".join(made_by.known_faults) or "-"
        raise ConfigurationError(
            f"{system}: it has no fault {unknown[0]!r}. Choose among: {known}.",
            f"{system} : le défaut {unknown[0]!r} n'existe pas. Choisissez parmi : {known}.",
        )


def _check_known(systems: Sequence[SandboxSystem | type[SandboxSystem]], told: frozenset[str]) -> None:
    """A fault for every system must be known to one of them: a misspelt one would be no fault at all."""
    names = {name for made in systems for name in made.known_faults}
    if unknown := sorted(told - names):
        known = ", ".join(sorted(names)) or "-"
        raise ConfigurationError(
            f"--faults: no system here has a fault {unknown[0]!r}. Choose among: {known}.",
            f"--faults : aucun système d'ici n'a le défaut {unknown[0]!r}. Choisissez parmi : {known}.",
        )


def _check_names(wanted: Sequence[str], found: set[str]) -> None:
    if unknown := sorted(set(wanted) - found):
        known = ", ".join(sorted(found) or connectors())
        raise ConfigurationError(
            f"{unknown[0]}: no such sandbox. Choose among: {known}.",
            f"{unknown[0]} : aucun bac à sable de ce nom. Choisissez parmi : {known}.",
        )
