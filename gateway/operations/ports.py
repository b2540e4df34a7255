"""Which ports the hub listens on, and who stands there already. Loopback only; nothing is opened for long."""

import socket
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

import psutil

from canonical_model.errors import ConfigurationError
from gateway.settings import Settings

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Port:
    """A port that a service needs, and the setting that chooses it."""

    service: str
    setting: str
    number: int
    host: str = LOOPBACK


def gateway(settings: Settings) -> Port:
    """Where the gateway listens. Raises ConfigurationError when its address names no port of this machine."""
    address = urlsplit(settings.gateway_url)
    try:
        number = address.port
    except ValueError:
        number = None
    if address.scheme != "http" or not address.hostname or not number:
        raise ConfigurationError(
            "PASSERELLE_GATEWAY_URL: write it as http://127.0.0.1:8460, with a port.",
            "PASSERELLE_GATEWAY_URL : écrivez-la comme http://127.0.0.1:8460, avec un port.",
        )
    return Port("gateway", "PASSERELLE_GATEWAY_URL", number, address.hostname)


def airflow(settings: Settings) -> Port:
    """Where Airflow's pages and interface listen."""
    return Port("airflow", "PASSERELLE_AIRFLOW_PORT", settings.airflow_port)


def sandbox(settings: Settings) -> Port:
    """Where the sandbox systems listen."""
    return Port("sandbox", "PASSERELLE_SANDBOX_PORT", settings.sandbox_port)


def is_free(port: Port) -> bool:
    """Whether a service could listen there now. A port outside of 1 to 65535 is not free."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(
            socket.SOL_SOCKET, socket.SO_REUSEADDR, 1
        )  # a connection that just closed is no listener
        try:
            probe.bind((port.host, port.number))
            probe.listen(1)
        except (OSError, OverflowError):
            return False
    return True


def require_free(*wanted: Port) -> None:
    """Raise ConfigurationError for the first port that is taken, by whom, or wanted twice."""
    numbers = [port.number for port in wanted]
    for port in wanted:
        if numbers.count(port.number) > 1:
            raise ConfigurationError(
                f"{port.setting}: port {port.number} is wanted by two services. Choose another one.",
                f"{port.setting} : le port {port.number} est demandé deux fois. Choisissez-en un autre.",
            )
        if not is_free(port):
            english, french = _holder(port.number)
            raise ConfigurationError(
                f"{port.setting}: port {port.number}, for {port.service}, is in use by {english}."
                f" Stop it, or set {port.setting} to another port.",
                f"{port.setting} : le port {port.number}, pour {port.service}, est occupé par {french}."
                f" Arrêtez-le, ou donnez un autre port à {port.setting}.",
            )


def _holder(number: int) -> tuple[str, str]:
    with suppress(psutil.Error):
        for connection in psutil.net_connections("tcp"):
            where = connection.laddr
            if where and where.port == number and connection.status == psutil.CONN_LISTEN and connection.pid:
                name = psutil.Process(connection.pid).name()
                return f"process {connection.pid} ({name})", f"le processus {connection.pid} ({name})"
    return "a process of another user", "un processus d'un autre utilisateur"
