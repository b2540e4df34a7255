"""Exchanges: beginning twice is once; what became of one is added to what is known of it."""

from datetime import date, timedelta

import pytest

from canonical_model.errors import RetryableError
from gateway.store import exchanges
from gateway.store.hub import Hub
from tests.conftest import MOMENT

DAY = date(2026, 2, 16)
ID = "run/intake/gpi@762000"


def begin(hub: Hub, id: str = ID, *, run: str = "run", route: str = "intake", minutes: int = 0) -> str:  # noqa: A002
    with hub.transaction() as connection:
        return exchanges.begin(
            connection, id, run=run, route=route, system="gpi@762000", direction="in", day=DAY,
            moment=MOMENT + timedelta(minutes=minutes),
        )  # fmt: skip


def test_beginning_twice_is_once_and_gives_the_state_it_is_in(hub: Hub) -> None:
    assert "started" == begin(hub)
    with hub.transaction() as connection:
        exchanges.record(connection, ID, state="landed", counts={"rows": {"a": 1}}, moment=MOMENT)

    assert "landed" == begin(hub, minutes=5)
    with hub.transaction() as connection:
        row = exchanges.find(connection, ID)
    assert row is not None
    assert (MOMENT, {"rows": {"a": 1}}) == (row.started_at, row.counts)


def test_counts_are_merged_by_name_and_what_is_not_given_stays(hub: Hub) -> None:
    begin(hub)
    with hub.transaction() as connection:
        exchanges.record(
            connection,
            ID,
            state="landed",
            counts={"rows": {"a": 1}},
            digest=b"\x01",
            receipt={"n": 7},
            moment=MOMENT,
        )
        exchanges.record(connection, ID, state="done", counts={"mappings": {"m": 2}}, moment=MOMENT)
        row = exchanges.find(connection, ID)

    assert row is not None
    assert ("done", {"rows": {"a": 1}, "mappings": {"m": 2}}, b"\x01", {"n": 7}) == (
        row.state, row.counts, bytes(row.digest), row.receipt,
    )  # fmt: skip


def test_a_failure_is_told_until_it_is_overcome(hub: Hub) -> None:
    begin(hub)
    error = RetryableError("gpi@762000: no answer. Try again.", "gpi@762000 : pas de réponse. Réessayez.")
    with hub.transaction() as connection:
        exchanges.record(connection, ID, state="failed", failure=error, moment=MOMENT)
        failed = exchanges.find(connection, ID)
        exchanges.record(connection, ID, state="landed", moment=MOMENT)
        landed = exchanges.find(connection, ID)

    assert failed is not None
    assert landed is not None
    assert ({"code": "retryable", "en": error.english, "fr": error.french}, MOMENT) == (
        failed.failure, failed.ended_at,
    )  # fmt: skip
    assert (None, None) == (landed.failure, landed.ended_at)


def test_the_exchanges_of_a_run_are_those_of_that_run_and_route_in_order(hub: Hub) -> None:
    for name, run, route in (
        ("b", "run", "intake"),
        ("a", "run", "intake"),
        ("c", "run", "erp"),
        ("d", "x", "intake"),
    ):
        begin(hub, name, run=run, route=route)

    with hub.transaction() as connection:
        assert ["a", "b", "c"] == [row.id for row in exchanges.of_run(connection, "run")]
        assert ["a", "b"] == [row.id for row in exchanges.of_run(connection, "run", route="intake")]
        assert exchanges.find(connection, "nobody") is None


def test_a_transaction_that_fails_leaves_no_exchange(hub: Hub) -> None:
    def fail() -> None:
        with hub.transaction() as connection:
            exchanges.begin(
                connection, ID, run="run", route="intake", system="s", direction="in", day=DAY, moment=MOMENT
            )
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    with hub.transaction() as connection:
        assert exchanges.find(connection, ID) is None
