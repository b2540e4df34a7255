"""The documentation is compared with the code: commands, settings, folders, links, steps."""

import re

import pytest
from typer.main import get_command

from connectors.kit import load
from gateway.cli.main import application
from gateway.settings import Settings
from tests.conftest import REPOSITORY

PAGES = ("README.md", "LISEZMOI.md", "CONTRIBUTING.md", "CHANGELOG.md")


def text(page: str) -> str:
    return (REPOSITORY / page).read_text("utf-8")


def commands() -> set[str]:
    """Every command of `passerelle`, as ``dossier why``."""
    found = set()
    for name, command in get_command(application()).commands.items():  # type: ignore[attr-defined]
        inner = getattr(command, "commands", None)
        found |= {f"{name} {child}" for child in inner} if inner else {name}
    return found


def make_targets() -> set[str]:
    return set(re.findall(r"^([a-z]+):", (REPOSITORY / "Makefile").read_text(), re.MULTILINE))


@pytest.mark.parametrize("page", PAGES)
def test_every_command_in_a_page_exists(page: str) -> None:
    called = re.findall(r"(?:\.venv/bin/passerelle|`passerelle) ((?:[a-z]+ ?){1,2})", text(page))
    known = commands() | {name.split()[0] for name in commands()}

    for words in called:
        first, *rest = words.split()
        assert first in known, words
        assert not rest or f"{first} {rest[0]}" in known or first in commands(), words


@pytest.mark.parametrize("page", PAGES)
def test_every_make_target_in_a_page_exists(page: str) -> None:
    assert set(re.findall(r"(?:^|`)make ([a-z]+)", text(page), re.MULTILINE)) <= make_targets()


def test_the_readme_lists_every_setting_with_its_default_and_meaning() -> None:
    table = dict(re.findall(r"^\| `(PASSERELLE_[A-Z_]+)` \| (.*) \|$", text("README.md"), re.MULTILINE))
    fields = Settings.model_fields

    assert {f"PASSERELLE_{name.upper()}" for name in fields} == table.keys()
    for name, field in fields.items():
        default, meaning = (part.strip(" `") for part in table[f"PASSERELLE_{name.upper()}"].split("|"))
        assert ("" if field.default is None else str(field.default)) == default
        assert field.description == meaning


@pytest.mark.parametrize("page", PAGES)
def test_every_local_link_leads_somewhere(page: str) -> None:
    for target in re.findall(r"\]\(([^)#:]+)(?:#[a-z-]+)?\)", text(page)):
        assert (REPOSITORY / target).exists(), target


def test_every_path_of_the_picture_exists() -> None:
    picture = text("README.md").split("## The way of the data")[1].split("```")[1]
    for path in re.findall(r"(?:connectors|mappings|canonical_model|gateway|dags)/[\w/<>*.]*", picture):
        found = path.replace("<name>", "*").rstrip("/")
        assert list(REPOSITORY.glob(found)), path


def test_every_package_folder_has_a_readme() -> None:
    folders = [REPOSITORY / name for name in ("canonical_model", "connectors", "mappings", "gateway", "dags")]
    folders += [path for path in (REPOSITORY / "gateway").iterdir() if (path / "__init__.py").is_file()]

    assert [] == [str(path) for path in folders if not (path / "README.md").is_file()]


def test_the_steps_for_a_connector_name_what_a_connector_has() -> None:
    walk = text("CONTRIBUTING.md").split("## A new connector")[1]
    parts = {path.name for folder in load.folders() for path in folder.iterdir() if "__" not in path.name}

    for part in parts - {"target.py"}:
        assert part.removesuffix("/") in walk, part


def test_the_two_readmes_show_the_same_commands() -> None:
    def shown(page: str) -> list[str]:
        blocks = re.findall(r"```sh\n(.*?)```", text(page), re.DOTALL)
        return [line.split("#")[0].strip() for block in blocks for line in block.splitlines()]

    assert shown("README.md") == shown("LISEZMOI.md")


def test_no_page_names_a_path_of_a_machine() -> None:
    for path in [*REPOSITORY.glob("*.md"), *REPOSITORY.glob("*/**/*.md")]:
        if ".venv" not in path.parts:
            assert not re.search(r"/(?:work|root|home/\w+)/", path.read_text("utf-8")), path


def test_the_readme_of_the_model_names_every_module_and_folder() -> None:
    folder = REPOSITORY / "canonical_model"
    shown = set(re.findall(r"`([a-z_]+(?:\.py|/))`", text("canonical_model/README.md")))
    held = {path.name for path in folder.glob("*.py") if path.name != "__init__.py"}
    held |= {f"{path.name}/" for path in folder.iterdir() if path.is_dir() and path.name != "__pycache__"}

    assert held == shown & held
