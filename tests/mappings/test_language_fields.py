"""The sentences of mappings/README.md on fields, code maps and what comes out, each by its number."""

import json

import polars as pl
import pytest

from canonical_model.errors import ConfigurationError
from mappings.engine import compiler, lineage
from tests.mappings.conftest import (
    DAY,
    PARENTS,
    PUPIL,
    ROW,
    SEX,
    SLOT,
    Workshop,
    changed,
    documents,
    faults,
    frame,
    pupil,
    rules_of,
)


def test_s27_paths_go_down_and_into_lists(workshop: Workshop) -> None:
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


def test_s28_several_columns_are_put_together(workshop: Workshop) -> None:
    together = changed(PUPIL, fields__given_name={"read": ["first", "name"], "between": "-"})
    mapped = workshop.run(
        together,
        pupil(id="1"),
        pupil(id="2", first=None),
        pupil(id="3", first=None, name=None),
    )

    assert ["Zoé-Roy", "-Roy"] == [document["given_name"] for document in documents(mapped)]
    assert ("first, name", "given_name", "missing") in faults(mapped)


def test_s31_the_organisation_and_the_slot_can_be_read(workshop: Workshop) -> None:
    workshop.codes(SLOT)
    mapped = workshop.run(
        PARENTS, {"id": "1", "dad": "Roy", "dad_first": "Luc", "mum": None, "mum_first": None}
    )
    (document,) = documents(mapped)

    assert ("762000", "father") == (document["organization"], document["relation"]["code"])
    assert "fiche:762000" == document["subject"][0]["system"]


def test_s31_a_constant_code_is_the_one_that_its_map_gives(workshop: Workshop) -> None:
    workshop.codes(SLOT)
    workshop.codes({"code_map": "way", "to": "telecom_system", "codes": {"mail": "email"}})
    fields = {
        "fields__telecoms.0.system": {"const": "mail", "code_map": "way"},
        "fields__telecoms.0.value": {"read": "given"},
    }
    row = {"id": "1", "dad": "Roy", "dad_first": "Luc", "mum": None, "mum_first": None}
    (document,) = documents(workshop.run(changed(PARENTS, **fields), row))

    assert ("email", "Luc") == (
        document["telecoms"][0]["system"]["code"],
        document["telecoms"][0]["value"],
    )


def test_s32_a_default_stands_for_a_blank_cell(workshop: Workshop) -> None:
    unknown = changed(PUPIL, fields__sex={"read": "sex", "default": "f", "do": ["upper"], "code_map": "sex"})
    mapped = workshop.run(unknown, pupil(id="1", sex=None), pupil(id="2", sex="M"))

    assert ["F", "M"] == [document["sex"]["code"] for document in documents(mapped)]


def test_s33_where_a_condition_does_not_hold_the_field_is_blank(workshop: Workshop) -> None:
    if_code = {"read": "name", "when": {"not": {"in": ["Roy", "Caron"]}}}
    mapped = workshop.run(
        changed(PUPIL, fields__code_permanent=if_code),
        pupil(id="1"),
        pupil(id="2", name="ROYZ10550601"),
    )

    assert [None, "ROYZ10550601"] == [document.get("code_permanent") for document in documents(mapped)]


def test_s34_what_a_function_cannot_read_is_rejected_at_its_column(workshop: Workshop) -> None:
    mapped = workshop.run(PUPIL, pupil(id="1", born="31/02/2010"), pupil(id="x1"), pupil(id="123456789"))

    assert [
        ("born", "birth_date", "not-a-date"),
        ("id", "subject.0.value", "not-digits"),
        ("id", "subject.0.value", "not-digits"),
    ] == faults(mapped)

    shouted = changed(PUPIL, fields__family_name={"read": "name", "do": ["trim", "upper"]})
    assert ["CÔTÉ"] == [d["family_name"] for d in documents(workshop.run(shouted, pupil(name=" Côté ")))]


def test_s35_after_split_each_part_is_translated(workshop: Workshop) -> None:
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


