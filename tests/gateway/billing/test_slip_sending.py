"""RL-24 files handed to a desk, a real folder with a clerk: once, what was written, and where it may go."""

import hashlib
import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import yaml

from canonical_model.errors import ConfigurationError, IntegrityError
from connectors.kit import sandbox
from connectors.kit.province.generate import generate
from gateway.billing import site_files, slip_files, slip_sending
from gateway.billing.boxes import boxes
from gateway.billing.rl24_xml import MARK
from gateway.billing.slip_sending import Transmitted, transmit
from gateway.outbox import Courier, queue
from gateway.senders import SENDERS
from gateway.store.schema import evidence_entry, exchange, outbox
from tests.gateway.billing.board import DAY, Daycare, family
from tests.gateway.billing.invented import BOARD, OTHER_SIN
from tests.gateway.cli.conftest import Call, call

__all__ = ["call"]

DESK = "revenu_quebec@000003"
NAME = f"{MARK}25762000001.xml"
Desk = Callable[..., Path]


@pytest.fixture
def desk(daycare: Daycare, tmp_path: Path) -> Iterator[Desk]:
    """Starts the desk, with faults, installs it at the site, and gives its folder."""
    province = generate(7, students=30, boards=1, day=DAY)
    with ExitStack() as stack:

        def start(*faults: str, **options: str) -> Path:
            told = {DESK: frozenset(faults)}
            running = stack.enter_context(
                sandbox.running(province, tmp_path / "desk", systems=[DESK], faults=told)
            )
            (entry,) = running.entries
            changed = entry | {"options": entry["options"] | options}
            site = daycare.hub.settings.site_folder
            (site / "systems.yaml").write_text(yaml.safe_dump([changed]))
            return tmp_path / "desk" / "revenu_quebec" / "000003" / "depot"

        yield start


@pytest.fixture
def issued(daycare: Daycare) -> Daycare:
    """A board whose two slips of 2025 are written in one file."""
    family(daycare)
    daycare.issue()
    return daycare


def sent(daycare: Daycare, **changed: Any) -> Transmitted:
    """The one file, handed over."""
    (found,) = transmit(daycare.hub, year=2025, system=DESK, moment=daycare.moment, **changed)
    return found


def answered(daycare: Daycare) -> Transmitted:
    """The same, called until the desk has answered."""
    for _ in range(100):
        if (found := sent(daycare)).answered:
            return found
        time.sleep(0.05)
    pytest.fail("no receipt came")


def evidence(daycare: Daycare, kind: str) -> list[dict[str, Any]]:
    """The facts of the entries of one kind."""
    return [json.loads(row.body)["facts"] for row in daycare.all(evidence_entry) if row.kind == kind]


def dropped(folder: Path) -> dict[str, bytes]:
    """The files of slips that a desk has, waiting or taken."""
    return {path.name: path.read_bytes() for path in sorted(folder.rglob("*.xml"))}


def test_the_file_that_was_written_is_what_the_desk_gets_and_its_receipt_is_kept(
    issued: Daycare, desk: Desk
) -> None:
    folder = desk()
    found = answered(issued)

    assert (2, True, 2, {}) == (found.slips, found.answered, found.accepted, found.refused)
    assert {"25762000001.xml": issued.files[NAME]} == dropped(folder)
    row = issued.row(found.exchange)
    assert ("done", "RQ-000001") == (row.state, row.receipt["number"])
    (fact,) = evidence(issued, "billing.slips-answered")
    assert ("RQ-000001", 2, NAME) == (fact["receipt"], fact["accepted"], fact["file"])


def test_handed_over_twice_is_once(issued: Daycare, desk: Desk) -> None:
    folder = desk()
    first = answered(issued)
    before, entries = dropped(folder), len(issued.all(evidence_entry))

    assert first == sent(issued)
    assert before == dropped(folder)
    assert entries == len(issued.all(evidence_entry))
    assert ["acknowledged"] == [row.state for row in issued.all(outbox)]


def test_until_the_desk_answers_the_receipt_is_that_of_the_deposit(issued: Daycare, desk: Desk) -> None:
    folder = desk("never-ready")
    for _ in range(2):
        found = sent(issued)

        assert (2, False, 0) == (found.slips, found.answered, found.accepted)
    assert ["25762000001.xml"] == list(dropped(folder))
    assert ("sent", "25762000001") == (
        issued.row(found.exchange).state,
        issued.row(found.exchange).receipt["number"],
    )
    assert 1 == len(evidence(issued, "billing.slips-deposited"))
    desk()
    assert answered(issued).accepted == 2


def test_a_refused_slip_is_counted_by_its_reason_and_kept_by_its_rank(issued: Daycare, desk: Desk) -> None:
    folder = desk("never-ready")
    sent(issued)
    answer = folder / "retour" / "RETOUR_25762000001.csv"
    answer.parent.mkdir(exist_ok=True)
    lines = ["recu;fichier;ligne;etat;motif", "RQ-1;25762000001.xml;1;A;", "RQ-1;25762000001.xml;2;R;numero"]
    answer.write_text("\n".join([*lines, ""]))
    digest = hashlib.sha256(answer.read_bytes()).hexdigest()
    (answer.parent / f"{answer.name}.sha256").write_text(f"{digest}  {answer.name}\n")
    found = sent(issued)

    assert (1, {"numero": 1}) == (found.accepted, found.refused)
    assert [["25762000001.xml:2", "numero"]] == issued.row(found.exchange).receipt["refused"]


