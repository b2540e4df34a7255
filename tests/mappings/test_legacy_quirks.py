"""Quirks of GPI and Jade (facts/legacy-systems.md §16), each on the row of a sample that shows it."""

import json
from datetime import date
from typing import Any

import polars as pl

from mappings.engine import compiler, loader
from mappings.engine.result import Mapped

DAY = date(2026, 2, 16)


def _run(identifier: str) -> Mapped:
    mapping = loader.load(identifier)
    folder = loader.ROOT / mapping.system / "samples"
    streams = {
        stream.name: pl.read_csv(folder / f"{stream.name}.csv", infer_schema=False)
        for stream in mapping.streams
    }
    return compiler.run(mapping, streams, system=f"{mapping.system}@762000", organization="762000", day=DAY)


def _documents(identifier: str, key: str) -> list[dict[str, Any]]:
    rows = _run(identifier).documents.iter_rows(named=True)
    return [json.loads(row["document"]) for row in rows if row["key"] == key]


def test_an_empty_end_of_jade_stays_open_and_so_does_zero() -> None:
    for key in ("0001001|2025|1", "1002_1|2025|1"):
        (found,) = _documents("jade/frequentation@1", key)
        assert {"start": "2025-08-28"} == found["period"]


def test_a_frequentation_of_one_day_holds_that_day() -> None:
    (found,) = _documents("jade/frequentation@1", "1003|2025|1")

    assert {"start": "2025-09-30", "end": "2025-10-01"} == found["period"]


def test_a_fiche_is_seven_digits_however_it_is_written_and_of_the_board_or_of_the_adult_database() -> None:
    (youth,) = _documents("jade/frequentation@1", "1002_1|2025|1")
    (adult,) = _documents("jade_tosca/adult_frequentation@1", "9003_1|2025|1")

    assert [{"system": "fiche:762000", "value": "0001002"}] == youth["subject"]
    assert [{"system": "fiche-adulte:762000", "value": "0009003"}] == adult["subject"]


def test_marks_of_the_ministry_are_numbers_codes_or_nothing_and_never_zero() -> None:
    (first,) = _documents("jade/ministry_result@1", "COTE72570905|132506|2025|6|2025-07-08 06:00:00.123")
    (january,) = _documents("jade/ministry_result@1", "COTE72570905|063414|2026|1|2026-02-10 06:00:00")
    (empty,) = _documents("jade/ministry_result@1", "GAGA05121203|085404|2025|6|2025-07-08 06:00:00")

    assert ({"number": "74"}, {"number": "81.5"}) == (first["school_raw"], first["exam_raw"])
    assert ("RIN", "ABS") == (january["school_raw"]["code"]["code"], january["final"]["code"]["code"])
    assert set() == {"school_raw", "exam_raw", "final"} & set(empty)


def test_a_result_received_twice_is_kept_twice_each_with_its_own_time() -> None:
    found = _run("jade/ministry_result@1").documents["document"].to_list()
    times = [json.loads(text)["retrieved_at"] for text in found if '"number":"8' in text and "132506" in text]

    assert ["2025-07-08T06:00:00-04:00", "2025-07-12T06:00:00-04:00"] == times


def test_separated_parents_have_two_addresses_and_neither_has_the_other_ones() -> None:
    fathers = [json.loads(text) for text in _run("jade/father_address@1").documents["document"]]
    mothers = [json.loads(text) for text in _run("jade/mother_address@1").documents["document"]]
    types = [{item["addresses"][0]["type"]["code"] for item in found} for found in (fathers, mothers)]

    assert [{"1", "2"}, {"1", "3"}] == types


def test_the_client_chooses_the_code_of_a_centre_that_has_two() -> None:
    (adult,) = _documents("jade_tosca/adult_frequentation@1", "9002|2025|1")
    (vocational,) = _documents("jade_tosca/vocational_frequentation@1", "9002|2025|2")

    assert ("762350", "762450") == (adult["school"], vocational["school"])


def test_a_frequentation_of_an_unknown_client_is_refused_and_not_lost() -> None:
    rejects = _run("jade_tosca/adult_frequentation@1").rejects

    assert [("9004|2025|1", "client", "unmapped-code")] == [
        row for row in rejects.select("row_key", "column", "rule").iter_rows() if row[1] == "client"
    ]


def test_a_final_mark_of_a_competency_has_no_step_and_a_part_of_one_is_filtered() -> None:
    mapped = _run("gpi/competency_result@1")
    final = [json.loads(text) for text in mapped.documents.filter(slot="final")["document"]]

    assert [("1", None), ("1", None)] == [(item["competency"], item.get("step")) for item in final]
    assert "50001|7008" not in {*mapped.documents["key"], *mapped.rejects["row_key"]}


def test_a_reason_that_the_school_does_not_count_is_an_absence_without_kind() -> None:
    (outing,) = _documents("gpi/absence@1", "1002|4010|2026-01-14|1")

    assert ("SP", None) == (outing["reason"], outing.get("kind"))


def test_a_dummy_school_is_kept_and_not_counted() -> None:
    (found,) = _documents("gpi/school@1", "4199")

    assert found["counted"] is False


def test_a_padded_difficulty_code_is_the_same_code_and_a_plan_needs_none() -> None:
    (padded,) = _documents("gpi/difficulty_designation@1", "1006|4110")
    (plan,) = _documents("gpi/difficulty_designation@1", "1003|4110")

    assert ("50", False) == (padded["difficulty"]["code"], padded["has_plan"])
    assert (None, True) == (plan.get("difficulty"), plan["has_plan"])


def test_no_mapping_of_these_systems_declares_a_column_that_must_never_be_read() -> None:
    never = {"nas", "mot_passe_regis", "photo_interv", "photo_interv_imagette", "rep_nom_fich_sign"}
    declared = {
        column for mapping in loader.load_all() for stream in mapping.streams for column in stream.columns
        if mapping.system in ("gpi", "jade", "jade_tosca")
    }  # fmt: skip

    assert set() == never & declared