def test_s36_an_object_in_which_nothing_was_read_is_absent(workshop: Workshop) -> None:
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


def test_s37_an_unmapped_code_is_refused_unless_the_map_keeps_it(workshop: Workshop) -> None:
    assert [("sex", "sex", "unmapped-code")] == faults(workshop.run(PUPIL, pupil(sex="X")))

    workshop.codes({**SEX, "unmapped": "keep-source"})
    mapped = workshop.run(PUPIL, pupil(id="1", sex="X"), pupil(id="2", sex='"}'))
    assert ["X"] == [document["sex"]["code"] for document in documents(mapped)]
    assert [("sex", "sex", "unknown-code")] == faults(mapped)  # kept, and then the model's to judge


def test_s39_entries_of_the_business_day_count(workshop: Workshop) -> None:
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


def test_s39_two_entries_of_one_day_are_refused(workshop: Workshop) -> None:
    overlaps, ends_first = {"from": "2026-01-01"}, {"from": "2027-01-01", "until": "2026-01-01"}
    for days in (overlaps, ends_first):
        second = {"code": "M", **days}
        workshop.codes({**SEX, "codes": {"1": [{"code": "F", "until": "2026-02-16"}, second]}})
        with pytest.raises(ConfigurationError, match=r"codes/sex\.yaml:\d+: "):
            workshop.mapping()


def test_s39_a_map_of_which_nothing_is_in_force_refuses_every_code(workshop: Workshop) -> None:
    workshop.codes({**SEX, "codes": {"F": [{"code": "F", "from": "2027-01-01"}]}})

    assert ["unmapped-code"] == rules_of(workshop.run(PUPIL, pupil()))


def test_s40_a_coding_says_which_version_of_the_list_it_was_read_by(workshop: Workshop) -> None:
    (document,) = documents(workshop.run(PUPIL, pupil()))

    assert {"system": "sex", "version": "2024-07-01", "code": "F"} == document["sex"]


def test_s47_what_the_model_refuses_is_placed_to_its_column(workshop: Workshop) -> None:
    coded = changed(PUPIL, fields__code_permanent={"read": "name", "do": ["upper"]})

    assert [("name", "code_permanent", "code-permanent-wrong-shape")] == faults(workshop.run(coded, pupil()))
    assert [("name", "family_name", "string-too-long")] == faults(workshop.run(PUPIL, pupil(name="x" * 201)))


def test_s48_a_record_with_three_faults_counts_once(workshop: Workshop) -> None:
    mapped = workshop.run(PUPIL, pupil(id="1", born="?", sex="?", name=None), pupil(id="2"))

    assert [
        ("born", "birth_date", "not-a-date"),  # and not `missing` as well
        ("name", "family_name", "missing"),
        ("sex", "sex", "unmapped-code"),
    ] == faults(mapped)
    assert (1, 1) == (mapped.rejected, mapped.documents.height)


def test_s49_every_row_and_every_record_is_counted(workshop: Workshop) -> None:
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


def test_s50_a_mapping_with_a_finding_does_not_run(workshop: Workshop) -> None:
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


def test_s29_the_first_column_that_is_filled_counts(workshop: Workshop) -> None:
    known = changed(PUPIL, fields__given_name={"read": ["first", "name", "id"], "first": "filled"})
    mapped = workshop.run(
        known, pupil(id="1"), pupil(id="2", first=" "), pupil(id="3", first="", name=None), pupil(id=None)
    )

    assert ["Zoé", "Roy"] == [document["given_name"] for document in documents(mapped)]
    assert [("name", "family_name", "missing")] == faults(mapped)[:1]


PERCENT = changed(PUPIL, fields__given_name={"read": ["first", "name"], "compute": "percent"})


