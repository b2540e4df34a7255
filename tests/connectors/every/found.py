"""The connectors that the inherited suite runs over: ours, or those of the folder that a run names.

EVERY_CONNECTOR_FOLDER holds connectors and mappings, as `connector new --folder` makes them: so a scaffold is
held to the same suite.
"""

import os
from dataclasses import dataclass
from pathlib import Path

from connectors.kit import load, sandbox
from gateway.cli.connector.found import Place, place

VARIABLE = "EVERY_CONNECTOR_FOLDER"


@dataclass(frozen=True)
class Subject:
    """One connector's folder, and a fault of its sandbox when it is about one."""

    folder: Path
    fault: str = ""

    def __str__(self) -> str:
        return "-".join(filter(None, (self.folder.name, self.fault)))


def where() -> Place:
    """Where they stand."""
    named = os.environ.get(VARIABLE)
    return place(Path(named) if named else None)


def subjects() -> list[Subject]:
    """Every connector, whether it can be read or not."""
    return [Subject(folder) for folder in load.folders(where().connectors)]


def with_faults() -> list[Subject]:
    """Every fault of every sandbox that loads; one that does not load fails a test of its own."""
    found = []
    for subject in subjects():
        try:
            known = sorted(sandbox.kind_at(subject.folder).known_faults)
        except Exception:  # noqa: BLE001 - whatever is wrong with it is told by the test that loads it
            known = []
        found += [Subject(subject.folder, fault) for fault in known]
    return found
