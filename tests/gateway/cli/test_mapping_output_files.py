"""What `mapping run` writes stands whole or not at all: stopped, killed, on a full disk, over an input."""

import os
import signal
import subprocess
import time
from datetime import date
from pathlib import Path

import pytest

from gateway import mapping_runs
from gateway.mapping_files import StreamFile
from mappings.engine import loader
from tests.conftest import REPOSITORY
from tests.gateway.cli.conftest import Call
from tests.gateway.cli.mapping_trials import COLUMNS, DAY, as_csv, file_of, lines, pupil, pupils, run, started

MANY = 1_000_000


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A million pupils: some seconds of work."""
    row = ",".join(pupil(0, fiche="%07d").values())
    path = tmp_path_factory.mktemp("many") / "eleves.csv"
    path.write_text("\n".join([",".join(COLUMNS), *(row % number for number in range(MANY))]) + "\n", "utf-8")
    return path


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_run_that_is_stopped_leaves_no_file_that_looks_whole_and_the_next_one_succeeds(
    call: Call, many: Path, tmp_path: Path, number: signal.Signals
) -> None:
    output, rejects, lineage = (tmp_path / f"{name}.jsonl" for name in ("o", "r", "l"))
    rejects.write_bytes(b"of an earlier run\n")
    words = ("--output", output, "--rejects", rejects, "--lineage", lineage, *DAY)
    process = started(("mapping", "run", "gpi/student@1", "--input", many, *words), tmp_path)
    _wait_for(output.with_name("o.jsonl.part"), process)
    process.send_signal(number)
    _, said = process.communicate(timeout=60)
    parts = sorted(path.name for path in tmp_path.glob("*.part"))

    assert not output.exists()
    assert not lineage.exists()
    assert b"of an earlier run\n" == rejects.read_bytes()
    assert "Traceback" not in said
    if number == signal.SIGKILL:
        assert ["l.jsonl.part", "o.jsonl.part", "r.jsonl.part"] == parts
        assert -signal.SIGKILL == process.returncode
    else:
        assert (3, []) == (process.returncode, parts)
        assert "Interrompu" in said

    few = file_of(tmp_path / "eleves.csv", as_csv(pupils()))
    assert 0 == call("mapping", "run", "gpi/student@1", "--input", few, *words).code
    assert (10, 11, b"") == (len(lines(output)), len(lines(lineage)), rejects.read_bytes())
    assert [] == list(tmp_path.glob("*.part"))


def _wait_for(path: Path, process: subprocess.Popen[str]) -> None:
    """Until something stands in the file that the process writes."""
    end = time.monotonic() + 60
    while not (path.exists() and path.stat().st_size):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.mark.parametrize(
    ("mapping", "option"),
    [("gpi/student@1", "--output"), ("gpi/student@1", "--rejects"), ("gpi/student@1", "--lineage")],
)
def test_a_disk_that_is_full_is_told_with_the_file_and_nothing_is_kept(
    tmp_path: Path, mapping: str, option: str
) -> None:
    bad = [pupil(number, sexe="Q" if option == "--rejects" else "F") for number in range(1, 3000)]
    path = file_of(tmp_path / "eleves.csv", as_csv(bad))
    outputs = {name: tmp_path / f"{name[2:]}.jsonl" for name in ("--output", option)}
    size = 20_000 if option == "--lineage" else 100_000
    if option == "--lineage":
        outputs["--output"] = Path(os.devnull)
    words = [word for pair in outputs.items() for word in pair]
    process = started(("mapping", "run", mapping, "--input", path, *words, *DAY), tmp_path, most_bytes=size)
    out, said = process.communicate(timeout=60)

    assert (2, "") == (process.returncode, out)
    assert f"{option[2:]}.jsonl : le fichier ne peut pas grandir davantage; rien" in said
    assert ["eleves.csv"] == [item.name for item in tmp_path.iterdir()]


def test_documents_of_a_form_stop_at_a_full_disk_too(tmp_path: Path) -> None:
    samples = REPOSITORY / "mappings" / "microsoft_sds" / "samples"
    mapping = loader.load("microsoft_sds/users")
    inputs = [
        word for stream in mapping.streams
        for word in ("--input", f"{stream.name}={next(iter(samples.glob(f'{stream.name}.*')))}")
    ]  # fmt: skip
    output = tmp_path / "users.csv"
    process = started(
        ("mapping", "run", mapping.id, *inputs, "--output", output, *DAY), tmp_path, most_bytes=10
    )
    _, said = process.communicate(timeout=60)

    assert 2 == process.returncode
    assert f"{output} : le fichier ne peut pas grandir" in said
    assert [] == list(tmp_path.iterdir())


@pytest.mark.parametrize("place", ["absent/o.jsonl", ".", "eleves.csv/o.jsonl"])
def test_a_place_that_cannot_be_written_is_named(call: Call, tmp_path: Path, place: str) -> None:
    path = file_of(tmp_path / "eleves.csv", as_csv(pupils()))
    rejects = tmp_path / "r.jsonl"
    words = ("--input", path, "--rejects", rejects, "--output", tmp_path / place)
    answer = call("mapping", "run", "gpi/student@1", *words)

    assert (2, "") == (answer.code, answer.out)
    assert str(tmp_path / place) in answer.err
    assert [path] == list(tmp_path.iterdir())


def test_neither_an_input_nor_a_file_twice_is_written_over(call: Call, tmp_path: Path) -> None:
    path = file_of(tmp_path / "eleves.csv", as_csv(pupils()))
    before = path.read_bytes()
    (tmp_path / "lien.jsonl").symlink_to(path)
    os.link(path, tmp_path / "dur.jsonl")
    other = tmp_path / "o.jsonl"
    for outputs in (
        ("--output", path),
        ("--output", tmp_path / "lien.jsonl"),
        ("--output", tmp_path / "dur.jsonl"),
        ("--output", other, "--rejects", path),
        ("--output", other, "--lineage", tmp_path / "." / "o.jsonl"),
        ("--output", other, "--rejects", tmp_path / "o.jsonl.part"),
    ):
        answer = call("mapping", "run", "gpi/student@1", "--input", path, *outputs)
        assert (2, before) == (answer.code, path.read_bytes())
        assert "Nommez-en un autre" in answer.err
    assert ["dur.jsonl", "eleves.csv", "lien.jsonl"] == sorted(item.name for item in tmp_path.iterdir())


def test_a_link_and_the_rights_of_an_earlier_file_stay_as_they_were(call: Call, tmp_path: Path) -> None:
    path = file_of(tmp_path / "eleves.csv", as_csv(pupils()))
    private, link = tmp_path / "prive.jsonl", tmp_path / "lien.jsonl"
    private.touch(mode=0o600)
    link.symlink_to(private)

    assert 0 == call("mapping", "run", "gpi/student@1", "--input", path, "--output", link, *DAY).code
    assert (10, 0o600, True) == (len(lines(private)), private.stat().st_mode & 0o777, link.is_symlink())
    assert 0 == call("mapping", "run", "gpi/student@1", "--input", path, "--output", os.devnull, *DAY).code
    assert Path(os.devnull).is_char_device()


def test_two_rows_of_one_key_in_different_parts_are_both_refused(tmp_path: Path) -> None:
    rows = [*pupils(7), pupil(9, fiche="4400001")]
    path = file_of(tmp_path / "eleves.csv", as_csv(rows))
    mapping = loader.load("gpi/student@1")
    file = StreamFile(path, mapping.streams[0], rows=3)

    read = mapping_runs.Input({mapping.stream: file}, "gpi@762000", "762000", date(2026, 2, 16))
    parts = [found for _, found in mapping_runs.mapped_parts(mapping, read)]

    assert [3, 3, 2] == [part.rows for part in parts]
    assert [(2, "duplicate-key"), (9, "duplicate-key")] == [
        (row, rule) for part in parts for row, rule in part.rejects.select("row", "rule").rows()
    ]
    assert 6 == sum(part.documents.height for part in parts)


def test_a_file_of_several_parts_is_written_in_its_order(call: Call, many: Path, tmp_path: Path) -> None:
    few = tmp_path / "eleves.csv"
    with many.open("rb") as file:
        few.write_bytes(b"".join(line for _, line in zip(range(130_001), file, strict=False)))
    found = run(call, tmp_path, "--input", few)

    assert [f"{number:07}" for number in range(130_000)] == [
        item["subject"][0]["value"] for item in found.documents
    ]
