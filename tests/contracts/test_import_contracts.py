"""Break every import contract of pyproject.toml on purpose, and see it reported by name.

A contract that was never seen to fail is a comment. The breaks are made in the import graph of the
real code; one more test breaks a real file under the real command.
"""

import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from pathlib import Path

import pytest
from grimp import ImportGraph, build_graph
from importlinter.application import use_cases
from importlinter.application.use_cases import read_user_options
from importlinter.configuration import configure
from importlinter.domain.contract import Contract, registry

REPOSITORY = Path(__file__).parents[2]
CONFIGURATION = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]
NEW = None  # the module itself breaks the contract: it has no place yet

BREAKS = (
    ("flow", "canonical_model.codings", "mappings.engine.code_maps"),
    ("flow", "connectors.systems.gpi.source", "mappings.engine.compiler"),
    ("flow", "mappings.engine.compiler", "connectors.kit.manifest"),
    ("flow", "gateway.intake", "dags.wiring"),
    ("dags-see-gateway-only", "dags.hub_day", "connectors.kit.manifest"),
    ("dags-are-light", "dags.hub_day", "gateway.store.hub"),
    ("dags-are-light", "dags.wiring", "gateway.day"),
    ("dags-are-light", "gateway.operations.step_failure", "polars"),
    ("dags-are-light", "connectors.kit.manifest", "connectors.kit.soap"),
    ("model-inside", "canonical_model.money", "canonical_model.codings"),
    ("model-inside", "canonical_model.base", "canonical_model.resources.student"),
    ("model-inside", "canonical_model.utils", NEW),
    ("mappings-inside", "mappings.engine.functions", "mappings.engine.compiler"),
    ("mappings-inside", "mappings.engine.language", "mappings.engine.grammar"),
    ("mappings-inside", "mappings.engine.paths", "mappings.engine.streams"),
    ("mappings-inside", "mappings.engine.plan", "mappings.engine.judging"),
    ("mappings-inside", "mappings.engine.helpers", NEW),
    ("gateway-inside", "gateway.store.hub", "gateway.release"),
    ("gateway-inside", "gateway.intake", "gateway.release"),
    ("gateway-inside", "gateway.release", "gateway.http.app"),
    ("gateway-inside", "gateway.billing.service", "gateway.handoff.service"),
    ("gateway-inside", "gateway.day", "gateway.operations.supervisor"),
    ("gateway-inside", "gateway.misc", NEW),
    ("connectors-apart", "connectors.systems.clara.target", "connectors.systems.gpi.source"),
    ("kit-below-systems", "connectors.kit.load", "connectors.systems.gpi.source"),
    ("airflow-in-dags-only", "gateway.operations.airflow_services", "airflow"),
    ("wire-in-connectors-only", "gateway.consent.redact", "httpx"),
    ("wire-in-connectors-only", "mappings.engine.functions", "lxml"),
    ("partners-through-connectors", "gateway.handoff.service", "httpx"),
    ("partners-through-connectors", "gateway.billing.posting", "zeep"),
    ("consent-is-pure", "gateway.consent.decide", "time"),
    ("consent-is-pure", "gateway.consent.redact", "gateway.store.hub"),
    ("only-consent-seals", "gateway.release", "canonical_model.seal"),
    ("only-consent-seals", "tests.conftest", "canonical_model.seal"),
    ("no-tests-in-production", "connectors.systems.gpi.source", "tests.conftest"),
    ("no-tests-in-production", "gateway.intake", "pytest"),
    ("sandboxes-found-by-name", "connectors.kit.sandbox", "connectors.systems.gpi.sandbox"),
    ("sandboxes-found-by-name", "connectors.systems.gpi.source", "connectors.systems.gpi.sandbox"),
    ("sandboxes-found-by-name", "tests.conftest", "connectors.systems.gpi.sandbox"),
    ("sandboxes-out-of-production", "gateway.intake", "connectors.kit.sandbox"),
    ("sandboxes-out-of-production", "connectors.systems.clara.target", "connectors.kit.sandbox"),
    ("province-out-of-production", "gateway.intake", "connectors.kit.province.generate"),
    ("province-out-of-production", "connectors.systems.gpi.source", "connectors.kit.province.model"),
)


@pytest.fixture(scope="module")
def graph() -> ImportGraph:
    """Every import of the repository, as lint-imports reads it."""
    packages = CONFIGURATION["root_packages"]
    return build_graph(
        *packages, include_external_packages=True, exclude_type_checking_imports=True, cache_dir=None
    )


@pytest.fixture(scope="module")
def contracts() -> dict[str, Contract]:
    """The contracts of pyproject.toml by id."""
    configure()
    options = read_user_options(str(REPOSITORY / "pyproject.toml"))
    use_cases._register_contract_types(options)
    return {
        found["id"]: registry.get_contract_class(found["type"])(found["name"], options.session_options, found)
        for found in options.contracts_options
    }


@contextmanager
def _with_import(graph: ImportGraph, module: str, imported: str | None) -> Iterator[ImportGraph]:
    changed = deepcopy(graph)
    if imported is NEW:
        changed.add_module(module)
    else:
        if imported not in changed.modules:
            changed.add_module(imported, is_squashed=True)  # a library that nothing imports yet
        changed.add_import(
            importer=module, imported=imported, line_number=1, line_contents=f"import {imported}"
        )
    yield changed


def test_every_contract_is_kept(graph: ImportGraph, contracts: dict[str, Contract]) -> None:
    broken = {name for name, contract in contracts.items() if not contract.check(deepcopy(graph), False).kept}

    assert set() == broken


@pytest.mark.parametrize(("contract", "module", "imported"), BREAKS)
def test_a_forbidden_import_breaks_its_contract(
    graph: ImportGraph, contracts: dict[str, Contract], contract: str, module: str, imported: str | None
) -> None:
    with _with_import(graph, module, imported) as changed:
        assert not contracts[contract].check(changed, False).kept


@pytest.mark.parametrize(("contract", "module", "imported"), BREAKS)
def test_a_break_is_of_a_module_that_is_there(
    graph: ImportGraph, contract: str, module: str, imported: str | None
) -> None:
    assert (module not in graph.modules) == (imported is NEW)


def test_every_contract_is_broken_once() -> None:
    assert {found["id"] for found in CONFIGURATION["contracts"]} == {contract for contract, _, _ in BREAKS}


def test_the_command_of_make_check_reports_a_broken_file_by_the_name_of_its_contract(tmp_path: Path) -> None:
    for package in CONFIGURATION["root_packages"]:
        shutil.copytree(
            REPOSITORY / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__")
        )
    shutil.copy(REPOSITORY / "pyproject.toml", tmp_path)
    with (tmp_path / "canonical_model" / "codings.py").open("a", encoding="utf-8") as file:
        file.write("import mappings.engine.code_maps\n")
    command = "from importlinter.cli import lint_imports_command as command; command()"
    done = subprocess.run(
        [sys.executable, "-c", command, "--no-cache", "--no-logo"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert 1 == done.returncode
    assert "Imports point one way: dags, gateway, connectors or mappings, model BROKEN" in done.stdout
