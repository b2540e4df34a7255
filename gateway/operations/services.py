"""What runs: each process of the hub with its command, its surroundings and the sign that it answers.

A service learns its settings from its environment only, all paths absolute, so that it does not
matter where the command line was called.
"""

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import httpx

import gateway
from gateway.operations import ports
from gateway.operations.supervisor import Service
from gateway.settings import Settings

REPOSITORY = Path(gateway.__file__).resolve().parents[1]
DAGS = REPOSITORY / "dags"

_FOREIGN = ("AIRFLOW_", "PASSERELLE_", "PYTHON")  # another Airflow's or another call's: ours are set below


def environment(settings: Settings, database_uri: str) -> dict[str, str]:
    """The environment of every service: the caller's, and the settings as this process understood them."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)}
    given = {
        f"PASSERELLE_{name.upper()}": str(value)
        for name, value in settings.model_dump().items()
        if value is not None
    }
    exempt = [
        part for name in ("NO_PROXY", "no_proxy") for part in inherited.get(name, "").split(",") if part
    ]
    no_proxy = ",".join(dict.fromkeys([*exempt, ports.LOOPBACK, "localhost"]))
    own = {
        "PASSERELLE_HOME": str(settings.root),
        "PASSERELLE_SITE": str(settings.site_folder),
        "PASSERELLE_DATABASE_URL": database_uri,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "PYTHONPATH": str(REPOSITORY),
        "PYTHONUNBUFFERED": "1",
        "PYTHONUTF8": "1",
        "NO_PROXY": no_proxy,  # what stands on this machine is never asked through a proxy
        "no_proxy": no_proxy,
    }
    if settings.master_key_file is not None:
        own["PASSERELLE_MASTER_KEY_FILE"] = str(settings.master_key_path)
    return inherited | given | own


def sandbox(settings: Settings, surroundings: Mapping[str, str], arguments: Sequence[str] = ()) -> Service:
    """The simulated systems of the demo, all in one process."""
    port = ports.sandbox(settings)
    return Service(
        name="sandbox",
        command=(sys.executable, "-m", "gateway.cli", "sandbox", "up", *arguments),
        environment=surroundings,
        folder=settings.root,
        healthy=answers(f"http://{port.host}:{port.number}/healthz"),
        address=f"http://{port.host}:{port.number}",
        within=120,
    )


def gateway_http(settings: Settings, surroundings: Mapping[str, str]) -> Service:
    """The gateway for partners. No access log: a path may hold the id of a person."""
    port = ports.gateway(settings)
    options = ("--host", port.host, "--port", str(port.number), "--log-level", "warning")
    return Service(
        name="gateway",
        command=(
            *(sys.executable, "-m", "uvicorn", "--factory", "gateway.http.app:create"),
            *(*options, "--no-access-log", "--no-server-header"),
        ),
        environment=surroundings,
        folder=settings.root,
        healthy=answers(f"http://{port.host}:{port.number}/healthz"),
        address=settings.gateway_url,
    )


def answers(url: str) -> Callable[[], bool]:
    """A question that is true once the address answers 200. Local addresses only: no proxy is used."""

    def ask() -> bool:
        try:
            return httpx.get(url, timeout=2, trust_env=False).status_code == httpx.codes.OK
        except httpx.TransportError:
            return False

    return ask
