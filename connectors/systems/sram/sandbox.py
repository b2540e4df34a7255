"""A simulated SRAM: an SFTP server that takes whole lots and answers with a return file. Refuses a pupil it ignores.

Written from contract/lot.yaml. A record is refused when its code permanent is that of nobody in the province, or its
application number is not nine digits; a file with one line of another width is refused whole.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

from connectors.kit import sftp_server
from connectors.kit.files.sftp import fingerprint
from connectors.kit.sandbox_depot import Depot
from connectors.kit.sandbox_system import SandboxSystem

_USER = "passerelle"
_WIDTHS = {"10": 128, "20": 65, "30": 101}
_CODE_AT = {"10": slice(18, 30), "20": slice(18, 30), "30": slice(14, 26)}


class Sandbox(SandboxSystem):
    """One SRAM for all boards; its folder ``depot`` is what the server serves."""

    per_board: ClassVar[bool] = False
    organizations: ClassVar[tuple[str, ...]] = ("000002",)  # our placeholder: SRAM has no public code
    demonstrated: ClassVar[bool] = False
    known_faults: ClassVar[dict[str, str]] = {
        **sftp_server.KNOWN_FAULTS,
        "duplicate": "the return file says one record twice",
        "encoding": "the return file is in UTF-16",
        "host-key": "the server shows another host key than the pinned one",
    }

    def prepare(self, postgres: str) -> None:  # noqa: ARG002 - it needs no database
        """Make the folder and choose the port, once: a partner does not move."""
        (self.folder / "depot").mkdir(exist_ok=True)
        if not self._port_file.exists():
            self._port_file.write_text(str(sftp_server.free_port()))

    def entry(self, base_url: str, postgres: str) -> dict[str, Any]:  # noqa: ARG002 - it is not HTTP
        """The server's address, with the fingerprint that the partner told us."""
        key = sftp_server.host_key(self.secret("host-key"))
        return {
            "system": self.system,
            "address": f"sftp://{_USER}@{sftp_server.HOST}:{self._port}/",
            "secrets": {"password": self.secret("password")},
            "options": {"host_key": fingerprint(key)},
        }

    @contextmanager
    def serve(self) -> Iterator[None]:
        """The SFTP server, and the clerk who takes lots."""
        key = sftp_server.host_key(self.secret("another" if "host-key" in self.faults else "host-key"))
        user = sftp_server.SftpUser(_USER, password=self.secret("password"))
        depot = Depot(
            self.folder / "depot", "SRAM", self._judge,
            encoding="utf-16" if "encoding" in self.faults else "utf-8", twice="duplicate" in self.faults,
        )  # fmt: skip
        faults = self.faults & sftp_server.KNOWN_FAULTS.keys()
        served = sftp_server.serve(depot.folder, user, key=key, port=self._port, faults=faults)
        with served, depot.taking():
            yield

    @property
    def _port_file(self) -> Path:
        return self.folder / "port"

    @property
    def _port(self) -> int:
        return int(self._port_file.read_text())

    def _judge(self, name: str, content: bytes) -> list[str | None]:  # noqa: ARG002 - the type is in the line
        lines = content.decode("windows-1252").split("\r\n")[:-1]
        if any(len(line) != _WIDTHS.get(line[:2]) for line in lines):
            return ["largeur"] * len(lines)
        return [self._reason(line) for line in lines]

    def _reason(self, line: str) -> str | None:
        if line[_CODE_AT[line[:2]]] not in self._codes:
            return "code-permanent-inconnu"
        application = line[30:39]
        if line[:2] == "10" and application.strip() and not application.isdecimal():
            return "numero-de-demande"
        return None

    @property
    def _codes(self) -> frozenset[str]:
        return frozenset(
            pupil.code_permanent
            for board in self.province.boards
            for pupil in board.pupils
            if pupil.code_permanent
        )
