"""The whole way with real systems: GPI is pulled, mapped, stored; the ministry's error names the cell."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from connectors.kit import sandbox
from connectors.kit.province.model import Province
from gateway import intake, ministry
from gateway.store import exchanges
from gateway.store.hub import Hub
from gateway.store.raw import RawStore
from tests.gateway.ministry.conftest import DAY, MOMENT, install


def pulled(hub: Hub, board: str) -> None:
    """The board's GPI, as the day pulls it."""
    exchange = intake.fetch(hub, system=f"gpi@{board}", run="run-1", day=DAY, school_year=2025, moment=MOMENT)
    intake.translate(hub, exchange=exchange, moment=MOMENT)
    intake.admit(hub, board=board, run="run-1", moment=MOMENT)


@pytest.mark.parametrize("kind", ["ministry-rejects", "ministry-corrects"])
def test_the_ministrys_error_names_the_very_cell_that_gpi_said(
    hub: Hub, invented: Province, tmp_path: Path, postgres_url: str, kind: str
) -> None:
    planted = [item for item in invented.defects if item.kind == kind]
    board = planted[0].board
    fiches = {item.fiche for item in planted if item.board == board}
    with sandbox.running(
        invented, tmp_path, postgres=postgres_url, systems=(f"gpi@{board}", "charlemagne")
    ) as running:
        running.systems[0].return_seconds = 0.0  # type: ignore[attr-defined]
        install(hub.settings.site_folder, list(running.entries))
        pulled(hub, board)
        (exchange,) = ministry.prepare(hub, run="run-1", day=DAY, moment=MOMENT, school_year=2025)
        ministry.transmit(hub, exchange, moment=MOMENT + timedelta(minutes=1))
        counts = ministry.collect(hub, exchange, moment=MOMENT + timedelta(minutes=2))

    pupils = {pupil.fiche: pupil for pupil in invented.board(board).pupils}
    census = date(2025, 9, 30)
    held = [
        pupil
        for pupil in pupils.values()
        if pupil.enrolled_on <= census and (pupil.left_on is None or pupil.left_on > census)
    ]
    quarantined = [item for item in invented.defects if item.board == board and "ministry" not in item.kind]
    assert len(held) >= counts["enrolled"] >= len(held) - len(quarantined)
    assert counts["accepted"] > 50
    expected = {"ministry-rejects": ("E102", "date_naiss"), "ministry-corrects": ("C201", "code_perm")}
    found = [item for item in ministry.errors(hub, "run-1") if (item.code, item.column) == expected[kind]]
    with hub.transaction() as connection:
        landed = exchanges.find(connection, intake.exchange_id("run-1", f"gpi@{board}"))
    assert landed is not None
    frame = RawStore(hub.settings.root, hub.keys).streams(landed.digest.hex())["gpm_e_ele"]
    named = set()
    for item in found:
        assert (f"gpi@{board}", "gpm_e_ele") == (item.system, item.stream)
        row = frame.filter(frame["_row"] == item.row).row(0, named=True)
        pupil = pupils[int(row["fiche"].partition("_")[0])]
        truth = {"date_naiss": pupil.birth_date.isoformat(), "code_perm": pupil.code_permanent}[item.column]
        assert str(row[item.column]).startswith(str(truth))
        named.add(pupil.fiche)
    assert fiches <= named
