"""Transcripts as others read them: canonical samples to the bytes of a file, held against the published schema."""

import json
import re
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from jsonschema.validators import validator_for
from lxml import etree

from connectors.kit.formats import writer_of
from gateway.mapping_files import layout
from mappings.engine import compiler, loader
from mappings.engine.language import Stream

DAY = date(2026, 2, 16)
PESC, ELMO, CLR = "pesc/high_school_transcript@1", "elmo/elmo@1", "clr/clr_credential@1"
_NUMBER = "0195f3a0-0000-7000-8000-0{8}[0-9]{4}"
ELMO_NAMES = {"e": "https://github.com/emrex-eu/elmo-schemas/tree/v2"}


def _sample(folder: Path, stream: Stream) -> pl.DataFrame:
    if stream.resource:
        return pl.DataFrame({"document": (folder / f"{stream.name}.jsonl").read_text("utf-8").splitlines()})
    return pl.read_csv(folder / f"{stream.name}.csv", infer_schema=False)


def _documents(identifier: str, *, copies: int = 1) -> list[str]:
    """The documents that the samples of a mapping give; with `copies`, each order comes again with new numbers."""
    mapping = loader.load(identifier)
    frames = {item.name: _sample(loader.ROOT / mapping.system / "samples", item) for item in mapping.streams}
    orders = frames[mapping.stream]
    again = [orders.with_columns(pl.col("document_id") + f"-{copy}") for copy in range(1, copies)]
    frames[mapping.stream] = pl.concat([orders, *again])
    mapped = compiler.run(mapping, frames, system=f"{mapping.system}@762000", organization="762000", day=DAY)
    return list(mapped.documents["document"])


def _files(identifier: str) -> list[bytes]:
    """Each document as the file that leaves: a transcript is one file, so each has a writer of its own."""
    form = loader.load(identifier).form
    assert form is not None
    found = []
    for document in _documents(identifier):
        writer = writer_of(layout(form))
        found.append(writer.begin() + writer.record(document) + writer.end())
    return found


def _parsed(content: bytes) -> Any:
    parser = etree.XMLParser(no_network=True, resolve_entities=False, load_dtd=False)
    return etree.fromstring(content, parser)


def _json_schema(conformance: Path, name: str) -> Any:
    schema = json.loads((conformance / "1edtech" / "clr-2.0" / name).read_text("utf-8"))
    return validator_for(schema)(schema)


@pytest.fixture(scope="module")
def elmo_schema(conformance: Path) -> Any:
    path = conformance / "elmo" / "offline" / "elmo-v2.1.1.xsd"
    return etree.XMLSchema(
        etree.parse(path, etree.XMLParser(no_network=True, resolve_entities=False, load_dtd=False))
    )


@pytest.fixture(scope="module")
def clr_schema(conformance: Path) -> Any:
    return _json_schema(conformance, "clr_v2p0_clrcredential_schema.json")


def test_every_elmo_file_is_valid_by_the_published_schema(elmo_schema: Any) -> None:
    files = _files(ELMO)

    assert 3 == len(files)
    for content in files:
        assert elmo_schema.validate(_parsed(content)), [
            (error.line, error.type_name) for error in elmo_schema.error_log
        ]


@pytest.mark.parametrize(
    "path", ["e:learner/e:alternativeName", "e:report/e:issuer/e:url", "e:report/e:issueDate"]
)
def test_an_elmo_file_without_what_the_schema_requires_is_refused_by_it(elmo_schema: Any, path: str) -> None:
    tree = _parsed(_files(ELMO)[0])
    (element,) = tree.xpath(path, namespaces=ELMO_NAMES)
    element.getparent().remove(element)

    assert not elmo_schema.validate(tree)


def test_an_elmo_file_says_of_every_course_whether_it_is_passed_and_by_which_scheme_it_is_read() -> None:
    found = [
        tuple(
            course.findtext(f".//e:{name}", namespaces=ELMO_NAMES)
            for name in ("identifier", "status", "gradingSchemeLocalId", "resultLabel", "date")
        )
        for content in _files(ELMO)
        for course in _parsed(content).iterfind(".//e:learningOpportunitySpecification", ELMO_NAMES)
    ]

    assert found == [
        ("132406", "passed", "sur-100", "74", "2024-06-30"),
        ("134504", "passed", "code", "EQU", "2025-01-31"),
        ("132506", "passed", "sur-100", "82", "2025-06-30"),
        ("063504", "failed", "sur-100", "58.5", None),
        ("085404", "passed", None, None, "2025-06-30"),
        ("132506", "passed", "sur-100", "100", "2025-06-30"),
        ("043502", "in-progress", None, None, None),
        ("069502", "failed", "code", "ABS", None),
    ]


def test_every_clr_is_valid_by_the_published_schema(clr_schema: Any) -> None:
    documents = [json.loads(document) for document in _documents(CLR)]

    assert 2 == len(documents)
    for document in documents:
        assert [] == [(list(e.absolute_path), e.validator) for e in clr_schema.iter_errors(document)]


@pytest.mark.parametrize("name", ["@context", "id", "issuer", "validFrom", "credentialSubject"])
def test_a_clr_without_what_the_schema_requires_is_refused_by_it(clr_schema: Any, name: str) -> None:
    document = json.loads(_documents(CLR)[0])
    del document[name]

    assert not clr_schema.is_valid(document)


