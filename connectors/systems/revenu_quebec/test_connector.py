"""Revenu Québec against its live sandbox: a real folder, and a clerk who takes transmissions."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from canonical_model.errors import ConfigurationError, IntegrityError
from connectors.kit import load, sandbox
from connectors.kit.files.outgoing import Outgoing
from connectors.kit.installation import Installation
from connectors.kit.protocol import Delivery, Receipt
from connectors.kit.province.generate import generate
from connectors.systems.revenu_quebec.target import RevenuQuebecTarget

SYSTEM = "revenu_quebec@000003"
KEY = "25762000001"
FILE = f"{KEY}.xml"
SAMPLE = (Path(__file__).parent / "samples" / "releves.xml").read_bytes()
WRONG_NUMBER = SAMPLE.replace(b"240000025", b"240000026")


@contextmanager
def running(folder: Path, *faults: str) -> Iterator[Installation]:
    """The desk, open for the length of the block."""
    told = {SYSTEM: frozenset(faults)} if faults else {}
    province = generate(7, students=40, boards=1, day=date(2026, 2, 16))
    with sandbox.running(province, folder, systems=[SYSTEM], faults=told) as made:
        yield made.installation(SYSTEM)


def target(installation: Installation) -> RevenuQuebecTarget:
    """The target that the hub would make."""
    made = load.target(installation)
    assert isinstance(made, RevenuQuebecTarget)
    return made


def delivery(content: bytes = SAMPLE, *, key: str = KEY, slips: int = 2) -> Delivery:
    """One transmission."""
    return Delivery(key, (), (Outgoing("releves", content, slips),))


def sent_and_answered(made: RevenuQuebecTarget, content: bytes = SAMPLE) -> Receipt:
    """The desk's receipt, asked for until it is there."""
    made.deliver(delivery(content))
    for _ in range(200):
        if (found := made.fetch_return(KEY, {FILE: 2})) is not None:
            return found
        time.sleep(0.05)
    pytest.fail("no receipt came")


def dropped(folder: Path) -> set[str]:
    """What lies in the folder."""
    return {path.name for path in (folder / "revenu_quebec" / "000003" / "depot").iterdir() if path.is_file()}


def test_a_transmission_is_taken_and_each_slip_is_accounted_for(tmp_path: Path) -> None:
    with running(tmp_path) as installed:
        receipt = sent_and_answered(target(installed))

    assert ("RQ-000001", 2, ()) == (receipt.number, receipt.accepted, receipt.refused)


def test_a_refused_slip_is_named_by_its_rank(tmp_path: Path) -> None:
    with running(tmp_path) as installed:
        receipt = sent_and_answered(target(installed), WRONG_NUMBER)

    assert (1, ((f"{FILE}:2", "numero-de-releve"),)) == (receipt.accepted, receipt.refused)


def test_the_same_delivery_twice_is_one_transmission_and_another_under_its_name_is_refused(
    tmp_path: Path,
) -> None:
    with running(tmp_path) as installed:
        first = sent_and_answered(target(installed))
        assert first == target(installed).deliver(delivery())

        with pytest.raises(IntegrityError, match="another content"):
            target(installed).deliver(delivery(WRONG_NUMBER))
        assert set() == dropped(tmp_path)


def test_without_a_receipt_the_deposit_is_what_is_known(tmp_path: Path) -> None:
    with running(tmp_path, "never-ready") as installed:
        receipt = target(installed).deliver(delivery())

        assert (KEY, 2) == (receipt.number, receipt.accepted)
        assert {FILE, f"{FILE}.sha256"} == dropped(tmp_path)


@pytest.mark.parametrize(
    ("fault", "error"), [("duplicate", IntegrityError), ("encoding", ConfigurationError)]
)
def test_a_receipt_that_is_not_sound_is_refused(tmp_path: Path, fault: str, error: type[Exception]) -> None:
    with running(tmp_path, fault) as installed, pytest.raises(error):
        sent_and_answered(target(installed))


REAL = SAMPLE.replace(b"<TypeEnvoi>3<", b"<TypeEnvoi>1<")
CERTIFIED = REAL.replace(b"RQ-25-99-999", b"RQ-25-01-123")


@pytest.mark.parametrize(
    ("environment", "content"),
    [("production", SAMPLE), ("production", REAL), ("test", REAL), ("test", CERTIFIED)],
)
def test_a_file_of_the_other_environment_or_not_certified_is_never_dropped(
    tmp_path: Path, environment: str, content: bytes
) -> None:
    with running(tmp_path, "never-ready") as installed:
        told = target(replace(installed, options={"environment": environment}))
        with pytest.raises(ConfigurationError, match=f"not of the environment {environment}"):
            told.deliver(delivery(content))
        assert set() == dropped(tmp_path)


def test_a_certified_file_is_dropped_where_real_ones_go(tmp_path: Path) -> None:
    with running(tmp_path, "never-ready") as installed:
        target(replace(installed, options={})).deliver(delivery(CERTIFIED))

        assert {FILE, f"{FILE}.sha256"} == dropped(tmp_path)


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (delivery(key="NON-CERTIFIE_25762000001"), "its name is not"),
        (delivery(key="25762000000"), "its name is not"),
        (delivery(key="24762000001"), "its year or transmitter"),
        (delivery(key="25111111001"), "its year or transmitter"),
        (delivery(slips=3), "that many slips"),
        (delivery(b"<Transmission"), "not safe XML"),
        (delivery(b"<!DOCTYPE x><x/>"), "not safe XML"),
        (delivery(SAMPLE.replace(b"<R>", b"<A>", 1).replace(b"</R>", b"</A>", 1)), "of one kind"),
    ],
)
def test_a_mistaken_file_is_never_dropped(tmp_path: Path, made: Delivery, words: str) -> None:
    with running(tmp_path, "never-ready") as installed:
        with pytest.raises(ConfigurationError, match=words):
            target(installed).deliver(made)
        assert set() == dropped(tmp_path)


def test_an_unknown_environment_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"options\.environment"):
        target(Installation("revenu_quebec", "000003", str(tmp_path), {}, {"environment": "prod"}))
