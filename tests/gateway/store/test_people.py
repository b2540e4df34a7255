"""Matching: the same person on every run, nobody merged on doubt."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.store import people, versions
from gateway.store.hub import Hub
from gateway.store.people import Claim
from gateway.store.versions import Version
from tests.conftest import MOMENT

CODE = ("code-permanent", "ABCD67531000")


def fiche(number: int, board: str = "762000") -> tuple[str, str]:
    return (f"fiche:{board}", f"{number:07d}")


def establish(hub: Hub, *claims: Claim) -> tuple[dict[str, str], frozenset[str]]:
    with hub.transaction() as connection:
        return people.establish(connection, hub.keys, claims, exchange="x", moment=MOMENT)


def test_one_pupil_at_two_boards_is_one_person(hub: Hub) -> None:
    first, _ = establish(hub, Claim("a", (fiche(1), CODE), "2010-03-05"))
    second, _ = establish(hub, Claim("b", (fiche(2, "711000"), CODE), "2010-03-05"))

    assert first["a"] == second["b"]


def test_a_code_permanent_seen_with_another_birth_date_is_set_aside(hub: Hub) -> None:
    first, _ = establish(hub, Claim("a", (fiche(1), CODE), "2010-03-05"))
    known = Version(
        resource="Student", key="gpi@762000:1", person=first["a"], section="identity",
        organization="762000", document='{"birth_date": "2010-03-05"}', valid_from=None, valid_to=None,
        place={},
    )  # fmt: skip
    with hub.transaction() as connection:
        versions.merge(connection, hub.keys, [known], exchange="x", moment=MOMENT)
    matched, aside = establish(hub, Claim("b", (fiche(2), CODE), "2011-03-05"))

    assert ({}, {"b"}) == (matched, aside)
    with hub.transaction() as connection:
        assert {} == people.find(connection, [fiche(2)])


def test_two_children_with_one_code_in_one_pull_are_both_set_aside(hub: Hub) -> None:
    matched, aside = establish(
        hub,
        Claim("a", (fiche(1), CODE), "2010-03-05"),
        Claim("b", (fiche(2), CODE), "2011-03-05"),
        Claim("c", (fiche(3),), "2011-03-05"),
    )

    assert {"c"} == matched.keys()
    assert {"a", "b"} == aside


def test_a_record_that_names_two_persons_is_set_aside(hub: Hub) -> None:
    establish(hub, Claim("a", (fiche(1), CODE), "2010-03-05"), Claim("b", (fiche(2),), "2010-03-05"))
    matched, aside = establish(hub, Claim("c", (fiche(2), CODE), "2010-03-05"))

    assert ({}, {"c"}) == (matched, aside)


def test_a_code_permanent_that_comes_later_is_added(hub: Hub) -> None:
    first, _ = establish(hub, Claim("a", (fiche(1),), "2010-03-05"))
    establish(hub, Claim("a", (fiche(1), CODE), "2010-03-05"))

    with hub.transaction() as connection:
        assert {CODE: first["a"]} == people.find(connection, [CODE])


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.permutations(range(6)))
def test_the_order_of_claims_changes_nothing(hub: Hub, order: list[int]) -> None:
    claims = [
        Claim("a", (fiche(1), CODE), "2010-03-05"),
        Claim("b", (fiche(1, "711000"), CODE), "2010-03-05"),
        Claim("c", (fiche(3),), "2010-01-01"),
        Claim("d", (fiche(4), ("code-permanent", "EFGH67531000")), "2010-01-01"),
        Claim("e", (fiche(5), ("code-permanent", "EFGH67531000")), "2012-01-01"),
        Claim("f", (fiche(6), ("code-permanent", "IJKL67531000")), "2012-01-01"),
    ]
    transaction = hub.engine.connect()
    with transaction as connection:
        got = people.establish(connection, hub.keys, [claims[i] for i in order], exchange="x", moment=MOMENT)
        connection.rollback()
    with hub.engine.connect() as connection:
        expected = people.establish(connection, hub.keys, claims, exchange="x", moment=MOMENT)
        connection.rollback()

    assert expected == got
