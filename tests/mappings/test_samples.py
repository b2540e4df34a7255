"""The mappings of the repository on their invented samples: golden results, read once by eye."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from canonical_model.itineraries import itinerary
from canonical_model.resources.transport_assignment import TransportAssignment
from mappings.engine import compiler, lineage, loader
from mappings.engine.language import Mapping, Stream
from mappings.engine.result import Mapped
from mappings.engine.targets import model_of

DAY = date(2026, 2, 16)


def _sample(folder: Path, stream: Stream) -> pl.DataFrame:
    """A stream's invented rows; of a stream of canonical documents, one JSON text a line."""
    if stream.resource:
        return pl.DataFrame({"document": (folder / f"{stream.name}.jsonl").read_text("utf-8").splitlines()})
    return pl.read_csv(folder / f"{stream.name}.csv", infer_schema=False).rename(str.lower)  # as readers do


def _run(mapping: Mapping) -> Mapped:
    folder = loader.ROOT / mapping.system / "samples"
    streams = {stream.name: _sample(folder, stream) for stream in mapping.streams}
    return compiler.run(mapping, streams, system=f"{mapping.system}@762000", organization="762000", day=DAY)


def _golden(mapping: Mapping, ending: str) -> list[dict[str, Any]]:
    name = mapping.id.split("/")[1].replace("@", ".v")
    text = (loader.ROOT / mapping.system / "samples" / f"{name}{ending}").read_text("utf-8")
    return [json.loads(line) for line in text.splitlines()]


def _rejects(identifier: str) -> list[tuple[str, str | None, str, str]]:
    mapped = _run(loader.load(identifier))
    return list(mapped.rejects.select("row_key", "slot", "column", "rule").iter_rows())


@pytest.mark.parametrize("identifier", loader.ids())
def test_samples_give_the_golden_results(identifier: str) -> None:
    mapping = loader.load(identifier)
    mapped = _run(mapping)
    found = [
        {**row, "document": json.loads(row["document"])} for row in mapped.documents.iter_rows(named=True)
    ]

    assert _golden(mapping, ".jsonl") == found
    assert _golden(mapping, ".rejects.jsonl") == mapped.rejects.to_dicts()


@pytest.mark.parametrize("identifier", loader.ids())
def test_a_document_is_already_canonical(identifier: str) -> None:
    mapping = loader.load(identifier)
    model = model_of(mapping)

    for text in _run(mapping).documents["document"]:
        assert text == model.model_validate_json(text).model_dump_json(exclude_none=True)


def test_a_bad_code_permanent_is_a_rejected_student_placed_to_its_cell() -> None:
    assert ("762000|1004", None, "code_perm", "code-permanent-wrong-shape") in _rejects("gpi/student@1")


def test_the_same_attendance_twice_is_refused_both_times() -> None:
    key = "S010|0001002|2025-09-02"

    assert 2 == _rejects("avant_garde/childcare_day@1").count(
        (key, None, "id_sdg, fiche, date", "duplicate-key")
    )


def test_a_line_in_windows_1252_is_rejected_by_the_fault_of_its_reader() -> None:
    assert ("C-2025-0006", None, "", "not-utf-8") in _rejects("mozaik_inscription/consent@1")


def test_an_enrolment_at_a_school_that_does_not_exist_is_refused() -> None:
    assert ("1005|9999", None, "id_eco", "unknown-school") in _rejects("gpi/enrolment@1")


def test_the_thirtieth_step_is_a_result_and_an_empty_step_is_none() -> None:
    mapped = _run(loader.load("gpi/course_result@1"))

    assert ["01", "02", "30"] == mapped.documents.filter(key="50002")["slot"].to_list()
    assert 1 == mapped.empty


def test_lineage_of_a_mark_names_the_wide_column() -> None:
    mapping = loader.load("gpi/course_result@1")

    found = lineage.explain(mapping, "mark.number", "02")
    assert ("gpm_e_mat_ele", ("res_etape_02",)) == (found.stream, found.columns)
    assert ("seulement si la cellule est un nombre", "lu comme nombre, virgule ou point") == found.steps
    assert found.code_map is None

    code = lineage.explain(mapping, "mark.code.code", "30", language="en")
    assert (("res_etape_30",), "gpi/result", "result_code") == (code.columns, code.code_map, code.code_list)
    assert "code translated by the map gpi/result" == code.steps[-1]
    assert ("res_etape_30",) == lineage.explain(mapping, "mark", "30").columns
    assert ("res_etape_07",) == lineage.explain(mapping, "step", "07").columns


def test_lineage_through_a_join_names_the_joined_stream() -> None:
    mapping = loader.load("gpi/course_result@1")
    found = lineage.explain(mapping, "school", "01")

    assert ("gpm_t_eco", ("eco_off",)) == (found.stream, found.columns)
    assert "ligne de gpm_t_eco de même id_eco" == found.steps[0]


def test_lineage_of_several_columns_and_of_a_guardian() -> None:
    level = lineage.explain(loader.load("gpi/enrolment@1"), "level")
    assert ("ordre_ens", "cycle_ref", "annee_cycle_ref") == level.columns
    assert ("gpi/level", "school_level") == (level.code_map, level.code_list)

    guardian = loader.load("gpi/guardian@1")
    assert ("pnom_mere",) == lineage.explain(guardian, "given_name", "mother").columns
    assert ("nom_mere", "pnom_mere") == lineage.explain(guardian, "relation", "mother").columns


def test_a_transfer_is_ridden_in_reverse_in_the_afternoon() -> None:
    documents = _run(loader.load("geobus/transport_assignment@1")).documents
    trips = {
        period: itinerary(
            TransportAssignment.model_validate_json(
                documents.filter(key=f"762000|1003|2025|0|1|{period}")["document"].item()
            )
        )
        for period in "18"
    }

    assert ["00012", "00204"] == [ride.route for ride in trips["1"]]
    assert ["01204", "00012"] == [ride.route for ride in trips["8"]]
    assert ("E110", "A101") == (trips["8"][0].boards.stop, trips["8"][-1].alights.stop)


def test_a_stop_of_kind_2_refuses_the_whole_trip() -> None:
    assert ("762000|1005|2025|0|1|1", None, "emb_typestop_1", "unmapped-code") in _rejects(
        "geobus/transport_assignment@1"
    )
