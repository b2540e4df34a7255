"""Paths into documents: what is there is found, what is not is blank, and what is no path is refused."""

import json
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.engine import paths

DOCUMENT: dict[str, Any] = {
    "name": "Roy",
    "period": {"start": "2025-09-01", "end": None},
    "grade": 4,
    "share": 0.5,
    "distinct": True,
    "subject": [
        {"system": "ramq", "value": "R"},
        {"system": "fiche:762000", "value": "1"},
        {"system": "fiche:711000", "value": "2"},
        "not an object",
    ],
    "@lang": "fr",
    "c:name": {"#text": "Côté"},
}


def cell(path: str, document: object = DOCUMENT) -> str | None:
    """What one document holds at a path."""
    (column,), _ = paths.columns(pl.Series([json.dumps(document)]), [("c", path)])
    found: str | None = column.item()
    return found


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("name", "Roy"),
        ("period.start", "2025-09-01"),
        ("period.end", None),
        ("period.middle", None),
        ("name.first", None),
        ("grade", "4"),
        ("share", "0.5"),
        ("distinct", "true"),
        ("period", '{"start": "2025-09-01", "end": null}'),
        ("subject.0.value", "R"),
        ("subject.3.value", None),
        ("subject.9.value", None),
        ("period.0", None),
        ("subject[system=fiche:*].value", "1"),
        ("subject[system=fiche:711000].value", "2"),
        ("subject[system=fiche].value", None),
        ("subject[value=*].system", "ramq"),
        ("subject[grade=4].value", None),
        ("period[start=2025-09-01].end", None),
        ("@lang", "fr"),
        ("c:name.#text", "Côté"),
    ],
)
def test_a_path_finds_what_is_there(path: str, found: str | None) -> None:
    assert found == cell(path)


@pytest.mark.parametrize(
    "path",
    ["", ".", "a.", ".a", "a..b", "a b", "a[b]", "a[b=]", "a[=c]", "a[b=c", "a[b=c]d", "a[b=[c]]", "a\n", "-a", "1a"],
)  # fmt: skip
def test_what_is_no_path_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="not a path"):
        paths.steps(path)


def test_a_point_in_the_text_of_a_choice_does_not_cut_the_path() -> None:
    held = {"code": [{"system": "a.b", "value": "1"}]}

    assert "1" == cell("code[system=a.b].value", held)
    assert "code.0.value" == paths.plain("code[system=a.b].value")
    assert (("code", "system"), ("code.0.more", "of")) == paths.chosen_by("code[system=a.b].more[of=*].x")
    assert () == paths.chosen_by("period.start")


def test_what_is_no_document_has_no_cells() -> None:
    texts = ['{"name": "a"}', "{", None, "[1]", '"name"', "null", '{"name": {}}']
    (column,), whole = paths.columns(pl.Series(texts, dtype=pl.String), [("c", "name")])

    assert ["a", None, None, None, None, None, "{}"] == column.to_list()
    assert [True, False, False, False, False, False, True] == whole.to_list()


def test_no_documents_give_empty_columns_of_text() -> None:
    columns, whole = paths.columns(pl.Series([], dtype=pl.String), [("a", "a"), ("b", "b.0")])

    assert {"a": pl.String, "b": pl.String} == pl.DataFrame(columns).schema
    assert [0, 0] == [column.len() for column in columns]
    assert 0 == whole.len()


@given(st.recursive(
    st.none() | st.booleans() | st.integers(-(10**12), 10**12) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
))  # fmt: skip
def test_every_place_of_a_document_is_found_by_its_path(document: object) -> None:
    def places(held: object, way: tuple[str, ...]) -> None:
        if way:
            found = cell(".".join(way), {"top": document})
            assert found == (
                held if held is None or isinstance(held, str) else json.dumps(held, ensure_ascii=False)
            )
        below = held.items() if isinstance(held, dict) else enumerate(held) if isinstance(held, list) else ()
        for part, inner in below:
            places(inner, (*way, str(part)))

    places({"top": document}, ())
