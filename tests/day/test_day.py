"""The whole day on a small province: everything adds up, a second day changes nothing, nothing is half done."""

import os
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from canonical_model.errors import ConfigurationError, RetryableError
from gateway import day as steps
from gateway import keys as hub_keys
from gateway import release
from gateway.evidence import chain
from gateway.store import digest, dossier
from tests.conftest import REPOSITORY
from tests.world import DAY, World

EXPECTED_RULES = {
    "bad-code-permanent": "code-permanent-wrong-shape",
    "shared-code-permanent": "shared-identifier",
    "unknown-school": "unknown-school",
    "unmapped-sex": "unmapped-code",
    "end-before-start": "end-before-start",
    "unmapped-result": "unmapped-code",
    "duplicate-row": "duplicate-key",
    "unknown-fiche": "unknown-person",
    "windows-1252": "not-utf-8",
}


def rows(world: World, statement: str, **values: object) -> list[Any]:
    with world.hub.transaction() as connection:
        return list(connection.execute(sa.text(statement), values))


def count(world: World, table: str) -> int:
    return int(rows(world, f"select count(*) from {table}")[0][0])


def store_digest(world: World) -> str:
    with world.hub.transaction() as connection:
        return digest.digest(connection, world.hub.keys)


def test_a_whole_day_balances_and_a_second_one_changes_nothing(new_world: Callable[..., World]) -> None:
    world = new_world(students=400)
    world.run("first")
    first = steps.kept_report(world.hub, "first")

    assert [] == [item["name"] for item in first["balances"] if not item["holds"]]
    assert len(first["balances"]) > 20
    assert all(sum(item[part] for item in first["handoff"]) > 0 for part in ("released", "received"))
    assert all(sum(item[part] for item in first["ministry"]) > 0 for part in ("accepted", "corrected"))
    assert sum(sum(item["rejected"].values()) for item in first["ministry"]) > 0
    assert sum(item["rl24"]["slips"]["R"] for item in first["billing"]) > 0
    planted = {defect.kind for defect in world.province.defects} & EXPECTED_RULES.keys()
    found = {rule for item in first["intake"] for m in item["mappings"].values() for rule in m["reasons"]}
    assert {EXPECTED_RULES[kind] for kind in planted} <= found

    tables = ("resource_version", "quarantine", "slip", "journal", "ledger_entry", "declaration", "person")
    before = {table: count(world, table) for table in tables}
    held = store_digest(world)
    world.run("second")
    second = steps.kept_report(world.hub, "second")

    assert before == {table: count(world, table) for table in tables}
    assert held == store_digest(world)
    assert 0 == sum(item["stored"] for item in second["intake"])
    assert {item["system"]: item["read"] for item in first["intake"]} == {
        item["system"]: item["unchanged"] + item["quarantined"] for item in second["intake"]
    }
    assert 0 == sum(item["released"] for item in second["handoff"])
    assert 0 == sum(item["declared"] for item in second["ministry"])
    assert 0 == sum(item["journals_posted"] for item in second["billing"])
    assert second["balanced"]
    assert first["ministry_errors"] == second["ministry_errors"] != []  # they stand until they are mended


def test_every_ministry_error_names_the_cell_to_mend(new_world: Callable[..., World]) -> None:
    world = new_world(students=400, boards=1)
    world.run("first")
    errors = steps.kept_report(world.hub, "first")["ministry_errors"]

    assert {"DT_NAISS", "CD_PERM"} & {row.error_field for row in rows(world, "select * from declaration")}
    for error in errors:
        assert error["system"] == "gpi@762000"
        assert error["row"] > 0
    assert {"date_naiss", "code_perm"} <= {error["column"].rpartition(".")[2] for error in errors}


