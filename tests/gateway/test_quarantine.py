"""Quarantine: one fault is one row; what a system shows no longer is mended; what comes back stands again."""

from dataclasses import replace
from datetime import datetime, timedelta

import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from canonical_model import rules
from gateway import quarantine
from gateway.quarantine import Fault
from gateway.store.hub import Hub
from gateway.store.schema import quarantine as table
from tests.conftest import MOMENT

FAULT = Fault(
    system="gpi@762000", stream="gpm_e_ele", row=7, row_key="762000|9", column="sexe", resource="Student",
    path="sex", rule="unmapped-code", mapping="gpi/student@1",
)  # fmt: skip


def later(exchange: str) -> datetime:
    return MOMENT + timedelta(hours=int(exchange))


def note(hub: Hub, exchange: str, *faults: Fault, system: str = "gpi@762000") -> None:
    with hub.transaction() as connection:
        quarantine.note(
            connection,
            faults,
            system=system,
            exchange=exchange,
            batch=f"batch-{exchange}",
            moment=later(exchange),
        )


def standing(hub: Hub, **wanted: str) -> list[sa.Row]:  # type: ignore[type-arg]
    with hub.transaction() as connection:
        return quarantine.listing(connection, **wanted)


def test_a_fault_met_twice_is_one_row_that_keeps_its_first_moment(hub: Hub) -> None:
    note(hub, "1", FAULT, FAULT)
    note(hub, "2", replace(FAULT, row=8))

    [row] = standing(hub)
    assert (later("1"), later("2"), 8, "2", "batch-2") == (
        row.first_at, row.last_at, row.row, row.exchange, row.batch,
    )  # fmt: skip


def test_a_fault_that_is_shown_no_longer_is_mended_and_comes_back_as_the_same(hub: Hub) -> None:
    other = replace(FAULT, row_key="762000|10")
    note(hub, "1", FAULT, other)
    note(hub, "2", other)
    assert ["762000|10"] == [row.row_key for row in standing(hub)]

    with hub.transaction() as connection:
        mended = connection.execute(sa.select(table).where(table.c.row_key == FAULT.row_key)).one()
        shown = quarantine.show(connection, mended.id)
    assert later("2") == mended.mended_at
    assert shown == mended

    note(hub, "3", FAULT)
    assert [(mended.id, later("1"), None)] == [(row.id, row.first_at, row.mended_at) for row in standing(hub)]


def test_a_system_mends_its_own_faults_only(hub: Hub) -> None:
    note(hub, "1", FAULT)
    note(hub, "2", system="gpi@711000")

    assert 1 == len(standing(hub))


def test_faults_are_chosen_by_system_and_rule(hub: Hub) -> None:
    note(hub, "1", FAULT, replace(FAULT, rule="missing"))
    note(hub, "2", replace(FAULT, system="gpi@711000"), system="gpi@711000")

    assert 3 == len(standing(hub))
    assert ["gpi@711000"] == [row.system for row in standing(hub, system="gpi@711000")]
    assert ["missing"] == [row.rule for row in standing(hub, rule="missing")]
    assert [] == standing(hub, system="gpi@711000", rule="missing")


def test_a_rejection_has_place_words_and_remedy_and_no_value(hub: Hub) -> None:
    note(hub, "1", FAULT)
    [row] = standing(hub)
    words = rules.words("unmapped-code")

    assert {
        "id": row.id,
        "source": {
            "system": "gpi@762000", "stream": "gpm_e_ele", "file": None, "row": 7, "key": "762000|9",
            "column": "sexe",
        },
        "rule": "unmapped-code", "path": "sex", "mapping": "gpi/student@1",
        "message_fr": words.french, "message_en": words.english,
        "remedy_fr": words.remedy_french, "remedy_en": words.remedy_english,
    } == quarantine.rejection(row)  # fmt: skip


def test_nobody_of_that_number_is_none(hub: Hub) -> None:
    with hub.transaction() as connection:
        assert quarantine.show(connection, 12345) is None


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pulls=st.lists(st.sets(st.integers(0, 5)), min_size=1, max_size=5))
def test_after_any_pulls_those_stand_that_the_last_one_showed(hub: Hub, pulls: list[set[int]]) -> None:
    met: set[int] = set()
    with hub.engine.connect() as connection:
        for number, shown in enumerate(pulls):
            met |= shown
            quarantine.note(
                connection, [replace(FAULT, row_key=str(key)) for key in shown], system="gpi@762000",
                exchange=str(number), batch="b", moment=later(str(number)),
            )  # fmt: skip
        standing_keys = {int(row.row_key) for row in quarantine.listing(connection)}
        rows = connection.scalar(sa.select(sa.func.count()).select_from(table))
        connection.rollback()

    assert (pulls[-1], len(met)) == (standing_keys, rows)
