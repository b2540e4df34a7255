"""Commands on a hub that has lived one day: what they show, what they change, what they give away."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from connectors.kit.province.model import Pupil
from gateway.evidence import verifier
from tests.gateway.cli.conftest import Call
from tests.world import World

READERS = [
    ("quarantine", "list"), ("exchange", "list"), ("evidence", "verify"), ("evidence", "head"), ("store", "digest"),
    ("status",), ("mapping", "list"), ("mapping", "check"),
]  # fmt: skip
REJECTION = {"source", "rule", "path", "message_fr", "message_en", "remedy_fr", "remedy_en"}


@pytest.fixture
def pupil(lived: World) -> Pupil:
    """A finishing pupil whose family said yes, with a code permanent and marks."""
    return next(
        pupil
        for pupil in lived.province.boards[0].pupils
        if pupil.answer
        and pupil.answer.given
        and pupil.code_permanent
        and pupil.marks
        and pupil.left_on is None
    )


def reference(lived: World, pupil: Pupil) -> str:
    return f"fiche:{lived.province.boards[0].code}|{pupil.fiche:07d}"


@pytest.mark.parametrize("words", READERS, ids=" ".join)
def test_json_is_one_document_wherever_it_is_asked_and_nothing_else(
    call_there: Call, words: tuple[str, ...]
) -> None:
    first, last = call_there("--json", *words), call_there(*words, "--json")

    assert first.document == last.document
    assert ("", "") == (first.err, last.err)
    assert first.code == last.code == call_there(*words).code
    assert call_there(*words, "--lang", "en").out


def test_quarantine_is_listed_with_remedies_and_asks_for_a_person(call_there: Call) -> None:
    answer = call_there("quarantine", "list", "--json")
    found = answer.document

    assert found
    assert 1 == answer.code
    assert all(REJECTION <= item.keys() for item in found)
    assert all({"system", "stream", "file", "row", "column"} <= item["source"].keys() for item in found)
    [some, *_] = found
    system = some["source"]["system"]
    assert [] == call_there("quarantine", "list", "--rule", "no-such-rule", "--json").document
    assert 0 == call_there("quarantine", "list", "--rule", "no-such-rule").code
    assert {system} == {
        item["source"]["system"]
        for item in call_there("quarantine", "list", "--system", system, "--json").document
    }


def test_one_record_in_quarantine_says_where_why_and_what_to_do(call_there: Call) -> None:
    [some, *_] = call_there("quarantine", "list", "--json").document
    shown = call_there("quarantine", "show", some["id"], "--json").document
    told = call_there("quarantine", "show", some["id"])

    assert some == {key: shown[key] for key in some}
    assert 0 == told.code
    assert all(word in told.out for word in ("Où : ", "Pourquoi : ", "Que faire : ", some["remedy_fr"]))
    assert "What to do: " in call_there("quarantine", "show", some["id"], "--lang", "en").out
    assert 2 == call_there("quarantine", "show", 999_999).code


def test_a_dossier_is_shown_whole_or_by_section_and_the_reading_is_written_down(
    call_there: Call, lived: World, pupil: Pupil
) -> None:
    before = entries(lived, "dossier.shown")
    whole = call_there("dossier", "show", reference(lived, pupil), "--json").document
    code = f"code-permanent|{pupil.code_permanent}"
    identity = call_there("dossier", "show", code, "--section", "identity", "--json")

    assert {"identity", "enrolment", "results_local", "consent"} <= whole["sections"].keys()
    assert {"identity"} == identity.document["sections"].keys()
    assert pupil.family_name == identity.document["sections"]["identity"][0]["family_name"]
    assert whole["person"] == identity.document["person"]
    assert before + 2 == entries(lived, "dossier.shown")

    empty = call_there("dossier", "show", whole["person"], "--section", "health", "--json")
    assert (0, {}) == (empty.code, empty.document["sections"])
    assert pupil.family_name in call_there("dossier", "show", whole["person"]).out


def test_a_person_whom_nobody_knows_is_not_repeated(call_there: Call) -> None:
    answer = call_there("dossier", "show", "code-permanent|TREJ05531000")

    assert (2, "") == (answer.code, answer.out)
    assert "personne n'a cet identifiant ici" in answer.err
    assert "TREJ" not in answer.err


def test_a_mark_is_traced_to_its_cell_mapping_and_version(
    call_there: Call, lived: World, pupil: Pupil
) -> None:
    who = reference(lived, pupil)
    answers = call_there("dossier", "why", who, "CourseResult.mark", "--json").document
    course, step = pupil.marks[0], next(iter(pupil.marks[0].steps))
    path = f"CourseResult[course={course.course},step={step}].mark"
    chosen = call_there("dossier", "why", who, path, "--json").document

    assert answers
    assert all(item["source"]["stream"] == "gpm_e_mat_ele" for item in answers)
    assert all(item["source"]["columns"][0].startswith("res_etape_") for item in answers)
    assert {("gpi/course_result@1", 1)} == {(item["mapping"], item["version"]) for item in answers}
    assert [f"res_etape_{step:02d}"] == sorted(
        {column for item in chosen for column in item["source"]["columns"]}
    )
    told = call_there("dossier", "why", who, "CourseResult.mark").out
    assert "lu dans gpi@762000, gpm_e_mat_ele, ligne " in told
    assert "correspondance gpi/course_result@1" in told


def test_a_coded_value_names_its_code_map_and_list(call_there: Call, lived: World, pupil: Pupil) -> None:
    [item] = call_there("dossier", "why", reference(lived, pupil), "Student.sex.code", "--json").document

    assert ("gpi/sex", "sex", ["sexe"], pupil.sex) == (
        item["code_map"], item["code_list"], item["source"]["columns"], item["value"],
    )  # fmt: skip


def test_a_path_where_nothing_stands_is_exit_1_and_says_so(
    call_there: Call, lived: World, pupil: Pupil
) -> None:
    words = ("dossier", "why", reference(lived, pupil), "CourseResult[step=29].mark")
    answer = call_there(*words)

    assert 1 == answer.code
    assert "Rien à ce chemin" in answer.out
    assert [] == call_there(*words, "--json").document


def test_a_value_with_brackets_is_shown_as_it_is(call_there: Call, lived: World, pupil: Pupil) -> None:
    """What rich would take for its own marks is somebody's value."""
    given = "document = jsonb_set(document, '{given_name}', '\"[red]Zoé[/red]\"')"
    with altered(lived, f"update resource_version set {given} where resource = 'Student'"):
        shown = call_there("dossier", "show", reference(lived, pupil), "--section", "identity").out
    assert "[red]Zoé[/red]" in shown


