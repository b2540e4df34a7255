"""The whole day as a user runs it: `passerelle demo` with real Airflow, from nothing to a balanced report."""

import json
import os
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import psutil

from tests.conftest import REPOSITORY


def free_ports(count: int) -> list[int]:
    """Ports nobody listens on now, each another one."""
    held = [socket.socket() for _ in range(count)]
    for item in held:
        item.bind(("127.0.0.1", 0))
    ports = [item.getsockname()[1] for item in held]
    for item in held:
        item.close()
    return ports


def test_the_demo_runs_the_day_in_airflow_balances_and_leaves_nothing_running() -> None:
    with tempfile.TemporaryDirectory(prefix="passerelle-", ignore_cleanup_errors=True) as folder:
        gateway, airflow, sandbox = free_ports(3)
        report = Path(folder) / "report.json"
        environment = os.environ | {
            "PASSERELLE_HOME": f"{folder}/home",
            "PASSERELLE_GATEWAY_URL": f"http://127.0.0.1:{gateway}",
            "PASSERELLE_AIRFLOW_PORT": str(airflow),
            "PASSERELLE_SANDBOX_PORT": str(sandbox),
            "PYTHONPATH": str(REPOSITORY),
        }
        command = [sys.executable, "-m", "gateway.cli", "demo", "--students", "90", "--boards", "2"]
        done = subprocess.run(
            [*command, "--report", str(report), "--json"],
            env=environment, capture_output=True, text=True, check=False, timeout=280,
        )  # fmt: skip

        assert 0 == done.returncode, done.stderr[-2000:]
        found = json.loads(report.read_text("utf-8"))
        assert found == json.loads(done.stdout)
        assert found["balanced"]
        assert all(item["state"] == "done" for item in found["intake"] + found["handoff"] + found["ministry"])
        assert 0 < sum(item["stored"] for item in found["intake"])
        assert {"sandbox", "api-server", "gateway"} == found["addresses"].keys()
        assert [] == [
            process.pid
            for process in psutil.process_iter(["cmdline"])
            if folder in " ".join(process.info["cmdline"] or ())
        ]
