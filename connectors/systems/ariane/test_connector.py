"""Ariane against its live sandbox: what is asked, answered, signed, and what is refused."""

import logging
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any, cast

import pytest

from canonical_model.errors import ConfigurationError, HubError, IntegrityError, RetryableError
from canonical_model.released import Released
from connectors.kit import load, safe_xml, sandbox
from connectors.kit.installation import Installation
from connectors.kit.protocol import Delivery
from connectors.kit.province.generate import generate
from connectors.kit.province.model import Province, Pupil
from connectors.kit.sandbox import Running
from connectors.kit.soap import SoapFaultError
from connectors.kit.soap_server import pairs
from connectors.systems.ariane.target import ArianeTarget

FOLDER = Path(__file__).parent
SYSTEM = "ariane@000001"
BOARD = "762000"
PERSON = cast("Released", object())  # only gateway.consent makes a true one; the target counts them


@pytest.fixture(scope="module")
def province() -> Province:
    return generate(7, students=300, boards=3, day=date(2026, 2, 16))


@pytest.fixture(scope="module")
def pupil(province: Province) -> Pupil:
    return next(pupil for pupil in province.board(BOARD).pupils if pupil.code_permanent)


@pytest.fixture
def running(province: Province, tmp_path: Path) -> Iterator[Running]:
    with live(province, tmp_path) as made:
        yield made


@contextmanager
def live(province: Province, folder: Path, *faults: str) -> Iterator[Running]:
    told = {"ariane": frozenset(faults)}
    with sandbox.running(province, folder, systems=(SYSTEM,), faults=told) as made:
        yield made


@contextmanager
def speaking(right: Installation, address: str = "", **options: str) -> Iterator[ArianeTarget]:
    made = load.target(
        Installation(
            right.connector,
            right.organization,
            address or right.address,
            right.secrets,
            {**right.options, **options},
        )
    )
    assert isinstance(made, ArianeTarget)
    try:
        yield made
    finally:
        made.close()


def identity(pupil: Pupil, **changed: str) -> dict[str, str]:
    said = {
        "family_name": pupil.family_name,
        "given_name": pupil.given_name,
        "birth_date": pupil.birth_date.isoformat(),
        "sex": pupil.sex,
    }
    return said | changed


def inquiry(pupil: Pupil, **changed: str) -> Delivery:
    content = {
        "organization": BOARD,
        "identity": identity(pupil, **changed),
        "code_permanent": pupil.code_permanent,
    }
    return Delivery("Q1", (PERSON,), content)


def lot(key: str, kind: str, *requests: Mapping[str, Any]) -> Delivery:
    made = [{"number": f"D{n}", "proof": "ACTE_NAISSANCE", **item} for n, item in enumerate(requests, 1)]
    return Delivery(key, (PERSON,) * len(made), {"organization": BOARD, "kind": kind, "requests": made})


def test_a_pupil_is_found_and_confirmed_by_identity(running: Running, pupil: Pupil) -> None:
    with speaking(running.installation(SYSTEM)) as made:
        found = made.search(inquiry(pupil, family_name=pupil.family_name.upper()))
        confirmed = made.confirm(inquiry(pupil))

    assert [("EXACTE", pupil.code_permanent)] == [
        (item.agreement, item.code_permanent) for item in found.candidates if item.agreement == "EXACTE"
    ]
    assert not found.more
    assert ("CONFIRME", (), None) == (confirmed.state, confirmed.fields, confirmed.replaced_by)


def test_a_pupil_of_another_given_name_resembles_and_does_not_agree(running: Running, pupil: Pupil) -> None:
    with speaking(running.installation(SYSTEM)) as made:
        found = made.search(inquiry(pupil, given_name="Zzyzx"))
        nobody = made.search(inquiry(pupil, given_name="Zzyzx", family_name="Zzyzx"))

    assert {"PARTIELLE"} == {item.agreement for item in found.candidates}
    assert () == nobody.candidates


def test_what_differs_is_named_and_not_shown(running: Running, pupil: Pupil) -> None:
    with speaking(running.installation(SYSTEM)) as made:
        confirmed = made.confirm(inquiry(pupil, given_name="Zzyzx", birth_date="1999-01-01"))

    assert ("DIFFERENT", ("prenom", "dateNaissance")) == (confirmed.state, confirmed.fields)
    assert "Confirmation(…)" == repr(confirmed)


