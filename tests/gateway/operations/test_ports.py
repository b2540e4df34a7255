"""Ports: one that is taken is refused by the name of its setting, and nothing is started on it."""

import os
import socket
from collections.abc import Iterator

import pytest
from pydantic import ValidationError

from canonical_model.errors import ConfigurationError
from gateway.operations import ports
from gateway.operations.ports import Port
from gateway.settings import Settings


@pytest.fixture
def taken() -> Iterator[int]:
    """A port on which this process listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def test_a_taken_port_names_its_setting_and_who_holds_it(taken: int) -> None:
    with pytest.raises(ConfigurationError) as raised:
        ports.require_free(ports.airflow(Settings(airflow_port=taken)))

    assert f"PASSERELLE_AIRFLOW_PORT: port {taken}" in raised.value.english
    assert f"process {os.getpid()}" in raised.value.english
    assert f"le processus {os.getpid()}" in raised.value.french


def test_a_port_that_is_free_is_free_again_after_the_look() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        number = listener.getsockname()[1]
    port = Port("trial", "PASSERELLE_TRIAL", number)

    assert ports.is_free(port)
    assert ports.is_free(port)


def test_one_port_for_two_services_is_refused() -> None:
    settings = Settings(airflow_port=18999, sandbox_port=18999)

    with pytest.raises(ConfigurationError, match="wanted by two services"):
        ports.require_free(ports.airflow(settings), ports.sandbox(settings))


def test_a_port_outside_of_all_ports_is_no_setting() -> None:
    with pytest.raises(ValidationError):
        Settings(airflow_port=70000)


@pytest.mark.parametrize("address", ["", "127.0.0.1:8460", "http://127.0.0.1", "http://h:x", "https://h:1"])
def test_a_gateway_address_without_a_port_of_this_machine_is_refused(address: str) -> None:
    with pytest.raises(ConfigurationError, match="PASSERELLE_GATEWAY_URL"):
        ports.gateway(Settings(gateway_url=address))
