"""The school path from frequentation to transport: what each resource takes, what it refuses, by which rule."""

import copy
import json
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from canonical_model import resources, rules
from canonical_model.base import Record, problems
from canonical_model.elements import described
from canonical_model.frequentations import Anomaly, anomalies
from canonical_model.itineraries import Ride, itinerary
from canonical_model.resources.frequentation import Frequentation
from canonical_model.resources.transport_assignment import TransportAssignment
from tests.canonical_model.school_path_examples import EXAMPLES, coding

NAMES = tuple(EXAMPLES)
Way = tuple[str | int, ...]


def load(document: dict[str, Any]) -> Record:
    return resources.resource(document["resource_type"]).model_validate_json(json.dumps(document))


def faults(document: dict[str, Any]) -> list[tuple[str, str]]:
    with pytest.raises(ValidationError) as raised:
        load(document)
    return problems(raised.value)


def containers(value: Any, way: Way = ()) -> Iterator[tuple[Way, dict[str, Any]]]:
    """Every object of a document, and the way to it."""
    if isinstance(value, dict):
        yield way, value
    for key, inner in (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    ):
        yield from containers(inner, (*way, key))


def at(document: dict[str, Any], way: Way) -> Any:
    value: Any = document
    for key in way:
        value = value[key]
    return value


def changed(document: dict[str, Any], way: Way, value: Any) -> dict[str, Any]:
    found = copy.deepcopy(document)
    at(found, way[:-1])[way[-1]] = value
    return found


def path(way: Way) -> str:
    return ".".join(map(str, way))


@pytest.mark.parametrize("name", NAMES)
def test_a_document_with_every_field_comes_back_as_it_left(name: str) -> None:
    held = load(EXAMPLES[name])

    assert set(type(held).model_fields) - {"extensions"} == EXAMPLES[name].keys()
    assert EXAMPLES[name] == json.loads(held.model_dump_json(exclude_none=True))
    hash(held)


@pytest.mark.parametrize("name", NAMES)
def test_what_is_required_is_refused_when_it_is_missing_and_the_rest_may_be(name: str) -> None:
    for key, field in resources.resource(name).model_fields.items():
        if key == "resource_type":
            continue
        document = {other: value for other, value in EXAMPLES[name].items() if other != key}
        if field.is_required():
            assert [(key, "missing")] == faults(document)
        else:
            load(document)


@pytest.mark.parametrize("name", NAMES)
def test_a_field_that_nobody_knows_is_refused_wherever_it_stands(name: str) -> None:
    for way, _ in containers(EXAMPLES[name]):
        place = (*way, "surprise")

        assert [(path(place), "extra-forbidden")] == faults(changed(EXAMPLES[name], place, 1))


@pytest.mark.parametrize("name", NAMES)
def test_a_code_that_is_not_in_its_list_is_refused_and_so_is_another_list(name: str) -> None:
    for way, value in containers(EXAMPLES[name]):
        if value.keys() == {"system", "version", "code"}:
            unknown = changed(EXAMPLES[name], (*way, "code"), "nowhere")
            other = changed(EXAMPLES[name], way, coding("payment_channel", "bank"))

            assert [(path(way), "unknown-code")] == faults(unknown)
            assert [(path(way), "wrong-code-system")] == faults(other)


@pytest.mark.parametrize("name", [name for name in NAMES if "period" in EXAMPLES[name]])
def test_a_period_that_ends_before_it_starts_is_refused(name: str) -> None:
    document = EXAMPLES[name] | {"period": {"start": "2026-01-01", "end": "2025-12-31"}}

    assert [("period", "end-before-start")] == faults(document)


@pytest.mark.parametrize("name", NAMES)
def test_every_field_has_labels_in_both_languages(name: str) -> None:
    kind = resources.resource(name)

    assert all(field.french and field.english for field in described(kind, kind.SECTION))


