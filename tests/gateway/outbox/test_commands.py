"""`outbox list` and `outbox send`: what they show, what they send, and how they end."""

from datetime import timedelta
from pathlib import Path

import pytest

from gateway.cli import context
from gateway.cli import outbox as commands
from tests.gateway.cli.conftest import Call, call
from tests.gateway.outbox.conftest import ERP, ROUTE, Desk

__all__ = ["call"]


@pytest.fixture
def there(desk: Desk, call: Call, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Call:
    """Calls on the hub of the desk, whose route they know."""
    monkeypatch.setenv("PASSERELLE_HOME", str(desk.hub.settings.home))
    monkeypatch.setenv("PASSERELLE_DATABASE_URL", desk.hub.settings.database_url)
    monkeypatch.setattr(commands, "SENDERS", {ROUTE: desk.sender})
    desk.clock = context.moment()
    return call


def test_what_waits_is_listed_sent_and_then_waits_no_more(desk: Desk, there: Call) -> None:
    desk.put("J-1", "J-2")

    (first, _) = there("outbox", "list", "--json").document
    assert (ERP, "J-1", "waiting", 0) == tuple(
        first[name] for name in ("destination", "key", "state", "tries")
    )
    sent = there("outbox", "send", "--json")

    assert (0, {"acknowledged": 2, "waiting": 0, "failures": []}) == (sent.code, sent.document)
    assert ("J-1", "J-2") == desk.erp.journals()
    assert [] == there("outbox", "list", "--json").document
    receipts = [item["receipt"] for item in there("outbox", "list", "--all", "--json").document]
    assert ["MF-762000-000001", "MF-762000-000002"] == receipts


def test_a_partner_that_does_not_answer_ends_with_3_and_its_delivery_is_shown_waiting(
    desk: Desk, there: Call
) -> None:
    desk.install(address="http://127.0.0.1:9/mozaik_finances")
    desk.put("J-1")

    sent, listed = there("outbox", "send", "--json"), there("outbox", "list")

    assert (3, 0, 1) == (sent.code, sent.document["acknowledged"], sent.document["waiting"])
    assert ["retryable"] == [item["code"] for item in sent.document["failures"]]
    assert 0 == listed.code
    assert all(word in listed.out for word in ("J-1", "waiting", "retryable"))


def test_a_refusal_ends_with_1_until_somebody_has_looked(desk: Desk, there: Call) -> None:
    desk.erp.faults = frozenset({"unknown-account"})
    desk.put("J-1")

    assert (1, 1) == (there("outbox", "send").code, there("outbox", "list").code)
    assert 0 == there("outbox", "send", "--to", "clara@916000").code


def test_a_closed_partner_is_no_failure(desk: Desk, there: Call) -> None:
    later = f"{desk.clock + timedelta(days=3):%A}".lower()
    desk.install(**{"opening_hours.time_zone": "UTC", f"opening_hours.{later}": "10:00-11:00"})
    desk.put("J-1")

    sent = there("outbox", "send", "--json")

    assert (0, 1) == (sent.code, sent.document["waiting"])
