"""Deliveries reach a live partner once, in order, at its hours and pace, whoever fails or is killed."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from canonical_model.errors import ConfigurationError, RetryableError
from gateway.outbox import Courier, WaitingError, queue
from gateway.outbox.patience import GIVE_UP_AFTER, OPENS_AFTER
from gateway.store.schema import outbox_destination
from tests.gateway.outbox.conftest import ERP, OFFICE, ROUTE, Desk, Killed

NOBODY = "http://127.0.0.1:9/mozaik_finances"


def test_what_waits_is_sent_in_order_and_acknowledged_with_the_partners_receipt(desk: Desk) -> None:
    desk.put("J-1", "J-2", "J-3")

    desk.work()

    assert ("J-1", "J-2", "J-3") == desk.erp.journals()
    assert [("acknowledged", 1, f"MF-762000-00000{n}") for n in (1, 2, 3)] == [
        (row.state, row.tries, row.receipt_number) for row in desk.rows()
    ]
    assert all(len(row.receipt_digest) == 32 for row in desk.rows())
    for kind in ("delivery.queued", "delivery.sent", "test.received"):
        assert ["J-1", "J-2", "J-3"] == desk.evidence(kind)


def test_a_delivery_put_twice_is_one_and_is_not_sent_again_once_acknowledged(desk: Desk) -> None:
    desk.put("J-1", "J-1")
    desk.work()
    desk.put("J-1")

    assert () == desk.work()
    assert (["J-1"], ["J-1"]) == (desk.evidence("delivery.queued"), desk.evidence("delivery.sent"))


def test_a_partner_closed_at_night_is_left_alone_and_caught_up_with_in_the_morning(desk: Desk) -> None:
    desk.install(**OFFICE, **{"limits.requests_per_second": "2", "limits.burst": "3"})
    desk.clock = datetime(2026, 2, 17, 4, 0, tzinfo=UTC)  # 23:00 in Montréal
    keys = [f"J-{number}" for number in range(1, 10)]
    desk.put(*keys)

    with pytest.raises(WaitingError, match="nothing goes there before"):
        desk.bring("J-1")
    assert () == desk.work()
    assert ((), ["waiting"] * 9) == (desk.erp.journals(), desk.states())

    desk.clock = datetime(2026, 2, 17, 11, 0, tzinfo=UTC)  # 06:00
    desk.work()

    assert tuple(keys) == desk.erp.journals()
    assert pytest.approx(3.0) == desk.waited  # three at once, then six, two a second


def test_a_partner_that_is_down_is_asked_by_one_of_a_thousand_waiting_deliveries(desk: Desk) -> None:
    desk.install(address=NOBODY)
    desk.put(*(f"J-{number}" for number in range(1000)))

    for _ in range(3):
        desk.work()

    assert [1] + [0] * 999 == [row.tries for row in desk.rows()]
    for _ in range(OPENS_AFTER - 1):
        desk.clock += timedelta(minutes=1)
        desk.work()
    with pytest.raises(WaitingError):  # somebody who insists finds the circuit open
        desk.bring("J-0")
    assert OPENS_AFTER == sum(row.tries for row in desk.rows())


def test_after_an_outage_everything_follows_in_its_order(desk: Desk) -> None:
    desk.install(address=NOBODY)
    desk.put("J-1", "J-2")
    for _ in range(OPENS_AFTER + 1):
        desk.work()
        desk.clock += timedelta(minutes=20)
    desk.install()

    desk.work()

    assert ("J-1", "J-2") == desk.erp.journals()
    with desk.hub.transaction() as connection:
        (row,) = connection.execute(sa.select(outbox_destination)).all()
    assert (0, None) == (row.failures, row.blocked_until)


def test_an_answer_lost_on_the_way_back_is_asked_for_again_under_the_same_key(desk: Desk) -> None:
    desk.erp.faults = frozenset({"lost-receipt"})
    desk.put("J-1", "J-2")

    with pytest.raises(RetryableError):
        desk.bring("J-2")
    assert (("J-1",), ["waiting", "waiting"]) == (desk.erp.journals(), desk.states())

    desk.erp.faults = frozenset()
    desk.clock += timedelta(minutes=1)
    desk.work()
    assert ("J-1", "J-2") == desk.erp.journals()
    assert (["J-1", "J-1", "J-2"], ["J-1", "J-2"]) == (
        desk.evidence("delivery.sent"),
        desk.evidence("test.received"),
    )


def test_who_insists_does_not_wait_for_the_back_off_of_a_delivery_but_for_no_other(desk: Desk) -> None:
    desk.install(address=NOBODY)
    desk.put("J-1", "J-2")
    with pytest.raises(RetryableError):
        desk.bring("J-1")
    desk.install()

    with pytest.raises(WaitingError):
        desk.bring("J-2")
    desk.bring("J-1")
    desk.bring("J-2")

    assert ("J-1", "J-2") == desk.erp.journals()


@pytest.mark.parametrize("place", ["deciding", "receipt"])
def test_killed_anywhere_the_next_worker_goes_on_at_once_and_sends_nothing_twice(
    desk: Desk, place: str
) -> None:
    desk.put("J-1", "J-2")
    desk.sender.kill = place
    with pytest.raises(Killed):
        desk.work()

    desk.work()

    assert ("J-1", "J-2") == desk.erp.journals()
    assert ["J-1", "J-2"] == desk.evidence("test.received")


def test_what_the_partner_refuses_makes_way_for_the_next_and_may_be_put_again(desk: Desk) -> None:
    desk.erp.faults = frozenset({"unknown-account"})  # refuses the first journal, once
    desk.put("J-1", "J-2")

    (refused, sent) = desk.work()

    assert (("refused", "partner-refused"), "acknowledged") == (
        (refused.state, refused.error and refused.error.code),
        sent.state,
    )
    assert (("J-2",), ["J-1"]) == (desk.erp.journals(), desk.evidence("delivery.refused"))
    desk.put("J-1")
    desk.work()
    assert (("J-2", "J-1"), ["acknowledged"] * 2) == (desk.erp.journals(), desk.states())


def test_a_receipt_that_does_not_add_up_is_not_kept_and_asks_for_a_person(desk: Desk) -> None:
    desk.erp.faults = frozenset({"miscount"})
    desk.put("J-1")

    (step,) = desk.work()

    assert ("refused", "integrity") == (step.state, step.error and step.error.code)
    assert [] == desk.evidence("test.received")


def test_a_wrong_secret_leaves_the_delivery_where_it_is_and_a_mended_one_sends_it(desk: Desk) -> None:
    desk.put("J-1")
    (desk.hub.settings.site_folder / "client_secret").write_text("not-it")

    (step,) = desk.work()
    assert ("waiting", ConfigurationError) == (step.state, type(step.error))

    desk.install()
    desk.work()
    assert ("J-1",) == desk.erp.journals()


def test_a_delivery_that_fails_past_its_deadline_is_given_up_and_told(desk: Desk) -> None:
    desk.install(address=NOBODY)
    desk.put("J-1")
    desk.work()
    desk.clock += GIVE_UP_AFTER

    (step,) = desk.work()

    assert ("dead", ["dead"]) == (step.state, desk.states())
    assert ["J-1"] == desk.evidence("delivery.given-up")


def test_a_destination_that_is_no_longer_installed_keeps_nobody_else_waiting(desk: Desk) -> None:
    desk.put("J-9", destination="clara@916000")
    desk.put("J-1")

    steps = desk.work()

    assert {"acknowledged", "waiting"} == {step.state for step in steps}
    assert ("J-1",) == desk.erp.journals()


def test_two_workers_share_the_work_and_neither_overtakes_the_other(desk: Desk) -> None:
    keys = [f"J-{number:02d}" for number in range(12)]
    desk.put(*keys)
    workers = [threading.Thread(target=desk.work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    desk.work()

    assert tuple(keys) == desk.erp.journals()
    assert [1] * 12 == [row.tries for row in desk.rows()]
    assert keys == desk.evidence("delivery.sent") == desk.evidence("test.received")


def test_while_one_sends_there_another_worker_passes_by(desk: Desk) -> None:
    desk.put("J-1")
    with desk.hub.transaction() as connection:
        assert queue.claim(connection, ERP, wait=False) is not None
        with Courier(desk.hub, {ROUTE: desk.sender}) as courier:
            assert "busy" == courier.step(ERP, moment=desk.clock).state
    assert () == desk.erp.journals()


def test_a_route_that_the_caller_cannot_send_is_not_overtaken(desk: Desk) -> None:
    desk.put("J-1")
    with Courier(desk.hub, {}) as courier, pytest.raises(WaitingError, match="goes first"):
        courier.bring(ERP, "J-1", moment=desk.clock)
    assert ["waiting"] == desk.states()


def test_an_option_that_is_not_well_formed_is_named(desk: Desk) -> None:
    desk.put("J-1")
    for name, text in (
        ("limits.burst", "many"), ("limits.requests_per_second", "0"),
        ("opening_hours.lundi", "06:00-22:00"), ("opening_hours.time_zone", "Montréal"),
    ):  # fmt: skip
        desk.install(**OFFICE | {name: text})
        with pytest.raises(ConfigurationError, match=name):
            desk.bring("J-1")
    assert [0] == [row.tries for row in desk.rows()]
