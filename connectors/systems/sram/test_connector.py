"""SRAM against its live sandbox: a real SFTP server, a clerk who takes lots and answers."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from canonical_model.errors import ConfigurationError, HubError, IntegrityError, RetryableError
from connectors.kit import load, sandbox
from connectors.kit.files.outgoing import Outgoing
from connectors.kit.files.sftp import HostKeyError
from connectors.kit.installation import Installation
from connectors.kit.protocol import Delivery, Receipt
from connectors.kit.province.generate import generate
from connectors.kit.province.model import Province
from connectors.systems.sram.target import SramTarget

SYSTEM = "sram@000002"
KEY = "2026-02-16.762000"
SENT = {f"DEMANDES_{KEY}.txt": 3, f"RESULTATS_{KEY}.txt": 1}
FOLDER = Path(__file__).parent


@pytest.fixture(scope="module")
def province() -> Province:
    """Forty pupils of two boards."""
    return generate(7, students=40, boards=2, day=date(2026, 2, 16))


def codes(province: Province) -> list[str]:
    """Two codes permanents of the province, and one of nobody."""
    known = [pupil.code_permanent for pupil in province.boards[0].pupils if pupil.code_permanent]
    return [*known[:2], "ZZZZ01010199"]


def lot(province: Province) -> tuple[Outgoing, ...]:
    """Three applicants and one mark, at the contract's places."""
    people = codes(province)
    applicants = "".join(
        f"107620007620102025{code}{'':9}{'Côté':<40}{'Zoé':<40}20090305F\r\n" for code in people
    )
    mark = f"207620007620102025{people[0]}{'132506':<10}{'51':<10}01{'82.5':>6}{'':6}N\r\n"
    return (
        Outgoing("applicant", applicants.encode("windows-1252"), 3),
        Outgoing("school_result", mark.encode("windows-1252"), 1),
    )


def delivery(content: object) -> Delivery:
    """A delivery about somebody; who it is, the target does not ask."""
    return Delivery(KEY, (object(),), content)  # type: ignore[arg-type]


@contextmanager
def running(province: Province, folder: Path, *faults: str) -> Iterator[Installation]:
    """SRAM, up for the length of the block."""
    told = {SYSTEM: frozenset(faults)} if faults else {}
    with sandbox.running(province, folder, systems=[SYSTEM], faults=told) as made:
        yield made.installation(SYSTEM)


@contextmanager
def opened(installation: Installation) -> Iterator[SramTarget]:
    """The target that the hub would make, closed at the end."""
    made = load.target(installation)
    assert isinstance(made, SramTarget)
    try:
        yield made
    finally:
        made.close()


def answered(target: SramTarget) -> Receipt:
    """SRAM's answer, asked for until it is there."""
    for _ in range(200):
        if (found := target.fetch_return(KEY, SENT)) is not None:
            return found
        time.sleep(0.05)
    pytest.fail("SRAM did not answer")


def sent_and_answered(target: SramTarget, province: Province) -> Receipt:
    """Deliver the lot and wait for the answer, which may be there at once."""
    target.deliver(delivery(lot(province)))
    return answered(target)


def taken(folder: Path) -> set[str]:
    """What SRAM keeps."""
    return {path.name for path in (folder / "sram" / "000002" / "depot" / "archive").iterdir()}


def test_a_lot_is_taken_and_each_record_is_accounted_for(province: Province, tmp_path: Path) -> None:
    with running(province, tmp_path) as installed, opened(installed) as target:
        target.deliver(delivery(lot(province)))
        receipt = answered(target)

    assert ("SRAM-000001", 3) == (receipt.number, receipt.accepted)
    assert ((f"DEMANDES_{KEY}.txt:3", "code-permanent-inconnu"),) == receipt.refused
    assert {*SENT, f"{KEY}.sha256"} == taken(tmp_path)


def test_the_same_delivery_twice_is_one_lot_even_after_a_restart(province: Province, tmp_path: Path) -> None:
    with running(province, tmp_path) as installed, opened(installed) as target:
        target.deliver(delivery(lot(province)))
        first = answered(target)
    with running(province, tmp_path) as installed, opened(installed) as target:
        again = target.deliver(delivery(lot(province)))

    assert first == again
    assert 3 == len(taken(tmp_path))


