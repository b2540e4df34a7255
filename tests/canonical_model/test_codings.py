"""Codes: only those of their list count, in the version that they name; the list in force follows the day."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import pytest
from pydantic import TypeAdapter, ValidationError

from canonical_model import codings
from canonical_model.codings import Coding, InSystem, in_force
from canonical_model.errors import ConfigurationError

FILES = sorted(codings.FOLDER.glob("*.yaml"))
Sex = TypeAdapter(Annotated[Coding, InSystem("sex")])
SAID = (
    "source: test\ndefinition_fr: Niveau d'essai.\ndefinition_en: A test's level."  # for each code of a list
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Code lists of the test's own: `level`, of 2024 and of 2025."""
    monkeypatch.setattr(codings, "FOLDER", tmp_path)
    codings.versions.cache_clear()
    for day, codes in (("2024-07-01", "A: {fr: Un, en: One}"), ("2025-07-01", "B: {fr: Deux, en: Two}")):
        write(tmp_path, f"level.{day}", f"system: level\nversion: {day}\n{SAID}\ncodes:\n  {codes}\n")
    yield tmp_path
    codings.versions.cache_clear()


def write(folder: Path, name: str, text: str) -> None:
    (folder / f"{name}.yaml").write_text(text, "utf-8")


def fault(**changes: Any) -> str:
    held = {"system": "sex", "version": "2024-07-01", "code": "F"} | changes
    with pytest.raises(ValidationError) as raised:
        Sex.validate_python(held)
    return str(raised.value.errors()[0]["type"])


def test_a_code_of_its_list_is_taken() -> None:
    assert Coding(system="sex", version="2024-07-01", code="X") == Sex.validate_python(
        {"system": "sex", "version": "2024-07-01", "code": "X"}
    )


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"code": "Z"}, "unknown-code"),
        ({"code": "f"}, "unknown-code"),
        ({"version": "2023-07-01"}, "unknown-code"),
        ({"system": "school_level", "code": "SECONDARY5"}, "wrong-code-system"),
        ({"system": "../sex"}, "string_pattern_mismatch"),
        ({"version": "today"}, "string_pattern_mismatch"),
        ({"code": ""}, "string_too_short"),
    ],
)
def test_any_other_code_is_refused(changes: dict[str, str], rule: str) -> None:
    assert rule == fault(**changes)


def test_the_list_in_force_is_the_last_one_that_has_begun(folder: Path) -> None:
    days = {
        date(2020, 1, 1): "2024-07-01", date(2024, 7, 1): "2024-07-01", date(2025, 6, 30): "2024-07-01",
        date(2025, 7, 1): "2025-07-01", date(2030, 1, 1): "2025-07-01",
    }  # fmt: skip
    assert days == {day: in_force("level", day).version for day in days}


def test_a_record_keeps_the_meaning_of_the_list_it_was_read_by(folder: Path) -> None:
    old = codings.lookup("level", "A", "2024-07-01")

    assert ("Un", "One") == (old and old.french, old and old.english)
    assert codings.lookup("level", "A", "2025-07-01") is None


def test_a_list_that_nobody_wrote_is_refused_with_what_to_do() -> None:
    with pytest.raises(
        ConfigurationError, match=r"codesystems/planet: no such code list\. Add planet\."
    ) as raised:
        in_force("planet", date(2026, 1, 1))
    assert "Ajoutez planet." in raised.value.french


@pytest.mark.parametrize("said", ["system: other\nversion: 2026-07-01", "system: level\nversion: 2026-07-02"])
def test_a_file_that_says_another_name_than_its_own_is_refused(folder: Path, said: str) -> None:
    write(folder, "level.2026-07-01", f"{said}\n{SAID}\ncodes:\n  A: {{fr: x, en: x}}\n")

    with pytest.raises(
        ConfigurationError, match=r"level\.2026-07-01\.yaml: `system` and `version` must repeat"
    ):
        codings.versions("level")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_list_is_named_for_its_vocabulary_and_day_and_has_words_and_a_source(path: Path) -> None:
    system, version = path.stem.split(".")
    held = {item.version: item for item in codings.versions(system)}[version]

    assert date.fromisoformat(version)
    assert held.source
    assert held.codes
    for key, code in held.codes.items():
        assert key == code.code
        assert code.french
        assert code.english
        Coding(system=system, version=version, code=key)


def test_a_list_cannot_be_changed_in_memory() -> None:
    with pytest.raises(TypeError):
        in_force("sex", date(2026, 1, 1)).codes["Z"] = None  # type: ignore[index]


def test_a_result_code_tells_success_failure_or_neither() -> None:
    codes = in_force("result_code", date(2026, 1, 1)).codes

    assert (True, False, None) == tuple(codes[code].counts_as_success for code in ("SUC", "ABS", "NE"))
