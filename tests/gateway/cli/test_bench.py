"""`passerelle bench model`: measures what it says, and refuses a Python that has no fhir.resources."""

import json
import sys

import pytest

from gateway.cli.main import main


def test_it_measures_reading_and_writing_beside_plain_pydantic(capsys: pytest.CaptureFixture[str]) -> None:
    assert 0 == main(["bench", "model", "Student", "--runs", "1", "--json"])
    said = json.loads(capsys.readouterr().out)

    assert {"Student"} == said["resources"].keys()
    assert all(figure > 0 for figure in said["resources"]["Student"].values())
    assert (1, None) == (said["method"]["runs"], said["fhir"])


def test_a_python_without_fhir_resources_is_named_with_the_remedy(capsys: pytest.CaptureFixture[str]) -> None:
    assert 2 == main(
        [
            "bench",
            "model",
            "Student",
            "--runs",
            "1",
            "--fhir-python",
            f"{sys.prefix}/bin/absent",
            "--lang",
            "en",
        ]
    )

    assert "pip install fhir.resources" in capsys.readouterr().err


def test_a_resource_that_does_not_exist_is_a_wrong_call() -> None:
    assert 2 == main(["bench", "model", "Zorglub"])
