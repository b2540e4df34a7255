"""Lineage of one row: cells, steps, code-map entries with their lines, versions."""

from typing import Any

import pytest

from canonical_model.errors import ConfigurationError
from mappings.engine import trace
from mappings.engine.trace import Asked, Trace, Traced
from tests.mappings.conftest import (
    DAY,
    FAMILY,
    JOINED,
    PARENTS,
    PUPIL,
    SEX,
    SLOT,
    Workshop,
    changed,
    contacts,
    frame,
    pupil,
    schools,
)  # fmt: skip


def traced(
    workshop: Workshop, data: dict[str, Any], asked: Asked, *rows: dict[str, str | None], **joined: Any
) -> Trace:
    return trace.trace(
        workshop.mapping(data),
        {"pupils": frame(*rows), **joined},
        asked,
        system="test@762000",
        organization="762000",
        day=DAY,
    )


def values(found: Trace) -> dict[str, Traced]:
    return {item.path: item for record in found.records for item in record.values}


def test_every_value_of_a_document_has_its_cell_its_line_and_its_steps(workshop: Workshop) -> None:
    found = traced(workshop, PUPIL, Asked(row=2), pupil(id="1"), pupil(id="2"))
    told = values(found)

    assert "document" == found.state
    assert {*PUPIL["fields"], "resource_type"} == set(told)
    assert [("pupils", "id", 2, "2")] == [
        (cell.stream, cell.column, cell.row, cell.text) for cell in told["subject.0.value"].cells
    ]
    assert "0000002" == told["subject.0.value"].value
    text = (workshop.root / "test" / "pupil.v1.yaml").read_text("utf-8").splitlines()
    assert text[told["sex"].line - 1].strip().startswith("sex:")  # type: ignore[operator]
    assert ("valeur par défaut du modèle",) == told["resource_type"].steps


def test_a_code_names_the_entry_its_line_its_dates_and_the_list(workshop: Workshop) -> None:
    dated = [{"code": "X", "until": "2025-07-01"}, {"code": "F", "from": "2025-07-01"}]
    workshop.codes({**SEX, "codes": {"M": "M", "W": dated}})
    found = values(traced(workshop, PUPIL, Asked(row=1, path="sex"), pupil(sex="W")))
    [code] = found["sex"].codes
    text = (workshop.root / "test" / "codes" / "sex.yaml").read_text("utf-8").splitlines()

    assert code.entry is not None
    assert ("F", "2025-07-01", None) == (code.entry.target, str(code.entry.start), code.entry.end)
    assert "code: F" in text[code.entry.line - 1]
    assert ("test/sex", "mappings/test/codes/sex.yaml", "sex") == (code.code_map, code.file, code.code_list)
    assert code.list_version is not None


def test_the_cells_of_a_joined_stream_are_those_of_the_row_that_matches(workshop: Workshop) -> None:
    data = changed(
        JOINED, fields__code_permanent={"read": "schools.code", "when": {"not": {"is": "numeric"}}}
    )
    rows = schools(("7", "1"), ("8", "2")).with_row_index("_row", offset=2)
    asked = Asked(row=1, path="code_permanent")
    [cell] = values(traced(workshop, data, asked, {**pupil(), "school": " 8 "}, schools=rows))[
        "code_permanent"
    ].cells

    assert ("schools", "code", 3, "2") == (cell.stream, cell.column, cell.row, cell.text)


def test_a_rejected_record_says_which_rule_and_still_where_its_cells_are(workshop: Workshop) -> None:
    found = traced(workshop, PUPIL, Asked(row=1), pupil(born="31/02/2010", sex="Q"))
    told = values(found)

    assert ("rejected", "rejected") == (found.state, found.records[0].state)
    assert (("not-a-date",), ("unmapped-code",)) == (told["birth_date"].rules, told["sex"].rules)
    assert None is told["sex"].codes[0].entry
    assert "Q" == told["sex"].cells[0].text


def test_a_row_that_is_left_out_names_the_condition(workshop: Workshop) -> None:
    data = changed(PUPIL, where=[{"read": "name", "not": {"is": "blank"}}, {"read": "sex", "equals": "F"}])
    found = traced(workshop, data, Asked(row=1), pupil(sex="M"))
    text = (workshop.root / "test" / "pupil.v1.yaml").read_text("utf-8").splitlines()
    [line] = found.where

    assert ("filtered", ()) == (found.state, found.records)
    assert "read: sex" in text[line - 1]


