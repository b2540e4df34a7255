"""Journals to an ERP that imports from a folder: posted once it answers, withdrawn when it refuses, never twice."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from canonical_model.errors import RetryableError
from connectors.kit.errors import PartnerRefusedError
from gateway.store.schema import journal, ledger_entry, outbox
from tests.gateway.billing.board import ERP, Daycare, family
from tests.gateway.billing.invented import BOARD

Erp = Callable[..., Any]


def install(daycare: Daycare, depot: Path, seconds: int = 10) -> None:
    """Install the ERP by its folder; no secret is needed."""
    entry = {
        "system": ERP, "address": depot.resolve().as_uri(), "secrets": {},
        "options": {"return_seconds": str(seconds)},
    }  # fmt: skip
    (daycare.hub.settings.site_folder / "systems.yaml").write_text(yaml.safe_dump([entry]))


@pytest.fixture
def billed(daycare: Daycare) -> Daycare:
    """A board whose entries wait to be posted."""
    family(daycare)
    daycare.charge()
    return daycare


def depot_of(tmp_path: Path) -> Path:
    """The folder of the simulated ERP."""
    return tmp_path / "erp" / "mozaik_finances" / BOARD / "depot"


def test_a_journal_by_file_is_posted_with_the_receipt_of_the_return_file(
    billed: Daycare, erp: Erp, tmp_path: Path
) -> None:
    books = erp()
    install(billed, depot_of(tmp_path))
    found = billed.post()

    (row,) = billed.all(journal)
    assert "MF-762000-D-000001" == row.receipt
    assert (row.number,) == books.journals()
    assert found is not None
    assert "done" == billed.row(found).state
    assert 0 == sum(books.balances().values())


def test_what_lies_in_the_folder_is_not_posted_until_the_erp_says_so(
    billed: Daycare, erp: Erp, tmp_path: Path
) -> None:
    empty = tmp_path / "nobody"
    empty.mkdir()
    install(billed, empty, seconds=0)
    for _ in range(2):
        with pytest.raises(RetryableError, match="return file is not there yet"):
            billed.post()
    (row,) = billed.all(journal)
    assert row.receipt is None
    assert 1 == len(list(empty.glob("*.csv")))
    assert ["waiting"] == [row.state for row in billed.all(outbox)]

    books = erp()  # the import job comes: it takes the very file that was dropped
    install(billed, depot_of(tmp_path))
    for path in sorted(empty.iterdir()):
        if path.is_file():
            path.replace(depot_of(tmp_path) / path.name)
    billed.post()

    assert (row.number,) == books.journals()
    assert ["acknowledged"] == [row.state for row in billed.all(outbox)]
    assert billed.post() is None


def test_a_journal_that_the_erp_refuses_by_file_is_withdrawn_and_built_anew_from_mended_accounts(
    billed: Daycare, erp: Erp, tmp_path: Path
) -> None:
    books = erp("unknown-account")
    install(billed, depot_of(tmp_path))
    with pytest.raises(PartnerRefusedError, match="compte-inconnu"):
        billed.post()
    assert ([], ()) == (billed.all(journal), books.journals())
    assert {None} == {row.journal for row in billed.all(ledger_entry)}

    accounts = billed.hub.settings.site_folder / "accounts.yaml"
    accounts.write_text(accounts.read_text().replace("113100", "113101"))
    billed.post("r2")

    (row,) = billed.all(journal)
    assert (row.number,) == books.journals()
    assert row.receipt is not None
