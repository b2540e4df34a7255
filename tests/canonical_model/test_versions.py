"""Two versions of the model side by side: an old document is read for ever, and each is written in both words."""

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from canonical_model import resources, versions
from canonical_model.base import problems
from canonical_model.errors import ConfigurationError
from tests.canonical_model.samples import documents

OLD: dict[str, Any] = {
    "subject": [{"system": "fiche:762000", "value": "0001001"}], "organization": "762000",
    "resource_type": "Guardian",
    "relation": {"system": "guardian_relation", "version": "2024-07-01", "code": "mother"},
    "family_name": "Exemple", "given_name": "Inventée", "email": "inventee@exemple.test",
}  # fmt: skip
EMAIL = {"system": "telecom_system", "version": "2024-07-01", "code": "email"}
PHONE = {**EMAIL, "code": "phone"}
NEW: dict[str, Any] = {key: value for key, value in OLD.items() if key != "email"} | {
    "telecoms": [{"system": EMAIL, "value": "inventee@exemple.test"}]
}
TEXTS = st.text(min_size=1, max_size=30)
WAYS = st.lists(
    st.fixed_dictionaries({"system": st.just(EMAIL), "value": TEXTS})
    | st.fixed_dictionaries({"system": st.just(PHONE), "value": st.from_regex(r"[0-9]{10}", fullmatch=True)}),
    min_size=1,
    max_size=4,
)


def valid(document: dict[str, Any]) -> None:
    resources.resource("Guardian").model_validate_json(json.dumps(document))


def test_a_document_is_written_in_both_versions() -> None:
    valid(OLD)
    valid(NEW)

    assert NEW == versions.upgrade("Guardian", OLD, 2)
    assert OLD == versions.downgrade("Guardian", NEW, 1)
    assert [(True, False), (False, True)] == [
        (versions.stands_in("Guardian", held, 1), versions.stands_in("Guardian", held, 2))
        for held in (OLD, NEW)
    ]


@given(email=st.none() | TEXTS)
def test_up_and_down_again_is_the_same_document(email: str | None) -> None:
    old = {key: value for key, value in OLD.items() if key != "email"} | ({"email": email} if email else {})
    new = versions.upgrade("Guardian", old, 2)

    valid(new)
    assert versions.stands_in("Guardian", new, 2)
    assert old == versions.downgrade("Guardian", new, 1)
    assert () == versions.lost("Guardian", new, 1)


@given(ways=WAYS)
def test_what_version_1_has_no_place_for_is_named_and_the_rest_is_kept(ways: list[dict[str, Any]]) -> None:
    new = NEW | {"telecoms": ways}
    old = versions.downgrade("Guardian", new, 1)

    valid(old)
    assert versions.stands_in("Guardian", old, 1)
    assert len(ways) - len(versions.lost("Guardian", new, 1)) == ("email" in old)


@given(document=st.sampled_from([(name, item) for name, held in documents().items() for item in held]),
       version=st.sampled_from([1, 2]))  # fmt: skip
def test_nothing_given_is_changed_and_twice_is_once(
    document: tuple[str, dict[str, Any]], version: int
) -> None:
    name, given_one = document
    before = copy.deepcopy(given_one)
    for way in (versions.upgrade, versions.downgrade):
        once = way(name, given_one, version)
        assert once == way(name, once, version)
    assert before == given_one


def test_a_document_of_two_versions_is_refused_and_not_repaired() -> None:
    mixed = OLD | NEW

    assert mixed == versions.upgrade("Guardian", mixed, 2)
    with pytest.raises(ValidationError) as raised:
        valid(mixed)
    assert [("(record)", "mixed-model-versions")] == problems(raised.value)


def test_a_version_or_a_resource_that_does_not_exist_is_named() -> None:
    for way in (versions.upgrade, versions.downgrade, versions.lost, versions.stands_in):
        with pytest.raises(ConfigurationError, match="the model has 1, 2"):
            way("Guardian", OLD, 3)
    with pytest.raises(ConfigurationError, match="no such resource"):
        versions.stands_in("Teacher", OLD, 1)
