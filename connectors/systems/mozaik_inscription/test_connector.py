"""Mozaïk-Inscription against its live sandbox: a real drop folder, one line in another encoding."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from canonical_model.errors import ConfigurationError, RetryableError
from connectors.kit import contract, files, load, sandbox
from connectors.kit.installation import Installation
from connectors.kit.protocol import Window
from connectors.kit.province.generate import generate
from connectors.kit.province.model import Province

DAY = date(2026, 2, 16)
WINDOW = Window(school_year=2025, day=DAY)
STREAM = "consentements"
FOLDER = Path(__file__).parent


@pytest.fixture(scope="module")
def province() -> Province:
    """Three hundred pupils: one answer is planted in Windows-1252."""
    return generate(7, students=300, boards=3, day=DAY)


def install(province: Province, folder: Path, board: str, *faults: str) -> Installation:
    """One board's simulated portal, prepared, as systems.yaml would install it."""
    name = f"mozaik_inscription@{board}"
    (entry,) = sandbox.prepare(
        province, folder, port=1, systems=[name], faults={name: frozenset(faults)} if faults else {}
    )
    return sandbox.installation(entry)


def drop(installation: Installation) -> Path:
    """The file of the day."""
    return files.folder(installation) / f"{STREAM}_{DAY}.csv"


def whole(installation: Installation, window: Window = WINDOW) -> pl.DataFrame:
    """All frames of the stream, by a connector made anew."""
    return pl.concat(load.source(installation).read(STREAM, window), how="diagonal")


def test_every_answer_is_read_and_the_marker_s_count_agrees(province: Province, tmp_path: Path) -> None:
    installed = install(province, tmp_path, "762000")
    truth = {p.answer.number for p in province.board("762000").pupils if p.answer is not None}

    frame = whole(installed)

    assert [
        *contract.read(FOLDER / "contract" / "consentements.yaml")[STREAM].names,
        "_fault",
    ] == frame.columns
    assert {pl.String} == set(frame.dtypes)
    assert truth == set(frame["no_consentement"])
    assert load.source(installed).count(STREAM, WINDOW) == frame.height == len(truth)


def test_a_line_in_another_encoding_is_set_aside_and_the_others_are_read(
    province: Province, tmp_path: Path
) -> None:
    (defect,) = [item for item in province.defects if item.kind == "windows-1252"]

    frame = whole(install(province, tmp_path, defect.board))

    assert [f"{defect.fiche:07d}"] == frame.filter(pl.col("_fault") == "not-utf-8")["fiche"].to_list()
    assert frame["_fault"].null_count() == frame.height - 1


def test_a_line_cut_short_is_set_aside(province: Province, tmp_path: Path) -> None:
    frame = whole(install(province, tmp_path, "762000", "ragged"))

    assert "ragged-row" == frame["_fault"][-1]
    assert frame["reponse"][-1] is None
    assert frame.height == load.source(install(province, tmp_path, "762000")).count(STREAM, WINDOW)


def test_reading_twice_gives_the_same_rows(province: Province, tmp_path: Path) -> None:
    installed = install(province, tmp_path, "711000")

    assert whole(installed).equals(whole(installed))


def test_dropping_again_writes_the_same_bytes(province: Province, tmp_path: Path) -> None:
    first = drop(install(province, tmp_path, "711000")).read_bytes()

    assert first == drop(install(province, tmp_path, "711000")).read_bytes()


def test_a_file_still_being_written_is_not_read(province: Province, tmp_path: Path) -> None:
    with pytest.raises(RetryableError, match="still being written"):
        whole(install(province, tmp_path, "762000", "writing"))


def test_a_file_without_its_marker_is_not_read(province: Province, tmp_path: Path) -> None:
    installed = install(province, tmp_path, "762000")
    drop(installed).with_name(f"{drop(installed).name}.sha256").unlink()

    with pytest.raises(RetryableError, match="still being written"):
        whole(installed)


def test_an_empty_folder_may_be_tried_again(province: Province, tmp_path: Path) -> None:
    with pytest.raises(RetryableError, match="no file was dropped"):
        whole(install(province, tmp_path, "762000", "down"))


def test_a_later_day_reads_the_last_file_and_an_earlier_one_does_not_see_it(
    province: Province, tmp_path: Path
) -> None:
    installed = install(province, tmp_path, "762000")

    assert whole(installed, Window(2025, date(2026, 2, 20))).height > 0
    with pytest.raises(RetryableError):
        whole(installed, Window(2025, date(2026, 2, 15)))


def test_a_column_with_a_typing_error_is_named_with_the_one_that_looks_like_it(
    province: Province, tmp_path: Path
) -> None:
    with pytest.raises(ConfigurationError, match=r"destinataire is missing; destinatair looks like it"):
        whole(install(province, tmp_path, "762000", "missing-column"))


def test_a_folder_that_is_not_there_stops(province: Province, tmp_path: Path) -> None:
    installed = replace(install(province, tmp_path, "762000"), address=str(tmp_path / "nowhere"))

    with pytest.raises(ConfigurationError, match="drop folder is absent"):
        whole(installed)


def test_samples_have_the_contract_s_columns() -> None:
    for name, stream in contract.read(FOLDER / "contract" / "consentements.yaml").items():
        assert [*stream.names, "_row", "_fault"] == files.read_any(FOLDER / "samples" / f"{name}.csv").columns