def test_a_consent_is_listed_withdrawn_once_and_then_refused(
    call_there: Call, lived: World, pupil: Pupil
) -> None:
    who = reference(lived, pupil)
    [consent] = [item for item in call_there("consent", "list", who, "--json").document if item["given"]]
    assert (None, ["identity", "results_local"]) == (consent["withdrawn_on"], consent["sections"])

    withdrawn = call_there("consent", "withdraw", consent["id"], "--day", "2026-02-16")
    said = "Retiré à partir du 2026-02-16; dès maintenant, rien ne part plus sur sa foi.\n"
    assert (0, said, "") == (withdrawn.code, withdrawn.out, withdrawn.err)
    again = call_there("consent", "withdraw", consent["id"], "--json")
    assert (1, "refused") == (again.code, again.document["error"]["code"])
    assert "2026-02-16" == next(
        item["withdrawn_on"] for item in call_there("consent", "list", who, "--json").document
        if item["id"] == consent["id"]
    )  # fmt: skip
    unknown = call_there("consent", "withdraw", "nothing/of/that/key")
    assert 2 == unknown.code
    assert "aucun consentement de cette clé" in unknown.err


def test_exchanges_are_listed_with_their_counts(call_there: Call) -> None:
    found = call_there("exchange", "list", "--run", "day-one", "--json").document

    assert {"done"} == {item["state"] for item in found}
    assert {"intake", "handoff", "ministry", "charge", "erp", "rl24"} >= {item["route"] for item in found}
    [gpi] = [item for item in found if item["system"] == "gpi@762000"]
    assert gpi["counts"]["mappings"]["gpi/student@1"]["read"] > 0
    assert [] == call_there("exchange", "list", "--run", "no-such-run", "--json").document


def test_the_digest_is_the_same_until_something_is_learnt(call_there: Call, lived: World) -> None:
    first = call_there("store", "digest").out.strip()

    assert first == call_there("store", "digest", "--json").document["digest"]
    with altered(lived, "update resource_version set document = '{}' where resource = 'Guardian'"):
        assert first != call_there("store", "digest").out.strip()


# Evidence


def test_evidence_verifies_here_and_as_an_export_elsewhere(call_there: Call, tmp_path: Path) -> None:
    export = tmp_path / "preuve.jsonl"
    assert 0 == call_there("evidence", "export", "--out", export).code
    here, there = (
        call_there("evidence", "verify", "--json"),
        call_there("evidence", "verify", export, "--json"),
    )

    assert here.document == there.document
    assert here.document["holds"]
    head = call_there("evidence", "head", "--json").document
    assert head in json.loads(export.read_text("utf-8").splitlines()[0])["heads"]
    alone = subprocess.run(
        [sys.executable, "-I", verifier.__file__, str(export)], capture_output=True, text=True, check=False
    )
    assert (0, "") == (alone.returncode, alone.stderr)
    assert [export] == list(tmp_path.glob("preuve*"))


