"""Lists that no Coding names, for the code is closed there: a type or the fields' names hold the same members."""

from datetime import date
from typing import get_args

import pytest

from canonical_model import resources
from canonical_model.base import Section, Sensitivity
from canonical_model.codings import in_force
from canonical_model.elements import opened
from canonical_model.marks import Mark
from canonical_model.money import Money
from canonical_model.provenance import Meta

DAY = date(2026, 2, 16)


def codes(system: str) -> set[str]:
    return set(in_force(system, DAY).codes)


def test_the_five_marks_of_a_ministry_result_are_fields_and_their_names_are_the_list() -> None:
    kind = resources.resource("MinistryResult")
    marks = {name for name, info in kind.model_fields.items() if opened(info)[0] is Mark}

    assert marks == codes("exam_mark_kind")


@pytest.mark.parametrize(
    ("field", "closed", "system"),
    [("section", Section, "dossier_section"), ("sensitivity", Sensitivity, "sensitivity")],
)
def test_where_a_record_lives_and_how_sensitive_it_is_are_closed_as_their_lists(
    field: str, closed: object, system: str
) -> None:
    held = get_args(Meta.model_fields[field].annotation)

    assert set(get_args(closed)) == codes(system)
    assert set(held) <= codes(system) | {type(None)} or closed in held


def test_the_one_currency_that_money_takes_is_in_the_list() -> None:
    """One on purpose: nothing here converts. The list has the words of the others, for documents of elsewhere."""
    assert {"CAD"} == set(get_args(Money.model_fields["currency"].annotation)) <= codes("currency")
