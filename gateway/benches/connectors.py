"""Connectors beside the least that anybody would write: the same server, one process at a time, one clock for all.

REST against a bare httpx loop and dlt's `rest_api`, SOAP against bare zeep, SQL against a bare COPY. The engines take
turns, so that a noisy machine is noisy for all; only ratios of one call of the command mean something. Refused: two
engines that did not read as many rows.
"""

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from canonical_model.errors import ConfigurationError, IntegrityError
from connectors.kit import contract, load
from gateway.benches import served
from gateway.benches.pulling import PAGE_ROWS

OURS = "passerelle"
PEERS = {"rest": ("httpx", "dlt"), "soap": ("zeep",), "sql": ("copy",)}
STREAMS = {"rest": "plans", "soap": "presences", "sql": "gpm_e_mat_ele"}
WIRES = tuple(PEERS)
BARE = Path(__file__).with_name("bare")
START_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Run:
    """One process: wall and processor time in seconds, imports included, its peak memory in megabytes, its rows."""

    seconds: float
    processor: float
    megabytes: int
    rows: int


@dataclass(frozen=True, slots=True)
class Figure:
    """One engine on one wire: medians of its runs. Ratios are ours over it, of pairs of runs side by side.

    `wall`, `processor`: above 1 we are faster. `megabytes`: the greatest.
    """

    wire: str
    engine: str
    rows: int
    seconds: float
    processor_seconds: float
    megabytes: int
    wall: float
    processor: float


@dataclass(frozen=True, slots=True)
class Bench:
    """`environments`: the folder where an environment called ``dlt`` may stand. `work`: where to write."""

    environments: Path
    work: Path

    def absent(self) -> tuple[str, ...]:
        """The peers that cannot be run here."""
        return () if self._dlt().exists() else ("dlt",)

    def compared(self, wire: str, rows: int, runs: int) -> list[Figure]:
        """Every engine of a wire in turn, `runs` times, ours first of each turn."""
        with self._serving(wire, rows) as entry:
            engines = [OURS, *(peer for peer in PEERS[wire] if peer not in self.absent())]
            found: dict[str, list[Run]] = {engine: [] for engine in engines}
            for _ in range(runs):
                for engine in engines:
                    found[engine].append(self._once(wire, engine, entry))
        if len({run.rows for held in found.values() for run in held}) != 1:
            raise IntegrityError(
                f"bench {wire}: the engines did not read as many rows. Read {self.work}.",
                f"banc {wire} : les moteurs n'ont pas lu autant de lignes. Lisez {self.work}.",
            )
        return [_figure(wire, engine, found[engine], found[OURS]) for engine in engines]

    def memory(self, wire: str, rows: int) -> Run:
        """One pull of ours of that many rows, for its memory."""
        with self._serving(wire, rows) as entry:
            return self._once(wire, OURS, entry)

    def _dlt(self) -> Path:
        return self.environments / "dlt" / "bin" / "python"

    def _command(self, wire: str, engine: str, entry: Path, out: Path) -> list[str]:
        if engine == OURS:
            return [sys.executable, "-m", "gateway.benches.pulling", str(entry), str(out), STREAMS[wire]]
        script = str(BARE / f"{wire}_{engine}.py")
        match wire:
            case "rest":
                python = str(self._dlt()) if engine == "dlt" else sys.executable
                return [python, script, str(entry), str(out), str(PAGE_ROWS)]
            case "soap":
                return [
                    sys.executable,
                    script,
                    str(entry),
                    str(out),
                    str(load.manifest("avant_garde").contract.path),
                ]
        columns = contract.read(load.manifest("gpi").contract.path)[STREAMS["sql"]].names
        return [sys.executable, script, str(entry), str(out), ",".join(columns)]

    def _once(self, wire: str, engine: str, entry: Path) -> Run:
        out = self.work / "out" / f"{wire}-{engine}"
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir(parents=True)
        log = out / "log.txt"
        with log.open("wb") as said:
            started = time.perf_counter()
            process = subprocess.Popen(  # noqa: S603 - the operator names the environments
                self._command(wire, engine, entry, out), stdin=subprocess.DEVNULL, stdout=said, stderr=said
            )
            _, status, usage = os.wait4(process.pid, 0)
            took = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise _ended(engine, process.returncode, log)
        return Run(
            took,
            usage.ru_utime + usage.ru_stime,
            round(usage.ru_maxrss * 1024 / 1e6),
            int((out / "rows.txt").read_text("ascii")),
        )

    @contextmanager
    def _serving(self, wire: str, rows: int) -> Iterator[Path]:
        """A server process of that wire; the file with its entry of systems.yaml."""
        folder = Path(tempfile.mkdtemp(prefix=f"{wire}-", dir=self.work))
        entry, log = folder / served.ENTRY, folder / "log.txt"
        with log.open("wb") as said:
            process = subprocess.Popen(  # noqa: S603 - our own module
                [sys.executable, "-m", "gateway.benches.served", wire, str(rows), str(folder)],
                stdin=subprocess.PIPE, stdout=said, stderr=said,
            )  # fmt: skip
        try:
            until = time.monotonic() + START_SECONDS
            while not entry.exists():
                if process.poll() is not None or time.monotonic() > until:
                    raise _ended(f"{wire} server", process.poll() or 0, log)
                time.sleep(0.05)
            yield entry
        finally:
            process.communicate()  # it ends with its standard input


def entries(figures: list[Figure], memory: dict[str, Run]) -> dict[str, object]:
    """The figures as `--json` gives them."""
    return {
        "wires": {
            wire: [
                {
                    name: round(value, 3) if isinstance(value, float) else value
                    for name, value in _told(figure)
                }
                for figure in figures
                if figure.wire == wire
            ]
            for wire in dict.fromkeys(figure.wire for figure in figures)
        },
        "memory": {
            few.wire: {"rows": [few.rows, many.rows], "megabytes": [few.megabytes, many.megabytes]}
            for few, many in beside(figures, memory)
        },
    }


def beside(figures: list[Figure], memory: dict[str, Run]) -> Iterator[tuple[Figure, Run]]:
    """Our figure of each wire, with its pull of more rows."""
    return (
        (figure, memory[figure.wire]) for figure in figures if figure.engine == OURS and figure.wire in memory
    )


def _told(figure: Figure) -> Iterator[tuple[str, object]]:
    return ((name, getattr(figure, name)) for name in Figure.__slots__)


def _figure(wire: str, engine: str, runs: list[Run], ours: list[Run]) -> Figure:
    pairs = list(zip(runs, ours, strict=True))
    return Figure(
        wire,
        engine,
        runs[0].rows,
        statistics.median(run.seconds for run in runs),
        statistics.median(run.processor for run in runs),
        max(run.megabytes for run in runs),
        statistics.median(theirs.seconds / mine.seconds for theirs, mine in pairs),
        statistics.median(theirs.processor / mine.processor for theirs, mine in pairs),
    )


def _ended(engine: str, code: int, log: Path) -> ConfigurationError:
    last = (log.read_text("utf-8", "replace").strip().splitlines() or ["-"])[-1]
    return ConfigurationError(
        f"{engine}: ended with {code} ({last[:200]}). Run it by hand to see more.",
        f"{engine} : terminé avec {code} ({last[:200]}). Lancez-le à la main pour en voir plus.",
    )