def test_a_receipt_that_forgets_a_slip_is_an_integrity_error(issued: Daycare, desk: Desk) -> None:
    desk("duplicate")
    with pytest.raises(IntegrityError):
        answered(issued)

    assert [] == evidence(issued, "billing.slips-answered")


def test_not_certified_is_refused_in_production_and_nothing_is_queued(issued: Daycare, desk: Desk) -> None:
    folder = desk(environment="production")
    with pytest.raises(ConfigurationError, match="not certified"):
        sent(issued)

    assert ({}, []) == (dropped(folder), issued.all(outbox))
    assert [] == [row for row in issued.all(exchange) if row.route == slip_sending.ROUTE]


def certified(daycare: Daycare) -> None:
    """Give the site an official table and a certification number of its own."""
    site = daycare.hub.settings.site_folder
    prices = site / site_files.PRICES
    prices.write_text(prices.read_text().replace("RQ-25-99-999", "RQ-25-01-123"))
    shipped = Path(site_files.__file__).parent / "boxes" / "rl24.2025.yaml"
    (site / "boxes").mkdir()
    text = shipped.read_text().replace("status: inferred", "status: confirmed")
    (site / "boxes" / shipped.name).write_text(text)
    assert boxes(2025, site).confirmed


def test_a_certified_file_goes_to_production_and_to_no_test_desk(daycare: Daycare, desk: Desk) -> None:
    certified(daycare)
    family(daycare)
    daycare.issue()
    folder = desk("never-ready")
    with pytest.raises(ConfigurationError, match="takes tests"):
        sent(daycare)
    assert {} == dropped(folder)

    desk("never-ready", environment="production")
    assert 2 == sent(daycare).slips
    assert {"25762000001.xml": daycare.files["25762000001.xml"]} == dropped(folder)


def test_a_file_issued_before_the_certification_is_not_sent_as_if_it_were_certified(
    issued: Daycare, desk: Desk
) -> None:
    folder = desk()
    certified(issued)
    with pytest.raises(ConfigurationError, match="not the one that was written"):
        sent(issued)

    assert {} == dropped(folder)


def test_a_file_that_somebody_changed_is_not_sent(issued: Daycare, desk: Desk) -> None:
    folder = desk()
    path = slip_files.folder(issued.hub.settings.root) / NAME
    path.write_bytes(path.read_bytes().replace(b"Invention", b"Autre"))
    with pytest.raises(ConfigurationError, match="not the one that was written"):
        sent(issued)

    assert ({}, []) == (dropped(folder), issued.all(outbox))


def test_a_file_deleted_from_the_folder_is_made_again_from_the_sealed_slips(
    issued: Daycare, desk: Desk
) -> None:
    folder, before = desk(), issued.files[NAME]
    (slip_files.folder(issued.hub.settings.root) / NAME).unlink()
    answered(issued)

    assert {"25762000001.xml": before} == dropped(folder)


def test_killed_after_the_drop_the_next_round_finishes_it_once(
    issued: Daycare, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = desk()

    class _Killed(BaseException):
        pass

    def killed(*_: Any) -> Any:
        raise _Killed

    with monkeypatch.context() as patch:
        patch.setattr(queue, "acknowledged", killed)
        with pytest.raises(_Killed):
            sent(issued)
    assert ["25762000001.xml"] == list(dropped(folder))
    with Courier(issued.hub, SENDERS) as courier:
        steps = courier.work(now=lambda: issued.moment)

    assert ["acknowledged"] == [step.state for step in steps]
    assert 2 == answered(issued).accepted
    assert ["25762000001.xml"] == list(dropped(folder))


def test_another_board_s_files_are_left(issued: Daycare, desk: Desk) -> None:
    folder = desk()

    assert () == transmit(issued.hub, year=2025, system=DESK, moment=issued.moment, organization="711000")
    assert {} == dropped(folder)
    assert 2 == sent(issued, organization=BOARD).slips


def test_a_system_that_takes_no_slips_is_refused(issued: Daycare, erp: Callable[..., Any]) -> None:
    erp()
    with pytest.raises(ConfigurationError, match="takes no RL-24 slips"):
        transmit(issued.hub, year=2025, system=f"mozaik_finances@{BOARD}", moment=issued.moment)


def test_nothing_that_is_kept_of_it_holds_a_person(issued: Daycare, desk: Desk) -> None:
    desk()
    answered(issued)
    text = "".join(repr(row) for table in (exchange, evidence_entry, outbox) for row in issued.all(table))

    for value in ("Invention", "Zoé", "Exemple", OTHER_SIN, "046454286"):
        assert value not in text


def test_the_command_hands_over_and_ends_with_1_when_there_is_nothing(
    issued: Daycare, desk: Desk, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk("never-ready")
    monkeypatch.setenv("PASSERELLE_HOME", str(issued.hub.settings.home))
    monkeypatch.setenv("PASSERELLE_DATABASE_URL", issued.hub.settings.database_url)

    found = call("rl24", "transmit", "2025", "--to", DESK, "--json")
    none = call("rl24", "transmit", "2024", "--to", DESK)
    refused = call("rl24", "transmit", "2025", "--to", "revenu_quebec@000009")

    assert (0, [NAME], [2]) == (
        found.code,
        [item["file"] for item in found.document],
        [item["slips"] for item in found.document],
    )
    assert (1, 2) == (none.code, refused.code)
