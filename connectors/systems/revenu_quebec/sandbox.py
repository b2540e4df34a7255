"""A simulated desk that takes transmissions of RL-24 slips from a folder. Refuses a slip whose number is wrong.

Written from contract/transmission.md; it files nothing anywhere. A file that is no XML is refused whole.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar
from xml.etree import ElementTree as ET

from connectors.kit.sandbox_depot import Depot
from connectors.kit.sandbox_system import SandboxSystem


class Sandbox(SandboxSystem):
    """One desk for all boards; ``depot`` in its folder is where transmissions are dropped. It takes tests only."""

    per_board: ClassVar[bool] = False
    organizations: ClassVar[tuple[str, ...]] = ("000003",)  # our placeholder: it has no public code
    demonstrated: ClassVar[bool] = False
    known_faults: ClassVar[dict[str, str]] = {
        "duplicate": "the receipt says one slip twice",
        "encoding": "the receipt is in UTF-16",
        "never-ready": "no receipt ever comes",
    }

    def prepare(self, postgres: str) -> None:  # noqa: ARG002 - it needs no database
        """Make the folder."""
        (self.folder / "depot").mkdir(exist_ok=True)

    def entry(self, base_url: str, postgres: str) -> dict[str, Any]:  # noqa: ARG002 - it is a folder
        """The folder as a ``file://`` URI; no secret."""
        return {
            "system": self.system,
            "address": (self.folder / "depot").resolve().as_uri(),
            "secrets": {},
            "options": {"environment": "test"},
        }

    @contextmanager
    def serve(self) -> Iterator[None]:
        """The clerk who takes what was dropped."""
        if "never-ready" in self.faults:
            yield
            return
        encoding = "utf-16" if "encoding" in self.faults else "utf-8"
        depot = Depot(
            self.folder / "depot", "RQ", _judge, encoding=encoding, twice="duplicate" in self.faults
        )
        with depot.taking():
            yield


def _judge(name: str, content: bytes) -> list[str | None]:  # noqa: ARG001 - the content says it all
    try:
        root = ET.fromstring(content)
    except ET.ParseError:
        return ["xml"]
    slips = [slip for slip in root.findall("*/*") if _local(slip) in ("R", "A", "D")]
    numbers = [next((item.text or "" for item in slip if _local(item) == "NoReleve"), "") for slip in slips]
    return [
        "numero-en-double" if number in numbers[:position] else None if _sound(number) else "numero-de-releve"
        for position, number in enumerate(numbers)
    ]


def _sound(number: str) -> bool:
    return len(number) == 9 and number.isdecimal() and int(number[:8]) % 7 == int(number[8])


def _local(element: ET.Element) -> str:
    return element.tag.rpartition("}")[2]
