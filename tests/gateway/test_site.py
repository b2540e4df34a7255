"""The site's files: what is installed, where its secrets lie, the school years; a mistake is named."""

from datetime import date
from pathlib import Path

import pytest

from canonical_model.errors import ConfigurationError
from gateway import plan, site

DAY = date(2026, 2, 16)
SYSTEMS = """
- system: gpi@762000
  address: postgresql://gpi@127.0.0.1/gpi
  secrets: {password: {file: secrets/gpi}}
  options: {schema: dbo}
- system: clara@916000
- system: mozaik_inscription@711000
  secrets:
"""
CALENDAR = """
school_years:
  - {year: 2024, start: 2024-07-01, end: 2025-07-01, census: 2024-09-30}
  - {year: 2025, start: 2025-07-01, end: 2026-07-01, census: 2025-09-30}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "gpi").write_text("Xq-secret\n")
    (tmp_path / "calendar.yaml").write_text(CALENDAR)
    return systems(tmp_path, SYSTEMS)


def systems(folder: Path, text: str) -> Path:
    (folder / "systems.yaml").write_text(text, "utf-8")
    return folder


def refusal(folder: Path) -> str:
    """The English sentence; the French one names the same file and never a secret."""
    with pytest.raises(ConfigurationError) as raised:
        site.installations(folder)
    assert str(folder / "systems.yaml") in raised.value.french
    assert "Xq-secret" not in f"{raised.value.english} {raised.value.french}"
    return raised.value.english


def test_what_is_installed_is_told_in_the_order_of_the_file(folder: Path) -> None:
    found = site.installations(folder)

    assert ["gpi@762000", "clara@916000", "mozaik_inscription@711000"] == [item.system for item in found]
    assert ({"password": "Xq-secret"}, {"schema": "dbo"}) == (found[0].secrets, found[0].options)
    assert ("", {}, {}) == (found[1].address, found[1].secrets, found[1].options)
    assert "Xq-secret" not in repr(found)


def test_a_secret_may_lie_in_the_environment(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    systems(folder, "- {system: gpi@762000, secrets: {password: {env: GPI_PASSWORD}}}")
    assert "the secret password ($GPI_PASSWORD) is absent or empty" in refusal(folder)

    monkeypatch.setenv("GPI_PASSWORD", "Xq-secret")
    assert "Xq-secret" == site.installation(folder, "gpi@762000").secrets["password"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "a list of systems is expected"),
        ("system: gpi@762000", "a list of systems is expected"),
        ("- gpi@762000", "`system` must be connector@organisation"),
        ("- {system: gpi}", "`system` must be connector@organisation"),
        ("- {system: GPI@762000}", "`system` must be connector@organisation"),
        ("- {system: gpi@76200}", "`system` must be connector@organisation"),
        ('- {system: "gpi@762000\\n"}', "`system` must be connector@organisation"),
        ("- {system: [gpi@762000]}", "`system` must be connector@organisation"),
        ("- {system: gpi@762000, adress: x}", "unknown key 'adress'"),
        ("- {system: gpi@762000, address: [x]}", "`address` must be text"),
        ("- {system: gpi@762000, secrets: word}", "`secrets` must hold names"),
        ("- {system: gpi@762000, options: [a]}", "`options` must hold names"),
        ("- {system: gpi@762000, options: {a: [b]}}", "the option a must be text"),
        ("- {system: gpi@762000, secrets: {p: Xq-secret}}", "by {env: NAME} or {file: path} only"),
        ("- {system: gpi@762000, secrets: {p: {text: Xq-secret}}}", "by {env: NAME} or {file: path} only"),
        ("- {system: gpi@762000, secrets: {p: {file: [a]}}}", "by {env: NAME} or {file: path} only"),
        ("- {system: gpi@762000, secrets: {p: {file: a, env: B}}}", "by {env: NAME} or {file: path} only"),
        ("- {system: gpi@762000, secrets: {p: {file: secrets/none}}}", "(secrets/none) is absent or empty"),
        ("- {system: gpi@762000, secrets: {p: {file: secrets/gpi/x}}}", "(secrets/gpi/x) is absent or empty"),
        ("- {system: gpi@762000, secrets: {p: {file: secrets}}}", "cannot be read as a file of text"),
        ("- {system: gpi@762000}\n- {system: gpi@762000}", "gpi@762000 is written twice"),
    ],
)
def test_a_mistake_is_named(folder: Path, text: str, said: str) -> None:
    assert said in refusal(systems(folder, text))


@pytest.mark.parametrize("content", [b"", b" \n", b"\xff\xfe"])
def test_an_empty_or_unreadable_secret_is_refused(folder: Path, content: bytes) -> None:
    (folder / "secrets" / "gpi").write_bytes(content)

    assert "the secret password" in refusal(folder)


def test_a_site_without_its_file_and_a_system_that_is_not_installed_are_named(
    folder: Path, tmp_path: Path
) -> None:
    with pytest.raises(ConfigurationError, match="gpi@889000 is not installed here"):
        site.installation(folder, "gpi@889000")
    (folder / "systems.yaml").unlink()
    assert "the file is absent" in refusal(folder)


@pytest.mark.parametrize(
    ("day", "year"),
    [
        ("2024-07-01", 2024),
        ("2025-06-30", 2024),
        ("2025-07-01", 2025),
        ("2026-02-16", 2025),
        ("2026-06-30", 2025),
    ],
)
def test_a_day_lies_in_the_school_year_that_the_calendar_says(folder: Path, day: str, year: int) -> None:
    found = site.school_year(folder, date.fromisoformat(day))

    assert (year, date(year, 9, 30)) == (found.year, found.census)


def test_a_day_that_no_school_year_holds_is_named(folder: Path) -> None:
    with pytest.raises(ConfigurationError, match="no school year holds 2026-07-01"):
        site.school_year(folder, date(2026, 7, 1))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "school_years: x",
        "school_years: [{year: 2025}]",
        "school_years: [{year: y, start: s}]",
        "[a]",
    ],
)
def test_a_calendar_that_cannot_be_read_says_what_it_needs(folder: Path, text: str) -> None:
    (folder / "calendar.yaml").write_text(text)

    with pytest.raises(ConfigurationError, match="each school year needs year, start, end and census"):
        site.school_year(folder, DAY)


def test_the_plan_asks_the_inbound_systems_and_the_boards_that_have_one(folder: Path) -> None:
    assert ("gpi@762000", "mozaik_inscription@711000") == plan.inbound(folder)
    assert ("762000", "711000") == plan.boards(folder)


def test_a_system_whose_connector_does_not_exist_stops_the_plan(folder: Path) -> None:
    systems(folder, "- {system: nothing@762000}")

    with pytest.raises(ConfigurationError, match="nothing"):
        plan.inbound(folder)
