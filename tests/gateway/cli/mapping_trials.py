"""Ten invented pupils as a file of GPI, and `mapping run` on it: what came out, held against the counts."""

import json
import os
import resource
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mappings.engine import loader
from tests.conftest import REPOSITORY
from tests.gateway.cli.conftest import Answer, Call

COLUMNS = loader.load("gpi/student@1").streams[0].columns
DAY = ("--day", "2026-02-16")
SECRETS = ("Vauxcourt", "Qwendoline", "4400")  # no name or number of a pupil may be on a screen


def pupil(number: int, **changes: str) -> dict[str, str]:
    """The row of one pupil: family name Vauxcourt, given name Qwendoline, number 4400…"""
    row = dict.fromkeys(COLUMNS, "") | {
        "org": "762000", "fiche": f"4400{number:03}", "nom": f"Vauxcourt{number}", "pnom": "Qwendoline",
        "date_naiss": "2010-05-06", "sexe": "F",
    }  # fmt: skip
    return row | changes


def pupils(count: int = 10) -> list[dict[str, str]]:
    return [pupil(number) for number in range(1, count + 1)]


def as_csv(rows: Sequence[Mapping[str, str]], separator: str = ",") -> list[bytes]:
    """The lines of a file, without their ends; the first is the header."""
    return [
        separator.join(rows[0]).encode(),
        *(separator.join(row.values()).encode() for row in rows),
    ]


def file_of(path: Path, lines: Sequence[bytes]) -> Path:
    path.write_bytes(b"\n".join(lines) + b"\n")
    return path


@dataclass(frozen=True)
class Outcome:
    """What one run wrote. `placed`: row, column and rule of each reject."""

    answer: Answer
    documents: list[Any]
    rejects: list[Any]

    @property
    def placed(self) -> list[tuple[int, str | None, str]]:
        return [(item["source"]["row"], item["source"]["column"], item["rule"]) for item in self.rejects]


def run(call: Call, folder: Path, *words: object, mapping: str = "gpi/student@1") -> Outcome:
    """`mapping run` with what must hold of every run: the counts add up, nobody is named on the screen."""
    output, rejects = folder / "out.jsonl", folder / "rejects.jsonl"
    call_words = ("mapping", "run", mapping, *words, "--output", output, "--rejects", rejects, *DAY)
    shown, answer = call(*call_words), call(*call_words, "--json")
    said = shown.out + shown.err + answer.out + answer.err

    assert shown.code == answer.code
    assert [] == [value for value in SECRETS if value in said]
    assert [] == list(folder.glob("*.part"))
    if answer.code > 1:
        assert not shown.out
        assert not output.exists()
        assert not rejects.exists()
        return Outcome(shown, [], [])
    written, found = lines(output), lines(rejects)
    counts = answer.document
    set_aside = {(item["source"]["row"], item["path"] == "(record)" or item["path"]) for item in found}
    assert counts["read"] == counts["written"] + counts["rejected"]
    assert counts["rows"] - counts["filtered"] - counts["empty"] <= counts["read"]
    assert len(written) == counts["written"]
    assert bool(set_aside) == bool(counts["rejected"]) == (answer.code == 1)
    for item in found:
        assert item["message_fr"]
        assert item["remedy_fr"]
        assert item["message_fr"] in shown.out or len(found) > 10
    return Outcome(answer, written, found)


def lines(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def started(words: Sequence[object], folder: Path, *, most_bytes: int | None = None) -> subprocess.Popen[str]:
    """`passerelle WORDS` as a process; `most_bytes`: no file may grow beyond."""
    limit = (resource.RLIM_INFINITY if most_bytes is None else most_bytes,) * 2
    return subprocess.Popen(
        [sys.executable, "-c", _PROCESS, *map(str, words)],
        env=os.environ | {"PYTHONPATH": str(REPOSITORY), "PASSERELLE_HOME": str(folder / "home")},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, limit),  # noqa: PLW1509 - no thread is running
    )  # fmt: skip


_PROCESS = """
import resource, sys
from gateway.cli.main import main
code = main()
print("peak", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024, file=sys.stderr)
sys.exit(code)
"""
