"""The sentences of mappings/README.md on streams of documents, lists of child rows and forms, each by its number."""

import json
from typing import Any

import polars as pl
import pytest

from canonical_model.errors import ConfigurationError
from mappings.engine import checker, compiler, lineage
from mappings.engine.result import Mapped
from tests.mappings.conftest import (
    DAY,
    FORM,
    PUPIL,
    REMOVE,
    ROW,
    Workshop,
    changed,
    documents,
    faults,
    frame,
    pupil,
    rules_of,
)

USER: dict[str, Any] = changed(
    PUPIL,
    to={"form": "user"},
    never_read=["born", "sex"],
    fields={"id": {"read": "id"}, "name": {"read": "name"}, "mark": {"read": "first", "do": ["number"]}},
)
CONTACTS = {"columns": ["of", "rank", "name", "since"], "unknown_columns": "freeze"}
FAMILY: dict[str, Any] = changed(
    USER,
    streams__contacts=CONTACTS,
    never_read=["born", "sex", "first"],
    fields__mark=REMOVE,
    lists={
        "parents": {
            "stream": "contacts",
            "on": {"id": "of"},
            "order": ["rank"],
            "fields": {
                "name": {"read": "name", "do": ["trim"]},
                "since": {"read": "since", "do": ["date_iso"]},
            },
        }
    },
)
STUDENT: dict[str, Any] = changed(
    USER,
    **{"from": "Student"},
    key=["fiche"],
    never_read=REMOVE,
    streams={
        "Student": {
            "resource": "Student",
            "columns": {
                "fiche": "subject[system=fiche:*].value",
                "second": "subject.1.value",
                "sex": "sex.code",
                "family": "family_name",
            },
            "unknown_columns": "discard",
        }
    },
    fields={
        "id": {"read": "fiche"},
        "name": {"read": "family"},
        "note": {"read": ["sex", "second"], "between": "-"},
    },
)


def contact(of: str, rank: str | None, name: str | None, since: str | None = None) -> dict[str, str | None]:
    """A row of ``contacts``."""
    return {"of": of, "rank": rank, "name": name, "since": since}


def students(*texts: str | None) -> pl.DataFrame:
    """A stream of documents as it is given."""
    return pl.DataFrame({"document": texts}, schema={"document": pl.String})


def run(workshop: Workshop, data: dict[str, Any], main: pl.DataFrame) -> Mapped:
    """As the workshop's, for a main stream that is made already."""
    mapping = workshop.mapping(data)
    return compiler.run(mapping, {mapping.stream: main}, system="test@762000", organization="762000", day=DAY)


@pytest.fixture(autouse=True)
def form(workshop: Workshop) -> None:
    workshop.form(FORM)


def test_s13_documents_are_read_by_their_paths(workshop: Workshop) -> None:
    whole: dict[str, Any] = {
        "family_name": "Roy",
        "subject": [{"system": "fiche:762000", "value": "1"}, {"system": "x", "value": "y"}],
        "sex": {"code": "F"},
    }
    bare = {"family_name": "Ng", "subject": [{"system": "fiche:711000", "value": "2"}], "sex": 7}
    mapped = run(workshop, STUDENT, students(json.dumps(whole), json.dumps(bare)))

    assert [{"id": "1", "name": "Roy", "note": "F-y"}, {"id": "2", "name": "Ng"}] == documents(mapped)


@pytest.mark.parametrize("text", ["{", "", None, "[]", '"a"', "1" * 400, '{"a": NaN}'])
def test_s13_what_is_no_document_is_rejected(workshop: Workshop, text: str | None) -> None:
    mapped = run(workshop, STUDENT, students(text))

    assert (["not-json"], 1, 1) == (rules_of(mapped), mapped.rejected, mapped.candidates)


def test_s13_a_stream_of_documents_without_documents_stops(workshop: Workshop) -> None:
    with pytest.raises(ConfigurationError, match="in a column `document`"):
        run(workshop, STUDENT, frame(ROW))


