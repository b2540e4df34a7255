"""Jade, Geobus and SPI after GPI, from real sandboxes into the store: counts balance, each quirk has its rule."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import yaml

from canonical_model.frequentations import anomalies
from canonical_model.resources.frequentation import Frequentation
from connectors.kit import sandbox
from connectors.kit.province.generate import generate
from connectors.kit.province.model import Province
from gateway import intake
from gateway.store import digest, exchanges
from gateway.store.dossier import current
from gateway.store.hub import Hub
from tests.conftest import MOMENT
from tests.door import DAY

BOARD = "762000"
SYSTEMS = tuple(f"{connector}@{BOARD}" for connector in ("gpi", "jade", "geobus", "spi"))
Counts = Mapping[str, Mapping[str, Any]]


@pytest.fixture(scope="module")
def province() -> Province:
    return generate(7, students=150, boards=1, day=DAY)


@pytest.fixture
def planted(province: Province, hub: Hub, postgres_url: str, tmp_path: Path) -> Iterator[dict[str, int]]:
    """The systems run and are declared in the hub's site; the file number of each defect they planted."""
    folder, site = tmp_path / "sandbox", hub.settings.site_folder
    (site / "secrets").mkdir(parents=True)
    with sandbox.running(province, folder, postgres=postgres_url, systems=SYSTEMS) as running:
        declared = []
        for entry in running.entries:
            secrets = {}
            for name, value in entry["secrets"].items():
                place = site / "secrets" / f"{entry['system']}.{name}"
                place.write_text(value)
                secrets[name] = {"file": f"secrets/{place.name}"}
            declared.append({**entry, "secrets": secrets})
        (site / "systems.yaml").write_text(yaml.safe_dump(declared, default_style='"'))
        found: dict[str, int] = {}
        for system in running.systems:
            found |= getattr(system, "planted", {})
        yield found


def taken_in(hub: Hub, run: str) -> Counts:
    """The whole way in of the systems, GPI first. Returns what was counted, by mapping of the others."""
    for system in SYSTEMS:
        exchange = intake.fetch(hub, system=system, run=run, day=DAY, school_year=2025, moment=MOMENT)
        intake.translate(hub, exchange=exchange, moment=MOMENT)
    intake.admit(hub, board=BOARD, run=run, moment=MOMENT)
    counts: dict[str, Mapping[str, Any]] = {}
    with hub.transaction() as connection:
        for system in SYSTEMS[1:]:
            row = exchanges.find(connection, intake.exchange_id(run, system))
            assert row is not None
            assert "done" == row.state
            counts |= row.counts["mappings"]
    return counts


def test_every_row_is_accounted_for_and_each_quirk_ends_under_its_own_rule(
    hub: Hub, province: Province, planted: dict[str, int]
) -> None:
    counts = taken_in(hub, "run-1")
    reasons = {name: set(held["reasons"]) for name, held in counts.items()}

    for held in counts.values():
        assert held["rows"] >= held["filtered"]
        assert held["read"] == held["stored"] + held["unchanged"] + held["quarantined"]
    assert 15 == len(planted)
    assert {"not-a-date", "unknown-person"} <= reasons["jade/student@1"]
    assert {"unknown-school", "end-before-start", "unknown-person"} == reasons["jade/frequentation@1"]
    assert {"unmapped-code"} == reasons["jade/ministry_result@1"]
    assert {"unknown-person"} == reasons["jade/credential@1"]
    assert "code-postal-wrong-shape" in _addresses(reasons, "jade")
    assert {
        "unmapped-code", "missing", "not-a-time", "duplicate-key",
    } == reasons["geobus/transport_assignment@1"]  # fmt: skip
    assert {"unknown-person", "wrong-encoding"} == _addresses(reasons, "geobus")
    assert {"missing", "end-before-start", "unknown-person"} == reasons["spi/intervention_plan@1"]
    assert 3 == counts["spi/intervention_plan@1"]["quarantined"] < counts["spi/intervention_plan@1"]["read"]
    assert counts["jade/student@1"]["stored"] > 0.9 * len(province.boards[0].pupils)
    assert counts["geobus/transport_assignment@1"]["stored"] > 0
    assert counts["geobus/transport_assignment@1"]["filtered"] > 0  # a what-if plan


def _addresses(reasons: Mapping[str, set[str]], system: str) -> set[str]:
    return set().union(*(reasons[f"{system}/{who}_address@1"] for who in ("father", "mother", "tutor")))


@pytest.mark.parametrize("connector", ["jade", "geobus"])
def test_the_addresses_of_two_parents_at_one_place_are_two_records(
    hub: Hub, province: Province, planted: dict[str, int], connector: str
) -> None:
    taken_in(hub, "run-1")
    with hub.transaction() as connection:
        held = [
            item.document
            for item in current(connection, hub.keys, "Guardian", organization=BOARD)
            if item.place["system"].startswith(connector) and "addresses" in item.document
        ]
    relations: dict[tuple[str, str], set[str]] = {}
    for document in held:
        address = document["addresses"][0]
        if "1" == address["type"]["code"]:
            place = document["subject"][0]["value"], address["period"]["start"]
            relations.setdefault(place, set()).add(document["relation"]["code"])

    assert relations
    assert {("father", "mother")} == {tuple(sorted(found)) for found in relations.values()}


def test_two_financed_frequentations_are_both_kept_and_listed(hub: Hub, planted: dict[str, int]) -> None:
    taken_in(hub, "run-1")
    fiche = f"{planted['financed-twice']:07d}"
    with hub.transaction() as connection:
        found = [
            Frequentation.model_validate_json(json.dumps(item.document))
            for item in current(connection, hub.keys, "Frequentation", organization=BOARD)
            if item.document["subject"][0]["value"] == fiche
        ]

    assert ["financed-twice"] == [anomaly.rule for anomaly in anomalies(found)]


def test_a_plan_is_held_in_its_own_section_with_its_objectives(hub: Hub, planted: dict[str, int]) -> None:
    taken_in(hub, "run-1")
    with hub.transaction() as connection:
        held = list(current(connection, hub.keys, "InterventionPlan", organization=BOARD))

    assert held
    assert {"intervention_plan"} == {item.section for item in held}
    assert all(item.document["objectives"] for item in held)


def dropped_again(sandbox_folder: Path) -> None:
    """The same lists under other names, as a partner drops them that has nothing new to say."""
    for path in sorted(sandbox_folder.rglob("archive/*.csv")):
        name = path.name.replace(DAY.isoformat(), f"{DAY:%Y%m%d}")
        (path.parents[1] / name).write_bytes(path.read_bytes())
        marker = path.with_name(f"{path.name}.sha256").read_text().replace(path.name, name)
        (path.parents[1] / f"{name}.sha256").write_text(marker)


def test_taking_them_in_again_stores_nothing_new(hub: Hub, planted: dict[str, int], tmp_path: Path) -> None:
    def known() -> tuple[str, int]:
        with hub.transaction() as connection:
            versions = connection.scalar(sa.text("select count(*) from resource_version"))
            return digest.digest(connection, hub.keys), int(versions or 0)

    taken_in(hub, "run-1")
    before = known()
    dropped_again(tmp_path / "sandbox")
    counts = taken_in(hub, "run-2")

    assert before == known()
    assert {0} == {held["stored"] for held in counts.values()}
