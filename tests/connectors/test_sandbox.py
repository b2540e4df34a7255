"""The sandbox runner: finds what is there, serves it on loopback only, refuses what it does not know."""

import json
import socket
import subprocess
import sys
import urllib.request
from datetime import date
from pathlib import Path

import pytest

from canonical_model.errors import ConfigurationError
from connectors.kit import load, sandbox
from connectors.kit.province.generate import generate
from connectors.kit.province.model import Province
from connectors.kit.sandbox_system import SandboxSystem

DAY = date(2026, 2, 16)
NAME = "mozaik_inscription"


@pytest.fixture
def province() -> Province:
    """Two boards, small."""
    return generate(1, students=40, boards=2, day=DAY)


def test_a_system_runs_for_every_board_and_says_so(province: Province, tmp_path: Path) -> None:
    with sandbox.running(province, tmp_path, systems=[NAME]) as running:
        with urllib.request.urlopen(f"{running.base_url}/healthz", timeout=5) as answer:
            said = json.load(answer)

        assert {"status": "ok", "systems": [f"{NAME}@762000", f"{NAME}@711000"]} == said
        assert running.base_url.startswith("http://127.0.0.1:")
        assert f"{NAME}@711000" == running.installation(f"{NAME}@711000").system


def test_nothing_listens_after_the_end(province: Province, tmp_path: Path) -> None:
    with sandbox.running(province, tmp_path, systems=[NAME]) as running:
        port = int(running.base_url.rsplit(":", 1)[1])

    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0


def test_one_system_can_be_asked_for(province: Province, tmp_path: Path) -> None:
    (entry,) = sandbox.prepare(province, tmp_path, port=1, systems=[f"{NAME}@711000"])

    assert f"{NAME}@711000" == entry["system"]


def test_a_port_that_is_taken_is_named(province: Province, tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]

        with pytest.raises(ConfigurationError, match=f"port {port}"):
            sandbox.run(province, tmp_path, port=port, systems=[NAME])

    assert [] == list(tmp_path.iterdir())


def test_an_unknown_system_or_fault_is_refused(province: Province, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="nowhere: no such sandbox"):
        sandbox.find(province, tmp_path, systems=["nowhere"])
    with pytest.raises(ConfigurationError, match="has no fault 'sleepy'"):
        sandbox.find(province, tmp_path, systems=[NAME], faults={NAME: frozenset({"sleepy"})})


def test_faults_are_written_as_system_and_names() -> None:
    assert {"gpi@762000": {"slow", "cut"}, "clara": {"html200"}} == dict(
        sandbox.parse_faults("gpi@762000=slow+cut, clara=html200")
    )
    with pytest.raises(ConfigurationError, match="--faults"):
        sandbox.parse_faults("gpi=")


def test_a_fault_without_a_system_is_for_every_system_that_knows_it(
    province: Province, tmp_path: Path
) -> None:
    faults = sandbox.parse_faults("down, clara=busy,expired-token")
    made = sandbox.find(province, tmp_path, systems=[f"{NAME}@762000", "clara"], faults=faults)

    assert {f"{NAME}@762000": {"down"}, "clara@916000": {"down", "busy", "expired-token"}} == {
        item.system: item.faults for item in made
    }
    with pytest.raises(ConfigurationError, match="no system here has a fault 'sleepy'"):
        sandbox.find(province, tmp_path, systems=[NAME], faults=sandbox.parse_faults("sleepy"))


def test_secrets_are_the_same_again_and_different_everywhere(province: Province, tmp_path: Path) -> None:
    def secrets(name: str) -> list[str]:
        return [made.secret(name) for made in sandbox.find(province, tmp_path)]

    assert secrets("password") == secrets("password")
    assert len(set(secrets("password") + secrets("other"))) == 2 * len(secrets("password"))


def test_every_connector_with_a_sandbox_has_the_class_that_is_looked_for(
    province: Province, tmp_path: Path
) -> None:
    found = sandbox.find(province, tmp_path, systems=sandbox.connectors())

    assert set(sandbox.connectors()) == {made.connector for made in found}
    assert all(isinstance(made, SandboxSystem) for made in found)


def test_a_system_that_the_day_does_not_talk_to_is_found_by_its_name_only(
    province: Province, tmp_path: Path
) -> None:
    apart = {name for name in sandbox.connectors() if not sandbox.kind(name).demonstrated}

    assert {"jade", "geobus", "spi"} <= apart
    assert not apart & {made.connector for made in sandbox.find(province, tmp_path)}


def test_production_does_not_load_a_sandbox_by_accident() -> None:
    """Making every connector loads no sandbox and no province."""
    code = (
        "import sys; from importlib import import_module; from connectors.kit import load\n"
        "for m in load.manifests():\n"
        "    if m.entry: import_module(f'connectors.systems.{m.name}.' + m.entry.split(':')[0])\n"
        "for protocol in {m.protocol for m in load.manifests() if not m.entry}:\n"
        "    import_module(f'connectors.kit.{protocol}.declared')\n"
        "print([name for name in sys.modules if 'sandbox' in name or 'province' in name])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert "[]" == done.stdout.strip()
    assert load.manifests()
