"""What the doctor sees, and that it shows no secret."""

import socket
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.operations import doctor, running
from gateway.operations.doctor import Finding
from gateway.settings import Settings

SYSTEMS = """
- system: gpi@762000
  address: postgresql://127.0.0.1/gpi
  secrets: {password: {file: secrets/gpi}}
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A home with a site whose one system has a secret, on ports that nothing uses."""
    found = Settings(
        home=tmp_path, gateway_url="http://127.0.0.1:18790", airflow_port=18791, sandbox_port=18792
    )
    (found.site_folder / "secrets").mkdir(parents=True)
    (found.site_folder / "systems.yaml").write_text(SYSTEMS, "utf-8")
    (found.site_folder / "secrets" / "gpi").write_text("invented-secret", "utf-8")
    return found


def named(settings: Settings, check: str) -> Finding:
    return next(found for found in doctor.findings(settings) if found.check == check)


def test_a_healthy_machine_has_nothing_to_mend(settings: Settings) -> None:
    machine = {"disk", "memory", "packages"}  # true of where the test runs, not of the hub

    assert [] == [
        found for found in doctor.findings(settings) if not found.well and found.check not in machine
    ]
    assert "1 systèmes, secrets présents" == named(settings, "site").french


def test_no_finding_and_no_value_shows_a_secret(settings: Settings) -> None:
    shown = repr(doctor.findings(settings)) + repr(doctor.values(settings))

    assert "invented-secret" not in shown


def test_a_password_in_an_address_is_not_shown() -> None:
    values = doctor.values(Settings(database_url="postgresql://u:se%20cret@h/d"))

    assert "postgresql://u:…@h/d" in [value.value for value in values]


def test_a_missing_secret_is_named_with_its_remedy(settings: Settings) -> None:
    (settings.site_folder / "secrets" / "gpi").unlink()
    found = named(settings, "site")

    assert not found.well
    assert "secrets/gpi" in found.english
    assert "Corrigez le fichier." == found.mend_french


def test_a_taken_port_is_named_with_its_remedy(settings: Settings) -> None:
    with socket.create_server(("127.0.0.1", settings.airflow_port)):
        found = named(settings, "port airflow")

    assert not found.well
    assert "PASSERELLE_AIRFLOW_PORT" in found.french
    assert found.mend_french.startswith("Arrêtez-le")


def test_a_hub_that_runs_is_not_a_fault_of_its_own_ports(settings: Settings) -> None:
    with (
        running.hold(settings, "up", moment=datetime.now(UTC)),
        socket.create_server(("127.0.0.1", settings.airflow_port)),
    ):
        found = doctor.findings(settings)

    assert [] == [item for item in found if item.check.startswith("port")]
    assert "up tourne" in next(item.french for item in found if item.check == "home")


def test_a_home_that_cannot_be_written_is_named(settings: Settings) -> None:
    found = named(Settings(home=settings.site_folder / "systems.yaml" / "home"), "home")

    assert not found.well
    assert "PASSERELLE_HOME" in found.mend_french


def test_looking_changes_nothing(tmp_path: Path) -> None:
    doctor.findings(Settings(home=tmp_path / "absent"))

    assert not (tmp_path / "absent").exists()


def test_every_setting_has_a_value_an_origin_and_a_meaning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PASSERELLE_LANG", "en")
    values = {value.variable: value for value in doctor.values(Settings())}

    assert {f"PASSERELLE_{name.upper()}" for name in Settings.model_fields} == values.keys()
    assert ("en", "environment") == (values["PASSERELLE_LANG"].value, values["PASSERELLE_LANG"].origin)
    assert "default" == values["PASSERELLE_HOME"].origin
    assert all(value.meaning for value in values.values())
