"""The intake's reconciliation: what a step says is held against what landed and against the tables."""

from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

from gateway import report
from gateway.store.hub import Hub
from tests.door import Door, Line

STATED = {
    "read = stored + unchanged + quarantined": "'{mappings,mozaik_inscription/consent@1,quarantined}', '7'",
    "rows mapped = rows landed": "'{rows,consentements}', '7'",
}


@pytest.fixture
def door(hub: Hub, tmp_path: Path) -> Door:
    """One answer stored, one set aside."""
    made = Door(hub, tmp_path / "drop")
    made.drop([Line("C-1"), Line("C-2", answer="?")])
    made.read("run")
    return made


def differences(door: Door) -> list[str]:
    with door.hub.transaction() as connection:
        lines = report.intake_balances(connection, "run")
    assert 3 == len(lines)
    return [line.name.partition(": ")[2] for line in lines if not line.holds]


def change(door: Door, statement: str) -> None:
    with door.hub.transaction() as connection:
        connection.execute(sa.text(statement))


def test_an_honest_run_balances(door: Door) -> None:
    assert [] == differences(door)


@pytest.mark.parametrize("name", STATED)
def test_a_figure_that_does_not_add_up_is_named(door: Door, name: str) -> None:
    change(door, f"update exchange set counts = jsonb_set(counts, {STATED[name]})")

    assert [name] == differences(door)


@pytest.mark.parametrize(
    "statement",
    [
        "delete from resource_version where resource = 'Consent'",
        "update resource_version set exchange = 'x' where resource = 'Consent'",
    ],
)
def test_a_version_that_is_not_in_the_table_is_missed(door: Door, statement: str) -> None:
    change(door, statement)

    assert ["stored = versions written"] == differences(door)


def test_a_run_that_nobody_began_has_nothing_to_balance(new_hub: Callable[[], Hub]) -> None:
    with new_hub().transaction() as connection:
        assert [] == report.intake_balances(connection, "run")
