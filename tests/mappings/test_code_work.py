"""Code work: what a code map lacks, what is near, what adding it changes, where it drifted."""

from dataclasses import replace
from typing import Any

import pytest

from mappings.engine import code_work, loader
from mappings.engine.code_maps import Entry
from mappings.engine.code_proposals import nearest
from mappings.engine.code_texts import occurrences
from mappings.engine.code_work import Work
from tests.mappings.conftest import (
    DAY,
    FAMILY,
    PARENTS,
    PUPIL,
    SEX,
    SLOT,
    Workshop,
    changed,
    contacts,
    frame,
    pupil,
)  # fmt: skip

ARGUMENTS: dict[str, Any] = {"system": "test@762000", "organization": "762000", "day": DAY}


def work(workshop: Workshop, *rows: dict[str, str | None], data: dict[str, Any] = PUPIL) -> Work:
    return code_work.work(workshop.mapping(data), {"pupils": frame(*rows)}, **ARGUMENTS)


def rows(*sexes: str | None) -> list[dict[str, str | None]]:
    return [pupil(id=str(number), sex=sex) for number, sex in enumerate(sexes, 1)]


def test_when_every_code_is_in_its_map_there_is_nothing_to_do(workshop: Workshop) -> None:
    found = work(workshop, *rows("F", "M", None))

    assert found.complete
    assert ((), (), 0) == (found.unmapped, found.hidden, found.together)


def test_an_unmapped_code_has_its_cells_its_frequency_and_a_proposal(workshop: Workshop) -> None:
    found = work(workshop, *rows("F", "f", "f", "X"))
    first, second = found.unmapped

    assert not found.complete
    assert ("test/sex", "sex", "f", 2) == (first.code_map, first.path, first.code, first.count)
    assert (("pupils", "sex", 2),) == first.cells
    assert first.proposal is not None
    assert ("F", "entry") == (first.proposal.code, first.proposal.by)
    assert ("X", "X") == (second.code, second.proposal and second.proposal.code)


def test_the_effect_is_the_records_that_pass_with_the_code_added_and_no_file_changes(
    workshop: Workshop,
) -> None:
    good, bad = rows("f", "f")
    before = {path: path.read_bytes() for path in workshop.root.rglob("*.yaml")}
    found = work(workshop, good, bad | {"born": "2010-31-31"})

    assert [1] == [item.gain for item in found.unmapped]
    assert 1 == found.together
    assert workshop.root.joinpath("test", "codes", "sex.yaml").read_bytes() in before.values()


def test_what_the_mapping_does_before_the_map_is_done_to_the_codes_too(workshop: Workshop) -> None:
    data = changed(
        PUPIL,
        fields__sex={"read": "sex", "do": ["trim", "upper"], "code_map": "sex"},
        where=[{"read": "name", "not": {"equals": "Dummy"}}],
    )
    found = work(workshop, *rows(" q", "Q ", "f"), pupil(id="9", sex="R", name="Dummy"), data=data)

    assert [("Q", 2)] == [(item.code, item.count) for item in found.unmapped]


@pytest.mark.parametrize(
    ("code", "count", "shown"),
    [
        ("ABS-2", 1, True), ("absent", 2, True), ("absent", 1, False), ("Élève absent tout le jour", 5, False),
        ("COTE72570905", 9, False), ("046454286", 9, False), ("3-1-7", 1, True),
    ],
)  # fmt: skip
def test_a_value_is_repeated_only_when_it_looks_like_a_code(code: str, count: int, shown: bool) -> None:
    assert shown is code_work.showable(code, count)


def test_free_text_is_counted_and_never_repeated(workshop: Workshop) -> None:
    found = work(workshop, *rows("Zoé va chez sa mère", "chez Noé", "COTE72570905"))

    assert () == found.unmapped
    assert (("test/sex", "sex", 3, 3),) == found.hidden
    assert "Zoé" not in repr(code_work.as_document(found))