def test_a_tampered_entry_is_exit_4_and_named(call_there: Call, lived: World) -> None:
    with altered(
        lived, "update evidence_entry set body = overlay(body placing 'X' from 40) where number = 5"
    ):
        answer, told = call_there("evidence", "verify"), call_there("evidence", "verify", "--json")

    assert (4, "") == (answer.code, answer.out)
    assert "preuve : rompue à l'inscription 5 (entry-altered)" in answer.err
    assert (4, "integrity") == (told.code, told.document["error"]["code"])
    assert 0 == call_there("evidence", "verify").code


def test_a_tampered_export_is_exit_4_and_what_is_no_export_is_exit_2(
    call_there: Call, tmp_path: Path
) -> None:
    export = tmp_path / "preuve.jsonl"
    call_there("evidence", "export", "--out", export)
    whole = export.read_bytes()
    export.write_bytes(whole.replace(b"intake.landed", b"intake.landEd", 1))
    assert 4 == call_there("evidence", "verify", export).code
    export.write_bytes(b"".join(whole.splitlines(keepends=True)[:3]))
    assert 4 == call_there("evidence", "verify", export).code

    for content in (b"", b"\xff\xfe", b"{}\n", b"[1]\n", b"not json"):
        export.write_bytes(content)
        answer = call_there("evidence", "verify", export)
        assert 2 == answer.code
        assert "ce n'est pas un export de preuve" in answer.err


def test_an_export_that_cannot_be_written_leaves_nothing(call_there: Call, tmp_path: Path) -> None:
    assert 2 == call_there("evidence", "export", "--out", tmp_path / "no" / "such" / "folder").code
    assert [] == list(tmp_path.glob("no*"))


def test_the_report_of_a_day_names_nobody(lived: World) -> None:
    with lived.hub.transaction() as connection:
        report = connection.scalar(sa.text("select report::text from day_run"))
    names = {f"{p.family_name}" for p in lived.province.boards[0].pupils if len(p.family_name) > 5}

    assert report
    assert [] == [name for name in names if name in report]


# Helpers


def entries(lived: World, kind: str) -> int:
    with lived.hub.transaction() as connection:
        found: Any = connection.scalar(
            sa.text("select count(*) from evidence_entry where kind = :kind"), {"kind": kind}
        )
    return int(found)


@contextmanager
def altered(lived: World, statement: str) -> Iterator[None]:
    """The database as after that statement, for a while: the rows of its table are put back."""
    table = statement.split()[1]
    with lived.hub.transaction() as connection:
        connection.execute(sa.text(f"create table kept_rows as table {table}"))
        assert connection.execute(sa.text(statement)).rowcount
    try:
        yield
    finally:
        with lived.hub.transaction() as connection:
            connection.execute(sa.text(f"delete from {table}"))
            connection.execute(sa.text(f"insert into {table} select * from kept_rows"))
            connection.execute(sa.text("drop table kept_rows"))


def test_a_social_insurance_number_is_covered_until_a_reason_is_given(lived: World, call_there: Call) -> None:
    board = lived.province.boards[0]
    payer_of = next(
        (pupil, pupil.guardians[pupil.care.payers[0][1]].social_insurance_number)
        for pupil in board.pupils
        if pupil.care and pupil.guardians[pupil.care.payers[0][1]].social_insurance_number
    )
    who, number = f"fiche:{board.code}|{payer_of[0].fiche:07d}", str(payer_of[1])
    whole = call_there("dossier", "show", who, "--json")
    finance = call_there("dossier", "show", who, "--section", "finance")
    why = call_there("dossier", "why", who, "ChildcareContract.social_insurance_number")
    told = call_there("dossier", "show", who, "--section", "finance", "--reveal", "appel du parent")

    assert "finance" not in whole.document["sections"]
    assert whole.document["not_shown"]["finance"] > 0
    assert not any(number in answer.out for answer in (whole, finance, why))
    assert "•••" in finance.out
    assert "•••" in why.out
    assert number in told.out
    with lived.hub.transaction() as connection:
        reasons = connection.scalars(
            sa.text(
                "select body::jsonb -> 'facts' ->> 'revealed_because' from evidence_entry where kind like 'dossier.%'"
            )
        )
        assert "appel du parent" in set(reasons)


def test_the_public_key_verifies_an_export_by_the_single_file(call_there: Call, tmp_path: Path) -> None:
    export, key = tmp_path / "evidence.jsonl", tmp_path / "hub.pem"
    assert 0 == call_there("evidence", "export", "--out", export).code
    key.write_text(call_there("evidence", "key").out)

    assert verifier.verify(export.read_bytes().splitlines(), trusted_key=key.read_bytes()).holds
    assert 0 == verifier.main([str(export), str(key)])
