"""What every connector must hold, checked without a test framework: from its folder, and on its live sandbox.

`findings` judges one connector, `wrong` says what does not hold; `rungs.yaml` and `faults.yaml` are the closed
lists that they judge by. The same checks serve `passerelle connector check`, the suite that every connector
inherits, and a new connector's own test.
"""

from collections.abc import Iterable
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from connectors.kit.check import database, live, recorded, rungs
from connectors.kit.check.finding import Finding
from connectors.kit.check.trial import Trial
from connectors.kit.manifest import Manifest

if TYPE_CHECKING:
    from connectors.kit.province.model import Province

__all__ = ["Finding", "Trial", "findings", "manifest_of", "wrong"]


def manifest_of(folder: Path) -> tuple[Manifest | None, Finding]:
    """The manifest of a folder and the finding about it; None when it cannot be read."""
    return recorded.manifest(folder)


def findings(told: Manifest, trial: Trial | None = None, more: Iterable[Finding] = ()) -> tuple[Finding, ...]:
    """Everything that can be said about a connector, its ladder last. `trial`: also on the live sandbox.

    `more`: findings of others about it, which may prove a rung (``mappings``, whether the samples map).
    """
    found = [*recorded.findings(told), *more]
    if trial and any(item.state == "fault" for item in found if item.check in recorded.NEEDED_FIRST):
        found += map(live.not_yet, live.NAMES)  # it would say the same in other words
    else:
        later = live.not_tried if told.direction == "inbound" else live.by_its_tests
        found += live.findings(trial) if trial else map(later, live.NAMES)
    if "mappings" not in {item.check for item in found}:
        found.append(live.not_tried("mappings"))
    return (*found, *rungs.judged(told, found, rungs.tests_of(told.folder)))


def wrong(folder: Path, province: "Province", workplace: Path) -> list[str]:
    """What does not hold of the connector in a folder, tried on its live sandbox; an empty list when all does."""
    told, first = recorded.manifest(folder)
    if told is None:
        return [first.english]
    with database.server() if told.protocol == "sql" else nullcontext("") as postgres:
        found = findings(told, Trial(told, province, workplace, postgres))
    return [item.english for item in found if item.state == "fault"]