@pytest.mark.parametrize("rule", ["result-or-remark", "designation-empty", "legs-out-of-order"])
def test_a_rule_of_the_school_path_has_words_of_its_own(rule: str) -> None:
    assert rule in rules.known()


def test_nothing_of_a_bullying_report_is_less_than_restricted() -> None:
    kind = resources.resource("BullyingReport")

    assert {"restricted"} == {field.sensitivity for field in described(kind, kind.SECTION)}


def test_limits_of_a_custody_are_sensitive_though_contacts_are_not() -> None:
    kind = resources.resource("CustodyArrangement")
    found = {field.path: field.sensitivity for field in described(kind, kind.SECTION)}

    assert ("sensitive", "sensitive", "ordinary") == (found["limits[]"], found["judgment"], found["custody"])


def test_what_a_document_is_and_where_it_is_kept_is_restricted() -> None:
    kind = resources.resource("DocumentReference")
    own = kind.model_fields.keys() - {"resource_type", "subject", "organization", "extensions"}
    found = {field.path: field.sensitivity for field in described(kind, kind.SECTION)}

    assert {"restricted"} == {found[name] for name in own}


def test_a_custody_arrangement_ties_a_child_to_a_guardian_and_to_nothing_else() -> None:
    document = changed(EXAMPLES["CustodyArrangement"], ("guardian", "resource"), "Student")

    assert [("guardian", "wrong-reference-type")] == faults(document)


def test_code_plan_and_at_risk_are_three_facts_and_any_of_them_may_stand_alone() -> None:
    """A plan without a code is normal; an at-risk pupil is not EHDAA."""
    bare = {key: value for key, value in EXAMPLES["DifficultyDesignation"].items() if key != "difficulty"}
    for code, plan, risk in product((None, "99"), (None, True, False), (None, True, False)):
        document = bare | {
            "has_plan": plan,
            "at_risk": risk,
            "difficulty": code and coding("difficulty_code", code),
        }
        if code is plan is risk is None:
            assert [("(record)", "designation-empty")] == faults(document)
        else:
            load(document)


def test_a_college_programme_has_its_shape_and_an_attestation_starts_with_letters() -> None:
    for programme in ("200.B0", "180.A0", "LEA.9C"):
        load(EXAMPLES["CollegeEnrolment"] | {"programme": programme})
    for programme in ("200B0", "200.B00", "200.b0", "20.B0"):
        document = EXAMPLES["CollegeEnrolment"] | {"programme": programme}

        assert [("programme", "string-pattern-mismatch")] == faults(document)


# --- frequentations


def frequentation(kind: str, start: date, days: int | None, number: int, year: int = 2025) -> Frequentation:
    end = None if days is None else start + timedelta(days)
    held = load(
        EXAMPLES["Frequentation"]
        | {
            "kind": coding("frequentation_kind", kind),
            "number": number,
            "school_year": year,
            "period": {"start": start.isoformat(), "end": end and end.isoformat()},
        }
    )
    assert isinstance(held, Frequentation)
    return held


SEPTEMBER = date(2025, 9, 2)


def test_one_financed_and_one_attended_frequentation_on_the_same_days_are_normal() -> None:
    assert () == anomalies(
        [frequentation("FIN", SEPTEMBER, None, 1), frequentation("FRE", SEPTEMBER, None, 2)]
    )


def test_two_financed_frequentations_of_one_year_are_an_anomaly_and_of_two_years_are_not() -> None:
    first, second = frequentation("FIN", SEPTEMBER, 10, 1), frequentation("FIN", date(2026, 1, 5), 10, 2)

    assert (Anomaly("financed-twice", ("762000", 2025, 1), ("762000", 2025, 2)),) == anomalies(
        [second, first]
    )
    assert () == anomalies([first, frequentation("FIN", SEPTEMBER, 10, 2, year=2024)])