def test_another_lot_under_the_same_key_is_refused(province: Province, tmp_path: Path) -> None:
    with running(province, tmp_path) as installed, opened(installed) as target:
        target.deliver(delivery(lot(province)))
        answered(target)
        applicants = lot(province)[0]
        shorter = Outgoing("applicant", applicants.content[:130], 1)

        with pytest.raises(IntegrityError, match="another content"):
            target.deliver(delivery((shorter,)))


@pytest.mark.parametrize(
    ("content", "rows", "line"),
    [
        (b"10" + b" " * 126 + b"\r\n" + b"10\r\n", 2, 2),
        (b"20" + b" " * 126 + b"\r\n", 1, 1),
        (b"10" + b" " * 126, 1, 1),
        (b"10" + b" " * 126 + b"\r\n", 2, 2),
    ],
)
def test_a_line_that_is_not_of_the_contract_never_leaves(
    province: Province, tmp_path: Path, content: bytes, rows: int, line: int
) -> None:
    with running(province, tmp_path) as installed, opened(installed) as target:
        with pytest.raises(ConfigurationError, match=f"applicant, line {line}:"):
            target.deliver(delivery((Outgoing("applicant", content, rows),)))
        assert [] == list((tmp_path / "sram" / "000002" / "depot").iterdir())


def test_a_lot_about_nobody_released_never_leaves(province: Province, tmp_path: Path) -> None:
    with running(province, tmp_path) as installed, opened(installed) as target:
        with pytest.raises(ConfigurationError, match="released people"):
            target.deliver(Delivery(KEY, (), lot(province)))
        assert [] == list((tmp_path / "sram" / "000002" / "depot").iterdir())


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("duplicate", IntegrityError),
        ("encoding", ConfigurationError),
        ("slow", RetryableError),
        ("cut", RetryableError),
    ],
)
def test_a_return_file_that_is_not_sound_is_refused_by_name_or_may_be_tried_again(
    province: Province, tmp_path: Path, fault: str, error: type[HubError]
) -> None:
    with running(province, tmp_path, fault) as installed:
        hurried = replace(installed, options={**installed.options, "timeout_seconds": "0.5"})
        with opened(hurried) as target, pytest.raises(error):
            sent_and_answered(target, province)


def test_a_server_that_is_down_may_be_tried_again(province: Province, tmp_path: Path) -> None:
    with (
        running(province, tmp_path, "down") as installed,
        opened(installed) as target,
        pytest.raises(RetryableError, match="does not answer"),
    ):
        target.deliver(delivery(lot(province)))


def test_another_host_key_stops_and_nothing_is_sent(province: Province, tmp_path: Path) -> None:
    with running(province, tmp_path, "host-key") as installed, opened(installed) as target:
        with pytest.raises(HostKeyError, match="another host key"):
            target.deliver(delivery(lot(province)))
        assert [] == list((tmp_path / "sram" / "000002" / "depot").iterdir())


def test_a_wrong_secret_is_named(province: Province, tmp_path: Path) -> None:
    with (
        running(province, tmp_path) as installed,
        opened(replace(installed, secrets={"password": "another"})) as target,
        pytest.raises(ConfigurationError, match="refused the user, password or key"),
    ):
        target.deliver(delivery(lot(province)))


def test_a_site_signs_in_by_password_or_by_key_and_must_have_one(tmp_path: Path) -> None:
    pinned = {"host_key": "SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}
    site = Installation("sram", "000002", "sftp://passerelle@depot.example.org/recus", {}, pinned)
    for secrets in ({"password": "invented"}, {"private_key": "invented"}):
        load.target(replace(site, secrets=secrets)).close()

    with pytest.raises(ConfigurationError, match="password"):
        load.target(site)


def test_a_site_s_contract_of_another_form_is_named(province: Province, tmp_path: Path) -> None:
    path = tmp_path / "site.yaml"
    path.write_text("streams: {applicant: {named: A, columns: {type: Type}}}\n")
    with running(province, tmp_path) as installed:
        told = replace(installed, options={**installed.options, "contract": str(path)})
        with pytest.raises(ConfigurationError, match=r"site\.yaml"):
            SramTarget(told)


@pytest.mark.parametrize(
    ("kind", "width"), [("applicant", 128), ("school_result", 65), ("ministry_result", 101)]
)
def test_samples_have_the_contract_s_width(kind: str, width: int) -> None:
    lines = (FOLDER / "samples" / f"{kind}.txt").read_bytes().split(b"\r\n")

    assert {width} == {len(line) for line in lines[:-1]}
    assert b"" == lines[-1]
