"""A record is coded by the lists in force on its own day: neither a later one nor one already followed."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from canonical_model import resources, rules
from canonical_model.base import problems
from canonical_model.elements import described
from canonical_model.resources.enrolment import Enrolment
from canonical_model.subjects import Resource
from tests.code_lists import FOLLOWED, followed  # noqa: F401 - a fixture is used by its name


def enrolment(start: date, version: str) -> dict[str, Any]:
    return {
        "subject": [{"system": "fiche:762000", "value": "0000001"}], "organization": "762000",
        "school": "762010", "school_year": 2025, "period": {"start": start.isoformat()},
        "level": {"system": "school_level", "version": version, "code": "PRIMARY1"},
    }  # fmt: skip


def refusals(document: dict[str, Any]) -> list[str]:
    try:
        Enrolment.model_validate_json(json.dumps(document))
    except ValidationError as error:
        return [rule for _, rule in problems(error)]
    return []


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(start=st.dates(date(1990, 1, 1), date(2090, 1, 1)))
def test_only_the_list_of_the_day_is_taken(followed: Path, start: date) -> None:  # noqa: F811
    early = start < FOLLOWED

    assert ([] if early else ["code-no-longer-in-force"]) == refusals(enrolment(start, "2024-07-01"))
    assert (["code-not-yet-in-force"] if early else []) == refusals(enrolment(start, "2026-01-01"))


def test_both_refusals_say_what_to_do() -> None:
    for rule in ("code-not-yet-in-force", "code-no-longer-in-force"):
        assert rules.words(rule).remedy_french
        assert rules.words(rule).remedy_english


@pytest.mark.parametrize("name", resources.NAMES)
def test_the_day_of_a_record_s_codes_is_one_of_its_dates(name: str) -> None:
    kind = resources.resource(name)
    if not issubclass(kind, Resource) or kind.CODED_ON is None:
        return

    assert "date" == {item.path: item.type for item in described(kind, kind.SECTION)}[kind.CODED_ON]
