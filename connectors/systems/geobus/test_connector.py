"""Geobus against its live sandbox: a real drop folder in Windows-1252, with what-if plans and faulty rows."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from canonical_model.errors import ConfigurationError, RetryableError
from connectors.kit import contract, files, load, sandbox
from connectors.kit.formats import Format
from connectors.kit.installation import Installation
from connectors.kit.protocol import Window
from connectors.kit.province.generate import generate
from connectors.kit.province.model import Province
from connectors.kit.province.transport import transported

DAY = date(2026, 2, 16)
WINDOW = Window(school_year=2025, day=DAY)
BOARD = "762000"
FOLDER = Path(__file__).parent
STREAMS = ("geo_v_trsp", "geo_e_ele", "geo_e_bloc", "geo_e_adr", "geo_b_bat")


@pytest.fixture(scope="module")
def province() -> Province:
    """One board of three hundred pupils."""
    return generate(7, students=300, boards=1, day=DAY)


def install(province: Province, folder: Path, *faults: str) -> Installation:
    """The board's simulated Geobus, prepared, as systems.yaml would install it."""
    told = {"geobus": frozenset(faults)} if faults else {}
    (entry,) = sandbox.prepare(province, folder, port=1, systems=["geobus"], faults=told)
    return sandbox.installation(entry)


def planted(province: Province, folder: Path) -> dict[str, str]:
    """The file number of each defect that the sandbox plants, as its files write it."""
    (made,) = sandbox.find(province, folder, systems=["geobus"])
    return {kind: str(fiche) for kind, fiche in made.planted.items()}  # type: ignore[attr-defined]


def whole(installation: Installation, stream: str, window: Window = WINDOW) -> pl.DataFrame:
    """All frames of a stream, by a connector made anew."""
    source = load.source(installation)
    frame = pl.concat(source.read(stream, window), how="diagonal")
    source.close()
    return frame


def test_every_stream_has_the_contract_s_columns_as_text_and_its_count_agrees(
    province: Province, tmp_path: Path
) -> None:
    installed = install(province, tmp_path)
    source = load.source(installed)

    for name, stream in contract.read(FOLDER / "contract" / "files.yaml").items():
        frame = whole(installed, name)
        assert [*stream.names, "_fault"] == frame.columns
        assert {pl.String} == set(frame.dtypes)
        assert source.count(name, WINDOW) == frame.height > 0
    source.close()
    assert set(STREAMS) == set(load.manifest("geobus").streams)


def test_who_rides_is_who_lives_far_and_shared_custody_has_two_addresses(
    province: Province, tmp_path: Path
) -> None:
    board = province.board(BOARD)
    truth = {str(p.fiche): transported(province, board, p) for p in board.pupils}
    addresses = whole(install(province, tmp_path), "geo_e_adr").filter(pl.col("simul") == "0")
    held = dict(addresses.group_by("fiche").len().iter_rows())

    assert {fiche: len(blocks) for fiche, blocks in truth.items() if blocks} == held
    assert {1, 2} == set(held.values())
    categories = {p.school.category for p in board.pupils if str(p.fiche) in held}
    assert {"PRI"} == categories


def test_a_plan_that_is_not_official_is_there_and_says_so(province: Province, tmp_path: Path) -> None:
    assert {"0", "1"} == set(whole(install(province, tmp_path), "geo_v_trsp")["simul"])


def test_times_are_whole_numbers_of_hours_and_minutes(province: Province, tmp_path: Path) -> None:
    frame = whole(install(province, tmp_path), "geo_v_trsp")
    times = frame["emb_hrepassage_1"].drop_nulls().cast(pl.Int32)

    assert [775] == times.filter(times % 100 > 59).to_list()
    assert times.min() == times.filter(times < 800).min()


