"""A failed step: what may be told of it, and what may not."""

import json

import pytest

from canonical_model.errors import (
    ConfigurationError,
    HubError,
    IntegrityError,
    RefusedError,
    RetryableError,
)
from gateway.operations.airflow_api import DayRun, FailedStep
from gateway.operations.step_failure import EVENT, StepFailure


@pytest.mark.parametrize(
    ("kind", "final"), [(ConfigurationError, True), (RetryableError, False), (IntegrityError, True)]
)
def test_an_error_comes_back_from_the_log_as_it_was(kind: type[HubError], final: bool) -> None:
    failure = StepFailure.of(kind("gpi: closed. Wait.", "gpi : fermé. Attendez."))
    line = json.loads(json.dumps({"event": EVENT, "level": "error", **failure.line()}))
    found = StepFailure.read(line)

    assert found == failure
    assert final == failure.final
    assert found is not None
    assert (kind, "gpi : fermé. Attendez.") == (type(found.error()), found.error().french)


def test_an_error_of_a_library_is_named_by_its_kind_and_place_and_never_by_its_text() -> None:
    try:
        {}["Tremblay, Zoé"]
    except KeyError as error:
        failure = StepFailure.of(error)

    assert "Tremblay" not in str(failure.line())
    assert failure.english.startswith("KeyError, gateway/operations/test_step_failure.py:")
    assert not failure.final


def test_a_refusal_is_final() -> None:
    assert StepFailure.of(RefusedError("no.", "non.", reason="no-agreement")).final


def test_another_line_of_the_log_is_no_failure() -> None:
    assert StepFailure.read({"event": "Task failed with exception"}) is None


def test_the_gravest_of_several_failures_decides_how_the_day_ended() -> None:
    steps = [
        FailedStep(kind.__name__, kind.__name__, 1, StepFailure.of(kind("a: b. C.", "a : b. C.")))
        for kind in (RetryableError, IntegrityError, ConfigurationError)
    ]

    with pytest.raises(IntegrityError):
        DayRun("r", "failed", {}, 1.0, tuple(steps)).raise_for_failure()
    with pytest.raises(ConfigurationError):
        DayRun("r", "failed", {}, 1.0, (steps[0], steps[2])).raise_for_failure()
    with pytest.raises(HubError, match="without a failed step"):
        DayRun("r", "failed", {}, 1.0, ()).raise_for_failure()
    DayRun("r", "success", {}, 1.0, ()).raise_for_failure()
