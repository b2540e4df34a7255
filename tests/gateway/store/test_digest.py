"""The digest: the same for two hubs that know the same, another one after any change of what is known."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest

from gateway import quarantine, release
from gateway.quarantine import Fault
from gateway.store import digest
from gateway.store.hub import Hub
from tests.conftest import MOMENT
from tests.school import School

DAY = date(2026, 2, 16)
FAULT = Fault(
    system="gpi@762000", stream="gpm_e_ele", row=7, row_key="762000|9", column="sexe", resource="Student",
    path="sex", rule="unmapped-code", mapping="gpi/student@1",
)  # fmt: skip


def known(hub: Hub) -> str:
    with hub.transaction() as connection:
        return digest.digest(connection, hub.keys)


def note(hub: Hub, *faults: Fault, exchange: str = "x", minutes: int = 0) -> None:
    with hub.transaction() as connection:
        quarantine.note(
            connection, faults, system="gpi@762000", exchange=exchange, batch=exchange,
            moment=MOMENT + timedelta(minutes=minutes),
        )  # fmt: skip


def fill(hub: Hub, *, exchange: str = "x", minutes: int = 0) -> Hub:
    school = School(hub)
    school.pupil(1, code_permanent="EXEM63010000")
    school.pupil(2)
    school.answer(1)
    note(hub, FAULT, exchange=exchange, minutes=minutes)
    return hub


def test_two_hubs_that_know_the_same_agree_though_keys_runs_and_moments_differ(
    new_hub: Callable[[], Hub],
) -> None:
    first, second = fill(new_hub()), fill(new_hub(), exchange="y", minutes=9)

    assert first.keys.master != second.keys.master
    assert known(first) == known(second)


def test_an_empty_store_has_a_digest_of_its_own(new_hub: Callable[[], Hub]) -> None:
    assert known(new_hub()) == known(new_hub()) != known(fill(new_hub()))


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda hub: School(hub).pupil(2, mark="83"), id="a value"),
        pytest.param(lambda hub: School(hub).pupil(3), id="a person"),
        pytest.param(lambda hub: School(hub).pupil(2, code_permanent="EXEM63010001"), id="an identifier"),
        pytest.param(lambda hub: School(hub).refusal(1), id="an answer"),
        pytest.param(
            lambda hub: release.withdraw_consent(hub, "gpi@762000/Consent/C1", day=DAY, moment=MOMENT),
            id="a withdrawal",
        ),
        pytest.param(lambda hub: note(hub, exchange="z"), id="a fault that was mended"),
    ],
)
def test_any_change_of_what_is_known_changes_it(hub: Hub, change: Callable[[Hub], object]) -> None:
    before = known(fill(hub))
    change(hub)

    assert before != known(hub)
