"""Mozaïk-Finances by files against its live sandbox: a real folder, and an import job that keeps the same books."""

import csv
import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from canonical_model.errors import ConfigurationError, IntegrityError, RetryableError
from connectors.kit import contract, load, sandbox, sftp_server
from connectors.kit.errors import PartnerRefusedError
from connectors.kit.files.sftp import fingerprint
from connectors.kit.installation import Installation
from connectors.kit.protocol import Delivery, Receipt
from connectors.kit.province.generate import generate
from connectors.kit.sandbox import Running
from connectors.systems.mozaik_finances.file_way import rendered

BOARD = "762000"
SYSTEM = f"mozaik_finances@{BOARD}"
NUMBER = "GARDE-762000-000001"
FOLDER = load.SYSTEMS / "mozaik_finances"
AT_ONCE = {"return_seconds": "0"}


@contextmanager
def running(folder: Path, *faults: str) -> Iterator[tuple[Running, Installation]]:
    """The ERP, and its folder as the site would install it."""
    told = {SYSTEM: frozenset(faults)} if faults else {}
    province = generate(7, students=30, boards=1, day=date(2026, 2, 16))
    with sandbox.running(province, folder, systems=[SYSTEM], faults=told) as made:
        yield made, installed(folder / "mozaik_finances" / BOARD / "depot")


def installed(depot: Path, **options: str) -> Installation:
    """A folder installed as an ERP."""
    return Installation("mozaik_finances", BOARD, depot.resolve().as_uri(), {}, options)


def wire() -> dict[str, Any]:
    """The journal of the sample, in the contract's words."""
    found: dict[str, Any] = json.loads((FOLDER / "samples" / "journal.json").read_text())
    return found


def content(**changed: Any) -> dict[str, Any]:
    """The same, as the hub hands it over."""
    held = wire()
    lines = [
        {"account": line["compte"], "debit": line["debit"], "credit": line["credit"]}
        for line in held["lignes"]
    ]
    return {
        "number": held["numero"], "organization": held["organisme"], "fiscal_year": held["exercice"],
        "day": held["date_ecriture"], "currency": held["devise"], "total_debit": held["total_debit"],
        "total_credit": held["total_credit"], "lines": lines,
    } | changed  # fmt: skip


def post(installation: Installation, document: dict[str, Any]) -> Receipt:
    """Deliver one journal as the gateway does."""
    target = load.target(installation)
    try:
        return target.deliver(Delivery(key=document["number"], released=(), content=document))
    finally:
        target.close()


def lying(depot: Path) -> list[str]:
    """The files that wait in a folder."""
    return sorted(path.name for path in depot.iterdir() if path.is_file())


def books(made: Running) -> tuple[tuple[str, ...], dict[str, int]]:
    """What the ERP posted."""
    erp: Any = made.systems[0]
    return erp.journals(), erp.balances()


def test_the_sample_is_what_is_dropped_and_has_the_columns_of_the_contract() -> None:
    sample = (FOLDER / "samples" / "journal.csv").read_bytes()
    (stream,) = contract.read(FOLDER / "contract" / "journal.yaml").values()

    assert sample == rendered(wire())
    assert tuple(sample.decode().splitlines()[0].split(";")) == stream.names


def test_each_line_repeats_the_control_totals_and_they_add_up() -> None:
    rows = list(csv.DictReader(rendered(wire()).decode().splitlines(), delimiter=";"))

    def cents(amount: str) -> int:
        return int(amount.replace(".", ""))

    assert {("705.70", "705.70", "5")} == {
        (row["total_debit"], row["total_credit"], row["lignes"]) for row in rows
    }
    assert 70570 == sum(cents(row["debit"]) for row in rows) == sum(cents(row["credit"]) for row in rows)


def test_a_journal_by_file_is_posted_once_and_its_receipt_adds_up(tmp_path: Path) -> None:
    with running(tmp_path) as (made, folder):
        receipt = post(folder, content())

        assert ("MF-762000-D-000001", 5, ()) == (receipt.number, receipt.accepted, receipt.refused)
        assert ((NUMBER,), 10570) == (books(made)[0], books(made)[1]["762-1-00000-113100"])


def test_the_same_journal_by_file_gives_the_same_receipt_even_after_the_erp_was_restarted(
    tmp_path: Path,
) -> None:
    with running(tmp_path) as (_, folder):
        first = post(folder, content())
    with running(tmp_path) as (made, folder):
        assert first == post(folder, content())
        assert (NUMBER,) == books(made)[0]


def test_the_same_journal_by_both_ways_is_posted_once(tmp_path: Path) -> None:
    with running(tmp_path) as (made, folder):
        post(made.installation(SYSTEM), content())
        once = books(made)

        assert 5 == post(folder, content()).accepted
        assert once == books(made)


def test_until_the_erp_answers_the_journal_waits_and_is_dropped_once(tmp_path: Path) -> None:
    depot = installed(tmp_path, **AT_ONCE)
    for _ in range(2):
        with pytest.raises(RetryableError, match="return file is not there yet"):
            post(depot, content())

    digest = hashlib.sha256(rendered(wire())).hexdigest()
    name = f"{NUMBER}.{digest[:12]}.csv"
    assert [name, f"{name}.sha256"] == lying(tmp_path)
    assert f"{digest}  {name}\n# rows: 5\n" == (tmp_path / f"{name}.sha256").read_text()


