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


def test_pulls_are_measured_beside_the_bare_loops_on_one_server(capsys: pytest.CaptureFixture[str]) -> None:
    assert 0 == main(["bench", "connectors", "--rows", "1000", "--runs", "1", "--no-memory", "--json"])
    said = json.loads(capsys.readouterr().out)

    assert {
        "rest": ["passerelle", "httpx"], "soap": ["passerelle", "zeep"], "sql": ["passerelle", "copy"],
    } == {wire: [figure["engine"] for figure in figures] for wire, figures in said["wires"].items()}  # fmt: skip
    for figures in said["wires"].values():
        assert 1 == len({figure["rows"] for figure in figures})
        assert figures[0]["rows"] >= 1000
        assert all(figure["seconds"] > 0 and figure["processor_seconds"] > 0 for figure in figures)
        assert (1.0, 1.0) == (figures[0]["wall"], figures[0]["processor"])
    assert ["dlt"] == said["absent"]


def test_a_wire_that_is_not_measured_is_refused_with_those_that_are(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert 2 == main(["bench", "connectors", "--wire", "telex", "--lang", "en"])

    assert "one of rest, soap, sql" in capsys.readouterr().err
