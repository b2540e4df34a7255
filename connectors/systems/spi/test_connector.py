"""SPI against its live sandbox: a real server on loopback that gives plans a page at a time."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from canonical_model.errors import ConfigurationError, HubError, RetryableError
from connectors.kit import contract, load, sandbox
from connectors.kit.check import samples
from connectors.kit.declared import source as declared_source
from connectors.kit.installation import Installation
from connectors.kit.protocol import Source, Window
from connectors.kit.province.generate import generate
from connectors.kit.province.model import Province
from connectors.kit.province.plans import plan

DAY = date(2026, 2, 16)
WINDOW = Window(school_year=2025, day=DAY)
BOARD = "762000"
FOLDER = Path(__file__).parent


@pytest.fixture(scope="module")
def province() -> Province:
    """One board of four hundred pupils: some thirty plans."""
    return generate(7, students=400, boards=1, day=DAY)


@contextmanager
def running(province: Province, folder: Path, *faults: str) -> Iterator[sandbox.Running]:
    told = {"spi": frozenset(faults)} if faults else {}
    with sandbox.running(province, folder, systems=["spi"], faults=told) as made:
        yield made


@pytest.fixture(scope="module")
def spi(province: Province, tmp_path_factory: pytest.TempPathFactory) -> Iterator[sandbox.Running]:
    """The simulated SPI, without a fault."""
    with running(province, tmp_path_factory.mktemp("spi")) as made:
        yield made


@pytest.fixture(scope="module")
def installed(spi: sandbox.Running) -> Installation:
    return spi.installation(f"spi@{BOARD}")


def small_pages(installation: Installation) -> Source:
    """The connector as the manifest declares it, with pages of seven."""
    manifest = load.manifest("spi")
    return declared_source(replace(manifest, limits=replace(manifest.limits, page_rows=7)), installation)


def whole(source: Source, stream: str) -> pl.DataFrame:
    """All frames of a stream, as the gateway lands them; ends the pull."""
    try:
        return pl.concat(source.read(stream, WINDOW), how="diagonal")
    finally:
        source.close()


def test_every_stream_has_the_contract_s_columns_as_text_and_its_count_agrees(
    installed: Installation,
) -> None:
    streams = contract.read(FOLDER / "contract" / "streams.yaml")

    for name in load.manifest("spi").streams:
        frame = whole(load.source(installed), name)
        assert list(streams[name].names) == frame.columns
        assert {pl.String} == set(frame.dtypes)
        source = load.source(installed)
        assert source.count(name, WINDOW) == frame.height > 0
        source.close()


def test_a_plan_is_that_of_its_pupil_and_no_note_is_read(province: Province, installed: Installation) -> None:
    board = province.board(BOARD)
    truth = {str(p.fiche): found for p in board.pupils if (found := plan(province, board, p))}
    plans = whole(load.source(installed), "plans")

    assert truth.keys() == set(plans["id"])
    assert {found.number for found in truth.values()} == set(plans["number"])
    assert "notes" not in plans.columns
    assert not any("Notes" in str(value) for row in plans.rows() for value in row)


def test_means_and_reviews_stand_in_their_columns_and_the_absent_are_null(installed: Installation) -> None:
    objectives, plans = whole(load.source(installed), "objectives"), whole(load.source(installed), "plans")

    assert objectives["means_1"].null_count() == 0
    assert 0 < objectives["means_3"].null_count() < objectives.height
    assert plans["reviewed_on_3"].null_count() == plans.height


def test_small_pages_give_the_same_rows(installed: Installation) -> None:
    for stream in load.manifest("spi").streams:
        assert whole(load.source(installed), stream).equals(whole(small_pages(installed), stream))


def test_a_pull_that_was_cut_goes_on_after_its_last_page(installed: Installation) -> None:
    source = small_pages(installed)
    pages = source.pages("objectives", WINDOW)
    first, second = next(pages), next(pages)
    source.close()
    again = small_pages(installed)
    rest = list(again.pages("objectives", WINDOW, position=second.position))
    again.close()

    frames = [first.frame, second.frame, *(page.frame for page in rest)]
    assert pl.concat(frames).equals(whole(load.source(installed), "objectives"))


def test_since_the_cursor_only_what_changed_is_given(installed: Installation) -> None:
    plans = whole(load.source(installed), "plans")
    middle = plans["modified_at"][plans.height // 2]
    source = load.source(installed)
    later = pl.concat([page.frame for page in source.pages("plans", WINDOW, since=middle)])
    source.close()

    assert 0 < later.height < plans.height
    assert plans["id"].to_list()[-later.height :] == later["id"].to_list()


def test_the_planted_defects_are_there_to_be_found(spi: sandbox.Running, installed: Installation) -> None:
    planted = {kind: str(fiche) for kind, fiche in spi.systems[0].planted.items()}  # type: ignore[attr-defined]
    plans, objectives = whole(load.source(installed), "plans"), whole(load.source(installed), "objectives")

    assert planted["no-objective"] not in set(objectives["plan_id"])
    ended = plans.row(by_predicate=pl.col("id") == planted["ends-before-it-starts"], named=True)
    assert ended["ends_on"] < ended["starts_on"]
    assert "9999001" == plans.row(by_predicate=pl.col("id") == planted["unknown-fiche"], named=True)["fiche"]


def test_a_wrong_secret_stops_and_is_named_but_not_shown(installed: Installation) -> None:
    wrong = replace(installed, secrets={"client_secret": "not-the-secret"})

    with pytest.raises(ConfigurationError, match="client_secret") as caught:
        whole(load.source(wrong), "plans")

    assert "not-the-secret" not in caught.value.english + caught.value.french


def test_a_server_that_is_not_there_may_be_tried_again(installed: Installation) -> None:
    manifest = load.manifest("spi")
    away = replace(installed, address="http://127.0.0.1:1")
    source = declared_source(replace(manifest, limits=replace(manifest.limits, tries=1)), away)

    with pytest.raises(RetryableError, match=f"spi@{BOARD}"):
        whole(source, "plans")


@pytest.mark.parametrize("fault", ["busy", "429", "duplicate"])
def test_what_passes_leaves_no_trace(
    province: Province, installed: Installation, tmp_path: Path, fault: str
) -> None:
    with running(province, tmp_path, fault) as made:
        found = whole(small_pages(made.installation(f"spi@{BOARD}")), "plans")

    assert whole(load.source(installed), "plans").equals(found)


@pytest.mark.parametrize("fault", ["html200", "cut", "repeat-token", "encoding"])
def test_an_answer_that_cannot_be_right_is_refused(province: Province, tmp_path: Path, fault: str) -> None:
    manifest = load.manifest("spi")
    limits = replace(manifest.limits, page_rows=7, tries=1)
    with running(province, tmp_path, fault) as made:
        source = declared_source(replace(manifest, limits=limits), made.installation(f"spi@{BOARD}"))
        with pytest.raises(HubError, match="spi@"):
            whole(source, "objectives")


def test_a_key_under_another_name_is_named(province: Province, tmp_path: Path) -> None:
    with (
        running(province, tmp_path, "missing-column") as made,
        pytest.raises(ConfigurationError, match="plans/id is in no record"),
    ):
        whole(load.source(made.installation(f"spi@{BOARD}")), "plans")


def test_samples_have_the_contract_s_columns() -> None:
    told = load.manifest("spi")
    for name, stream in contract.read(FOLDER / "contract" / "streams.yaml").items():
        recorded = samples.frame(told, name, FOLDER / "samples" / f"{name}.json")
        assert [*stream.names] == recorded.columns
        assert recorded.height > 1
