"""The sentences of mappings/README.md on files, streams, joins, filters and slots, each by its number."""

from typing import Any

import polars as pl
import pytest

from canonical_model.errors import ConfigurationError
from mappings.engine import checker, loader
from tests.mappings.conftest import (
    DAY,
    JOINED,
    PARENTS,
    PUPIL,
    ROW,
    SCHOOLS,
    SEX,
    SLOT,
    STEPS,
    Workshop,
    changed,
    documents,
    faults,
    pupil,
    rules_of,
    schools,
)


def steps(workshop: Workshop) -> dict[str, Any]:
    """The wide mapping, its code maps written."""
    workshop.codes({"code_map": "kind", "to": "childcare_day_kind", "codes": {"202509": "class_day"}})
    workshop.codes({"code_map": "status", "to": "childcare_status", "codes": {"202509": "regular"}})
    return STEPS


def test_s01_another_yaml_file_beside_the_mappings_is_an_error(workshop: Workshop) -> None:
    workshop.write(PUPIL)

    assert ("test/pupil@1",) == loader.ids(workshop.root)

    workshop.text("notes.yaml", "a: b")
    with pytest.raises(ConfigurationError, match=r"notes\.yaml.*<name>\.v<version>\.yaml"):
        loader.ids(workshop.root)


def test_s02_version_two_stands_beside_one_and_is_the_newest(workshop: Workshop) -> None:
    workshop.write(PUPIL)
    workshop.write(changed(PUPIL, version="2", fields__family_name={"read": "name", "do": ["upper"]}))
    workshop.write(changed(PUPIL, version="10", fields__family_name={"read": "name", "do": ["lower"]}))

    assert "test/pupil@10" == loader.load("test/pupil", workshop.root).id
    assert () == loader.load("test/pupil@1", workshop.root).fields[3].do
    assert 3 == len(loader.load_all(workshop.root))
    with pytest.raises(ConfigurationError, match=r"test/pupl: no such mapping \(did you mean `test/pupil`"):
        loader.load("test/pupl", workshop.root)
    with pytest.raises(ConfigurationError, match="no such mapping"):
        loader.load("test/pupil@3", workshop.root)


def test_s03_a_word_that_the_language_lacks_is_refused_with_file_and_line(workshop: Workshop) -> None:
    workshop.text("pupil.v1.yaml", "mapping: test/pupil\nversion: 1\nto: Student\nfeilds: {}\n")
    with pytest.raises(ConfigurationError, match=r"^mappings/test/pupil\.v1\.yaml:4: .*`feilds`.*`fields`"):
        loader.load("test/pupil", workshop.root)

    workshop.text("pupil.v1.yaml", "mapping: test/pupil\nmapping: test/other\n")
    with pytest.raises(ConfigurationError, match=r"pupil\.v1\.yaml:2: 'mapping' is written twice"):
        loader.load("test/pupil", workshop.root)

    workshop.codes({**SEX, "codes": {"ON": "F", "0123": "M"}})
    assert {"ON": "F", "0123": "M"} == workshop.mapping().code_maps[0][1].on(DAY)


def test_s04_a_missing_column_stops_and_the_near_name_is_not_taken(workshop: Workshop) -> None:
    row: dict[str, str | None] = {"id": "1", "name": "Roy", "frist": "Zoé", "born": "2010-05-06", "sex": "F"}

    with pytest.raises(ConfigurationError) as caught:
        workshop.run(PUPIL, row)
    assert "test@762000/pupils: the column first is missing (did you mean `frist`?)" in caught.value.english
    assert "la colonne first manque (vouliez-vous `frist` ?)" in caught.value.french

    with pytest.raises(ConfigurationError, match=r"first is missing .*`First`"):
        workshop.run(PUPIL, {("First" if name == "first" else name): cell for name, cell in ROW.items()})


def test_s05_an_undeclared_column_stops_or_is_ignored_as_written(workshop: Workshop) -> None:
    with pytest.raises(ConfigurationError, match=r"pupils: the column nas is not declared"):
        workshop.run(PUPIL, pupil(nas="046454286"))

    discarding = changed(PUPIL, streams__pupils__unknown_columns="discard")
    mapped = workshop.run(discarding, pupil(nas="046454286"))
    assert (1, ()) == (mapped.documents.height, mapped.undeclared)

    evolving = changed(
        JOINED, streams__pupils__unknown_columns="evolve", streams__schools__unknown_columns="evolve"
    )
    known = schools(("s1", "ROYZ10550601"))
    mapped = workshop.run(evolving, pupil(school="s1", nas="0"), schools=known.with_columns(city=pl.lit("x")))
    assert (1, {"pupils.nas", "schools.city"}) == (mapped.documents.height, set(mapped.undeclared))
    assert () == workshop.run(evolving, pupil(school="s1"), schools=known).undeclared