def test_a_duplicate_is_told_though_one_row_is_asked_for(workshop: Workshop) -> None:
    found = traced(workshop, PUPIL, Asked(row=1), pupil(), pupil(id="13"), pupil(id=" 12 "))

    assert ("rejected", ("duplicate-key",)) == (found.state, found.records[0].rules)


def test_one_slot_of_a_wide_row_is_chosen_and_another_is_refused_by_name(workshop: Workshop) -> None:
    workshop.codes(SLOT)
    row = {"id": "1", "dad": "Roy", "dad_first": "Luc", "mum": None, "mum_first": None}
    found = traced(workshop, PARENTS, Asked(row=1, slot="father"), row)

    assert ["father"] == [record.slot for record in found.records]
    assert "dad_first" == values(found)["given_name"].cells[0].column
    with pytest.raises(ConfigurationError, match="this row fills father"):
        traced(workshop, PARENTS, Asked(row=1, slot="mother"), row)


def test_an_empty_wide_row_and_an_absent_row(workshop: Workshop) -> None:
    workshop.codes(SLOT)
    row = {"id": "1", "dad": None, "dad_first": None, "mum": None, "mum_first": None}

    assert "empty" == traced(workshop, PARENTS, Asked(row=1), row).state
    with pytest.raises(ConfigurationError, match="has 1 rows and none of that number"):
        traced(workshop, PARENTS, Asked(row=2), row)


def test_without_values_the_document_holds_no_cell(workshop: Workshop) -> None:
    found = traced(workshop, PUPIL, Asked(row=1), pupil())

    assert "Roy" not in repr(trace.as_document(found, values=False))
    assert "Roy" in repr(trace.as_document(found, values=True))
    assert found.mapping.digest == trace.as_document(found, values=False)["mapping"]["digest"]


def test_each_item_of_a_list_shows_the_cells_and_codes_of_its_own_row(workshop: Workshop) -> None:
    workshop.family()
    rows = contacts(("12", "2", "Luc", "f"), ("9", "1", "Zed", "m"), ("12", "1", "Ann", "m"))
    found = traced(workshop, FAMILY, Asked(row=1), pupil(), contacts=rows)
    told = values(found)

    assert "document" == found.state
    assert ["Ann", "Luc"] == [told[f"parents.{at}.name"].value for at in (0, 1)]
    assert [("contacts", "name", 3, "Ann"), ("contacts", "name", 1, "Luc")] == [
        (cell.stream, cell.column, cell.row, cell.text)
        for at in (0, 1)
        for cell in told[f"parents.{at}.name"].cells
    ]
    assert [["m"], ["f"]] == [
        [code.entry.source for code in told[f"parents.{at}.kind"].codes if code.entry] for at in (0, 1)
    ]
    text = (workshop.root / "test" / "pupil.v1.yaml").read_text("utf-8").splitlines()
    assert text[told["parents.1.kind"].line - 1].strip().startswith("kind:")  # type: ignore[operator]


def test_an_unmapped_code_of_an_item_is_told_at_that_item_and_a_place_past_the_end_has_no_row(
    workshop: Workshop,
) -> None:
    workshop.family()
    rows = contacts(("12", "1", "Ann", "m"), ("12", "2", "Luc", "q"))
    second = values(traced(workshop, FAMILY, Asked(row=1, path="parents.1.kind"), pupil(), contacts=rows))
    third = values(traced(workshop, FAMILY, Asked(row=1, path="parents.2.kind"), pupil(), contacts=rows))
    whole = traced(workshop, FAMILY, Asked(row=1), pupil(), contacts=rows)

    assert [None] == [code.entry for code in second["parents.1.kind"].codes]
    assert ["q"] == [cell.text for cell in second["parents.1.kind"].cells]
    assert [None] == [cell.row for cell in third["parents.2.kind"].cells]
    assert "rejected" == whole.state
    assert ("unmapped-code",) == values(whole)["parents"].rules