def test_a_consent_withdrawn_before_the_release_takes_out_exactly_that_student(
    new_world: Callable[..., World],
) -> None:
    world = new_world(students=400, boards=1)
    world.run("first", until="intake")
    board = world.province.boards[0]
    finishing = [
        pupil
        for pupil in board.pupils
        if pupil.level == "SECONDARY5" and pupil.answer and pupil.answer.given
        and pupil.answer.recipient == "916000" and pupil.answer.distinct
    ]  # fmt: skip

    def answered(fiche: int) -> tuple[str | None, tuple[release.Answer, ...]]:
        with world.hub.transaction() as connection:
            who = dossier.find_person(connection, f"fiche:{board.code}|{fiche:07d}")
        return who, release.list_consents(world.hub, who) if who else ()

    who, consents = next(found for found in map(answered, (p.fiche for p in finishing)) if found[1])
    other = new_world(students=400, boards=1)
    os.environ |= {"PASSERELLE_HOME": str(other.hub.settings.home)}
    os.environ |= {"PASSERELLE_DATABASE_URL": other.hub.settings.database_url}
    other.run("first", until="handoff")
    os.environ |= {"PASSERELLE_HOME": str(world.hub.settings.home)}
    os.environ |= {"PASSERELLE_DATABASE_URL": world.hub.settings.database_url}
    release.withdraw_consent(world.hub, consents[0].key, day=DAY, moment=steps.moment())
    world.run("first", until="handoff")

    def delivered(held: World) -> set[str]:
        found = rows(
            held,
            "select i.value from decision d join person_identifier i using (person)"
            " where d.delivered_at is not null and i.system like 'fiche:%'",
        )
        return {row.value for row in found}

    def counted(held: World, part: str) -> int:
        told = rows(held, "select counts from exchange where route = 'handoff'")
        return sum(row.counts[part] for row in told)

    with world.hub.transaction() as connection:
        fiche = connection.scalar(
            sa.text("select value from person_identifier where person = :who and system like 'fiche:%'"),
            {"who": who},
        )
    assert {fiche} == delivered(other) - delivered(world)
    assert set() == delivered(world) - delivered(other)
    assert counted(other, "received") - 1 == counted(world, "received") == counted(world, "released")
    assert counted(other, "population") == counted(world, "population")
    told = rows(
        world,
        "select body::jsonb -> 'facts' ->> 'reason' as reason from evidence_entry"
        " where person = :who and kind = 'release.refused'",
        who=who,
    )
    assert "consent-withdrawn" in {row.reason for row in told}


def test_one_altered_byte_of_evidence_is_named(new_world: Callable[..., World]) -> None:
    world = new_world(students=60, boards=1)
    world.run("first")
    with world.hub.transaction() as connection:
        connection.execute(
            sa.text("update evidence_entry set body = overlay(body placing 'X' from 40) where number = 3")
        )
        verdict = chain.verify(connection, hub_keys.public_pem(world.hub.keys))

    assert (3, False) == (verdict.broken, verdict.holds)


def test_killing_the_worker_in_the_middle_of_an_intake_changes_nothing(
    new_world: Callable[..., World],
) -> None:
    undisturbed = new_world(students=150)
    undisturbed.run("first", until="intake")
    expected = store_digest(undisturbed)

    world = new_world(students=150)
    worker = "from gateway import day; day.whole('first', until='intake', progress=lambda e, f: print(e, flush=True))"
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY)}
    chance = random.Random(20260216)
    for _ in range(5):
        process = subprocess.Popen([sys.executable, "-c", worker], env=environment, stdout=subprocess.PIPE)
        assert process.stdout is not None
        for _line in range(chance.randint(1, 12)):
            process.stdout.readline()
        time.sleep(chance.uniform(0, 0.25))
        process.send_signal(signal.SIGKILL)
        process.wait()
    world.run("first", until="intake")

    assert expected == store_digest(world)


def test_a_partner_that_is_down_stops_the_day_and_leaves_nothing_half_done(
    new_world: Callable[..., World],
) -> None:
    world = new_world(students=60, boards=1)
    systems = world.hub.settings.site_folder / "systems.yaml"
    systems.write_text(
        re.sub(r"http://127\.0\.0\.1:\d+/avant_garde", "http://127.0.0.1:9/avant_garde", systems.read_text())
    )

    with pytest.raises(RetryableError, match="avant_garde@762000"):
        world.run("first")
    assert 0 == count(world, "resource_version")


def test_a_wrong_secret_stops_the_day_and_is_named_without_its_value(new_world: Callable[..., World]) -> None:
    world = new_world(students=60, boards=1)
    (world.hub.settings.site_folder / "secrets" / "gpi-762000.password").write_text("not-the-password")

    with pytest.raises(ConfigurationError, match="password") as caught:
        world.run("first")
    assert "not-the-password" not in caught.value.english + caught.value.french
    assert 0 == count(world, "resource_version")


def test_a_partner_that_takes_nothing_keeps_no_other_waiting_and_the_same_run_ends_later(
    new_world: Callable[..., World],
) -> None:
    world = new_world(students=400, boards=1)
    systems = world.hub.settings.site_folder / "systems.yaml"
    told = systems.read_text()
    systems.write_text(re.sub(r"http://127\.0\.0\.1:\d+/clara", "http://127.0.0.1:9/clara", told))

    with pytest.raises(RetryableError, match="clara@916000"):
        world.run("first")
    assert 0 == count(world, "decision where purpose = 'admission' and delivered_at is not null")
    assert 0 < count(world, "declaration where state = 'accepted'")
    assert 0 < count(world, "journal where receipt is not null")
    assert 0 < count(world, "slip")
    assert {"waiting"} == {
        row.state for row in rows(world, "select state from outbox where route = 'handoff'")
    }
    with pytest.raises(ConfigurationError, match="no report"):
        steps.kept_report(world.hub, "first")

    systems.write_text(told)
    world.run("first")
    assert steps.kept_report(world.hub, "first")["balanced"]
    assert {"acknowledged"} == {row.state for row in rows(world, "select state from outbox")}
