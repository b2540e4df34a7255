"""Avant-garde against its live sandbox: what it reads, what it refuses; strangers can read it too."""

import socket
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import polars as pl
import pytest
import zeep
from lxml import etree
from zeep.wsse.username import UsernameToken

from canonical_model.errors import ConfigurationError, RetryableError
from connectors.kit import load, safe_xml, sandbox
from connectors.kit.installation import Installation
from connectors.kit.protocol import Window
from connectors.kit.province.generate import generate
from connectors.kit.province.model import Province
from connectors.kit.sandbox import Running
from connectors.systems.avant_garde import source
from connectors.systems.avant_garde.source import STREAMS, AvantGardeSource

FOLDER = Path(__file__).parent
NAMESPACE = "urn:passerelle:reference:avant-garde:1"
WINDOW = Window(school_year=2025, day=date(2026, 2, 16))
SYSTEM = "avant_garde@762000"


@pytest.fixture(scope="module")
def province() -> Province:
    return generate(7, students=600, boards=3, day=WINDOW.day)


@pytest.fixture(scope="module")
def running(province: Province, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with sandbox.running(province, tmp_path_factory.mktemp("sandbox"), systems=("avant_garde",)) as made:
        yield made


def connector(installation: Installation, **options: str) -> AvantGardeSource:
    made = load.source(
        Installation(
            installation.connector,
            installation.organization,
            installation.address,
            installation.secrets,
            {**installation.options, **options},
        )
    )
    assert isinstance(made, AvantGardeSource)
    return made


def read(installation: Installation, stream: str) -> pl.DataFrame:
    made = connector(installation)
    try:
        return pl.concat(made.read(stream, WINDOW))
    finally:
        made.close()


@pytest.mark.parametrize("stream", STREAMS)
def test_every_record_is_read_as_text_and_counted(running: Running, stream: str) -> None:
    found = read(running.installation(SYSTEM), stream)

    assert list(STREAMS[stream].columns) == found.columns
    assert {pl.String} == set(found.dtypes)
    assert 0 < found.height == connector(running.installation(SYSTEM)).count(stream, WINDOW)
    assert found.select(STREAMS[stream].key).null_count().sum_horizontal().sum() == 0
    keys = found.select(STREAMS[stream].key).rows()
    assert sorted(keys) == keys


def test_what_is_read_is_what_the_province_holds(running: Running, province: Province) -> None:
    cares = [pupil.care for pupil in province.board("762000").pupils if pupil.care]
    doubled = len(province.defects_of("762000", "duplicate-row"))
    assert doubled > 0

    days = read(running.installation(SYSTEM), "presences")
    payments = read(running.installation(SYSTEM), "paiements")

    assert days.height > 1000, "more than one page is wanted here"
    assert days.height == sum(len(care.days) for care in cares) + doubled
    assert days.filter(days.is_duplicated()).height == 2 * doubled
    truth = sum(payment.amount for care in cares for payment in care.payments)
    assert f"{truth:.2f}" == f"{payments['montant'].cast(pl.Decimal(12, 2)).sum():.2f}"


def test_a_fiche_that_the_board_does_not_have_is_read_as_it_is(running: Running, province: Province) -> None:
    planted = [item for item in province.defects if item.kind == "unknown-fiche"]
    assert planted
    for defect in planted:
        found = read(running.installation(f"avant_garde@{defect.board}"), "contrats")["fiche"].to_list()
        assert f"{defect.fiche:07d}" not in found
        assert f"{defect.fiche + 5_000_000:07d}" in found


def test_another_year_is_one_empty_frame_with_its_columns(running: Running) -> None:
    frames = list(connector(running.installation(SYSTEM)).read("contrats", Window(2019, WINDOW.day)))

    assert [list(STREAMS["contrats"].columns)] == [frame.columns for frame in frames]
    assert [0] == [frame.height for frame in frames]


def test_frames_gather_pages(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = list(connector(running.installation(SYSTEM)).read("presences", WINDOW))
    monkeypatch.setattr(source, "FRAME_ROWS", 500)
    paged = list(connector(running.installation(SYSTEM)).read("presences", WINDOW))

    assert len(whole) == 1 < len(paged)
    assert pl.concat(paged).equals(whole[0])


def test_an_unknown_stream_is_refused(running: Running) -> None:
    with pytest.raises(ConfigurationError, match="no such stream"):
        list(connector(running.installation(SYSTEM)).read("horaires", WINDOW))


def test_a_wrong_secret_is_named_and_is_a_persons_work(running: Running) -> None:
    right = running.installation(SYSTEM)
    wrong = Installation(
        right.connector, right.organization, right.address, {"password": "faux"}, right.options
    )

    with pytest.raises(ConfigurationError, match="secret password") as caught:
        connector(wrong).count("contrats", WINDOW)

    assert "faux" not in str(caught.value)


def test_a_board_cannot_sign_in_at_another(running: Running) -> None:
    own, other = running.installation(SYSTEM), running.installation("avant_garde@711000")
    crossed = Installation(own.connector, own.organization, other.address, own.secrets, own.options)

    with pytest.raises(ConfigurationError, match="sign-in was refused"):
        connector(crossed).count("contrats", WINDOW)


def test_a_service_that_is_down_is_retryable(running: Running) -> None:
    right = running.installation(SYSTEM)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{free.getsockname()[1]}/garde"
    down = Installation(right.connector, right.organization, address, right.secrets, right.options)

    with pytest.raises(RetryableError):
        connector(down).count("contrats", WINDOW)


@pytest.mark.parametrize("fault", ["slow", "cut", "fault", "html200"])
def test_a_service_that_misbehaves_on_the_wire_is_retryable(
    province: Province, tmp_path: Path, fault: str
) -> None:
    faults = {"avant_garde": frozenset({fault})}
    with (
        sandbox.running(province, tmp_path, systems=(SYSTEM,), faults=faults) as made,
        pytest.raises(RetryableError),
    ):
        connector(made.installation(SYSTEM), timeout_seconds="0.5").count("contrats", WINDOW)


def test_one_cut_answer_costs_a_second_try_and_nothing_else(province: Province, tmp_path: Path) -> None:
    faults = {"avant_garde": frozenset({"cut-first"})}
    with sandbox.running(province, tmp_path, systems=(SYSTEM,), faults=faults) as made:
        assert connector(made.installation(SYSTEM)).count("contrats", WINDOW) > 0


def test_pages_that_never_end_are_refused(province: Province, tmp_path: Path) -> None:
    faults = {"avant_garde": frozenset({"repeat-token"})}
    with (
        sandbox.running(province, tmp_path, systems=(SYSTEM,), faults=faults) as made,
        pytest.raises(ConfigurationError, match="never end"),
    ):
        list(connector(made.installation(SYSTEM)).read("presences", WINDOW))


def _element(inner: str, total: str = "1") -> etree._Element:
    return etree.fromstring(
        f'<ListerEnregistrementsReponse xmlns="{NAMESPACE}"><total>{total}</total>{inner}'
        "</ListerEnregistrementsReponse>"
    )


class _Told:
    """Stands where the SOAP client does (the seam of the kit) and gives the answers it was told."""

    def __init__(self, *answers: etree._Element) -> None:
        self._answers = iter(answers)

    def element(self, operation: str, **_: object) -> etree._Element:
        assert operation == "ListerEnregistrements"
        return next(self._answers)


def told(running: Running, *answers: etree._Element) -> AvantGardeSource:
    made = connector(running.installation(SYSTEM))
    made.close()
    made._client = _Told(*answers)  # type: ignore[assignment]
    return made


@pytest.mark.parametrize(
    ("inner", "field"),
    [
        ("<paiement><no_recu>1</no_recu><surprise>x</surprise></paiement>", "surprise"),
        ("<paiement><montant>1.00</montant></paiement>", "no_recu"),
        ("<paiement><no_recu/></paiement>", "no_recu"),
    ],
)
def test_a_record_that_breaks_the_contract_names_stream_and_field(
    running: Running, inner: str, field: str
) -> None:
    with pytest.raises(ConfigurationError, match=f"paiements/{field}:"):
        list(told(running, _element(inner)).read("paiements", WINDOW))


def test_a_total_that_changes_during_a_pull_asks_to_pull_again(running: Running) -> None:
    one = "<paiement><no_recu>{}</no_recu></paiement>"
    pages = (
        _element("<jetonSuivant>a</jetonSuivant>" + one.format(1), "2"),
        _element(one.format(2), "3"),
    )

    with pytest.raises(RetryableError, match="total changed"):
        list(told(running, *pages).read("paiements", WINDOW))


@pytest.mark.parametrize("second", ["<jetonSuivant>b</jetonSuivant>", ""])
def test_more_rows_than_the_total_or_an_empty_page_with_a_next_one_is_refused(
    running: Running, second: str
) -> None:
    row = "<paiement><no_recu>{}</no_recu></paiement>"
    first = row.format(1) + row.format(2) if not second else row.format(1)
    pages = (
        _element("<jetonSuivant>a</jetonSuivant>" + first, "1" if not second else "9"),
        _element(second, "1" if not second else "9"),
    )

    with pytest.raises(ConfigurationError, match="never end"):
        list(told(running, *pages).read("paiements", WINDOW))


def test_an_absent_total_is_refused(running: Running) -> None:
    with pytest.raises(ConfigurationError, match="total"):
        told(running, _element("", "beaucoup")).count("paiements", WINDOW)


def test_a_site_can_replace_the_contract(running: Running, tmp_path: Path) -> None:
    for name in ("garde.wsdl", "garde.xsd"):
        (tmp_path / name).write_bytes((FOLDER / "contract" / name).read_bytes())
    own = connector(running.installation(SYSTEM), contract=str(tmp_path))
    assert own.count("contrats", WINDOW) > 0

    with pytest.raises(ConfigurationError, match=r"garde\.wsdl"):
        connector(running.installation(SYSTEM), contract=str(tmp_path / "absent"))


def test_columns_and_keys_are_those_of_the_contract_and_the_manifest() -> None:
    schema = etree.parse(FOLDER / "contract" / "garde.xsd")
    names = {"xs": "http://www.w3.org/2001/XMLSchema"}
    manifest = load.manifest("avant_garde")

    assert {name: stream.key for name, stream in STREAMS.items()} == {
        name: told.key for name, told in manifest.streams.items()
    }
    for stream in STREAMS.values():
        path = f"//xs:complexType[@name='{stream.record.capitalize()}']//xs:element"
        found = schema.xpath(path, namespaces=names)
        assert isinstance(found, list)
        assert list(stream.columns) == [element.get("name") for element in found]  # type: ignore[union-attr]
        required = {element.get("name") for element in found if not element.get("minOccurs")}  # type: ignore[union-attr]
        assert set(stream.key) == required


def test_samples_and_the_sandboxs_answers_follow_the_contract(running: Running) -> None:
    checked = safe_xml.schema(FOLDER / "contract" / "garde.xsd")
    answers = [safe_xml.parse(path.read_bytes()) for path in (FOLDER / "samples").glob("*.xml")]
    assert len(answers) == 3
    client = connector(running.installation(SYSTEM))._client
    answers += [client.element("ListerEnregistrements", flux=stream, annee=2025) for stream in STREAMS]

    for answer in answers:
        assert [] == list(safe_xml.violations(checked, answer))


def test_a_client_that_is_not_ours_reads_page_after_page(running: Running) -> None:
    installation = running.installation(SYSTEM)
    token = UsernameToken("passerelle", installation.secrets["password"])
    service = zeep.Client(f"{installation.address}?wsdl", wsse=token).service

    first = service.ListerEnregistrements(flux="presences", annee=2025)
    second = service.ListerEnregistrements(flux="presences", annee=2025, jeton=first.jetonSuivant)

    assert len(first.presence) == 1000
    assert len(second.presence) > 0
    assert first.presence[0].fiche.isdecimal()
    with pytest.raises(zeep.exceptions.Fault):
        service.ListerEnregistrements(flux="contrats", annee=2025, jeton=first.jetonSuivant)


def test_a_pull_is_fast_enough(running: Running) -> None:
    made = connector(running.installation(SYSTEM))
    made.count("presences", WINDOW)  # the sandbox makes its records at the first call
    started = time.perf_counter()
    rows = sum(frame.height for frame in made.read("presences", WINDOW))

    assert rows / (time.perf_counter() - started) > 5_000
