"""Charlemagne against its live sandbox: lots, acknowledgements, return files, and what is refused."""

import base64
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import zeep
from zeep.wsse.username import UsernameToken

from canonical_model.errors import ConfigurationError, IntegrityError, RetryableError
from connectors.kit import load, safe_xml, sandbox
from connectors.kit.installation import Installation
from connectors.kit.protocol import Delivery, Receipt
from connectors.kit.province.generate import generate
from connectors.kit.province.model import Province, Pupil
from connectors.kit.sandbox import Running
from connectors.kit.soap import SoapFaultError
from connectors.systems.charlemagne.target import CharlemagneTarget, ReturnFile

FOLDER = Path(__file__).parent
SYSTEM = "charlemagne@000001"
BOARD = "762000"
LEVELS = {"PRESCHOOL": "PRE", "PRIMARY": "PRI", "SECONDARY": "SEC"}


@pytest.fixture(scope="module")
def province() -> Province:
    return generate(7, students=300, boards=3, day=date(2026, 2, 16))


@pytest.fixture
def running(province: Province, tmp_path: Path) -> Iterator[Running]:
    with live(province, tmp_path) as made:
        yield made


@contextmanager
def live(province: Province, folder: Path, *faults: str, wait: float = 0.0) -> Iterator[Running]:
    told = {"charlemagne": frozenset(faults)}
    with sandbox.running(province, folder, systems=(SYSTEM,), faults=told) as made:
        made.systems[0].return_seconds = wait  # type: ignore[attr-defined]
        yield made


def target(running: Running, **options: str) -> CharlemagneTarget:
    right = running.installation(SYSTEM)
    made = load.target(
        Installation(
            right.connector, right.organization, right.address, right.secrets, {**right.options, **options}
        )
    )
    assert isinstance(made, CharlemagneTarget)
    return made


def fields(pupil: Pupil, number: int, **changed: str) -> dict[str, str]:
    level = pupil.level.rstrip("0123456789")
    said = {
        "NO_TRANS": f"{number:06d}",
        "ORGNS": BOARD,
        "CD_PERM": pupil.code_permanent or "ZZZZ99999999",
        "NOM": pupil.family_name,
        "PRNOM": pupil.given_name,
        "DT_NAISS": pupil.birth_date.isoformat(),
        "SEXE": pupil.sex,
        "ECOLE": pupil.school.official,
        "NIVEAU": LEVELS[level] + pupil.level[len(level) :],
        "DT_DEB": pupil.enrolled_on.isoformat(),
    }
    return said | changed


def lot(key: str, *transactions: dict[str, Any], year: int = 2025) -> Delivery:
    made = [item if "kind" in item else {"kind": "T10", "fields": item} for item in transactions]
    content = {
        "school_year": year,
        "organization": BOARD,
        "code_lists": "2025-07-01",
        "transactions": made,
    }
    return Delivery(key, (), content)


def outcomes(returned: ReturnFile | None) -> list[tuple[str, str | None, str | None]]:
    assert returned is not None
    return [(item.state, item.code, item.field) for item in returned.outcomes]


def ordinary(province: Province) -> list[Pupil]:
    odd = {item.fiche for item in province.defects if item.board == BOARD}
    return [
        pupil
        for pupil in province.board(BOARD).pupils
        if pupil.fiche not in odd and pupil.code_permanent is not None
    ]


def planted(province: Province, kind: str) -> tuple[str, Pupil]:
    defect = next(item for item in province.defects if item.kind == kind)
    pupils = province.board(defect.board).pupils
    return defect.board, next(pupil for pupil in pupils if pupil.fiche == defect.fiche)


def test_a_lot_is_acknowledged_and_its_return_file_names_every_transaction(
    running: Running, province: Province
) -> None:
    pupils = ordinary(province)[:20]
    made = target(running)

    receipt = made.deliver(lot("LOT-1", *(fields(pupil, n) for n, pupil in enumerate(pupils, 1))))
    returned = made.fetch_return("LOT-1")

    assert (receipt.accepted, receipt.refused) == (20, ())
    assert receipt.number.startswith("AR-2025-")
    assert [("accepted", None, None)] * 20 == outcomes(returned)
    assert returned is not None
    assert [f"{n:06d}" for n in range(1, 21)] == [item.number for item in returned.outcomes]
    made.close()


