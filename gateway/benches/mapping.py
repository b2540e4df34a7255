"""The mapping engine beside its peers: the job of `../shared/bench`, one process at a time, one clock for all.

The wall time runs from before a process starts until it ends, imports included; the memory is the peak of
its largest process; the best of several runs is kept. The documents of all are compared by the yardstick's
own `compare.py`. A peer whose environment is absent is left out, and said so.
"""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from canonical_model.errors import ConfigurationError, IntegrityError

OURS = "passerelle"
PEERS = ("duckdb", "polars", "plain-orjson", "plain", "petl", "dlt", "earthmover")
THREADS = "2"


@dataclass(frozen=True, slots=True)
class Figure:
    """One engine: seconds, rows a second, and the peak memory in megabytes."""

    engine: str
    seconds: float
    rows_a_second: int
    megabytes: int


@dataclass(frozen=True, slots=True)
class Bench:
    """The yardstick's folder, the folder of its environments (`setup.sh`), and where to work."""

    yardstick: Path
    environments: Path
    work: Path

    def input(self, rows: int) -> Path:
        """The folder of the input, made when it is not there: the same bytes everywhere."""
        if not (self.yardstick / "gen.py").is_file():
            raise ConfigurationError(
                f"{self.yardstick}: the yardstick is not there. Name its folder with --yardstick.",
                f"{self.yardstick} : le banc d'essai est absent. Nommez son dossier par --yardstick.",
            )
        folder = self.work / f"sources-{rows}"
        if not (folder / "seeds" / "sexes.csv").is_file():
            subprocess.run([sys.executable, self.yardstick / "gen.py", str(rows), folder], check=True)  # noqa: S603
        return folder

    def there(self, engines: Sequence[str]) -> Iterator[str]:
        """The engines that can be run here."""
        for engine in engines:
            if engine == OURS or self._program(engine).exists():
                yield engine

    def measured(self, engine: str, rows: int, runs: int) -> tuple[Figure, Path]:
        """The best of `runs` runs of an engine, and what it wrote."""
        sources, output = self.input(rows), self.work / "out" / engine
        command, written = self._command(engine, sources, output)
        found = [self._once(engine, command, output) for _ in range(runs)]
        seconds = min(took for took, _ in found)
        return Figure(engine, seconds, round(rows / seconds), max(memory for _, memory in found)), written

    def compared(self, written: dict[str, Path]) -> str:
        """What `compare.py` says of them. Raises IntegrityError when two are not the same documents."""
        named = [f"{engine}={path}" for engine, path in written.items()]
        told = subprocess.run(  # noqa: S603
            [sys.executable, self.yardstick / "compare.py", *named],
            capture_output=True,
            text=True,
            check=False,
        )
        if told.returncode:
            raise IntegrityError(
                f"bench: the engines did not write the same documents.\n{told.stdout}",
                f"banc : les moteurs n'ont pas écrit les mêmes documents.\n{told.stdout}",
            )
        return told.stdout

    def _program(self, engine: str) -> Path:
        name = engine if engine in ("earthmover", "dlt") else "rows"
        return self.environments / name / "bin" / ("earthmover" if engine == "earthmover" else "python")

    def _command(self, engine: str, sources: Path, output: Path) -> tuple[list[str], Path]:
        program, scripts = str(self._program(engine)), self.yardstick
        lines = output / "documents.jsonl"
        match engine:
            case "passerelle":
                return [sys.executable, "-m", "gateway.benches.yardstick", str(sources), str(lines)], lines
            case "duckdb":
                return [program, str(scripts / "run_duck.py"), str(sources), str(lines), THREADS], lines
            case "dlt":
                return [
                    program,
                    str(scripts / "run_dlt.py"),
                    str(sources),
                    str(output),
                    "1",
                ], output / "loaded"
            case "earthmover":
                made = output / "learning_results.jsonl"
                return ["sh", str(scripts / "run_earthmover.sh"), program, str(sources), str(output)], made
            case "plain" | "plain-orjson":
                kind = "json" if engine == "plain" else "orjson"
                return [program, str(scripts / "run_plain.py"), str(sources), str(lines), kind], lines
        return [program, str(scripts / f"run_{engine}.py"), str(sources), str(lines)], lines

    def _once(self, engine: str, command: list[str], output: Path) -> tuple[float, int]:
        shutil.rmtree(output, ignore_errors=True)  # every run finds the same: nothing
        output.mkdir(parents=True)
        log = output / "log.txt"
        environment = {**os.environ, "POLARS_MAX_THREADS": THREADS}
        with log.open("wb") as said:
            started = time.perf_counter()
            process = subprocess.Popen(  # noqa: S603 - the operator names the environments
                command, stdin=subprocess.DEVNULL, stdout=said, stderr=said, env=environment
            )
            _, status, usage = os.wait4(process.pid, 0)
            took = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise ConfigurationError(
                f"{engine}: ended with {process.returncode}. Read {log}.",
                f"{engine} : terminé avec {process.returncode}. Lisez {log}.",
            )
        return took, round(usage.ru_maxrss * 1024 / 1e6)
