"""Charlemagne and SRAM: what a declaration says equals what the gateway declares; a fixed-width file is read back."""

import json
from datetime import date
from io import BytesIO
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from lxml import etree

from canonical_model.errors import RecordError
from canonical_model.generated import documents
from canonical_model.resources.enrolment import Enrolment
from connectors.kit.formats import Layout, open_batches, write, writer_of
from gateway import mapping_files
from gateway.ministry import content, years
from mappings.engine import compiler, loader
from mappings.engine.language import Mapping
from mappings.engine.result import Mapped

BOARD = "762000"
CENSUS = date(2025, 9, 30)
CONTRACT = (
    Path(__file__).resolve().parents[2] / "connectors" / "systems" / "charlemagne" / "contract" / "2025"
)
YEAR = years.load(Path("no-site"), 2025)
SRAM = ("sram/applicant@1", "sram/school_result@1", "sram/ministry_result@1")


def _run(mapping: Mapping, **texts: list[str]) -> Mapped:
    frames = {name: pl.DataFrame({"document": held}) for name, held in texts.items()}
    return compiler.run(
        mapping, frames, system=f"{mapping.system}@{BOARD}", organization=BOARD, day=date(2026, 2, 16)
    )


def _pupils(count: int) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Invented pupils of one board with their files, and one enrolment each, around the census of 2025."""
    named = [[{"system": f"fiche:{BOARD}", "value": f"{at:07}"}] for at in range(count)]
    students = [
        {**item, "organization": BOARD, "subject": subject}
        for item, subject in zip(documents("Student", count=count, seed=7), named, strict=True)
    ]
    periods = (
        {"start": "2025-08-28"},
        {"start": "2025-09-30", "end": "2025-10-01"},
        {"start": "2025-08-28", "end": "2025-09-30"},
        {"start": "2025-10-01"},
        {"start": "2025-08-28", "end": "2026-06-23"},
    )
    enrolments = [
        {
            **item,
            "organization": BOARD,
            "subject": subject,
            "school_year": 2024 if at % 7 == 0 else 2025,
            "period": periods[at % len(periods)],
        }
        for at, (item, subject) in enumerate(
            zip(documents("Enrolment", count=count, seed=8), named, strict=True)
        )
    ]
    return students, enrolments


def test_a_declaration_is_what_the_gateway_declares() -> None:
    students, enrolments = _pupils(400)
    mapping = loader.load("charlemagne/declaration@1")
    mapped = _run(mapping, student=[*map(json.dumps, students)], enrolment=[*map(json.dumps, enrolments)])
    declared, undeclarable = [], []
    for student, enrolment in zip(students, enrolments, strict=True):
        held = Enrolment.model_validate_json(json.dumps(enrolment))
        if held.school_year == YEAR.year and held.held_on(CENSUS):
            fields, reason = content.declared_fields(YEAR, {"Student": student, "Enrolment": enrolment})
            declared += [] if reason else [fields]
            undeclarable += [reason] if reason else []

    assert declared == [json.loads(text) for text in mapped.documents["document"]]
    assert {"no-code-permanent"} == set(undeclarable)
    assert len(undeclarable) == mapped.rejected
    assert {("CD_PERM", "missing")} == set(mapped.rejects.select("path", "rule").iter_rows())
    assert 400 == mapped.filtered + len(declared) + len(undeclarable)


def test_the_tags_and_the_codes_are_those_of_the_gateways_year() -> None:
    mapping = loader.load("charlemagne/declaration@1")

    assert mapping.form is not None
    assert [field.tag for field in YEAR.fields] == [place.path for place in mapping.form.places]
    for tag, name in (("SEXE", "sex"), ("NIVEAU", "level")):
        found, code_map = YEAR.field(tag), mapping.code_map(name)
        assert found is not None
        assert code_map is not None
        assert found.codes == {entry.source: entry.target for entry in code_map.entries}


def test_a_pupil_without_a_file_is_not_declared() -> None:
    _, enrolments = _pupils(2)
    mapped = _run(loader.load("charlemagne/declaration@1"), student=[], enrolment=[json.dumps(enrolments[1])])

    assert ["unknown-person"] == mapped.rejects["rule"].to_list()


def test_declarations_numbered_in_a_lot_are_valid_by_the_contract() -> None:
    mapping = loader.load("charlemagne/declaration@1")
    students, enrolments = _pupils(60)
    mapped = _run(mapping, student=[*map(json.dumps, students)], enrolment=[*map(json.dumps, enrolments)])
    assert mapping.form is not None
    layout = mapping_files.layout(mapping.form)
    space = dict(layout.namespaces)[""]
    lot = etree.Element(f"{{{space}}}LOT")
    head = {"NO_LOT": "ESSAI", "ANNEE": "2025", "VERS_DOM": "2025-07-01", "ORGNS": BOARD}
    _fill(etree.SubElement(lot, f"{{{space}}}ENTETE"), {**head, "NB_TRANS": str(mapped.documents.height)})
    for number, text in enumerate(mapped.documents["document"], start=1):
        numbered = {"NO_TRANS": f"{number:06}", **json.loads(text)}
        lot.append(etree.fromstring(writer_of(layout).record(json.dumps(numbered))))

    etree.XMLSchema(etree.parse(CONTRACT / "declaration.xsd")).assertValid(lot)


def _fill(element: etree._Element, values: dict[str, str]) -> None:
    for name, text in values.items():
        etree.SubElement(element, element.tag.replace("ENTETE", name)).text = text


def _layout(mapping: Mapping) -> Layout:
    assert mapping.form is not None
    return mapping_files.layout(mapping.form)


def _sample(name: str) -> list[str]:
    return (loader.ROOT / "sram" / "samples" / f"{name}.jsonl").read_text("utf-8").splitlines()


@pytest.mark.parametrize("identifier", SRAM)
def test_an_sram_file_has_lines_of_one_length_and_is_read_back(identifier: str, tmp_path: Path) -> None:
    mapping = loader.load(identifier)
    mapped = _run(mapping, **{stream.name: _sample(stream.name) for stream in mapping.streams})
    layout, path = _layout(mapping), tmp_path / "lot.txt"
    with path.open("wb") as file:
        write(mapped.documents["document"], layout, file)
    lines = path.read_bytes().decode("cp1252").split("\r\n")
    (read,) = open_batches(path, layout.read_as)

    assert mapped.documents.height == len(lines) - 1 == read.height
    assert {sum(place.width for place in layout.places)} == {len(line) for line in lines[:-1]}
    names = {place.name.lower(): place for place in layout.places}
    for row, text in zip(read.iter_rows(named=True), mapped.documents["document"], strict=True):
        found = {names[key].name: _bare(names[key].filler, held) for key, held in row.items() if key in names}
        assert json.loads(text) == {key: held for key, held in found.items() if held}


def _bare(filler: str, held: str | None) -> str:
    return (held or "").strip().lstrip(filler if filler != " " else "")


def test_a_step_is_filled_with_zeros_and_an_absent_mark_is_blank() -> None:
    mapping = loader.load("sram/ministry_result@1")
    mapped = _run(mapping, **{stream.name: _sample(stream.name) for stream in mapping.streams})
    file = BytesIO()
    write(mapped.documents["document"], _layout(mapping), file)
    first, second, *_ = file.getvalue().decode("cp1252").splitlines()

    assert "132506    202506    71    68    58    60    66R 062025-07-08T08:15:00-04:00" == first[26:]
    assert "132506    202506" + " " * 24 + "    67  062025-08-20T08:15:00-04:00" == second[26:]


def test_a_name_that_the_file_cannot_carry_is_refused_by_its_column_alone() -> None:
    mapping = loader.load("sram/applicant@1")
    mapped = _run(mapping, **{stream.name: _sample(stream.name) for stream in mapping.streams})
    named = {**json.loads(mapped.documents["document"][0]), "NOM": "Łukasiewicz"}

    with pytest.raises(RecordError, match="NOM") as caught:
        writer_of(_layout(mapping)).record(json.dumps(named))
    assert "ukasiewicz" not in str(caught.value)


def test_the_sram_file_is_told_as_our_reference_contract() -> None:
    for identifier in SRAM:
        form = loader.load(identifier).form
        assert form is not None
        assert "Contrat de référence de Passerelle" in form.source