def test_a_return_file_takes_its_time(province: Province, tmp_path: Path) -> None:
    with live(province, tmp_path, wait=60.0) as running:
        made = target(running)
        made.deliver(lot("LOT-1", fields(ordinary(province)[0], 1)))
        assert made.fetch_return("LOT-1") is None

        running.systems[0].return_seconds = 0.0  # type: ignore[attr-defined]
        assert [("accepted", None, None)] == outcomes(made.fetch_return("LOT-1"))


def test_the_same_lot_gets_the_same_acknowledgement_even_from_a_restarted_ministry(
    province: Province, tmp_path: Path
) -> None:
    delivery = lot("LOT-1", fields(ordinary(province)[0], 1))
    with live(province, tmp_path) as running:
        first = target(running).deliver(delivery)
        other = target(running).deliver(lot("LOT-2", fields(ordinary(province)[1], 1)))
    with live(province, tmp_path) as running:
        again = target(running).deliver(delivery)
        returned = target(running).fetch_return("LOT-1")

    assert first == again
    assert first.number != other.number
    assert [("accepted", None, None)] == outcomes(returned)


def test_a_lot_sent_from_two_sides_at_once_is_received_once(running: Running, province: Province) -> None:
    delivery = lot("LOT-1", *(fields(pupil, n) for n, pupil in enumerate(ordinary(province)[:30], 1)))

    def deliver(_: int) -> Receipt:
        return target(running).deliver(delivery)

    with ThreadPoolExecutor(4) as pool:
        receipts = list(pool.map(deliver, range(4)))

    assert {receipts[0].number} == {receipt.number for receipt in receipts}
    assert [("accepted", None, None)] * 30 == outcomes(target(running).fetch_return("LOT-1"))


def test_the_same_number_with_another_content_is_refused(running: Running, province: Province) -> None:
    first, second, *_ = ordinary(province)
    target(running).deliver(lot("LOT-1", fields(first, 1)))

    with pytest.raises(SoapFaultError) as caught:
        target(running).deliver(lot("LOT-1", fields(second, 1)))

    assert "LOT_DIFFERENT" == caught.value.fault


def test_the_ministry_refuses_and_corrects_by_its_own_register(running: Running, province: Province) -> None:
    someone, other, *_ = ordinary(province)
    rejected_board, rejected = planted(province, "ministry-rejects")
    corrected_board, corrected = planted(province, "ministry-corrects")
    made = target(running)

    made.deliver(
        lot(
            "LOT-1",
            fields(someone, 1, CD_PERM="ZZZZ67531000"),
            fields(someone, 2, DT_NAISS="2001-01-01"),
            fields(someone, 3, ECOLE="999999"),
            fields(rejected, 4, ORGNS=rejected_board),
            fields(corrected, 5, ORGNS=corrected_board),
            fields(other, 6),
            fields(other, 7),
        )
    )
    returned = made.fetch_return("LOT-1")

    assert [
        ("rejected", "E101", "CD_PERM"),
        ("rejected", "E102", "DT_NAISS"),
        ("rejected", "E105", "ECOLE"),
        ("rejected", "E102", "DT_NAISS"),
        ("corrected", "C201", "CD_PERM"),
        ("accepted", None, None),
        ("rejected", "E103", None),
    ] == outcomes(returned)
    assert returned is not None
    kept = returned.outcomes[4].correction
    assert kept is not None
    assert kept.value != corrected.code_permanent
    assert kept.value[:10] == (corrected.code_permanent or "")[:10]
    assert kept.value not in repr(returned.outcomes)
    assert kept.value not in repr(returned)


def test_an_accepted_declaration_is_modified_and_not_created_again(
    running: Running, province: Province
) -> None:
    someone, other, *_ = ordinary(province)
    made = target(running)
    made.deliver(lot("LOT-1", fields(someone, 41)))

    def modified(number: int, reference: str, pupil: Pupil = someone) -> dict[str, Any]:
        return {"kind": "T11", "fields": fields(pupil, number, REF_DECL=reference)}

    made.deliver(
        lot("LOT-2", fields(someone, 1), modified(2, "LOT-1-000041"), modified(3, "LOT-1-000042", other))
    )

    assert [
        ("rejected", "E103", None),
        ("accepted", None, None),
        ("rejected", "E104", "REF_DECL"),
    ] == outcomes(made.fetch_return("LOT-2"))


