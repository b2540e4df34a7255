"""A round of the outbox: what it counts, what it calls a failure, and whom it serves before it says so."""

from collections.abc import Callable

import pytest

from canonical_model.errors import HubError
from gateway import rounds
from tests.gateway.outbox.conftest import ROUTE, Desk, desk

__all__ = ["desk"]

Round = Callable[[], list[str]]


@pytest.fixture
def work(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Round:
    """A round on the hub of the desk, whose route it knows, at the desk's moment."""
    monkeypatch.setenv("PASSERELLE_HOME", str(desk.hub.settings.home))
    monkeypatch.setenv("PASSERELLE_DATABASE_URL", desk.hub.settings.database_url)
    monkeypatch.setattr(rounds, "SENDERS", {ROUTE: desk.sender})
    monkeypatch.setattr(rounds.day, "moment", lambda: desk.clock)
    return lambda: rounds.send_waiting(run_id="round-1")


def test_a_round_sends_what_waits_and_the_next_one_sends_nothing(desk: Desk, work: Round) -> None:
    desk.put("J-1", "J-2")

    assert ["acknowledged:2", "collected:0", "waiting:0"] == work()
    assert ["acknowledged:0", "collected:0", "waiting:0"] == work()
    assert ("J-1", "J-2") == desk.erp.journals()


def test_a_partner_that_does_not_answer_is_no_failure_of_the_round(desk: Desk, work: Round) -> None:
    desk.install(address="http://127.0.0.1:9/mozaik_finances")
    desk.put("J-1")

    assert ["acknowledged:0", "collected:0", "waiting:1"] == work()


def test_a_refusal_fails_the_round_once_and_holds_up_no_later_one(desk: Desk, work: Round) -> None:
    desk.erp.faults = frozenset({"unknown-account"})
    desk.put("J-1")

    with pytest.raises(HubError) as caught:
        work()
    assert "partner-refused" == caught.value.code
    assert ["acknowledged:0", "collected:0", "waiting:0"] == work()