def test_s06_a_family_of_columns_is_written_once(workshop: Workshop) -> None:
    assert ("id", "sdg", "h_01", "h_02", "h_03") == workshop.mapping(STEPS).streams[0].columns


def test_s07_a_column_neither_read_nor_named_is_a_finding(workshop: Workshop) -> None:
    silent = changed(PUPIL, streams__pupils__columns=["id", "name", "first", "born", "sex", "note"])

    assert ["unread-column"] == [found.kind for found in checker.check(workshop.mapping(silent))]
    assert () == checker.check(workshop.mapping(changed(silent, never_read=["note"])))


def test_s08_an_empty_cell_and_one_of_spaces_are_blank(workshop: Workshop) -> None:
    mapped = workshop.run(
        PUPIL,
        pupil(id="1", first=None),
        pupil(id="2", first=""),
        pupil(id="3", first=" \t\u00a0"),
        pupil(id="4", first=" Zoé "),
    )

    assert [("first", "given_name", "missing")] * 3 == faults(mapped)
    assert [" Zoé "] == [document["given_name"] for document in documents(mapped)]


def test_s08_spaces_around_a_cell_hide_neither_a_key_nor_a_match(workshop: Workshop) -> None:
    mapped = workshop.run(
        JOINED,
        pupil(id="1 ", school=" s1"),
        pupil(id="2", school="s1"),
        pupil(id="2 ", school="s1"),
        schools=schools(("s1  ", "ROYZ10550601")),
    )

    assert (["1"], ["duplicate-key"] * 2) == (mapped.documents["key"].to_list(), rules_of(mapped))


def test_s09_a_marked_row_and_an_unwritable_character_are_rejected(workshop: Workshop) -> None:
    mapped = workshop.run(
        PUPIL,
        pupil(id="1", _fault="not-utf-8"),
        pupil(id="2", _fault=None, name="R\x00y"),
        pupil(id="\x003", _fault=None),
        pupil(id="4", _fault=None, name="R\ty"),
    )

    assert [("", "not-utf-8"), ("name", "control-character"), ("id", "control-character")] == [
        (column, rule) for column, _, rule in faults(mapped)
    ]
    assert ["1", "2", "?3#row 3"] == mapped.rejects["row_key"].to_list()
    assert ["R\ty"] == [document["family_name"] for document in documents(mapped)]


def test_s10_a_blank_or_repeated_key_is_refused_every_time(workshop: Workshop) -> None:
    two = changed(PUPIL, key=["id", "name"])
    mapped = workshop.run(
        two,
        pupil(id="1"),
        pupil(id="1"),
        pupil(id="1", name="Caron"),
        pupil(id="2", name=" "),
        pupil(id="3", name="a|b"),
        pupil(id="4", name="x" * 300),
    )

    assert ["1|Caron", "3|a\\|b"] == mapped.documents["key"].to_list()
    assert ["duplicate-key", "duplicate-key", "blank-key", "key-too-long"] == rules_of(mapped)
    assert ["id, name", "id, name", "name", "id, name"] == mapped.rejects["column"].to_list()
    assert ["1|Roy", "1|Roy", "2|#row 4"] == mapped.rejects["row_key"].to_list()[:3]
    assert max(mapped.rejects["row_key"].str.len_chars()) <= 200
    assert (6, 4) == (mapped.candidates, mapped.rejected)


def test_s16_an_inner_join_rejects_what_finds_nothing_by_its_rule(workshop: Workshop) -> None:
    mapped = workshop.run(
        JOINED,
        pupil(id="1", school="s1"),
        pupil(id="2", school="s9"),
        pupil(id="3", school=None),
        schools=schools(("s1", "ROYZ10550601")),
    )

    assert [("school", "(record)", "unknown-school")] * 2 == faults(mapped)
    assert ["ROYZ10550601"] == [document["code_permanent"] for document in documents(mapped)]


def test_s17_a_left_join_lets_a_row_go_on_with_blanks(workshop: Workshop) -> None:
    keeping = changed(JOINED, join=[{"stream": "schools", "on": {"school": "id"}, "missing": "keep"}])
    mapped = workshop.run(keeping, pupil(school="s9"), schools=schools(("s1", "ROYZ10550601")))

    assert ["code_permanent" in document for document in documents(mapped)] == [False]


def test_s18_a_join_never_multiplies_rows(workshop: Workshop) -> None:
    mapped = workshop.run(
        JOINED,
        pupil(id="1", school="s1"),
        pupil(id="2", school="s2"),
        schools=schools(("s1", "ROYZ10550601"), ("s1", "ROYZ10550602"), ("s2", None), ("s2", None)),
    )

    assert [("school", "(record)", "ambiguous-match")] == faults(mapped)
    assert ["2"] == mapped.documents["key"].to_list()