def test_each_credential_of_a_clr_is_valid_but_for_the_identifier_that_its_signer_gives(
    conformance: Path,
) -> None:
    validator = _json_schema(conformance, "clr_v2p0_achievementcredential_schema.json")

    for document in _documents(CLR):
        for credential in json.loads(document)["credentialSubject"]["verifiableCredential"]:
            assert not validator.is_valid(credential)
            signed = credential | {"id": "urn:uuid:0195f3a0-0000-7000-8000-000000000099"}
            assert [] == [(list(e.absolute_path), e.validator) for e in validator.iter_errors(signed)]


def test_a_result_of_a_clr_names_the_description_that_explains_it() -> None:
    for document in _documents(CLR):
        for credential in json.loads(document)["credentialSubject"]["verifiableCredential"]:
            subject = credential["credentialSubject"]
            named = [item["resultDescription"] for item in subject["result"] if "resultDescription" in item]
            assert named == [item["id"] for item in subject["achievement"].get("resultDescription", ())]


def test_a_credential_of_a_clr_always_has_a_status_so_that_a_failure_is_never_read_as_a_success() -> None:
    found = [
        (
            subject["achievement"]["humanCode"],
            subject["result"][0]["status"],
            subject["result"][0].get("value"),
        )
        for document in _documents(CLR)
        for credential in json.loads(document)["credentialSubject"]["verifiableCredential"]
        for subject in [credential["credentialSubject"]]
    ]

    assert found == [
        ("132406", "Completed", "74"),
        ("063504", "Failed", "58.5"),
        ("132506", "Completed", "82"),
        ("134504", "Completed", "EQU"),
        ("043502", "InProgress", None),
        ("069502", "Failed", "ABS"),
        ("085404", "Completed", None),
        ("132506", "Completed", "100"),
    ]


def test_a_clr_is_not_signed_and_says_that_it_is_partial() -> None:
    document = json.loads(_documents(CLR)[0])

    assert "proof" not in document
    assert document["partial"] is True


def test_a_pesc_transcript_has_its_elements_in_the_order_of_the_guide() -> None:
    tree = _parsed(_files(PESC)[0])

    assert "{urn:org:pesc:message:HighSchoolTranscript:v1.5.0}HighSchoolTranscript" == tree.tag
    assert ["TransmissionData", "Student"] == [child.tag for child in tree]
    assert [
        "DocumentID", "CreatedDateTime", "DocumentTypeCode", "TransmissionType", "Source", "Destination",
    ] == [child.tag for child in tree.find("TransmissionData")]  # fmt: skip
    assert ["AgencyIdentifier", "Birth", "Name"] == [child.tag for child in tree.find("Student/Person")]
    assert ["School", "AcademicAward", "Course", "Course", "Course", "Course"] == [
        child.tag for child in tree.find("Student/AcademicRecord")
    ]


def test_a_pesc_transcript_tells_the_final_marks_and_codes_as_the_ministry_returned_them() -> None:
    found = [
        [
            course.findtext(name)
            for name in ("AgencyCourseID", "CourseAcademicGrade", "CourseCreditValue", "NoteMessage")
        ]
        for course in _parsed(_files(PESC)[0]).iterfind(".//Course")
    ]

    assert found == [
        ["132406", "74", "6", "Réussite"],
        ["134504", "EQU", "4", "Réussite"],
        ["132506", "82", "6", "Réussite"],
        ["063504", "58.5", "4", None],
    ]


def test_a_diploma_that_was_not_granted_is_shown_as_not_completed() -> None:
    awards = [
        (award.findtext("AcademicAwardTitle"), award.findtext("AcademicCompletionIndicator"))
        for content in _files(PESC)
        for award in _parsed(content).iterfind(".//AcademicAward")
    ]

    assert [("Diplôme d'études secondaires", "true"), ("Diplôme d'études secondaires", "false")] == awards


def test_signs_of_xml_in_a_name_come_back_as_they_were() -> None:
    name = _parsed(_files(PESC)[1]).find("Student/Person/Name")

    assert ("Émile <Z>", "Öztürk & Fils") == (name.findtext("FirstName"), name.findtext("LastName"))


def test_a_pupil_of_another_board_with_the_same_fiche_is_not_taken() -> None:
    for identifier in (PESC, ELMO, CLR):
        assert not any("Personne" in document for document in _documents(identifier))


@pytest.mark.parametrize("identifier", [PESC, ELMO, CLR])
def test_a_childs_number_leaves_only_where_the_readme_says_so(identifier: str) -> None:
    documents = "".join(_documents(identifier))

    assert not any(fiche in documents for fiche in ("0002001", "0002002", "0002003"))
    assert ("BELA74540811" in documents) == (identifier == PESC)
    assert '"sex' not in documents


def test_files_are_utf_8_and_the_same_each_time() -> None:
    for identifier in (PESC, ELMO):
        first, again = _files(identifier), _files(identifier)
        assert first == again
        assert all(content.startswith(b'<?xml version="1.0" encoding="UTF-8"?>\n<') for content in first)


@pytest.mark.parametrize("identifier", [PESC, ELMO, CLR])
def test_a_batch_of_many_orders_is_written_as_one_order_is(identifier: str) -> None:
    few, many = _documents(identifier), _documents(identifier, copies=60)

    assert few == many[: len(few)]
    assert many == [
        re.sub(_NUMBER, rf"\g<0>-{copy}" if copy else r"\g<0>", text) for copy in range(60) for text in few
    ]