@pytest.mark.parametrize(
    ("part", "whole", "percent"),
    [
        ("1", "3", "33.33"),
        ("2", "3", "66.67"),
        (" 16,5 ", "20", "82.50"),
        ("1", "800", "0.13"),
        ("0", "7", "0.00"),
        ("25", "20", "125.00"),
        ("-1", "800", "-0.12"),
        ("999999999", "0.0001", "999999999000000.00"),
    ],
)
def test_s30_a_percentage_is_exact_and_rounded_half_up(
    workshop: Workshop, part: str, whole: str, percent: str
) -> None:
    (document,) = documents(workshop.run(PERCENT, pupil(first=part, name=whole)))

    assert percent == document["given_name"]


NAMED = changed(PERCENT, fields__family_name={"const": "Roy"})


@pytest.mark.parametrize(("part", "whole"), [(None, "3"), ("3", None), (None, None), (None, "0")])
def test_s30_there_is_no_percentage_where_a_cell_is_blank(
    workshop: Workshop, part: str | None, whole: str | None
) -> None:
    mapped = workshop.run(NAMED, pupil(first=part, name=whole))

    assert [("first, name", "given_name", "missing")] == faults(mapped)


@pytest.mark.parametrize(
    ("part", "whole"),
    [
        ("abc", "3"), ("1", "abc"), ("abc", None), (None, "abc"), ("1234567890", "3"), ("0.12345", "3"),
        ("3", "1234567890"), ("1", "0"), ("1", "-3"), ("0", "0,0"),
    ],
)  # fmt: skip
def test_s30_what_cannot_be_counted_is_refused(
    workshop: Workshop, part: str | None, whole: str | None
) -> None:
    mapped = workshop.run(NAMED, pupil(first=part, name=whole), pupil(id="2", first="1", name="3"))

    assert ["33.33"] == [document["given_name"] for document in documents(mapped)]
    assert [("first, name", "given_name", "not-a-number")] == faults(mapped)


def test_s38_a_usual_code_stands_for_every_other_one(workshop: Workshop) -> None:
    workshop.codes({**SEX, "unmapped": "default", "default": "X"})
    mapped = workshop.run(PUPIL, pupil(id="1"), pupil(id="2", sex="?"), pupil(id="3", sex=None))

    assert ["F", "X"] == [document["sex"]["code"] for document in documents(mapped)]
    assert [("sex", "sex", "missing")] == faults(mapped)

    for wrong in ({"unmapped": "default"}, {"default": "X"}, {"unmapped": "keep-source", "default": "X"}):
        workshop.codes({**SEX, **wrong})
        with pytest.raises(
            ConfigurationError, match=r"codes/sex\.yaml:1: `unmapped: default` needs a `default`"
        ):
            workshop.mapping()


def test_lineage_says_how_a_value_was_made(workshop: Workshop) -> None:
    workshop.codes({**SEX, "unmapped": "default", "default": "X"})
    made = changed(
        PUPIL,
        fields__family_name={"read": ["name", "first"], "first": "filled", "default": "Tremblay"},
        fields__given_name={"read": ["id", "name"], "compute": "percent"},
        fields__birth_date={"read": "born", "when": {"after": "2000-01-01"}, "do": ["date_iso"]},
        fields__code_permanent={"read": "first", "when": {"not": {"before": "2000-01-01"}}},
    )
    mapping = workshop.mapping(made)

    def steps(path: str) -> list[tuple[str, str]]:
        both = (lineage.explain(mapping, path).steps, lineage.explain(mapping, path, language="en").steps)
        return list(zip(*both, strict=True))

    assert [
        ("la première case remplie", "the first that is filled"),
        ("vide : remplacé par « Tremblay »", "blank: replaced with `Tremblay`"),
    ] == steps("family_name")
    assert [
        (
            "la première case en pour cent de la seconde, à deux décimales",
            "the first as a percentage of the second, to two decimals",
        )
    ] == steps("given_name")
    assert (
        "seulement si la cellule est le 2000-01-01 ou après",
        "only if the cell is on 2000-01-01 or later",
    ) == steps("birth_date")[0]
    assert (
        "seulement si la cellule n'est pas avant le 2000-01-01",
        "only if the cell is not before 2000-01-01",
    ) == steps("code_permanent")[0]
    assert ("code hors de la table : « X »", "code outside the map: `X`") == steps("sex")[1]
