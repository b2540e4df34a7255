"""The blast radius: two versions over one input, and figures that balance."""

import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mappings.engine import difference, loader
from mappings.engine.difference import Difference
from tests.mappings.conftest import (
    DAY,
    PARENTS,
    PUPIL,
    SEX,
    SLOT,
    Workshop,
    changed,
    frame,
    pupil,
)  # fmt: skip

TWO = changed(PUPIL, version="2")


def compare(
    workshop: Workshop, before: dict[str, Any], after: dict[str, Any], *rows: dict[str, str | None]
) -> Difference:
    return difference.compare(
        workshop.mapping(before),
        workshop.mapping(after),
        {"pupils": frame(*rows)},
        organization="762000",
        day=DAY,
        samples=2,
    )


def test_a_version_that_does_the_same_changes_nothing(workshop: Workshop) -> None:
    found = compare(workshop, PUPIL, TWO, pupil(), pupil(id="13", sex="?"))

    assert found.none
    assert (1, 1, 1, 0) == (found.before, found.after, found.same, found.changed)
    assert () == found.samples


def test_the_paths_that_change_are_counted_in_records_most_first(workshop: Workshop) -> None:
    after = changed(
        TWO,
        fields__family_name={"read": "name", "do": ["upper"]},
        fields__given_name={"read": "first", "do": ["before_underscore"]},
    )
    found = compare(
        workshop, PUPIL, after, pupil(), pupil(id="13", first="Zoé_2"), pupil(id="14", name="ROY")
    )

    assert (3, 1, 2) == (found.before, found.same, found.changed)
    assert (("family_name", 2), ("given_name", 1)) == found.paths
    assert {("changed", ("family_name",)), ("changed", ("family_name", "given_name"))} == {
        (item.kind, item.paths) for item in found.samples
    }


def test_records_newly_rejected_and_newly_accepted_are_told_by_rule(workshop: Workshop) -> None:
    workshop.codes({**SEX, "code_map": "wider", "codes": {"M": "M", "Q": "X"}})
    after = changed(TWO, fields__sex__code_map="wider")
    found = compare(workshop, PUPIL, after, pupil(), pupil(id="13", sex="Q"), pupil(id="14", sex="M"))

    assert (1, 1, 1) == (found.same, found.newly_rejected, found.newly_accepted)
    assert (("unmapped-code", 1, 1),) == found.rejects
    assert (("sex", "unmapped-code", 1),) == found.rejected_by
    assert not found.none


def test_what_a_filter_takes_away_is_in_the_old_version_only(workshop: Workshop) -> None:
    after = changed(TWO, where=[{"read": "sex", "equals": "F"}])
    found = compare(workshop, PUPIL, after, pupil(), pupil(id="13", sex="M"))
    back = compare(workshop, changed(after, version="3"), PUPIL, pupil(), pupil(id="13", sex="M"))

    assert (1, 1, 0, 0) == (found.same, found.only_before, found.newly_rejected, found.only_after)
    assert (1, 0, 1) == (back.same, back.only_before, back.only_after)


def test_slots_are_records_of_their_own_and_a_refused_row_refuses_them_all(workshop: Workshop) -> None:
    workshop.codes(SLOT)
    row = {"id": "1", "dad": "Roy", "dad_first": "Luc", "mum": "Cyr", "mum_first": "Ève"}
    after = changed(PARENTS, version="2", key=["dad"])
    found = compare(workshop, PARENTS, changed(PARENTS, version="2"), row)
    other = compare(workshop, PARENTS, after, {**row, "dad": None})

    assert (2, 2) == (found.before, found.same)
    assert (1, 0, 1) == (other.before, other.after, other.only_before)


def test_two_versions_of_the_model_are_compared(workshop: Workshop) -> None:
    one, two = loader.load("gpi/guardian@1"), loader.load("gpi/guardian@2")
    columns = next(stream.columns for stream in one.streams)
    row = dict.fromkeys(columns) | {
        "org": "762000", "fiche": "1", "nom_mere": "Cyr", "pnom_mere": "Ève", "adr_electr_mere": "e@exemple.test",
    }  # fmt: skip
    found = difference.compare(one, two, {"gpm_e_ele": frame(row)}, organization="762000", day=DAY)

    assert (1, 1) == (found.before, found.changed)
    assert ("email", 1) in found.paths
    assert ("telecoms.0.value", 1) in found.paths


def test_the_figures_hold_no_value_and_the_samples_do(workshop: Workshop) -> None:
    after = changed(TWO, fields__family_name={"read": "first"}, never_read=["name"])
    found = compare(workshop, PUPIL, after, pupil())
    [sample] = [difference.sample_document(item) for item in found.samples]

    assert "Roy" not in json.dumps(difference.as_document(found))
    assert ("Roy", "Zoé") == (sample["before"]["family_name"], sample["after"]["family_name"])


CELLS = st.fixed_dictionaries(
    {
        "id": st.sampled_from(["1", "2", "3", "4", "5", None]),
        "name": st.sampled_from(["Roy", "Cyr", None]),
        "first": st.just("Zoé"),
        "born": st.sampled_from(["2010-05-06", "demain"]),
        "sex": st.sampled_from(["F", "M", "Q", None]),
    }
)
CHANGES = st.sampled_from(
    [
        {"where": [{"read": "sex", "not": {"is": "blank"}}]},
        {"fields__sex__code_map": "wider"},
        {"fields__family_name": {"read": "name", "default": "?"}},
        {"fields__family_name": {"read": "name", "do": ["upper"]}},
        {},
    ]
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(rows=st.lists(CELLS, min_size=1, max_size=6), change=CHANGES)
def test_the_figures_always_balance(
    workshop: Workshop, rows: list[dict[str, str | None]], change: dict[str, Any]
) -> None:
    workshop.codes({**SEX, "code_map": "wider", "codes": {"M": "M", "Q": "X"}})
    found = compare(workshop, PUPIL, changed(TWO, **change), *rows)

    assert found.before == found.same + found.changed + found.only_before + found.newly_rejected
    assert found.after == found.same + found.changed + found.only_after + found.newly_accepted
    assert found.changed >= max((count for _, count in found.paths), default=0)
    assert found.none or change