def test_a_new_pupil_gets_a_code_and_a_known_one_keeps_his(running: Running, pupil: Pupil) -> None:
    new = identity(pupil, given_name="Zoé-Nouvelle", birth_date="2010-03-05", sex="F")
    delivery = lot("L1", "ATTRIBUTION", {"identity": identity(pupil)}, {"identity": new})
    with speaking(running.installation(SYSTEM)) as made:
        receipt = made.deliver(delivery)
        known, attributed = made.answers("L1", ["D1", "D2"]) or ()

    assert (2, ()) == (receipt.accepted, receipt.refused)
    assert ("EXISTANT", pupil.code_permanent) == (known.state, known.code_permanent)
    assert "ATTRIBUE" == attributed.state
    assert "675310" == (attributed.code_permanent or "")[4:10]  # 5 + 62, 3 + 50, 10


def test_a_corrected_birth_date_gives_another_code_and_a_notice(running: Running, pupil: Pupil) -> None:
    asked = {
        "identity": identity(pupil, birth_date="2009-12-31"),
        "code_permanent": pupil.code_permanent,
    }
    with speaking(running.installation(SYSTEM)) as made:
        assert () == made.replacements(BOARD, 0)
        made.deliver(lot("L1", "CORRECTION", asked))
        (answer,) = made.answers("L1", ["D1"]) or ()
        notices = made.replacements(BOARD, 0)
        after = made.replacements(BOARD, notices[0].number)
        confirmed = made.confirm(inquiry(pupil))

    assert ("CORRIGE", pupil.code_permanent) != (answer.state, answer.code_permanent)
    assert [(pupil.code_permanent, answer.code_permanent)] == [
        (item.code_permanent, item.replaced_by) for item in notices
    ]
    assert () == after
    assert ("REMPLACE", answer.code_permanent) == (confirmed.state, confirmed.replaced_by)


@pytest.mark.parametrize(
    ("kind", "changed", "error"),
    [
        ("ATTRIBUTION", {"proof": "PHOTO"}, "PIECE_INCONNUE"),
        ("ATTRIBUTION", {"code_permanent": "ZZZZ01010100"}, "CODE_NON_ATTENDU"),
        ("CORRECTION", {}, "CODE_ABSENT"),
        ("CORRECTION", {"code_permanent": "ZZZZ01010100"}, "CODE_INCONNU"),
    ],
)
def test_a_request_that_ariane_refuses_says_why(
    running: Running, pupil: Pupil, kind: str, changed: dict[str, str], error: str
) -> None:
    with speaking(running.installation(SYSTEM)) as made:
        made.deliver(lot("L1", kind, {"identity": identity(pupil), **changed}))
        (answer,) = made.answers("L1", ["D1"]) or ()

    assert ("REFUSE", None, error) == (answer.state, answer.code_permanent, answer.error)


def test_the_same_lot_gets_the_same_acknowledgement_after_a_restart_and_another_content_none(
    province: Province, tmp_path: Path, pupil: Pupil
) -> None:
    delivery = lot("L1", "ATTRIBUTION", {"identity": identity(pupil, given_name="Nouveau")})
    with live(province, tmp_path) as first, speaking(first.installation(SYSTEM)) as made:
        receipt = made.deliver(delivery)
        code = [item.code_permanent for item in made.answers("L1", ["D1"]) or ()]
    with live(province, tmp_path) as again, speaking(again.installation(SYSTEM)) as made:
        assert receipt == made.deliver(delivery)
        assert code == [item.code_permanent for item in made.answers("L1", ["D1"]) or ()]
        with pytest.raises(SoapFaultError) as caught:
            made.deliver(lot("L1", "ATTRIBUTION", {"identity": identity(pupil, given_name="Autre")}))

    assert "LOT_DIFFERENT" == caught.value.fault


def test_a_lot_that_nobody_deposited_has_no_answers(running: Running) -> None:
    with speaking(running.installation(SYSTEM)) as made, pytest.raises(SoapFaultError) as caught:
        made.answers("L9", [])

    assert "LOT_INCONNU" == caught.value.fault


def test_a_lot_in_hand_has_no_answers_yet(province: Province, tmp_path: Path, pupil: Pupil) -> None:
    with live(province, tmp_path, "never-ready") as slow, speaking(slow.installation(SYSTEM)) as made:
        made.deliver(lot("L1", "ATTRIBUTION", {"identity": identity(pupil)}))

        assert made.answers("L1", ["D1"]) is None


