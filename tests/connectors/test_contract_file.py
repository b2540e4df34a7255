"""Contracts of columns: an allow-list, with families of columns and a site's own names."""

from pathlib import Path

import pytest

from canonical_model.errors import ConfigurationError
from connectors.kit import contract
from connectors.kit.contract import Column
from connectors.kit.installation import Installation


def write(folder: Path, columns: str) -> Path:
    """A contract of one stream."""
    path = folder / "contract.yaml"
    path.write_text(f"streams:\n  marks:\n    named: dbo.MARKS\n    columns:\n{columns}")
    return path


def test_a_family_of_columns_is_written_once(tmp_path: Path) -> None:
    stream = contract.read(write(tmp_path, "      fiche: File\n      step_{01..30}: Mark\n"))["marks"]

    assert 31 == len(stream.columns)
    assert ("fiche", "step_01", "step_30") == (*stream.names[:2], stream.names[-1])


def test_a_site_keeps_our_name_and_writes_its_own(tmp_path: Path) -> None:
    path = write(tmp_path, "      fiche: {named: NO_FICHE, means: File}\n")
    installed = Installation("gpi", "762000", "", {}, {"contract": str(path)})

    assert Column("fiche", "NO_FICHE") == contract.of(installed, Path("ours.yaml"))["marks"].column("fiche")


@pytest.mark.parametrize(
    "columns",
    [
        "      select *: All\n",
        '      "fiche; drop table x": File\n',
        "      step_01: Mark\n      step_{01..02}: Mark\n",
    ],
)
def test_what_is_not_a_column_is_refused(tmp_path: Path, columns: str) -> None:
    with pytest.raises(ConfigurationError, match=r"contract\.yaml"):
        contract.read(write(tmp_path, columns))
