"""GPI's web services against the live sandbox: what is read, page after page, and what is refused."""

import json
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import polars as pl
import pytest
import zeep
from lxml import etree
from zeep.wsse.username import UsernameToken

from canonical_model.errors import ConfigurationError, RetryableError
from connectors.kit import contract, load, safe_xml, sandbox
from connectors.kit.errors import PositionLostError
from connectors.kit.installation import Installation
from connectors.kit.protocol import Window
from connectors.kit.province.generate import generate
from connectors.kit.province.model import Province
from connectors.kit.pull import Landing, pull
from connectors.kit.sandbox import Running
from connectors.systems.gpi_web.source import GpiWebSource

FOLDER = Path(__file__).parent
NAMESPACE = "urn:passerelle:reference:gpi-web:1"
SYSTEM = "gpi_web@762000"
WINDOW = Window(school_year=2025, day=date(2026, 2, 16))
STREAMS = contract.read(FOLDER / "contract" / "streams.yaml")


@pytest.fixture(scope="module")
def province() -> Province:
    return generate(7, students=2200, boards=3, day=WINDOW.day)


@pytest.fixture(scope="module")
def running(province: Province, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with live(province, tmp_path_factory.mktemp("sandbox")) as made:
        yield made


@contextmanager
def live(province: Province, folder: Path, *faults: str) -> Iterator[Running]:
    told = {"gpi_web": frozenset(faults)}
    with sandbox.running(province, folder, systems=(SYSTEM,), faults=told) as made:
        yield made


@contextmanager
def speaking(right: Installation, address: str = "", **options: str) -> Iterator[GpiWebSource]:
    made = load.source(
        Installation(
            right.connector,
            right.organization,
            address or right.address,
            right.secrets,
            {**right.options, **options},
        )
    )
    assert isinstance(made, GpiWebSource)
    try:
        yield made
    finally:
        made.close()


def read(source: GpiWebSource, stream: str) -> pl.DataFrame:
    return pl.concat(source.read(stream, WINDOW))


@pytest.mark.parametrize("stream", STREAMS)
def test_every_record_is_read_as_text_in_the_order_of_its_key_and_counted(
    running: Running, stream: str
) -> None:
    key = list(load.manifest("gpi_web").streams[stream].key)
    with speaking(running.installation(SYSTEM)) as made:
        found = read(made, stream)
        count = made.count(stream, WINDOW)

    assert list(STREAMS[stream].names) == found.columns
    assert {pl.String} == set(found.dtypes)
    assert 0 < found.height == count
    assert found[key[0]].is_sorted()
    assert not found.select(key).is_duplicated().any()


def test_what_is_read_is_what_the_province_holds(running: Running, province: Province) -> None:
    pupils = province.board("762000").pupils
    with speaking(running.installation(SYSTEM)) as made:
        found, marks = read(made, "eleves"), read(made, "resultats")

    assert found.height > 500, "more than one page is wanted here"
    assert {f"{pupil.fiche:07d}": pupil.code_permanent for pupil in pupils} == dict(
        found.select("fiche", "code_permanent").iter_rows()
    )
    assert marks.height == sum(len(mark.steps) for pupil in pupils for mark in pupil.marks)


def test_an_interrupted_pull_goes_on_from_the_position_of_its_last_page(running: Running) -> None:
    with speaking(running.installation(SYSTEM)) as made:
        whole = list(made.pages("resultats", WINDOW))
    assert len(whole) > 2
    assert whole[-1].position is None
    with speaking(running.installation(SYSTEM)) as again:
        rest = list(again.pages("resultats", WINDOW, position=whole[0].position))

    assert pl.concat(page.frame for page in whole[1:]).equals(pl.concat(page.frame for page in rest))


def test_a_position_that_the_service_forgot_is_lost_and_the_landing_is_begun_anew(
    running: Running, tmp_path: Path
) -> None:
    landing = Landing(tmp_path / "marks")
    with speaking(running.installation(SYSTEM)) as source:
        with pytest.raises(PositionLostError):
            next(source.pages("resultats", WINDOW, position="invented"))
        told = load.manifest("gpi_web")
        pull(source, told, "resultats", WINDOW, landing=landing)
        at = json.loads((landing.folder / "checkpoint.json").read_text())
        kept = {**at, "pages": 1, "position": "invented", "complete": False}
        (landing.folder / "checkpoint.json").write_text(json.dumps(kept))
        again = pull(source, told, "resultats", WINDOW, landing=landing)

        assert again.rows == source.count("resultats", WINDOW)


def test_another_year_is_one_empty_frame_with_its_columns(running: Running) -> None:
    with speaking(running.installation(SYSTEM)) as made:
        frames = list(made.read("eleves", Window(2019, WINDOW.day)))

    assert [(0, list(STREAMS["eleves"].names))] == [(frame.height, frame.columns) for frame in frames]


def test_an_unknown_stream_is_refused(running: Running) -> None:
    with (
        speaking(running.installation(SYSTEM)) as made,
        pytest.raises(ConfigurationError, match="no such stream"),
    ):
        read(made, "horaires")


def test_a_wrong_secret_is_named_and_not_shown(province: Province, tmp_path: Path) -> None:
    with live(province, tmp_path, "wrong-secret") as bad:
        right = bad.installation(SYSTEM)
        with (
            speaking(right) as made,
            pytest.raises(ConfigurationError, match="secret password") as caught,
        ):
            made.count("eleves", WINDOW)

    assert right.secrets["password"] not in str(caught.value)


def test_a_partner_that_is_down_is_retryable(running: Running) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{free.getsockname()[1]}/gpi"
    with speaking(running.installation(SYSTEM), address) as made, pytest.raises(RetryableError):
        made.count("eleves", WINDOW)


@pytest.mark.parametrize(
    "fault", ["cut", "down", "encoding", "fault", "html200", "slow", "duplicate", "mutate"]
)
def test_a_fault_that_may_pass_is_retryable(province: Province, tmp_path: Path, fault: str) -> None:
    with (
        live(province, tmp_path, fault) as bad,
        speaking(bad.installation(SYSTEM), timeout_seconds="0.5") as made,
        pytest.raises(RetryableError),
    ):
        read(made, "resultats")


@pytest.mark.parametrize("fault", ["429", "busy", "cut-first"])
def test_a_fault_of_the_first_call_costs_one_more_try(province: Province, tmp_path: Path, fault: str) -> None:
    with live(province, tmp_path, fault) as bad, speaking(bad.installation(SYSTEM)) as made:
        assert made.count("eleves", WINDOW) > 0


def test_a_record_without_its_key_breaks_the_contract_and_is_named(
    province: Province, tmp_path: Path
) -> None:
    with (
        live(province, tmp_path, "missing-field") as bad,
        speaking(bad.installation(SYSTEM)) as made,
        pytest.raises(ConfigurationError, match="eleves/fiche:"),
    ):
        read(made, "eleves")


def test_pages_that_never_end_are_refused(province: Province, tmp_path: Path) -> None:
    with (
        live(province, tmp_path, "repeat-token") as bad,
        speaking(bad.installation(SYSTEM)) as made,
        pytest.raises(ConfigurationError, match="never end"),
    ):
        read(made, "resultats")


def test_a_site_lists_fewer_columns_and_an_unlisted_one_is_refused(running: Running, tmp_path: Path) -> None:
    own = tmp_path / "streams.yaml"
    told = (FOLDER / "contract" / "streams.yaml").read_text("utf-8")
    own.write_text(told.replace("      sexe: F, M or X\n", ""), "utf-8")
    with (
        speaking(running.installation(SYSTEM), contract=str(own)) as made,
        pytest.raises(ConfigurationError, match="eleves/sexe"),
    ):
        read(made, "eleves")


def test_columns_of_the_contract_are_the_elements_of_its_schema() -> None:
    schema = etree.parse(FOLDER / "contract" / "gpi_web.xsd")
    for stream in STREAMS.values():
        path = f"//xs:complexType[@name='{stream.named.capitalize()}']//xs:element/@name"
        found = schema.xpath(path, namespaces={"xs": "http://www.w3.org/2001/XMLSchema"})

        assert [column.named for column in stream.columns] == found


@pytest.mark.parametrize("stream", STREAMS)
def test_samples_and_live_answers_follow_the_contract(running: Running, tmp_path: Path, stream: str) -> None:
    """An rpc page has no element of its own: it is checked as one of the schema's type."""
    schema = (FOLDER / "contract" / "gpi_web.xsd").read_text("utf-8")
    checked = tmp_path / "page.xsd"
    checked.write_text(
        schema.replace("</xs:schema>", '<xs:element name="page" type="g:Page"/></xs:schema>'), "utf-8"
    )
    sample = safe_xml.parse((FOLDER / "samples" / f"{stream}.xml").read_bytes())
    asked = {"flux": stream, "annee": "2025", "taille": 50, "jeton": ""}
    with speaking(running.installation(SYSTEM)) as made:
        live_answer = made._client.element("ListerEnregistrements", **asked)
    for answer in (sample, live_answer):
        page = answer.find("page")
        assert page is not None
        page.tag = f"{{{NAMESPACE}}}page"

        assert [] == list(safe_xml.violations(safe_xml.schema(checked), page))


def test_a_client_that_is_not_ours_reads_page_after_page(running: Running) -> None:
    installation = running.installation(SYSTEM)
    token = UsernameToken("passerelle", installation.secrets["password"], use_digest=True)
    service = zeep.Client(f"{installation.address}?wsdl", wsse=token).service

    first = service.ListerEnregistrements(flux="eleves", annee="2025", taille=10, jeton="")
    second = service.ListerEnregistrements(flux="eleves", annee="2025", taille=10, jeton=first.jetonSuivant)

    assert [10, 10] == [len(first.eleve), len(second.eleve)]
    assert first.eleve[-1].fiche < second.eleve[0].fiche
    with pytest.raises(zeep.exceptions.Fault):
        service.ListerEnregistrements(flux="resultats", annee="2025", taille=10, jeton=first.jetonSuivant)
    with pytest.raises(zeep.exceptions.Fault, match="taille"):
        service.ListerEnregistrements(flux="resultats", annee="2025", taille=5000, jeton="")


def test_a_pull_is_fast_enough(running: Running) -> None:
    with speaking(running.installation(SYSTEM)) as made:
        made.count("resultats", WINDOW)  # the sandbox makes its records at the first call
        started = time.perf_counter()
        rows = read(made, "resultats").height

    assert rows / (time.perf_counter() - started) > 2_000