def test_an_answer_that_leaves_a_request_out_is_refused(
    province: Province, tmp_path: Path, pupil: Pupil
) -> None:
    with live(province, tmp_path, "short-return") as short, speaking(short.installation(SYSTEM)) as made:
        made.deliver(lot("L1", "ATTRIBUTION", {"identity": identity(pupil)}))

        with pytest.raises(IntegrityError, match="account for"):
            made.answers("L1", ["D1"])


@pytest.mark.parametrize("count", [0, 51])
def test_a_lot_of_none_or_too_many_is_refused_before_it_leaves(
    running: Running, pupil: Pupil, count: int
) -> None:
    with speaking(running.installation(SYSTEM)) as made:
        with pytest.raises(ConfigurationError, match="from 1 to 50"):
            made.deliver(lot("L1", "ATTRIBUTION", *[{"identity": identity(pupil)}] * count))
        with pytest.raises(SoapFaultError):
            made.answers("L1", [])  # it never came


def test_nobody_is_named_without_a_release(running: Running, pupil: Pupil) -> None:
    asked = Delivery("Q1", (), inquiry(pupil).content)
    with speaking(running.installation(SYSTEM)) as made:
        for call in (made.search, made.confirm):
            with pytest.raises(ConfigurationError, match="released"):
                call(asked)


def test_a_wrong_secret_is_named(province: Province, tmp_path: Path, pupil: Pupil) -> None:
    with (
        live(province, tmp_path, "wrong-secret") as other,
        speaking(other.installation(SYSTEM)) as made,
        pytest.raises(ConfigurationError, match="secret private_key"),
    ):
        made.confirm(inquiry(pupil))


def test_an_answer_of_an_impostor_is_refused(running: Running, tmp_path: Path, pupil: Pupil) -> None:
    (tmp_path / "impostor.pem").write_bytes(pairs.make("ariane").certificate)
    with (
        speaking(running.installation(SYSTEM), partner_certificate=str(tmp_path / "impostor.pem")) as made,
        pytest.raises(ConfigurationError, match="not signed"),
    ):
        made.confirm(inquiry(pupil))


def test_a_partner_that_is_down_is_retryable(running: Running, pupil: Pupil) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{free.getsockname()[1]}/ariane"
    with (
        speaking(running.installation(SYSTEM), address) as made,
        pytest.raises(RetryableError),
    ):
        made.confirm(inquiry(pupil))


@pytest.mark.parametrize("fault", ["cut", "down", "encoding", "fault", "html200", "slow"])
def test_a_register_that_misbehaves_on_the_wire_may_be_tried_again(
    province: Province, tmp_path: Path, pupil: Pupil, fault: str
) -> None:
    with (
        live(province, tmp_path, fault) as bad,
        speaking(bad.installation(SYSTEM), timeout_seconds="0.5") as made,
        pytest.raises(RetryableError),
    ):
        made.confirm(inquiry(pupil))


@pytest.mark.parametrize("fault", ["429", "busy", "cut-first"])
def test_a_fault_of_the_first_call_costs_one_more_try(
    province: Province, tmp_path: Path, pupil: Pupil, fault: str
) -> None:
    with live(province, tmp_path, fault) as bad, speaking(bad.installation(SYSTEM)) as made:
        assert "CONFIRME" == made.confirm(inquiry(pupil)).state


def test_samples_follow_the_contract() -> None:
    checked = safe_xml.schema(FOLDER / "contract" / "ariane.xsd")
    samples = sorted((FOLDER / "samples").glob("*.xml"))

    assert 5 == len(samples)
    for path in samples:
        assert [] == list(safe_xml.violations(checked, safe_xml.parse(path.read_bytes())))


def test_no_message_holds_a_person(
    province: Province, tmp_path: Path, pupil: Pupil, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    said: list[str] = []
    for number, fault in enumerate(("fault", "wrong-secret", "html200", "never-ready")):
        with (
            live(province, tmp_path / str(number), fault) as bad,
            speaking(bad.installation(SYSTEM)) as made,
        ):
            for call in (made.search, made.confirm):
                try:
                    said.append(repr(call(inquiry(pupil))))
                except HubError as error:
                    said += [error.english, error.french]
    said += [record.getMessage() for record in caplog.records]

    words = (pupil.family_name, pupil.given_name, pupil.code_permanent or "", "PRIVATE KEY")
    assert [] == [text for text in said if any(word in text for word in words)]
