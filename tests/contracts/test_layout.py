"""What is true of every folder: where Python may stand, what a folder must hold. Found by looking."""

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import canonical_model
import connectors
import dags
import gateway
import mappings

REPOSITORY = Path(__file__).parents[2]
LOCK = REPOSITORY / "requirements.lock"
PACKAGES = ("canonical_model", "connectors", "dags", "gateway", "mappings")
LOADS_BY_NAME = {
    "canonical_model/resources/__init__.py",
    "connectors/kit/load.py",
    "connectors/kit/sandbox.py",
    "dags/wiring.py",
}


def _python(package: str) -> list[Path]:
    return sorted((REPOSITORY / package).rglob("*.py"))


def test_the_packages_are_those_of_this_repository() -> None:
    for package in (canonical_model, connectors, dags, gateway, mappings):
        assert REPOSITORY / package.__name__ == Path(package.__file__ or "").parent


def test_a_mapping_folder_holds_data_and_no_python() -> None:
    folder = REPOSITORY / "mappings"
    outside = [path for path in _python("mappings") if (folder / "engine") not in path.parents]

    assert [folder / "__init__.py"] == outside


def test_only_the_four_loaders_import_by_name() -> None:
    found = {
        str(path.relative_to(REPOSITORY))
        for package in PACKAGES
        for path in _python(package)
        if "import_module(" in path.read_text("utf-8")
    }

    assert found <= LOADS_BY_NAME


def test_a_package_of_tests_does_not_hide_a_real_one() -> None:
    assert [REPOSITORY / "tests" / "__init__.py"] == sorted((REPOSITORY / "tests").rglob("__init__.py"))


@pytest.mark.parametrize("package", PACKAGES)
def test_the_first_line_of_a_file_says_what_it_is_for(package: str) -> None:
    silent = [
        path
        for path in _python(package)
        if path.stat().st_size and not path.read_text("utf-8").startswith(('"""', 'r"""', "#!"))
    ]

    assert [] == silent


def test_the_lock_names_no_registry_and_no_machine() -> None:
    lock = LOCK.read_text("utf-8")

    assert [] == re.findall(r".*(?:https?:|file:|--index|--find-links|/home/|/tmp/|/root/).*", lock)


def test_every_dependency_is_locked_run_make_lock_when_not() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))
    wanted = [*project["project"]["dependencies"], *project["dependency-groups"]["dev"]]
    locked = re.findall(r"^([a-z0-9-]+)(?:\[[a-z,]+\])?==", LOCK.read_text("utf-8"), flags=re.MULTILINE)

    assert set() == {re.split(r"[^A-Za-z0-9._-]", name)[0].lower() for name in wanted} - set(locked)


def test_every_package_of_the_lock_has_a_hash() -> None:
    blocks = re.split(r"^(?=[a-z0-9])", LOCK.read_text("utf-8"), flags=re.MULTILINE)
    pinned = [block for block in blocks if "==" in block.partition("\n")[0]]

    assert len(pinned) > 50
    assert [] == [block.partition(" ")[0] for block in pinned if "--hash=sha256:" not in block]


def test_make_alone_lists_every_command_of_the_interface() -> None:
    said = subprocess.run(["make", "-C", REPOSITORY], capture_output=True, text=True, check=True).stdout

    listed = set(re.findall(r"^  make ([a-z]+)", said, flags=re.MULTILINE))
    assert {"demo", "test", "up", "down", "check"} <= listed


def test_a_python_that_is_too_old_is_refused_in_both_languages_and_nothing_is_made(tmp_path: Path) -> None:
    for name in ("Makefile", "requirements.lock", "pyproject.toml"):
        shutil.copy(REPOSITORY / name, tmp_path)
    done = subprocess.run(
        ["make", "-C", tmp_path, "install", "PYTHON=false"], capture_output=True, text=True, check=False
    )

    assert 2 == done.returncode
    assert "Python 3.11 ou plus récent est introuvable" in done.stderr
    assert "Python 3.11 or later was not found" in done.stderr
    assert not (tmp_path / ".venv").exists()


def test_a_python_without_venv_names_the_package_to_install(tmp_path: Path) -> None:
    for name in ("Makefile", "requirements.lock", "pyproject.toml"):
        shutil.copy(REPOSITORY / name, tmp_path)
    bare = tmp_path / "python"
    bare.write_text(
        f'#!/bin/sh\ncase "$2" in *ensurepip*) exit 1;; esac\nexec {sys.executable} "$@"\n', "utf-8"
    )
    bare.chmod(0o755)
    done = subprocess.run(
        ["make", "-C", tmp_path, "install", f"PYTHON={bare}"], capture_output=True, text=True, check=False
    )

    assert 2 == done.returncode
    assert re.search(r"sudo apt install python3\.\d+-venv", done.stderr)
    assert not (tmp_path / ".venv").exists()
