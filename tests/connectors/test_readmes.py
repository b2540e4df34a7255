"""What the READMEs of the connectors list is what the code has."""

import re
from pathlib import Path
from typing import get_args

import pytest

from connectors.kit import load, sandbox
from connectors.kit.province.model import DefectKind

KIT = Path(load.__file__).parent


def first_cells(path: Path, heading: str | None = None) -> set[str]:
    """What stands between backticks in the first cell of each table row, below a heading if one is given."""
    text = path.read_text("utf-8")
    if heading is not None:
        text = text.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (`.*?`) \|", text, re.MULTILINE)
    return {cell for row in rows for cell in re.findall(r"`(.*?)`", row)}


@pytest.mark.parametrize("name", [folder.name for folder in load.folders()])
def test_a_connector_s_readme_names_its_streams_and_secrets(name: str) -> None:
    told = (load.SYSTEMS / name / "README.md").read_text("utf-8")
    held = load.manifest(name)

    assert [] == [word for word in (*held.streams, *held.secrets) if word not in told]


@pytest.mark.parametrize("name", sandbox.connectors())
def test_a_table_of_faults_lists_those_that_the_sandbox_knows(name: str) -> None:
    """A README may leave them to `passerelle sandbox up --help`; one that lists them lists them all."""
    text = (load.SYSTEMS / name / "README.md").read_text("utf-8")
    if table := re.search(r"^\| fault \|.*?(?:\n\n|\Z)", text, re.MULTILINE | re.DOTALL):
        listed = re.findall(r"^\| `([a-z0-9-]+)` \|", table[0], re.MULTILINE)
        assert sorted(sandbox.kind(name).known_faults) == sorted(listed)


def test_every_kind_of_defect_is_documented() -> None:
    assert set(get_args(DefectKind)) == first_cells(KIT / "province" / "README.md", "Defects")


@pytest.mark.parametrize("folder", [KIT, KIT / "formats", KIT / "province"])
def test_every_file_of_the_kit_is_documented(folder: Path) -> None:
    files = {path.name for path in folder.glob("*.py") if path.name != "__init__.py"}

    assert files <= first_cells(folder / "README.md")
