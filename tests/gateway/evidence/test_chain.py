"""Evidence: an unbroken chain verifies, with the hub and without it; any change names its entry."""

import subprocess
import sys
from pathlib import Path

import pytest

from gateway import keys as hub_keys
from gateway.evidence import chain, verifier
from gateway.evidence.chain import Entry
from gateway.store.hub import Hub
from tests.conftest import MOMENT

PERSON = "0190b7a0-0000-8000-8000-000000000001"


@pytest.fixture
def written(hub: Hub) -> Hub:
    with hub.transaction() as connection:
        chain.append(
            connection,
            MOMENT,
            *[Entry("intake.landed", PERSON if n == 2 else None, {"n": n}) for n in range(5)],
        )
        chain.sign_head(connection, hub.keys, MOMENT)
    return hub


def verdict(hub: Hub) -> verifier.Verdict:
    with hub.transaction() as connection:
        return chain.verify(connection, hub_keys.public_pem(hub.keys))


def change(hub: Hub, statement: str) -> None:
    with hub.transaction() as connection:
        connection.exec_driver_sql(statement)


def test_an_untouched_chain_holds(written: Hub) -> None:
    assert verifier.Verdict(entries=5, heads=1) == verdict(written)


@pytest.mark.parametrize(
    ("statement", "number", "reason"),
    [
        ("update evidence_entry set body = replace(body, '\"n\":2', '\"n\":3') where number = 3", 3, "entry-altered"),
        ("update evidence_entry set body = 'x' where number = 3", 3, "entry-not-readable"),
        ("update evidence_entry set hash = '\\x00' where number = 3", 3, "entry-altered"),
        ("update evidence_entry set kind = 'other' where number = 4", 4, "copied-column-differs"),
        ("update evidence_entry set person = null where number = 3", 3, "copied-column-differs"),
        ("delete from evidence_entry where number = 2", 2, "entry-missing-or-out-of-order"),
        ("delete from evidence_entry where number = 5", 5, "entries-missing-up-to-5"),
        ("update evidence_head set merkle_root = '\\x00'", 5, "head-disagrees"),
        ("update evidence_head set signed_at = 'x'", 5, "head-signature-wrong"),
    ],
)  # fmt: skip
def test_a_change_is_named(written: Hub, statement: str, number: int, reason: str) -> None:
    change(written, statement)

    found = verdict(written)
    assert (number, False) == (found.broken, found.holds)
    assert reason == found.reason or (reason == "entry-not-readable" and found.reason == "entry-altered")


def test_a_rolled_back_transaction_leaves_no_entry(hub: Hub) -> None:
    with hub.engine.connect() as connection:
        chain.append(connection, MOMENT, Entry("intake.landed", None, {}))
        connection.rollback()

    assert verifier.Verdict(entries=0, heads=0) == verdict(hub)


def test_the_single_file_verifies_an_export_without_the_hub(written: Hub, tmp_path: Path) -> None:
    export = tmp_path / "evidence.jsonl"
    with written.transaction() as connection:
        export.write_bytes(b"".join(chain.lines(connection, hub_keys.public_pem(written.keys))))
    alone = tmp_path / "verifier.py"
    alone.write_bytes(Path(verifier.__file__).read_bytes())

    def run() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-I", str(alone), str(export)], capture_output=True, text=True, check=False
        )

    assert 0 == run().returncode
    export.write_bytes(export.read_bytes().replace(b'\\"n\\":3', b'\\"n\\":4'))
    broken = run()
    assert 4 == broken.returncode
    assert "4" in broken.stdout
