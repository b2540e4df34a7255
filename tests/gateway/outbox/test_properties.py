"""Whatever the order of crashes, closings, outages and workers: acknowledged once, in order, nothing lost."""

import itertools
from contextlib import suppress
from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from canonical_model.errors import HubError
from gateway.outbox.pacing import pacing
from gateway.outbox.patience import GIVE_UP_AFTER, LONGEST_WAIT_OF_OLD, back_off, pause
from gateway.site import connectors, installation
from tests.gateway.outbox.conftest import ERP, MORNING, OFFICE, Desk, Killed

DOWN = "http://127.0.0.1:9/mozaik_finances"


class Journey(RuleBasedStateMachine):
    """One partner with office hours; each step is something that happens to a hub. `desk` is the test's."""

    desk: Desk
    numbers = itertools.count(1)

    @initialize()
    def begin(self) -> None:
        self.keys: list[str] = []
        self.run = next(self.numbers)
        self.desk.clock = MORNING + timedelta(days=20 * self.run)
        self.partner()

    @rule(count=st.integers(1, 3))
    def put(self, count: int) -> None:
        fresh = [f"R{self.run}-{len(self.keys) + number}" for number in range(1, count + 1)]
        self.keys += fresh
        self.desk.put(*fresh)

    @rule(
        address=st.sampled_from(["", "", "", DOWN]),
        fault=st.sampled_from(["", "", "lost-receipt", "cut"]),
    )
    def work(self, address: str, fault: str) -> None:
        self.partner(address, fault)
        self.desk.sender.kill = ""
        self.attended(self.desk.work)

    @rule(place=st.sampled_from(["deciding", "receipt"]))
    def is_killed(self, place: str) -> None:
        self.put(1)
        self.partner()
        self.desk.clock += LONGEST_WAIT_OF_OLD  # past every back-off, so that there is somebody to kill
        self.desk.sender.kill = place
        self.attended(self.desk.work)

    @rule(at=st.integers(0, 20), fault=st.sampled_from(["", "lost-receipt"]))
    def insist(self, at: int, fault: str) -> None:
        if self.keys:
            self.partner(fault=fault)
            self.desk.sender.kill = ""
            key = self.keys[at % len(self.keys)]
            self.attended(lambda: self.desk.bring(key))

    @rule(minutes=st.integers(1, 300))
    def time_passes(self, minutes: int) -> None:
        self.desk.clock += timedelta(minutes=minutes)

    @invariant()
    def the_partner_has_a_beginning_of_the_queue_each_once(self) -> None:
        received = self.received()
        assert received == self.keys[: len(received)]

    @invariant()
    def nothing_is_lost_nor_receipted_twice(self) -> None:
        mine = [row for row in self.desk.rows() if row.key in self.keys]
        assert self.keys == [row.key for row in mine]
        told = [key for key in self.desk.evidence("test.received") if key in self.keys]
        assert [row.key for row in mine if row.state == "acknowledged"] == told
        assert set(told) <= set(self.received())

    def teardown(self) -> None:
        self.partner()
        self.desk.sender.kill = ""
        for _ in range(40):  # 40 × the longest wait: two nights and a circuit
            self.attended(self.desk.work)
            self.desk.clock += LONGEST_WAIT_OF_OLD
        assert self.keys == self.received()
        states = {row.state for row in self.desk.rows() if row.key in self.keys}
        assert states <= {"acknowledged"}

    def partner(self, address: str = "", fault: str = "") -> None:
        self.desk.erp.faults = frozenset({fault} - {""})
        self.desk.install(address=address, **OFFICE)

    def attended(self, work: Any) -> None:
        """Whatever happens to it, and that nothing reached a closed partner."""
        folder = self.desk.hub.settings.site_folder
        hours = pacing(connectors(folder).manifest("mozaik_finances"), installation(folder, ERP)).hours
        before = self.received()
        began = hours.open_at(self.desk.clock)
        with suppress(HubError, Killed):
            work()
        assert began or before == self.received()

    def received(self) -> list[str]:
        return [number for number in self.desk.erp.journals() if number.startswith(f"R{self.run}-")]


def test_whatever_happens_each_delivery_is_acknowledged_once_and_in_order(desk: Desk) -> None:
    Journey.desk = desk
    run_state_machine_as_test(
        Journey,
        settings=settings(
            max_examples=12,
            stateful_step_count=15,
            deadline=None,
            derandomize=True,
            database=None,
            phases=(Phase.generate,),  # a live partner is too slow to shrink against
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_the_wait_grows_with_tries_and_age_within_its_bounds() -> None:
    day = timedelta(days=1)
    for tries in range(1, 40):
        wait = back_off("key", tries, timedelta(0))
        assert timedelta(seconds=2.5) <= wait <= timedelta(minutes=15)
        assert timedelta(minutes=30) <= back_off("key", tries, day) <= LONGEST_WAIT_OF_OLD
        assert back_off("key", tries, GIVE_UP_AFTER) <= LONGEST_WAIT_OF_OLD
    assert (
        back_off("key", 1, timedelta(0)) < back_off("key", 4, timedelta(0)) < back_off("key", 8, timedelta(0))
    )
    assert 1 < len({back_off(f"key-{number}", 5, timedelta(0)) for number in range(10)})


def test_the_wait_that_the_partner_asks_for_is_kept_from_the_first_failure() -> None:
    assert pause(ERP, 1, 0.0) is None
    assert timedelta(seconds=120) == pause(ERP, 1, 120.0)
    assert timedelta(hours=2) == pause(ERP, 5, 7200.0)
    assert timedelta(days=1) == pause(ERP, 1, 1e9)
    alone = pause(ERP, 3, 0.0)
    assert alone is not None
    assert timedelta(0) < alone <= timedelta(minutes=15)
