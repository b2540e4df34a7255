"""What the README of billing lists is what the code has."""

import re
from pathlib import Path

from gateway import billing
from gateway.billing.journal import EVENTS
from gateway.billing.rates import legal
from gateway.billing.tariff import FEE_CLASSES

FOLDER = Path(billing.__file__).parent
README = (FOLDER / "README.md").read_text()


def first_column(heading: str) -> set[str]:
    """The words of the first column of the table under a heading."""
    section = README.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    return set(re.findall(r"^\| `([^`]+)` \|", section, re.MULTILINE))


def test_every_fee_class_is_documented_with_its_tax_class() -> None:
    assert set(FEE_CLASSES) == first_column("Fees") == set(legal()[-1].tax_classes)
    for fee, tax_class in legal()[-1].tax_classes.items():
        assert re.search(rf"^\| `{fee}` \| `{tax_class}` \|", README, re.MULTILINE)


def test_every_event_is_documented() -> None:
    assert set(EVENTS) == first_column("Ledger")


def test_every_reason_is_documented() -> None:
    sources = "".join((FOLDER / name).read_text() for name in ("slips.py", "charges.py", "statement.py"))

    assert set(re.findall(r'"([a-z]+(?:-[a-z0-9]+)+)"', sources)) == first_column("Set aside")