def test_a_modification_may_name_the_corrected_code(running: Running, province: Province) -> None:
    board, pupil = planted(province, "ministry-corrects")
    made = target(running)
    made.deliver(lot("LOT-1", fields(pupil, 1, ORGNS=board)))
    first = made.fetch_return("LOT-1")
    assert first is not None
    kept = first.outcomes[0].correction
    assert kept is not None

    mended = fields(pupil, 1, ORGNS=board, CD_PERM=kept.value, REF_DECL="LOT-1-000001")
    made.deliver(lot("LOT-2", {"kind": "T11", "fields": mended}))

    assert [("accepted", None, None)] == outcomes(made.fetch_return("LOT-2"))


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"CD_PERM": ""}, "CD_PERM"),
        ({"NIVEAU": "SEC9"}, "NIVEAU"),
        ({"DT_NAISS": "05/03/2010"}, "DT_NAISS"),
        ({"NOM": ""}, "NOM"),
        ({"FICHE": "0001234"}, "FICHE"),
    ],
)
def test_a_lot_that_breaks_its_schema_does_not_leave(
    running: Running, province: Province, changed: dict[str, str], named: str
) -> None:
    made = target(running)
    with pytest.raises(ConfigurationError, match=f"declaration.xsd/{named}") as caught:
        made.deliver(lot("LOT-1", fields(ordinary(province)[0], 1, **changed)))

    assert "05/03" not in str(caught.value)
    with pytest.raises(SoapFaultError) as unknown:
        made.fetch_return("LOT-1")
    assert "LOT_INCONNU" == unknown.value.fault


def test_an_empty_lot_does_not_leave(running: Running) -> None:
    with pytest.raises(ConfigurationError, match=r"declaration\.xsd"):
        target(running).deliver(lot("LOT-1"))


def test_a_school_year_without_a_contract_is_refused_by_name(running: Running, province: Province) -> None:
    with pytest.raises(ConfigurationError, match=r"2031/declaration\.xsd"):
        target(running).deliver(lot("LOT-1", fields(ordinary(province)[0], 1), year=2031))


def test_a_site_can_replace_the_contract(running: Running, province: Province, tmp_path: Path) -> None:
    own = tmp_path / "own"
    (own / "2025").mkdir(parents=True)
    for path in (FOLDER / "contract").rglob("*.*"):
        text = path.read_text("utf-8").replace('"[A-Z]{4}[0-9]{8}"', '"NOBODY"')
        (own / path.relative_to(FOLDER / "contract")).write_text(text, "utf-8")

    with pytest.raises(ConfigurationError, match=r"declaration\.xsd/CD_PERM"):
        target(running, contract=str(own)).deliver(lot("LOT-1", fields(ordinary(province)[0], 1)))


def test_a_wrong_secret_is_named_and_nothing_is_received(running: Running, province: Province) -> None:
    right = running.installation(SYSTEM)
    wrong = load.target(
        Installation(right.connector, right.organization, right.address, {"password": "faux"}, right.options)
    )
    with pytest.raises(ConfigurationError, match="secret password"):
        wrong.deliver(lot("LOT-1", fields(ordinary(province)[0], 1)))

    with pytest.raises(SoapFaultError):
        target(running).fetch_return("LOT-1")


def test_a_ministry_that_is_down_is_retryable(running: Running, province: Province) -> None:
    right = running.installation(SYSTEM)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{free.getsockname()[1]}/charlemagne"
    down = load.target(
        Installation(right.connector, right.organization, address, right.secrets, right.options)
    )

    with pytest.raises(RetryableError):
        down.deliver(lot("LOT-1", fields(ordinary(province)[0], 1)))


@pytest.mark.parametrize("fault", ["slow", "cut", "fault", "html200"])
def test_a_ministry_that_misbehaves_on_the_wire_is_retryable(
    province: Province, tmp_path: Path, fault: str
) -> None:
    with live(province, tmp_path, fault) as running, pytest.raises(RetryableError):
        target(running, timeout_seconds="0.5").deliver(lot("LOT-1", fields(ordinary(province)[0], 1)))


