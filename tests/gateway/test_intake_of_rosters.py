"""OneRoster, over REST and as files, and Ed-Fi, from real sandboxes into the store: counts balance, people match."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from connectors.kit import sandbox
from connectors.kit.province.generate import generate
from connectors.kit.province.model import Province
from gateway import intake
from gateway.store import exchanges
from gateway.store.dossier import current
from gateway.store.hub import Hub
from tests.conftest import MOMENT
from tests.door import DAY

BOARD = "762000"
SYSTEMS = tuple(f"{connector}@{BOARD}" for connector in ("gpi", "oneroster", "oneroster_csv", "edfi"))


@pytest.fixture(scope="module")
def province() -> Province:
    return generate(7, students=120, boards=1, day=DAY)


@pytest.fixture
def installed(province: Province, hub: Hub, postgres_url: str, tmp_path: Path) -> Iterator[None]:
    """The systems run and are declared in the hub's site."""
    site = hub.settings.site_folder
    (site / "secrets").mkdir(parents=True)
    with sandbox.running(province, tmp_path / "sandbox", postgres=postgres_url, systems=SYSTEMS) as running:
        declared = []
        for entry in running.entries:
            secrets = {}
            for name, value in entry["secrets"].items():
                place = site / "secrets" / f"{entry['system']}.{name}"
                place.write_text(value)
                secrets[name] = {"file": f"secrets/{place.name}"}
            declared.append({**entry, "secrets": secrets})
        (site / "systems.yaml").write_text(yaml.safe_dump(declared, default_style='"'))
        yield


@pytest.mark.usefixtures("installed")
def test_every_row_of_a_roster_is_accounted_for_and_its_pupils_are_those_of_gpi(
    hub: Hub, province: Province
) -> None:
    for system in SYSTEMS:
        exchange = intake.fetch(hub, system=system, run="run-1", day=DAY, school_year=2025, moment=MOMENT)
        intake.translate(hub, exchange=exchange, moment=MOMENT)
    intake.admit(hub, board=BOARD, run="run-1", moment=MOMENT)

    pupils = len(province.board(BOARD).pupils)
    counts = {}
    with hub.transaction() as connection:
        for system in SYSTEMS[1:]:
            row = exchanges.find(connection, intake.exchange_id("run-1", system))
            assert row is not None
            assert "done" == row.state
            counts |= {
                (system.partition("@")[0], name): held for name, held in row.counts["mappings"].items()
            }
        students = list(current(connection, hub.keys, "Student", organization=BOARD))
    for held in counts.values():
        assert held["read"] == held["stored"] + held["unchanged"] + held["quarantined"]

    rest, files = (
        counts["oneroster", "oneroster/from_rest_student@1"],
        counts["oneroster_csv", "oneroster/from_csv_student@1"],
    )
    assert (pupils, 1) == (rest["rows"], rest["filtered"])
    assert (pupils + len(province.board(BOARD).schools), len(province.board(BOARD).schools)) == (
        files["rows"], files["filtered"],
    )  # fmt: skip
    for held in (rest, files):
        assert (
            {"missing", "unmapped-code"}
            <= set(held["reasons"])
            <= {"missing", "unmapped-code", "unknown-person"}
        )
        assert held["stored"] >= pupils - 6
    assert {"missing"} == set(counts["edfi", "edfi/student@1"]["reasons"])
    assert pupils - 1 == counts["edfi", "edfi/student@1"]["stored"]
    by_fiche = {
        identifier["value"]: held.person
        for held in students
        if held.place["system"].startswith("gpi")
        for identifier in held.document["subject"]
        if identifier["system"].startswith("fiche:")
    }
    met = [
        (identifier["value"], held.person)
        for held in students
        if held.place["system"].startswith("oneroster")
        for identifier in held.document["subject"]
        if identifier["system"].startswith("fiche:")
        and identifier["value"] in by_fiche  # GPI has rejects too
    ]
    assert len(met) > pupils
    assert [] == [person for fiche, person in met if person != by_fiche[fiche]]


@pytest.mark.usefixtures("installed")
def test_a_second_day_stores_nothing_anew(hub: Hub) -> None:
    system = f"oneroster@{BOARD}"
    stored = []
    for run in ("run-1", "run-2"):
        for name in (SYSTEMS[0], system):
            exchange = intake.fetch(hub, system=name, run=run, day=DAY, school_year=2025, moment=MOMENT)
            intake.translate(hub, exchange=exchange, moment=MOMENT)
        intake.admit(hub, board=BOARD, run=run, moment=MOMENT)
        with hub.transaction() as connection:
            row = exchanges.find(connection, intake.exchange_id(run, system))
            assert row is not None
            stored.append(sum(held["stored"] for held in row.counts["mappings"].values()))

    assert stored[0] > 0
    assert 0 == stored[1]