def test_accents_are_read_in_windows_1252_and_a_line_in_another_encoding_is_set_aside(
    province: Province, tmp_path: Path
) -> None:
    installed = install(province, tmp_path)
    foreign = planted(province, tmp_path)["encoding"]
    pupils, addresses = whole(installed, "geo_e_ele"), whole(installed, "geo_e_adr")
    faulty = addresses.filter(pl.col("_fault").is_not_null())

    truth = {str(pupil.fiche): pupil.family_name for pupil in province.board(BOARD).pupils}
    encodable = {
        fiche: name
        for fiche, name in pupils.select("fiche", "nom").iter_rows()
        if truth[fiche].encode("windows-1252", "replace").decode("windows-1252") == truth[fiche]
    }
    assert encodable == {fiche: truth[fiche] for fiche in encodable}
    assert any(not name.isascii() for name in encodable.values())
    assert {foreign} == set(faulty["fiche"])
    assert {"wrong-encoding"} == set(faulty["_fault"])


def test_the_planted_defects_are_there_to_be_found(province: Province, tmp_path: Path) -> None:
    installed, carries = install(province, tmp_path), planted(province, tmp_path)
    rides = whole(installed, "geo_v_trsp").filter(pl.col("simul") == "0")

    def first(kind: str) -> dict[str, str | None]:
        return rides.filter(pl.col("fiche") == carries[kind]).row(0, named=True)

    assert "2" == first("stop-kind")["emb_typestop_1"]
    assert (None, "1") == (first("no-route")["noparc_1"], first("no-route")["ordre_1"])
    assert "775" == first("not-a-time")["emb_hrepassage_1"]
    twice = rides.group_by("org", "fiche", "annee", "simul", "bloc", "per").len().filter(pl.col("len") > 1)
    assert [carries["fifth-leg"]] == twice["fiche"].to_list()
    assert carries["unknown-pupil"] not in whole(installed, "geo_e_ele")["fiche"].to_list()
    assert carries["unknown-pupil"] in whole(installed, "geo_e_adr")["fiche"].to_list()


def test_dropping_again_writes_the_same_bytes(province: Province, tmp_path: Path) -> None:
    def content() -> list[bytes]:
        folder = files.folder(install(province, tmp_path))
        return [path.read_bytes() for path in sorted(folder.iterdir())]

    first = content()

    assert 10 == len(first)
    assert first == content()


def test_a_line_cut_short_is_set_aside(province: Province, tmp_path: Path) -> None:
    frame = whole(install(province, tmp_path, "ragged"), "geo_e_bloc")

    assert "ragged-row" == frame["_fault"][-1]
    assert frame["_fault"].null_count() == frame.height - 1


def test_a_file_still_being_written_is_not_read_and_the_others_are(
    province: Province, tmp_path: Path
) -> None:
    installed = install(province, tmp_path, "writing")

    assert whole(installed, "geo_e_ele").height > 0
    with pytest.raises(RetryableError, match="GEO_E_ADR"):
        whole(installed, "geo_e_adr")


def test_an_empty_folder_may_be_tried_again(province: Province, tmp_path: Path) -> None:
    with pytest.raises(RetryableError, match=f"geobus@{BOARD}"):
        whole(install(province, tmp_path, "down"), "geo_v_trsp")


def test_a_column_with_another_name_is_named_with_the_one_that_looks_like_it(
    province: Province, tmp_path: Path
) -> None:
    with pytest.raises(ConfigurationError, match=r"droittrsp is missing; droittransp"):
        whole(install(province, tmp_path, "missing-column"), "geo_v_trsp")


def test_a_folder_that_is_not_there_stops(province: Province, tmp_path: Path) -> None:
    installed = replace(install(province, tmp_path), address=str(tmp_path / "nowhere"))

    with pytest.raises(ConfigurationError, match="drop folder is absent"):
        whole(installed, "geo_e_ele")


def test_samples_have_the_contract_s_columns() -> None:
    told = load.manifest("geobus")
    for name, stream in contract.read(FOLDER / "contract" / "files.yaml").items():
        file = told.streams[name].file
        assert file is not None
        layout = Format.from_text(file.format, place=name)
        recorded = files.read_any(FOLDER / "samples" / f"{name}.csv", layout)
        assert [*stream.names, "_row", "_fault"] == recorded.columns
        assert recorded["_fault"].null_count() == recorded.height > 0
