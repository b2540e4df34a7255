"""Each numbered sentence of mappings/README.md, by the test of its number. `test_documentation` compares."""

import json
from typing import Any

import polars as pl
import pytest

from canonical_model.errors import ConfigurationError
from mappings.engine import checker, compiler, lineage, loader
from tests.mappings.conftest import (
    DAY,
    PUPIL,
    REMOVE,
    ROW,
    SEX,
    Workshop,
    changed,
    documents,
    faults,
    frame,
    rules_of,
)

SCHOOLS = {"columns": ["id", "code"], "unknown_columns": "freeze"}
JOINED = changed(
    PUPIL,
    streams__pupils__columns=["id", "name", "first", "born", "sex", "school"],
    streams__schools=SCHOOLS,
    join=[{"stream": "schools", "on": {"school": "id"}, "missing": "refuse", "rule": "unknown-school"}],
    fields__code_permanent={"read": "schools.code"},
)
PARENTS = changed(
    PUPIL,
    to="Guardian",
    streams__pupils__columns=["id", "dad", "dad_first", "mum", "mum_first"],
    unpivot={
        "groups": {
            "father": {"family": "dad", "given": "dad_first"},
            "mother": {"family": "mum", "given": "mum_first"},
        }
    },
    fields__family_name={"read": "family"},
    fields__given_name={"read": "given"},
    fields__birth_date=REMOVE,
    fields__sex=REMOVE,
    fields__relation={"read": "$slot", "code_map": "slot"},
)
SLOT = {"code_map": "slot", "to": "guardian_relation", "codes": {"father": "father", "mother": "mother"}}
STEPS = changed(
    PUPIL,
    to="ChildcareDay",
    streams__pupils__columns=["id", "sdg", "h_{01..03}"],
    unpivot={"slots": "01..03", "columns": {"hours": "h_{slot}"}},
    fields__family_name=REMOVE,
    fields__given_name=REMOVE,
    fields__birth_date=REMOVE,
    fields__sex=REMOVE,
    fields__daycare={"read": "sdg"},
    fields__day={"read": ["sdg", "$slot"], "between": "-", "do": [{"remove": "-"}, "date_yyyymmdd"]},
    fields__extra_hours={"read": "hours", "do": ["decimal"]},
    fields__kind={"read": "sdg", "code_map": "kind"},
    fields__status={"read": "sdg", "code_map": "status"},
)


def pupil(**cells: str | None) -> dict[str, str | None]:
    return {**ROW, **cells}


def schools(*rows: tuple[str, str | None]) -> pl.DataFrame:
    return frame(*({"id": key, "code": code} for key, code in rows))


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
    row = {"id": "1", "name": "Roy", "frist": "Zoé", "born": "2010-05-06", "sex": "F"}

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
    assert 1 == workshop.run(discarding, pupil(nas="046454286")).documents.height


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


def test_s11_an_inner_join_rejects_what_finds_nothing_by_its_rule(workshop: Workshop) -> None:
    mapped = workshop.run(
        JOINED,
        pupil(id="1", school="s1"),
        pupil(id="2", school="s9"),
        pupil(id="3", school=None),
        schools=schools(("s1", "ROYZ10550601")),
    )

    assert [("school", "(record)", "unknown-school")] * 2 == faults(mapped)
    assert ["ROYZ10550601"] == [document["code_permanent"] for document in documents(mapped)]


def test_s12_a_left_join_lets_a_row_go_on_with_blanks(workshop: Workshop) -> None:
    keeping = changed(JOINED, join=[{"stream": "schools", "on": {"school": "id"}, "missing": "keep"}])
    mapped = workshop.run(keeping, pupil(school="s9"), schools=schools(("s1", "ROYZ10550601")))

    assert ["code_permanent" in document for document in documents(mapped)] == [False]


def test_s13_a_join_never_multiplies_rows(workshop: Workshop) -> None:
    mapped = workshop.run(
        JOINED,
        pupil(id="1", school="s1"),
        pupil(id="2", school="s2"),
        schools=schools(("s1", "ROYZ10550601"), ("s1", "ROYZ10550602"), ("s2", None), ("s2", None)),
    )

    assert [("school", "(record)", "ambiguous-match")] == faults(mapped)
    assert ["2"] == mapped.documents["key"].to_list()


