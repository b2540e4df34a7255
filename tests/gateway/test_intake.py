"""The door in, over a real drop folder: nothing is lost, nothing twice, and a failure leaves the door as it was."""

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from canonical_model.errors import ConfigurationError, RetryableError
from gateway import intake, quarantine
from gateway.store import exchanges
from gateway.store.hub import Hub
from tests.conftest import MOMENT
from tests.door import MAPPING, SYSTEM, Door, Line

LINES = st.lists(
    st.builds(
        Line,
        number=st.sampled_from(["", *(f"C-{n}" for n in range(6))]),
        fiche=st.sampled_from(["0000001", "0000002", "0000009"]),
        recipient=st.sampled_from(["916000", "91600"]),
        answer=st.sampled_from(["O", "N", "?"]),
        end=st.sampled_from(["2026-09-01", "2025-01-01", "demain"]),
        extra=st.sampled_from(["", "", "", ";surplus", "\xff"]),
    ),
    max_size=8,
)


@pytest.fixture
def new_door(new_hub: Callable[[], Hub], tmp_path: Path) -> Callable[[], Door]:
    """Makes doors, each with a hub and a drop folder of its own."""
    numbers = itertools.count()
    return lambda: Door(new_hub(), tmp_path / f"drop-{next(numbers)}")


@pytest.fixture
def door(new_door: Callable[[], Door]) -> Door:
    return new_door()


def parts(counts: dict[str, Any]) -> tuple[int, int, int, int]:
    return counts["read"], counts["stored"], counts["unchanged"], counts["quarantined"]


@settings(
    max_examples=10,
    deadline=None,
    phases=(Phase.generate,),  # an example costs half a second: a failing one is shown as it is found
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(lines=LINES)
def test_whatever_is_dropped_everything_is_accounted_for_and_nothing_is_stored_twice(
    door: Door, lines: list[Line]
) -> None:
    """Each example is one more day of the same hub, whose answers come, change, break and go."""
    numbers = [line.number for line in lines if not line.extra]  # of a broken line the number is not trusted
    good = {line.number: line for line in lines if line.good and numbers.count(line.number) == 1}
    fresh = sum(door.held.get(number) != line for number, line in good.items())
    door.held |= good
    door.drop(lines)

    assert (len(lines), fresh, len(good) - fresh, len(lines) - len(good)) == parts(door.read())
    before = door.known(), door.count("select count(*) from resource_version")
    assert (len(lines), 0, len(good), len(lines) - len(good)) == parts(door.read())
    assert before == (door.known(), door.count("select count(*) from resource_version"))


def test_every_record_set_aside_stands_in_quarantine_with_its_place(door: Door) -> None:
    door.drop([
        Line("C-1"), Line("C-2", fiche="0000009"), Line("C-3", answer="?"), Line("C-4"), Line("C-4", answer="N"),
        Line("C-5", end="2025-01-01"), Line("C-6", extra=";surplus"),
    ])  # fmt: skip
    assert (7, 1, 0, 6) == parts(door.read())

    with door.hub.transaction() as connection:
        found = {
            (row.row, row.column, row.path, row.rule) for row in quarantine.listing(connection, system=SYSTEM)
        }
    assert {
        (2, "fiche", "subject.0.value", "unknown-person"),
        (3, "reponse", "answer", "unmapped-code"),
        (5, "no_consentement", "(record)", "duplicate-key"),
        (6, "date_debut, date_fin", "period", "end-before-start"),
        (7, "", "(record)", "ragged-row"),
    } == found


def test_what_is_mended_at_the_source_is_stored_and_its_fault_closed(door: Door) -> None:
    door.drop([Line("C-1", answer="?")])
    assert (1, 0, 0, 1) == parts(door.read())
    door.drop([Line("C-1")])

    assert (1, 1, 0, 0) == parts(door.read())
    with door.hub.transaction() as connection:
        assert [] == quarantine.listing(connection)


def test_a_step_done_twice_is_done_once(door: Door) -> None:
    door.drop([Line("C-1")])
    exchange = door.fetch("run")
    landed = door.row(exchange)
    door.drop([Line("C-1"), Line("C-2")])  # the source goes on; this run has its batch

    assert (exchange, landed) == (door.fetch("run"), door.row(exchange))
    for _ in range(2):
        intake.translate(door.hub, exchange=exchange, moment=MOMENT)
    door.admit("run")
    done = door.row(exchange), door.known(), door.count("select count(*) from evidence_entry")
    door.admit("run")
    intake.translate(door.hub, exchange=exchange, moment=MOMENT)

    assert done == (door.row(exchange), door.known(), door.count("select count(*) from evidence_entry"))
    assert (1, 1, 0, 0) == parts(done[0].counts["mappings"][MAPPING])


@pytest.mark.parametrize(
    ("step", "last_write"), [("translate", (exchanges, "record")), ("admit", (intake, "append"))]
)
def test_a_step_that_breaks_off_leaves_nothing_and_is_done_whole_the_next_time(
    new_door: Callable[[], Door], monkeypatch: pytest.MonkeyPatch, step: str, last_write: tuple[object, str]
) -> None:
    lines = [Line("C-1"), Line("C-2", answer="?")]
    undisturbed, door = new_door(), new_door()
    undisturbed.drop(lines)
    undisturbed.read("run")
    door.drop(lines)
    exchange = door.fetch("run")
    if step == "admit":
        intake.translate(door.hub, exchange=exchange, moment=MOMENT)
    before = door.known()

    def cut(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(*last_write, cut)
        with pytest.raises(KeyboardInterrupt):
            door.read("run")
    assert before == door.known()

    door.read("run")
    assert undisturbed.known() == door.known()
    assert [] == [path for path in (door.hub.settings.root / "raw" / "mapped").rglob("*") if path.is_file()]


def test_a_partner_that_is_not_ready_is_told_and_asked_again(door: Door) -> None:
    with pytest.raises(RetryableError, match=SYSTEM):
        door.fetch("run")
    failed = door.row(intake.exchange_id("run", SYSTEM))
    door.drop([Line("C-1")])

    assert ("failed", "retryable", {}) == (failed.state, failed.failure["code"], failed.counts)
    assert (1, 1, 0, 0) == parts(door.read("run"))
    assert door.row(failed.id).failure is None


def test_steps_out_of_order_are_refused_with_what_to_do(door: Door) -> None:
    with pytest.raises(ConfigurationError, match="no such exchange"):
        intake.translate(door.hub, exchange="run/intake/none", moment=MOMENT)
    door.drop([Line("C-1")])
    door.fetch("run")
    with pytest.raises(ConfigurationError, match="nothing is mapped yet"):
        door.admit("run")
    assert 0 == door.count("select count(*) from resource_version where resource = 'Consent'")


def test_the_answers_of_another_board_s_system_are_not_touched(door: Door) -> None:
    door.drop([Line("C-1")])
    door.fetch("run")

    assert [] == intake.admit(door.hub, board="711000", run="run", moment=MOMENT)