def test_an_acknowledgement_lost_on_the_way_is_given_again(province: Province, tmp_path: Path) -> None:
    with live(province, tmp_path, "cut-first") as running:
        made = target(running)
        receipt = made.deliver(lot("LOT-1", fields(ordinary(province)[0], 1)))

        assert receipt == made.deliver(lot("LOT-1", fields(ordinary(province)[0], 1)))
        assert [("accepted", None, None)] == outcomes(made.fetch_return("LOT-1"))


def test_an_unknown_lot_has_no_return_file(running: Running) -> None:
    with pytest.raises(SoapFaultError) as caught:
        target(running).fetch_return("LOT-9")

    assert "LOT_INCONNU" == caught.value.fault


def test_samples_follow_the_contract() -> None:
    for name in ("declaration", "retour"):
        checked = safe_xml.schema(FOLDER / "contract" / "2025" / f"{name}.xsd")
        sample = safe_xml.parse((FOLDER / "samples" / "2025" / f"{name}.xml").read_bytes())
        assert [] == list(safe_xml.violations(checked, sample))


class _Answering:
    """Stands where the SOAP client does (the seam of the kit) and answers every call the same."""

    def __init__(self, **answer: object) -> None:
        self._answer = type("Answer", (), answer)

    def call(self, *_: object, **__: object) -> Any:
        return self._answer


@pytest.mark.parametrize(
    ("file", "expected", "words"),
    [
        (b"", ConfigurationError, "not-xml"),
        (b"<!DOCTYPE x><RETOUR/>", ConfigurationError, "document-type"),
        (b"<RETOUR/>", ConfigurationError, "ANNEE"),
        (b"REP><NO_TRANS>9</NO_TRANS><ETAT>PEUT-ETRE</ETAT></REP>", ConfigurationError, "ETAT"),
        (b"NB_TRANS>7</NB_TRANS>", IntegrityError, "was cut"),
        (b"NO_LOT>AUTRE</NO_LOT>", IntegrityError, "another lot"),
    ],
)
def test_a_return_file_that_is_not_the_right_one_is_refused(
    running: Running, file: bytes, expected: type[Exception], words: str
) -> None:
    sample = (FOLDER / "samples" / "2025" / "retour.xml").read_bytes()
    name = file.partition(b">")[0]
    if file and not file.startswith(b"<"):  # the sample with its first such element replaced
        start = sample.index(b"<" + name + b">") + 1
        end = sample.index(b"</" + name + b">") + len(name) + 3
        file = sample[:start] + file + sample[end:]
    made = target(running)
    made.__dict__["_client"] = _Answering(etat="PRET", fichier=file)

    with pytest.raises(expected, match=words) as caught:
        made.fetch_return("762000-2025-EXEMPLE1")

    assert "PEUT-ETRE" not in str(caught.value)


def test_an_acknowledgement_of_another_count_stops_everything(running: Running, province: Province) -> None:
    made = target(running)
    made.__dict__["_client"] = _Answering(noAccuse="AR-1", nombre=2)

    with pytest.raises(IntegrityError, match="1 transactions were sent and 2"):
        made.deliver(lot("LOT-1", fields(ordinary(province)[0], 1)))


def test_a_client_that_is_not_ours_deposits_a_lot_and_reads_its_return(running: Running) -> None:
    installation = running.installation(SYSTEM)
    token = UsernameToken("passerelle", installation.secrets["password"])
    service = zeep.Client(f"{installation.address}?wsdl", wsse=token).service
    sample = (FOLDER / "samples" / "2025" / "declaration.xml").read_bytes()

    answer = service.DeposerLot(noLot="762000-2025-EXEMPLE2", annee=2025, organisme="762000", fichier=sample)
    returned = service.ObtenirRetour(noLot="762000-2025-EXEMPLE2")

    assert 2 == answer.nombre
    assert "PRET" == returned.etat
    assert 2 == returned.fichier.count(b"<CD_ERR>E101</CD_ERR>")
    with pytest.raises(zeep.exceptions.Fault, match="ENTETE"):
        service.DeposerLot(noLot="AUTRE", annee=2025, organisme="762000", fichier=sample)
    with pytest.raises(zeep.exceptions.Fault, match="school year"):
        service.DeposerLot(noLot="AUTRE", annee=2031, organisme="762000", fichier=sample)
    with pytest.raises(zeep.exceptions.Fault, match="not-xml"):
        service.DeposerLot(noLot="AUTRE", annee=2025, organisme="762000", fichier=base64.b64encode(sample))