def test_s13_a_row_that_matches_a_faulty_row_carries_its_fault(workshop: Workshop) -> None:
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
def test_s14_the_conditions(workshop: Workshop, where: list[Any], kept: list[str]) -> None:
    noted = changed(
        PUPIL, streams__pupils__columns=["id", "name", "first", "born", "sex", "note"], where=where
    )
    rows = [pupil(id=str(n), note=note) for n, note in enumerate(("a ", "b", "7,5", None), 1)]
    mapped = workshop.run(noted, *rows)

    assert kept == mapped.documents["key"].to_list()
    assert 4 - len(kept) == mapped.filtered


def test_s15_nothing_is_said_of_a_row_left_out(workshop: Workshop) -> None:
    women = changed(PUPIL, where=[{"read": "sex", "equals": "F"}])
    mapped = workshop.run(women, pupil(sex="M", born="?", id=None), pupil(), pupil(sex="M", id="12"))

    assert (2, 0, 1) == (mapped.filtered, mapped.rejected, mapped.documents.height)


def test_s16_a_filter_on_a_join_does_not_hide_that_the_join_found_nothing(workshop: Workshop) -> None:
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


def test_s17_each_numbered_column_is_a_record(workshop: Workshop) -> None:
    mapped = workshop.run(
        steps(workshop), {"id": "1", "sdg": "202509", "h_01": "0,5", "h_02": None, "h_03": "2"}
    )

    assert [("2025-09-01", "0.5"), ("2025-09-03", "2")] == [
        (document["day"], document["extra_hours"]) for document in documents(mapped)
    ]
    assert ["01", "03"] == mapped.documents["slot"].to_list()


def test_s18_groups_name_the_columns_of_each_slot(workshop: Workshop) -> None:
    workshop.codes(SLOT)
    mapped = workshop.run(
        PARENTS, {"id": "1", "dad": "Roy", "dad_first": "Luc", "mum": "Ng", "mum_first": "An"}
    )

    assert [("father", "Luc"), ("mother", "An")] == [
        (document["relation"]["code"], document["given_name"]) for document in documents(mapped)
    ]


def test_s19_a_slot_exists_when_one_of_its_columns_is_filled(workshop: Workshop) -> None:
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


def test_s20_paths_go_down_and_into_lists(workshop: Workshop) -> None:
    second = changed(
        PUPIL,
        fields={
            **PUPIL["fields"],
            "subject.1.system": {"const": "code-permanent"},
            "subject.1.value": {"read": "name"},
        },
    )
    (document,) = documents(workshop.run(second, pupil(name="ROYZ10550601")))

    assert [
        {"system": "fiche:762000", "value": "0000012"},
        {"system": "code-permanent", "value": "ROYZ10550601"},
    ] == document["subject"]


def test_s21_several_columns_are_put_together(workshop: Workshop) -> None:
    together = changed(PUPIL, fields__given_name={"read": ["first", "name"], "between": "-"})
    mapped = workshop.run(
        together,
        pupil(id="1"),
        pupil(id="2", first=None),
        pupil(id="3", first=None, name=None),
    )

    assert ["Zoé-Roy", "-Roy"] == [document["given_name"] for document in documents(mapped)]
    assert ("first, name", "given_name", "missing") in faults(mapped)


def test_s22_the_organisation_and_the_slot_can_be_read(workshop: Workshop) -> None:
    workshop.codes(SLOT)
    mapped = workshop.run(
        PARENTS, {"id": "1", "dad": "Roy", "dad_first": "Luc", "mum": None, "mum_first": None}
    )
    (document,) = documents(mapped)

    assert ("762000", "father") == (document["organization"], document["relation"]["code"])
    assert "fiche:762000" == document["subject"][0]["system"]