def test_killed_before_the_marker_the_next_call_finishes_the_same_file(tmp_path: Path) -> None:
    with running(tmp_path) as (made, folder):
        depot = tmp_path / "mozaik_finances" / BOARD / "depot"
        body = rendered(wire())
        (depot / f"{NUMBER}.{hashlib.sha256(body).hexdigest()[:12]}.csv").write_bytes(body)

        assert 5 == post(folder, content()).accepted
        assert (NUMBER,) == books(made)[0]


def test_an_erp_that_never_answers_may_be_told_to_be_content_with_the_deposit(tmp_path: Path) -> None:
    depot = installed(tmp_path, receipt="deposit", **AT_ONCE)
    first = post(depot, content())

    assert first == post(depot, content())
    assert (5, ()) == (first.accepted, first.refused)
    assert first.number.startswith(f"{NUMBER}.")


def test_another_journal_under_the_same_number_by_file_is_an_integrity_error_and_changes_nothing(
    tmp_path: Path,
) -> None:
    with running(tmp_path) as (made, folder):
        post(folder, content())
        before = books(made)

        with pytest.raises(IntegrityError, match=NUMBER):
            post(folder, content(day="2026-02-17"))
        assert before == books(made)


@pytest.mark.parametrize(
    ("problem", "changed"),
    [
        ("journal-desequilibre", {"total_credit": "705.69"}),
        ("organisme-different", {"organization": "711000"}),
        ("exercice-different", {"fiscal_year": "20242025"}),
        ("json-invalide", {"currency": "USD"}),
    ],
)
def test_a_wrong_journal_by_file_is_refused_by_name_and_leaves_no_trace(
    tmp_path: Path, problem: str, changed: dict[str, Any]
) -> None:
    with running(tmp_path) as (made, folder):
        with pytest.raises(PartnerRefusedError) as refusal:
            post(folder, content(**changed))

        assert (422, problem) == (refusal.value.status, refusal.value.problem)
        assert () == books(made)[0]


def test_a_mended_journal_of_the_same_number_goes_after_a_refusal(tmp_path: Path) -> None:
    with running(tmp_path, "unknown-account") as (made, folder):
        with pytest.raises(PartnerRefusedError, match="compte-inconnu"):
            post(folder, content())
        mended = content()
        mended["lines"][0]["account"] = "762-1-00000-111101"

        assert 5 == post(folder, mended).accepted
        assert (NUMBER,) == books(made)[0]


@pytest.mark.parametrize(
    "changed",
    [
        lambda text: text.replace("A;\r\n", "R;autre\r\n", 1),
        lambda text: text.rsplit("\r\n", 2)[0] + "\r\n",
        lambda text: text.replace("MF-1", "MF-2", 1),
    ],
    ids=["one line refused", "one line missing", "two numbers"],
)
def test_an_answer_about_half_a_journal_is_an_integrity_error(tmp_path: Path, changed: Any) -> None:
    name = f"{NUMBER}.{hashlib.sha256(rendered(wire())).hexdigest()[:12]}"
    lines = [f"MF-1;{name}.csv;{rank};A;" for rank in range(1, 6)]
    text = changed("\r\n".join(["recu;fichier;ligne;etat;motif", *lines, ""]))
    answer = tmp_path / "retour" / f"RETOUR_{name}.csv"
    answer.parent.mkdir()
    answer.write_bytes(text.encode())
    digest = hashlib.sha256(text.encode()).hexdigest()
    (answer.parent / f"{answer.name}.sha256").write_text(f"{digest}  {answer.name}\n")

    with pytest.raises(IntegrityError):
        post(installed(tmp_path, **AT_ONCE), content())


def test_a_return_file_in_another_encoding_is_refused(tmp_path: Path) -> None:
    with running(tmp_path, "encoding") as (_, folder), pytest.raises(ConfigurationError):
        post(folder, content())


def test_a_delivery_by_file_that_names_a_person_is_not_dropped(tmp_path: Path) -> None:
    target = load.target(installed(tmp_path))
    with pytest.raises(ConfigurationError, match="no person"):
        target.deliver(Delivery(key=NUMBER, released=(object(),), content=content()))  # type: ignore[arg-type]
    target.close()

    assert [] == lying(tmp_path)


@pytest.mark.parametrize(
    ("options", "words"),
    [({"receipt": "never"}, r"options\.receipt"), ({"return_seconds": "-1"}, r"options\.return_seconds")],
)
def test_a_wrong_option_is_named(tmp_path: Path, options: dict[str, str], words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        load.target(installed(tmp_path, **options))


def test_over_sftp_the_same_folder_takes_the_same_journal_once(tmp_path: Path) -> None:
    key, port = sftp_server.host_key("invented"), sftp_server.free_port()
    user = sftp_server.SftpUser("passerelle", password="invented")
    with running(tmp_path) as (made, folder):
        depot = tmp_path / "mozaik_finances" / BOARD / "depot"
        with sftp_server.serve(depot, user, key=key, port=port):
            far = replace(
                folder, address=f"sftp://passerelle@{sftp_server.HOST}:{port}/",
                secrets={"password": "invented"}, options={"host_key": fingerprint(key)},
            )  # fmt: skip

            assert post(far, content()) == post(folder, content())
            assert (NUMBER,) == books(made)[0]


def test_rest_without_its_secret_stops_and_names_it(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="client_secret"):
        load.target(replace(installed(tmp_path), address="https://erp.example.org/finances"))


def test_an_address_of_neither_way_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="sftp://"):
        load.target(replace(installed(tmp_path), address="ftp://erp.example.org/journaux"))