def test_s18_a_row_that_matches_a_faulty_row_carries_its_fault(workshop: Workshop) -> None:
    held = schools(("s1", "ROYZ10550601")).with_columns(_fault=pl.lit("ragged-row"))

    assert ["ragged-row"] == rules_of(workshop.run(JOINED, pupil(school="s1"), schools=held))


@pytest.mark.parametrize(
    ("where", "kept"),
    [
        ([{"read": "note", "equals": "a"}], ["1"]),
        ([{"read": "note", "not": {"equals": "a"}}], ["2", "3", "4"]),
        ([{"read": "note", "in": ["a", "7,5"]}], ["1", "3"]),
        ([{"read": "note", "is": "blank"}], ["4"]),
        ([{"read": "note", "is": "numeric"}], ["3"]),
        ([{"read": "note", "not": {"is": "blank"}}, {"read": "id", "not": {"in": ["2"]}}], ["1", "3"]),
        ([{"any": [{"read": "note", "equals": "a"}, {"read": "id", "equals": "4"}]}], ["1", "4"]),
    ],
)
def test_s19_the_conditions(workshop: Workshop, where: list[Any], kept: list[str]) -> None:
    noted = changed(
        PUPIL, streams__pupils__columns=["id", "name", "first", "born", "sex", "note"], where=where
    )
    rows = [pupil(id=str(n), note=note) for n, note in enumerate(("a ", "b", "7,5", None), 1)]
    mapped = workshop.run(noted, *rows)

    assert kept == mapped.documents["key"].to_list()
    assert 4 - len(kept) == mapped.filtered


def test_s21_nothing_is_said_of_a_row_left_out(workshop: Workshop) -> None:
    women = changed(PUPIL, where=[{"read": "sex", "equals": "F"}])
    mapped = workshop.run(women, pupil(sex="M", born="?", id=None), pupil(), pupil(sex="M", id="12"))

    assert (2, 0, 1) == (mapped.filtered, mapped.rejected, mapped.documents.height)


def test_s22_a_filter_on_a_join_does_not_hide_that_the_join_found_nothing(workshop: Workshop) -> None:
    coded = changed(JOINED, where=[{"read": "schools.code", "not": {"is": "blank"}}])
    mapped = workshop.run(
        coded,
        pupil(id="1", school="s1"),
        pupil(id="2", school="s2"),
        pupil(id="3", school="s9"),
        schools=schools(("s1", "ROYZ10550601"), ("s2", None)),
    )

    assert ["unknown-school"] == rules_of(mapped)
    assert (1, ["1"]) == (mapped.filtered, mapped.documents["key"].to_list())


def test_s24_each_numbered_column_is_a_record(workshop: Workshop) -> None:
    mapped = workshop.run(
        steps(workshop), {"id": "1", "sdg": "202509", "h_01": "0,5", "h_02": None, "h_03": "2"}
    )

    assert [("2025-09-01", "0.5"), ("2025-09-03", "2")] == [
        (document["day"], document["extra_hours"]) for document in documents(mapped)
    ]
    assert ["01", "03"] == mapped.documents["slot"].to_list()


def test_s25_groups_name_the_columns_of_each_slot(workshop: Workshop) -> None:
    workshop.codes(SLOT)
    mapped = workshop.run(
        PARENTS, {"id": "1", "dad": "Roy", "dad_first": "Luc", "mum": "Ng", "mum_first": "An"}
    )

    assert [("father", "Luc"), ("mother", "An")] == [
        (document["relation"]["code"], document["given_name"]) for document in documents(mapped)
    ]


def test_s26_a_slot_exists_when_one_of_its_columns_is_filled(workshop: Workshop) -> None:
    workshop.codes(SLOT)
    rows: list[dict[str, str | None]] = [
        {"id": "1", "dad": None, "dad_first": "Luc", "mum": None, "mum_first": None},
        {"id": "2", "dad": " ", "dad_first": None, "mum": "", "mum_first": None},
    ]
    mapped = workshop.run(PARENTS, *rows)

    assert [("dad", "family_name", "missing")] == faults(mapped)
    assert (1, 1, 2) == (mapped.empty, mapped.rejected, mapped.rows)

    by_name = workshop.run(changed(PARENTS, unpivot__present=["family"]), *rows)
    assert (2, 0) == (by_name.empty, by_name.candidates)


