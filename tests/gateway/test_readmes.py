"""The READMEs list the modules that there are, and the reasons and kinds that the code knows."""

import re
from pathlib import Path

import pytest

import gateway
from canonical_model.errors import HubError
from gateway.evidence import chain, verifier

GATEWAY = Path(gateway.__file__).parent
MODEL = GATEWAY.parent / "canonical_model"


def first_cells(path: Path) -> set[str]:
    """What stands between backticks in the first cell of each table row."""
    rows = re.findall(r"^\| (`.*?`) \|", path.read_text("utf-8"), re.MULTILINE)
    return {cell for row in rows for cell in re.findall(r"`(.*?)`", row)}


def modules(folder: Path) -> set[str]:
    packages = {f"{path.parent.name}/" for path in folder.glob("*/__init__.py")}
    return packages | {path.name for path in folder.glob("*.py") if not path.name.startswith("__")}


@pytest.mark.parametrize("name", ["", "store", "evidence", "cli"])
def test_every_module_is_listed(name: str) -> None:
    assert modules(GATEWAY / name) <= first_cells(GATEWAY / name / "README.md")


@pytest.mark.parametrize("name", ["", "store", "evidence", "cli"])
def test_every_module_that_is_listed_exists(name: str) -> None:
    listed = {cell for cell in first_cells(GATEWAY / name / "README.md") if cell.endswith((".py", "/"))}

    assert [] == sorted(cell for cell in listed if not (GATEWAY / name / cell).exists())


def test_every_reason_of_a_broken_chain_is_explained() -> None:
    code = Path(verifier.__file__).read_text("utf-8") + Path(chain.__file__).read_text("utf-8")
    known = set(re.findall(r'"((?:entry|entries|head|copied)-[a-z-]+)', code))

    assert known
    assert known == {
        cell.removesuffix("N") for cell in first_cells(GATEWAY / "evidence" / "README.md") if "-" in cell
    }


def test_the_errors_are_those_of_the_code_with_their_exit_codes() -> None:
    table = dict(
        re.findall(
            r"^\| `(\w+Error)` \|.*\| (\d) \|$", (MODEL / "README.md").read_text("utf-8"), re.MULTILINE
        )
    )

    assert {kind.__name__: str(kind.exit_code) for kind in HubError.__subclasses__()} == table