def test_s13_the_marks_and_the_numbers_of_the_rows_are_kept(workshop: Workshop) -> None:
    given = students("{}", '{"family_name": "Roy"}').with_columns(
        _row=pl.Series([7, 9], dtype=pl.UInt32), _fault=pl.Series(["not-utf-8", None])
    )
    mapped = run(workshop, changed(STUDENT, key=["$row"]), given)

    assert [(7, "not-utf-8"), (9, "missing")] == list(mapped.rejects.select("row", "rule").iter_rows())


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("subject[system=fiche:*].value", "1"),
        ("subject[system=code-permanent].value", "2"),
        ("subject[system=code].value", None),
        ("subject[system=code*].value", "2"),
        ("subject.0.value", "1"),
        ("subject.5.value", None),
        ("subject[value=*].system", "fiche:762000"),
    ],
)
def test_s14_an_item_is_chosen_by_a_member_or_by_its_position(
    workshop: Workshop, path: str, found: str | None
) -> None:
    subject = [{"system": "fiche:762000", "value": "1"}, {"system": "code-permanent", "value": "2"}]
    data = changed(
        STUDENT,
        key=["$row"],
        streams__Student__columns={"family": "family_name", "fiche": path},
        fields={"id": {"read": "family"}, "name": {"read": "family"}, "note": {"read": "fiche"}},
    )
    (document,) = documents(
        run(workshop, data, students(json.dumps({"family_name": "Roy", "subject": subject})))
    )

    assert found == document.get("note")


def test_s41_an_item_of_a_list_is_made_of_each_matching_row(workshop: Workshop) -> None:
    mapped = workshop.run(
        FAMILY,
        pupil(id="1 "),
        pupil(id="2"),
        contacts=frame(contact(" 1", "1", " Ann "), contact("3", "1", "Zoé"), contact("2", "1", "Bob", "2020-01-02"),
                       contact("1", "1", "Ann")),
    )  # fmt: skip

    assert [
        {"id": "1 ", "name": "Roy", "parents": [{"name": "Ann"}, {"name": "Ann"}]},
        {"id": "2", "name": "Roy", "parents": [{"name": "Bob", "since": "2020-01-02"}]},
    ] == documents(mapped)


def test_s41_every_record_of_a_wide_row_has_the_list_of_the_row(workshop: Workshop) -> None:
    wide = changed(
        FAMILY,
        unpivot={"groups": {"family": {"said": "name"}, "given": {"said": "first"}}},
        never_read=["born", "sex"],
        fields__name={"read": "said"},
        fields__note={"read": "$slot"},
    )
    mapped = workshop.run(wide, pupil(id="1"), contacts=frame(contact("1", "1", "Ann")))

    assert [("family", "Roy", [{"name": "Ann"}]), ("given", "Zoé", [{"name": "Ann"}])] == [
        (held["note"], held["name"], held["parents"]) for held in documents(mapped)
    ]


def test_s41_documents_may_be_the_items_of_a_list(workshop: Workshop) -> None:
    held = {
        "resource": "Guardian",
        "columns": {"of": "subject[system=fiche:*].value", "given": "given_name"},
        "unknown_columns": "discard",
    }
    fields = {"name": {"read": "given"}}
    family = changed(
        FAMILY,
        streams__contacts=REMOVE,
        streams__Guardian=held,
        lists={"parents": {"stream": "Guardian", "on": {"id": "of"}, "fields": fields}},
    )
    subject = [{"system": "fiche:762000", "value": "1"}]
    known = students(json.dumps({"subject": subject, "given_name": "Ann"}), json.dumps({"subject": []}))
    mapped = workshop.run(family, pupil(id="1"), Guardian=known)

    assert [[{"name": "Ann"}]] == [document["parents"] for document in documents(mapped)]


def test_s42_a_list_that_must_be_there_is_missed(workshop: Workshop) -> None:
    workshop.form(changed(FORM, fields__parents__required="yes"))
    mapped = workshop.run(
        FAMILY,
        pupil(id="1"),
        pupil(id="2"),
        contacts=frame(contact("1", "1", "Ann"), contact("", "2", "Eve")),
    )

    assert ["1"] == mapped.documents["key"].to_list()
    assert [("contacts.name, contacts.since", "parents", "missing")] == faults(mapped)


def test_s42_items_stand_in_the_order_that_is_written(workshop: Workshop) -> None:
    rows = [
        contact("1", None, "d"),
        contact("1", "2", "b"),
        contact("1", "10", "a"),
        contact("1", "2", "c"),
    ]
    for data, order in (
        (FAMILY, ["a", "b", "c", "d"]),
        (changed(FAMILY, lists__parents__order=REMOVE, never_read=NEVER), ["d", "b", "a", "c"]),
    ):
        mapped = workshop.run(data, pupil(id="1"), pupil(id="2"), contacts=frame(*rows))
        first, second = documents(mapped)
        assert order == [item["name"] for item in first["parents"]]
        assert "parents" not in second


NEVER = ["born", "sex", "first", "contacts.rank"]