def test_s23_a_default_stands_for_a_blank_cell(workshop: Workshop) -> None:
    unknown = changed(PUPIL, fields__sex={"read": "sex", "default": "f", "do": ["upper"], "code_map": "sex"})
    mapped = workshop.run(unknown, pupil(id="1", sex=None), pupil(id="2", sex="M"))

    assert ["F", "M"] == [document["sex"]["code"] for document in documents(mapped)]


def test_s24_where_a_condition_does_not_hold_the_field_is_blank(workshop: Workshop) -> None:
    if_code = {"read": "name", "when": {"not": {"in": ["Roy", "Caron"]}}}
    mapped = workshop.run(
        changed(PUPIL, fields__code_permanent=if_code),
        pupil(id="1"),
        pupil(id="2", name="ROYZ10550601"),
    )

    assert [None, "ROYZ10550601"] == [document.get("code_permanent") for document in documents(mapped)]


def test_s25_what_a_function_cannot_read_is_rejected_at_its_column(workshop: Workshop) -> None:
    mapped = workshop.run(PUPIL, pupil(id="1", born="31/02/2010"), pupil(id="x1"), pupil(id="123456789"))

    assert [
        ("born", "birth_date", "not-a-date"),
        ("id", "subject.0.value", "not-digits"),
        ("id", "subject.0.value", "not-digits"),
    ] == faults(mapped)

    shouted = changed(PUPIL, fields__family_name={"read": "name", "do": ["trim", "upper"]})
    assert ["CÔTÉ"] == [d["family_name"] for d in documents(workshop.run(shouted, pupil(name=" Côté ")))]


def test_s26_after_split_each_part_is_translated(workshop: Workshop) -> None:
    workshop.codes({"code_map": "section", "to": "text", "codes": {"id": "identity", "res": "results_local"}})
    mapping = changed(
        PUPIL,
        to="Consent",
        streams__pupils__columns=["id", "parts"],
        fields={
            **{path: PUPIL["fields"][path] for path in list(PUPIL["fields"])[:3]},
            "sections": {"read": "parts", "do": [{"split": ","}], "code_map": "section"},
        },
    )
    rest = {
        "number": {"const": "C1"},
        "recipient": {"const": "916000"},
        "given_on": {"read": "day", "do": ["date_iso"]},
        "period.start": {"read": "day", "do": ["date_iso"]},
        "distinct": {"read": "yes", "do": ["yes_no"]},
    }
    coded = {name: {"read": "id", "code_map": name} for name in ("purpose", "answer", "given_by")}
    for name, system, code in (
        ("purpose", "release_purpose", "admission"),
        ("answer", "consent_answer", "given"),
        ("given_by", "consent_giver", "student"),
    ):
        workshop.codes({"code_map": name, "to": system, "codes": {"1": code, "2": code}})
    whole = changed(mapping, streams__pupils__columns=["id", "parts", "day", "yes"])
    whole["fields"] |= rest | coded
    row: dict[str, str | None] = {"id": "1", "parts": " id,res ,", "day": "2026-01-01", "yes": "O"}
    mapped = workshop.run(whole, row, {**row, "id": "2", "parts": "id,xyz"})

    assert [["identity", "results_local"]] == [document["sections"] for document in documents(mapped)]
    assert [("parts", "sections", "unmapped-code")] == faults(mapped)


def test_s27_an_object_in_which_nothing_was_read_is_absent(workshop: Workshop) -> None:
    second = changed(
        PUPIL,
        streams__pupils__columns=["id", "name", "first", "born", "sex", "code"],
        fields={
            **PUPIL["fields"],
            "subject.1.system": {"const": "code-permanent"},
            "subject.1.value": {"read": "code"},
        },
    )
    (document,) = documents(workshop.run(second, pupil(code=None)))

    assert 1 == len(document["subject"])


def test_s28_an_unmapped_code_is_refused_unless_the_map_keeps_it(workshop: Workshop) -> None:
    assert [("sex", "sex", "unmapped-code")] == faults(workshop.run(PUPIL, pupil(sex="X")))

    workshop.codes({**SEX, "unmapped": "keep-source"})
    mapped = workshop.run(PUPIL, pupil(id="1", sex="X"), pupil(id="2", sex='"}'))
    assert ["X"] == [document["sex"]["code"] for document in documents(mapped)]
    assert [("sex", "sex", "unknown-code")] == faults(mapped)  # kept, and then the model's to judge


