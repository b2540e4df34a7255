"""`mapping reverse`: a file comes back that the mapping reads as the same documents; what cannot is told."""

import json
from pathlib import Path

import pytest

from canonical_model.errors import ConfigurationError
from connectors.kit.formats import Format, Slice
from gateway.cli.mapping.reverse import layout_of
from mappings.engine import loader
from tests.gateway.cli.conftest import Call

ID = "oneroster/from_csv_student@1"
DAY = ("--day", "2026-02-16")


def _inputs(main: Path | None = None) -> list[str]:
    mapping = loader.load(ID)
    folder = loader.ROOT / mapping.system / "samples"
    found = []
    for stream in mapping.streams:
        path = main if main and stream.name == mapping.stream else folder / f"{stream.name}.csv"
        found += ["--input", f"{stream.name}={path}"]
    return found


@pytest.mark.parametrize("suffix", ["csv", "tsv", "jsonl"])
def test_the_file_that_comes_back_gives_the_same_documents(call: Call, tmp_path: Path, suffix: str) -> None:
    first, again, back = (tmp_path / name for name in ("1.jsonl", "2.jsonl", f"back.{suffix}"))
    call("mapping", "run", ID, *_inputs(), "--output", first, *DAY)

    told = call("mapping", "reverse", ID, "--input", first, "--output", back, *DAY, "--json")
    call("mapping", "run", ID, *_inputs(back), "--output", again, *DAY)

    documents = len(first.read_text("utf-8").splitlines())
    assert documents
    assert (0, documents, documents, 0) == (
        told.code, *(told.document[name] for name in ("read", "rows", "rejected"))
    )  # fmt: skip
    assert first.read_bytes() == again.read_bytes()


def test_what_cannot_go_back_is_told_with_its_line_place_and_rule_and_no_value(
    call: Call, tmp_path: Path
) -> None:
    first, spoilt, back, rejects = (tmp_path / n for n in ("1.jsonl", "2.jsonl", "back.csv", "no.jsonl"))
    call("mapping", "run", ID, *_inputs(), "--output", first, *DAY)
    line = first.read_text("utf-8").splitlines()[0]
    text = json.loads(line) | {"organization": "711000", "family_name": "Secrète"}
    spoilt.write_bytes(b"\n".join([line.encode(), b"", json.dumps(text).encode(), b"\xff{}"]))

    told = call("mapping", "reverse", ID, "--input", spoilt, "--output", back, "--rejects", rejects, *DAY)
    found = [json.loads(item) for item in rejects.read_text("utf-8").splitlines()]

    assert 1 == told.code
    assert [3, 4] == [item["source"]["row"] for item in found][-2:]
    assert "json-invalid" == found[-1]["rule"]
    assert "Secr" not in told.out + told.err + rejects.read_text("utf-8")


def test_a_mapping_that_is_not_reversible_and_a_kind_that_is_not_written_are_refused(
    call: Call, tmp_path: Path
) -> None:
    empty = tmp_path / "1.jsonl"
    empty.write_text("", "utf-8")
    for words in (("gpi/student@1", "back.csv"), (ID, "back.xlsx")):
        told = call("mapping", "reverse", words[0], "--input", empty, "--output", tmp_path / words[1], *DAY)
        assert 2 == told.code
        assert not (tmp_path / words[1]).exists()


def test_a_fixed_width_file_is_written_when_its_slices_leave_no_gap() -> None:
    slices = (Slice("a", 1, 3), Slice("b", 4, 2))
    told = Format("fixed_width", "windows-1252", slices=slices)

    assert told == layout_of(told, ("b", "a"), "x").read_as
    for other in ((slices[0],), (slices[0], Slice("b", 5, 2))):
        with pytest.raises(ConfigurationError, match="not written"):
            layout_of(Format("fixed_width", slices=other), ("a", "b"), "x")