def test_a_code_whose_entry_ended_is_unmapped_on_a_later_day_and_drifts(workshop: Workshop) -> None:
    ended = {**SEX, "codes": {"F": [{"code": "F", "until": "2026-01-01"}], "M": "M", "Z": "NOPE"}}
    workshop.codes({**ended, "codes": {key: ended["codes"][key] for key in ("F", "M")}})
    found = work(workshop, *rows("F"))
    [item], [drift] = found.unmapped, found.drift

    assert item.entry is not None
    assert ("F", "2026-01-01") == (item.entry.target, str(item.entry.end))
    assert ["ended", "in-force"] == [entry.state for entry in drift.entries]
    assert {"M"} == {entry.entry.source for entry in drift.entries if not entry.seen}
    assert ("X" in drift.unreached, "sex") == (True, drift.code_list)


def test_a_code_that_is_kept_as_it_is_is_told_too(workshop: Workshop) -> None:
    workshop.codes({**SEX, "unmapped": "keep-source"})
    found = work(workshop, *rows("X", "Q"))

    assert {"X": 0, "Q": 1} == {item.code: item.gain for item in found.unmapped}
    assert {"keep-source"} == {item.policy for item in found.unmapped}


def test_the_slots_of_a_wide_row_are_codes_and_constants_count_as_seen(workshop: Workshop) -> None:
    workshop.codes({**SLOT, "codes": {"father": "father", "tutor": "tutor"}})
    row: dict[str, str | None] = {
        "id": "1",
        "dad": "Roy",
        "dad_first": "Luc",
        "mum": "Cyr",
        "mum_first": "Ève",
    }
    found = work(workshop, row, data=PARENTS)

    assert [("mother", "mother", 1)] == [
        (item.code, item.proposal and item.proposal.code, item.gain) for item in found.unmapped
    ]
    assert {"tutor"} == {e.entry.source for drift in found.drift for e in drift.entries if not e.seen}


def test_a_list_is_read_part_by_part(workshop: Workshop) -> None:
    data = changed(PUPIL, fields__sex={"read": "sex", "do": [{"split": ","}], "code_map": "sex"})
    found = occurrences(workshop.mapping(data), {"pupils": frame(*rows("F,Q", "M"))}, **ARGUMENTS)

    assert ["F", "Q", "M"] == found["code"].to_list()


def test_a_mapping_without_code_map_has_no_code_work(workshop: Workshop) -> None:
    fields = {"code": {"read": "id"}, "name": {"read": "name"}}
    data = changed(PUPIL, to="Building", fields=fields, never_read=["first", "born", "sex"])
    found = work(workshop, pupil(), data=data)

    assert ((), (), True) == (found.unmapped, found.drift, found.complete)


@pytest.mark.parametrize(
    ("code", "meant"), [("Féminin", "F"), ("female", "F"), ("MASC", "M"), ("zzzz", None)]
)
def test_a_proposal_is_the_nearest_label_without_accents_or_case(code: str, meant: str | None) -> None:
    held = loader.load("gpi/student@1").code_map("sex")
    assert held is not None
    held = replace(held, entries=(Entry("1", "F", None, None, 4),))
    found = nearest(held, code, DAY)

    assert meant == (found and found.code)


def test_the_codes_of_child_rows_are_looked_at_too(workshop: Workshop) -> None:
    workshop.family()
    rows = contacts(("12", "2", "Luc", "Q"), ("12", "1", "Ann", "m"), ("7", "1", "Zed", "x"))
    streams = {"pupils": frame(pupil()), "contacts": rows}
    mapping = workshop.mapping(FAMILY)
    found = occurrences(mapping, streams, **ARGUMENTS)
    [item] = code_work.work(mapping, streams, **ARGUMENTS).unmapped

    assert [("parents[].kind", 0, "m"), ("parents[].kind", 1, "Q")] == list(
        found.select("path", "item", "code").iter_rows()
    )
    assert ("parents[].kind", "Q", 1, 1) == (item.path, item.code, item.count, item.gain)
    assert (("contacts", "kind", 1),) == item.cells
