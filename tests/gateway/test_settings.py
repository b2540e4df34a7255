"""Settings: from the environment only, checked, all named and described; no secret is shown."""

from datetime import date
from pathlib import Path

import pytest
from pydantic import ValidationError

from gateway.settings import Settings


def test_each_setting_comes_from_its_variable(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    given = {
        "HOME": str(tmp_path), "DATABASE_URL": "postgresql://u@h/d", "SITE": str(tmp_path / "s"),
        "MASTER_KEY_FILE": str(tmp_path / "k"), "GATEWAY_URL": "http://127.0.0.1:9", "AIRFLOW_PORT": "10",
        "SCHEDULE": "0 6 * * *", "SANDBOX_PORT": "11", "DAY": "2026-02-16", "LANG": "en",
    }  # fmt: skip
    for name, value in given.items():
        monkeypatch.setenv(f"PASSERELLE_{name}", value)
    settings = Settings()

    assert set(given) == {name.upper() for name in Settings.model_fields}
    assert (tmp_path, 10, 11, date(2026, 2, 16), "en") == (
        settings.root, settings.airflow_port, settings.sandbox_port, settings.day, settings.lang,
    )  # fmt: skip
    assert (tmp_path / "s", tmp_path / "k") == (settings.site_folder, settings.master_key_path)


def test_without_any_variable_all_lies_in_one_folder_beside_the_call(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    settings = Settings()

    assert tmp_path / ".passerelle" == settings.root
    assert {settings.root} == {settings.site_folder.parent, settings.master_key_path.parents[1]}
    assert ("", None, "fr") == (settings.database_url, settings.day, settings.lang)


def test_an_empty_variable_is_one_that_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """`PASSERELLE_HOME= passerelle demo` must not write into the folder one happens to stand in."""
    for name in Settings.model_fields:
        monkeypatch.setenv(f"PASSERELLE_{name.upper()}", "")

    assert Settings.model_construct().model_dump() == Settings().model_dump()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("AIRFLOW_PORT", "x"),
        ("AIRFLOW_PORT", "0"),
        ("SANDBOX_PORT", "65536"),
        ("DAY", "16 février"),
        ("LANG", "de"),
    ],
)
def test_a_value_of_the_wrong_kind_is_refused(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"PASSERELLE_{name}", value)

    with pytest.raises(ValidationError) as raised:
        Settings()
    assert (name.lower(),) == raised.value.errors()[0]["loc"]


def test_what_is_printed_of_the_settings_holds_no_password() -> None:
    settings = Settings(database_url="postgresql://hub:Xq-secret@h/d")

    assert "Xq-secret" not in f"{settings!r} {settings}"


def test_settings_do_not_change_once_read() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Settings().home = Path("/elsewhere")  # type: ignore[misc]


def test_every_setting_says_what_it_is_for() -> None:
    assert [] == [name for name, field in Settings.model_fields.items() if not field.description]