def test_attended_frequentations_may_touch_and_may_not_overlap() -> None:
    first = frequentation("FRE", SEPTEMBER, 10, 1)

    assert () == anomalies([first, frequentation("FRE", SEPTEMBER + timedelta(10), None, 2)])
    assert (Anomaly("attended-twice", ("762000", 2025, 1), ("762000", 2025, 2)),) == anomalies(
        [first, frequentation("FRE", SEPTEMBER + timedelta(9), None, 2)]
    )


SPELLS = st.lists(
    st.tuples(
        st.sampled_from(["FIN", "FRE"]),
        st.integers(0, 20),
        st.none() | st.integers(0, 10),
        st.integers(2024, 2026),
    ),
    max_size=5,
)


@given(spells=SPELLS, shuffled=st.randoms(use_true_random=False))
def test_anomalies_are_those_of_the_days_themselves_in_any_order(
    spells: list[tuple[str, int, int | None, int]], shuffled: Any
) -> None:
    held = [
        frequentation(kind, SEPTEMBER + timedelta(start), days, index + 1, year)
        for index, (kind, start, days, year) in enumerate(spells)
    ]
    expected = set()
    for one, other in product(range(len(spells)), repeat=2):
        (kind, start, days, year), (kind_, start_, days_, year_) = spells[one], spells[other]
        taken = set(range(start, start + (60 if days is None else days)))
        taken_ = set(range(start_, start_ + (60 if days_ is None else days_)))
        if one < other and kind == kind_ == "FIN" and year == year_:
            expected.add(("financed-twice", frozenset((one, other))))
        if one < other and kind == kind_ == "FRE" and taken & taken_:
            expected.add(("attended-twice", frozenset((one, other))))
    mixed = list(held)
    shuffled.shuffle(mixed)
    found = anomalies(mixed)

    assert anomalies(held) == found
    assert expected == {(item.rule, frozenset((item.first[2] - 1, item.second[2] - 1))) for item in found}
    assert len(expected) == len(found)


# --- transport


def assignment(trip: str, legs: list[dict[str, Any]] | None = None) -> TransportAssignment:
    document = EXAMPLES["TransportAssignment"] | {"trip": coding("transport_period", trip)}
    held = load(document if legs is None else document | {"legs": legs})
    assert isinstance(held, TransportAssignment)
    return held


def stops(rides: tuple[Ride, ...]) -> list[tuple[str, str, str]]:
    return [(ride.route, ride.boards.stop, ride.alights.stop) for ride in rides]


@pytest.mark.parametrize("trip", ["1", "4"])
def test_to_school_the_legs_are_travelled_as_they_are_stored(trip: str) -> None:
    assert [("00102", "A1", "T9"), ("00045", "T9", "S1")] == stops(itinerary(assignment(trip)))


@pytest.mark.parametrize("trip", ["2", "8"])
def test_at_noon_to_home_and_in_the_afternoon_two_legs_are_travelled_in_reverse(trip: str) -> None:
    assert [("00045", "S1", "T9"), ("00102", "T9", "A1")] == stops(itinerary(assignment(trip)))


@given(count=st.integers(0, 4))
def test_a_trip_home_is_the_trip_to_school_backwards(count: int) -> None:
    leg = EXAMPLES["TransportAssignment"]["legs"][0]
    legs = [leg | {"order": order + 1, "route": f"0000{order}"} for order in range(count)]
    there, back = itinerary(assignment("1", legs)), itinerary(assignment("8", legs))

    assert [(route, off, on) for route, on, off in reversed(stops(there))] == stops(back)


@pytest.mark.parametrize("orders", [(2,), (1, 1), (2, 1), (1, 3)])
def test_legs_are_numbered_from_home_without_a_gap(orders: tuple[int, ...]) -> None:
    leg = EXAMPLES["TransportAssignment"]["legs"][0]
    document = EXAMPLES["TransportAssignment"] | {"legs": [leg | {"order": order} for order in orders]}

    assert [("(record)", "legs-out-of-order")] == faults(document)