def test_s11_rows_without_an_identity_are_told_apart_by_their_number(workshop: Workshop) -> None:
    mapped = workshop.run(changed(PUPIL, key=["$row"]), pupil(id="1"), pupil(id="1"), pupil(id="?"))

    assert ["1", "2"] == mapped.documents["key"].to_list()
    assert [("3", "not-digits")] == list(mapped.rejects.select("row_key", "rule").iter_rows())


def test_s12_a_type_that_a_cell_does_not_have_rejects_its_row(workshop: Workshop) -> None:
    typed = changed(PUPIL, streams__pupils__types={"born": "date_iso", "id": "integer"})
    mapped = workshop.run(
        typed,
        pupil(id="1"),
        pupil(id="2", born=None),
        pupil(id="3", born="6 mai"),
        pupil(id="x4", born="?"),
        pupil(id="5", born="?", _fault=None),
    )

    assert [
        ("born", "birth_date", "missing"),
        ("born", "(record)", "not-a-date"),
        ("born", "(record)", "not-a-date"),
        ("born", "(record)", "not-a-date"),
    ] == faults(mapped)
    assert ["1"] == mapped.documents["key"].to_list()


def test_s12_a_type_is_asked_of_a_joined_stream_too(workshop: Workshop) -> None:
    typed = changed(JOINED, streams__schools={**SCHOOLS, "types": {"id": "integer"}})
    mapped = workshop.run(typed, pupil(school="s1"), schools=schools(("s1", "ROYZ10550601")))

    assert [("school", "(record)", "not-a-number")] == faults(mapped)


def test_s15_the_format_of_a_stream_is_handed_on(workshop: Workshop) -> None:
    written = changed(PUPIL, streams__pupils__format={"kind": "csv", "separator": ";"})
    mapping = workshop.mapping(written)

    assert (("kind", "csv"), ("separator", ";")) == mapping.streams[0].format
    assert () == checker.check(mapping)


@pytest.mark.parametrize(
    ("test", "kept"),
    [
        ({"before": "2025-07-01"}, ["1", "2", "8"]),
        ({"after": "2025-07-01"}, ["3", "4"]),
        ({"not": {"before": "2025-07-01"}}, ["3", "4", "5", "6", "7"]),
        ({"not": {"after": "2025-07-01"}}, ["1", "2", "5", "6", "7", "8"]),
    ],
)
def test_s20_days_are_compared_by_the_first_ten_characters(
    workshop: Workshop, test: dict[str, Any], kept: list[str]
) -> None:
    cells = (
        "2025-06-30",
        " 2025-06-30 23:59:59",
        "2025-07-01",
        "2025-07-01T00:00",
        "20250630",
        None,
        "2025-06-301",
        "0001-01-01",
    )
    dated = changed(
        PUPIL, streams__pupils__columns=[*ROW, "day"], where=[{"read": "day", **test}], key=["$row"]
    )
    mapped = workshop.run(dated, *(pupil(day=cell) for cell in cells))

    assert kept == mapped.documents["key"].to_list()


@pytest.mark.parametrize(
    ("where", "never"),
    [
        ([{"read": "sex", "equals": " F"}], True),
        ([{"read": "sex", "in": ["F ", "F"]}], False),
        ([{"read": "sex", "equals": "F"}, {"read": "sex", "equals": "M"}], True),
        ([{"read": "sex", "equals": "F"}, {"read": "id", "equals": "M"}], False),
        ([{"read": "sex", "is": "blank"}, {"read": "sex", "is": "numeric"}], True),
        ([{"read": "sex", "is": "numeric"}, {"read": "sex", "not": {"in": ["0", "1", "2"]}}], False),
        ([{"read": "born", "after": "2025-07-01"}, {"read": "born", "before": "2025-07-01"}], True),
        ([{"read": "born", "after": "2025-07-01"}, {"read": "born", "before": "2025-07-02"}], False),
        ([{"read": "born", "before": "0001-01-01"}], True),
        ([{"read": "born", "before": "2025-07-01"}, {"read": "born", "is": "numeric"}], True),
        ([{"any": [{"read": "sex", "equals": " "}, {"read": "sex", "equals": " F"}]}], True),
        ([{"any": [{"read": "sex", "equals": " "}, {"read": "sex", "equals": "F"}]}], False),
    ],
)
def test_s23_a_condition_that_no_cell_can_meet_is_a_finding(
    workshop: Workshop, where: list[dict[str, Any]], never: bool
) -> None:
    mapping = workshop.mapping(changed(PUPIL, where=where))

    assert (["never-holds"] if never else []) == [found.kind for found in checker.check(mapping)]


def test_s23_a_field_that_only_a_blank_would_fill_is_a_finding(workshop: Workshop) -> None:
    mapping = workshop.mapping(changed(PUPIL, fields__sex__when={"is": "blank"}))

    assert ["never-holds"] == [found.kind for found in checker.check(mapping)]