def test_s43_a_fault_of_a_child_row_refuses_the_record(workshop: Workshop) -> None:
    contacts = frame(
        contact("1", "1", "Ann", "2020-01-01"),
        contact("1", "2", "Bob", "yesterday"),
        contact("2", "1", None),
        contact("3", "1", "Zoé\x00"),
        contact("4", "1", "Eve"),
    )
    mapped = workshop.run(FAMILY, *(pupil(id=str(number)) for number in range(1, 5)), contacts=contacts)

    assert ["4"] == mapped.documents["key"].to_list()
    assert [
        ("contacts.name, contacts.since", "parents", "not-a-date"),
        ("contacts.name", "parents.0.name", "missing"),
        ("contacts.name, contacts.since", "parents", "control-character"),
    ] == faults(mapped)
    assert (4, 3) == (mapped.candidates, mapped.rejected)


def test_s44_a_document_is_judged_by_its_form(workshop: Workshop) -> None:
    mapped = workshop.run(
        USER,
        pupil(id="1", first="82,5"),
        pupil(id="2", first="007"),
        pupil(id="3", first="101"),
        pupil(id="4", name=None, first=None),
        pupil(id="5" * 9, first="x"),
    )

    assert ['{"id":"1","name":"Roy","mark":82.5}', '{"id":"2","name":"Roy","mark":7.0}'] == (
        mapped.documents["document"].to_list()
    )
    assert [
        ("first", "mark", "less-than-equal"),
        ("name", "name", "missing"),
        ("id", "id", "string-too-long"),
        ("first", "mark", "not-a-number"),
    ] == faults(mapped)


def test_s44_the_members_stand_in_the_order_of_the_form(workshop: Workshop) -> None:
    turned = changed(USER, fields=dict(reversed(USER["fields"].items())))
    mapped = workshop.run(turned, pupil(first="1"))

    assert ["id", "name", "mark"] == list(documents(mapped)[0])


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"fields__name": REMOVE, "never_read": ["born", "sex", "name"]}, "nobody fills name, which test/user"),
        ({"fields__nmae": {"read": "name"}}, "nmae (did you mean `name`?)"),
        ({"fields__mark__do": REMOVE}, "text is given where number is wanted"),
        ({"fields__parents": {"read": "sex"}}, "parents holds other paths"),
    ],
)  # fmt: skip
def test_s44_what_does_not_fit_the_form_is_a_finding(
    workshop: Workshop, changes: dict[str, Any], words: str
) -> None:
    found = checker.check(workshop.mapping(changed(USER, **changes)))

    assert any(words in item.english for item in found), [str(item) for item in found]


def test_s45_a_form_has_versions(workshop: Workshop) -> None:
    for version in ("2", "10"):
        workshop.form({**FORM, "version": version})

    newest = workshop.mapping(USER).form
    pinned = workshop.mapping(changed(USER, to={"form": "user@2"})).form
    assert ("10", "2") == (newest and newest.version, pinned and pinned.version)
    for wrong in ("user@3", "users"):
        with pytest.raises(ConfigurationError, match=r"pupil\.v1\.yaml:\d+: there is no such form"):
            workshop.mapping(changed(USER, to={"form": wrong}))


def test_s46_a_word_that_a_form_lacks_stops_with_its_line(workshop: Workshop) -> None:
    for name, wrong in (
        ("name", {"type": "text", "requierd": "yes"}),
        ("mark", {"type": "number", "pattern": "a"}),
    ):
        workshop.form(changed(FORM, **{f"fields__{name}": wrong}))
        with pytest.raises(
            ConfigurationError, match=r"^mappings/test/forms/user\.v1\.yaml:\d+: unknown word `"
        ):
            workshop.mapping(USER)


def test_the_digest_of_a_mapping_covers_its_form(workshop: Workshop) -> None:
    before = workshop.mapping(USER)
    workshop.form(changed(FORM, fields__name__max_length="3"))
    after = workshop.mapping(USER)

    assert before.digest != after.digest
    assert ["string-too-long"] == rules_of(run(workshop, USER, frame(pupil(name="Caron", first="1"))))


@pytest.mark.parametrize(
    ("path", "columns"),
    [
        ("parents.1.name", ("name",)),
        ("parents.0", ("name", "since")),
        ("parents", ("name", "since")),
    ],
)
def test_lineage_below_a_list_names_the_columns_of_its_stream(
    workshop: Workshop, path: str, columns: tuple[str, ...]
) -> None:
    found = lineage.explain(workshop.mapping(FAMILY), path, language="en")

    assert ("contacts", columns) == (found.stream, found.columns)
    assert "rows of contacts of same of, an item each, by rank" == found.steps[0]
    french = lineage.explain(workshop.mapping(FAMILY), path)
    assert "lignes de contacts de même of, un élément chacune, par rank" == french.steps[0]
