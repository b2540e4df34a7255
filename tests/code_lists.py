"""Code lists of a test's own: those of the model, and one that follows, so that the day of a record matters."""

import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from canonical_model import codings

FOLLOWED = date(2026, 1, 1)


def forget() -> None:
    """Lists are read once; a test with lists of its own begins and ends without any."""
    for read_once in (codings.versions, codings._standing, codings._by_version):
        read_once.cache_clear()


@pytest.fixture
def followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The lists of the model, and a newer list of levels, of 1 January 2026."""
    for path in codings.FOLDER.glob("*.yaml"):
        shutil.copy(path, tmp_path)
    newer = (tmp_path / "school_level.2024-07-01.yaml").read_text("utf-8").replace("2024-07-01", "2026-01-01")
    (tmp_path / "school_level.2026-01-01.yaml").write_text(newer, "utf-8")
    monkeypatch.setattr(codings, "FOLDER", tmp_path)
    forget()
    yield tmp_path
    forget()