def test_s29_entries_of_the_business_day_count(workshop: Workshop) -> None:
    workshop.codes(
        {
            **SEX,
            "codes": {
                "1": [
                    {"code": "F", "until": "2026-02-16"},
                    {"code": "M", "from": "2026-02-16", "until": "2026-07-01"},
                    {"code": "X", "from": "2026-07-01"},
                ],
                "2": [{"code": "F", "from": "2026-02-17"}],
            },
        }
    )
    mapped = workshop.run(PUPIL, pupil(id="1", sex="1"), pupil(id="2", sex="2"))

    assert ["M"] == [document["sex"]["code"] for document in documents(mapped)]
    assert ["unmapped-code"] == rules_of(mapped)


def test_s29_two_entries_of_one_day_are_refused(workshop: Workshop) -> None:
    overlaps, ends_first = {"from": "2026-01-01"}, {"from": "2027-01-01", "until": "2026-01-01"}
    for days in (overlaps, ends_first):
        second = {"code": "M", **days}
        workshop.codes({**SEX, "codes": {"1": [{"code": "F", "until": "2026-02-16"}, second]}})
        with pytest.raises(ConfigurationError, match=r"codes/sex\.yaml:\d+: "):
            workshop.mapping()


def test_s29_a_map_of_which_nothing_is_in_force_refuses_every_code(workshop: Workshop) -> None:
    workshop.codes({**SEX, "codes": {"F": [{"code": "F", "from": "2027-01-01"}]}})

    assert ["unmapped-code"] == rules_of(workshop.run(PUPIL, pupil()))


def test_s30_a_coding_says_which_version_of_the_list_it_was_read_by(workshop: Workshop) -> None:
    (document,) = documents(workshop.run(PUPIL, pupil()))

    assert {"system": "sex", "version": "2024-07-01", "code": "F"} == document["sex"]


def test_s31_what_the_model_refuses_is_placed_to_its_column(workshop: Workshop) -> None:
    coded = changed(PUPIL, fields__code_permanent={"read": "name", "do": ["upper"]})

    assert [("name", "code_permanent", "code-permanent-wrong-shape")] == faults(workshop.run(coded, pupil()))
    assert [("name", "family_name", "string-too-long")] == faults(workshop.run(PUPIL, pupil(name="x" * 201)))


def test_s32_a_record_with_three_faults_counts_once(workshop: Workshop) -> None:
    mapped = workshop.run(PUPIL, pupil(id="1", born="?", sex="?", name=None), pupil(id="2"))

    assert [
        ("born", "birth_date", "not-a-date"),  # and not `missing` as well
        ("name", "family_name", "missing"),
        ("sex", "sex", "unmapped-code"),
    ] == faults(mapped)
    assert (1, 1) == (mapped.rejected, mapped.documents.height)


def test_s33_every_row_and_every_record_is_counted(workshop: Workshop) -> None:
    workshop.codes(SLOT)
    names = {"dad": None, "dad_first": None, "mum": None, "mum_first": None}
    mapped = workshop.run(
        changed(PARENTS, where=[{"read": "id", "not": {"equals": "1"}}]),
        {"id": "1", **names},
        {"id": "2", **names},
        {"id": "3", **names, "dad": "Roy", "dad_first": "Luc", "mum": "Ng"},
        {"id": None, **names},
    )

    assert (4, 1, 1) == (mapped.rows, mapped.filtered, mapped.empty)
    assert (3, 1, 2) == (mapped.candidates, mapped.documents.height, mapped.rejected)


def test_s34_a_mapping_with_a_finding_does_not_run(workshop: Workshop) -> None:
    wrong = changed(PUPIL, fields__family_name={"read": "nmae"}, fields__birth_date__do=["date_us"])

    with pytest.raises(ConfigurationError) as caught:
        workshop.run(wrong, ROW)
    assert "pupil.v1.yaml:" in caught.value.english
    assert "passerelle mapping check test/pupil@1" in caught.value.english


