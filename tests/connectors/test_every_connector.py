"""What every connector must hold, over every connector found: on recorded answers and on its live sandbox.

A connector inherits these tests by standing in connectors/systems; nothing is registered. The expected answer to
each fault stands in connectors/kit/check/faults.yaml, the closed list of rungs in rungs.yaml.
"""

from collections.abc import Callable, Iterator
from datetime import date
from functools import partial
from pathlib import Path

import pytest

from connectors.kit import sandbox
from connectors.kit.check import Finding, Trial, live, manifest_of, recorded, rungs
from connectors.kit.manifest import Manifest
from connectors.kit.protocol import Delivery
from connectors.kit.province.generate import generate
from connectors.kit.province.model import Province
from gateway.cli.connector import mapped
from tests.connectors.every import deliveries
from tests.connectors.every.found import Subject, subjects, where, with_faults

DAY = date(2026, 2, 16)
each = pytest.mark.parametrize("subject", subjects(), ids=str)
each_fault = pytest.mark.parametrize("subject", with_faults(), ids=str)


@pytest.fixture(scope="module")
def province() -> Province:
    """Small, for every connector is started many times; yet with a second page to ask for."""
    return generate(7, students=200, boards=1, day=DAY)


def told(subject: Subject) -> Manifest:
    """Its manifest; a connector that has none fails here with the words of the reader."""
    found, finding = manifest_of(subject.folder)
    if found is None:
        pytest.fail(finding.english)
    return found


@pytest.fixture
def trial(
    subject: Subject, province: Province, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Trial]:
    """The connector on its own sandbox; when it ends, nothing that was said holds a secret or a person."""
    manifest = told(subject)
    postgres = request.getfixturevalue("postgres_url") if manifest.protocol == "sql" else ""
    made = Trial(manifest, province, tmp_path, postgres)
    yield made
    must_hold(live.quiet(made))


def must_hold(finding: Finding) -> None:
    """Fails with the sentence of the finding."""
    assert finding.state != "fault", finding.english


def delivery_of(trial: Trial) -> Callable[[str], Delivery]:
    """What is handed over to an outbound connector."""
    maker = deliveries.MAKERS.get(trial.told.name)
    if maker is None:
        pytest.fail(f"{trial.told.name}: nothing to deliver. Add it to tests/connectors/every/deliveries.py.")
    return partial(maker, trial.province)


# On what is recorded


@each
def test_its_manifest_reads(subject: Subject) -> None:
    assert subject.folder.name == told(subject).name


@each
def test_its_folder_contract_and_samples_hold(subject: Subject) -> None:
    for finding in recorded.findings(told(subject)):
        must_hold(finding)


@each
def test_its_samples_pass_through_its_mappings_without_a_reject(subject: Subject) -> None:
    must_hold(mapped.finding(told(subject), where().mappings, DAY))


@each
def test_its_sandbox_loads(subject: Subject) -> None:
    assert issubclass(sandbox.kind_at(subject.folder), sandbox.SandboxSystem)


# On the live sandbox


@each
@pytest.mark.parametrize("name", [name for name, _ in live.INBOUND])
def test_it_holds_on_its_live_sandbox(subject: Subject, name: str, trial: Trial) -> None:
    if trial.told.direction != "inbound":
        pytest.skip("only an inbound connector gives rows")
    must_hold(dict(live.INBOUND)[name](trial))


@each
def test_the_same_delivery_twice_is_once(subject: Subject, trial: Trial) -> None:
    if trial.told.direction != "outbound":
        pytest.skip("only an outbound connector delivers")
    must_hold(live.once(trial, delivery_of(trial)))


@each_fault
def test_it_answers_a_fault_as_is_expected(subject: Subject, trial: Trial) -> None:
    if trial.told.direction == "pulls":
        pytest.skip("its faults are the hub's to bear: tests/gateway/http/test_third_party.py")
    deliver = delivery_of(trial) if trial.told.direction == "outbound" else None
    must_hold(live.one_fault(trial, subject.fault, deliver))


# What is said of it


@each
def test_its_ladder_is_true(subject: Subject, trial: Trial) -> None:
    """Judged without the live checks, which stand above: what those alone can prove counts as not yet tried."""
    found = [*recorded.findings(trial.told), mapped.finding(trial.told, where().mappings, DAY)]
    faults = [f"fault-{name}" for name in live.known(trial)]
    found += map(live.not_tried, [*live.NAMES, *faults, "once"])
    for finding in rungs.judged(trial.told, found, rungs.tests_of(subject.folder)):
        must_hold(finding)