def test_a_slot_may_bear_any_name(workshop: Workshop) -> None:
    workshop.codes(SLOT)
    groups = {"father": {"key": "dad", "rule": "dad_first"}, "mother": {"key": "mum", "rule": "mum_first"}}
    named = changed(
        PARENTS,
        unpivot={"groups": groups},
        fields__family_name={"read": "key"},
        fields__given_name={"read": "rule"},
    )
    mapped = workshop.run(
        named, {"id": "1", "dad": "Roy", "dad_first": "Luc", "mum": None, "mum_first": None}
    )

    assert ["1"] == mapped.documents["key"].to_list()
    assert ["Luc"] == [document["given_name"] for document in documents(mapped)]


def test_the_digest_of_a_mapping_covers_its_code_maps(workshop: Workshop) -> None:
    before = workshop.mapping().digest

    assert before == workshop.mapping().digest
    workshop.codes({**SEX, "codes": {"F": "F"}})
    assert before != workshop.mapping().digest


def test_a_row_number_of_the_landed_batch_is_kept(workshop: Workshop) -> None:
    landed = frame(pupil(id="1"), pupil(id="2", sex="?")).with_columns(
        _row=pl.Series([70, 90], dtype=pl.UInt32)
    )
    mapped = compiler.run(
        workshop.mapping(), {"pupils": landed}, system="test@762000", organization="762000", day=DAY
    )

    assert ([70], [90]) == (mapped.documents["row"].to_list(), mapped.rejects["row"].to_list())


def test_an_empty_stream_gives_nothing_and_columns_that_are_all_null_are_text(workshop: Workshop) -> None:
    empty = frame(ROW).clear()
    nulls = pl.DataFrame({**ROW, "first": None, "id": "1"})
    for given, counts in ((empty, (0, 0)), (nulls, (1, 1))):
        mapped = compiler.run(
            workshop.mapping(), {"pupils": given}, system="test@762000", organization="762000", day=DAY
        )
        assert counts == (mapped.rows, mapped.rejected)


def test_a_column_that_is_not_text_and_a_stream_not_given_stop_the_run(workshop: Workshop) -> None:
    numbers = frame(ROW).with_columns(pl.col("id").cast(pl.Int64))
    for given, words in (({"pupils": numbers}, "id is not text"), ({}, "was not given")):
        with pytest.raises(ConfigurationError, match=words):
            compiler.run(workshop.mapping(), given, system="t@1", organization="762000", day=DAY)


def test_slices_change_nothing(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [pupil(id=str(n), sex="F" if n % 3 else "?") for n in (1, 2, 3, 4, 5, 5, 6)]
    whole = workshop.run(PUPIL, *rows)
    monkeypatch.setattr(compiler, "SLICE", 2)
    sliced = workshop.run(PUPIL, *rows)

    assert whole.documents.equals(sliced.documents)
    assert whole.rejects.equals(sliced.rejects)
    assert (whole.candidates, whole.rejected) == (sliced.candidates, sliced.rejected)


def test_no_value_of_a_person_is_in_what_is_refused(workshop: Workshop) -> None:
    mapped = workshop.run(PUPIL, pupil(name="x" * 250 + "SECRET", born="SECRET", sex="SECRET"))

    assert "SECRET" not in json.dumps(mapped.rejects.to_dicts())


def test_lineage_of_a_constant_a_default_and_a_missing_slot(workshop: Workshop) -> None:
    workshop.codes(SLOT)
    mapping = workshop.mapping(PARENTS)

    assert ("code de l'organisme de la source",) == lineage.explain(mapping, "subject.0.system").steps
    assert ("default value of the model",) == lineage.explain(mapping, "resource_type", language="en").steps
    for slot in (None, "uncle"):
        with pytest.raises(ConfigurationError, match="Name the slot"):
            lineage.explain(mapping, "given_name", slot)
