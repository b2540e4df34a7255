"""A simulated partner that takes files from a folder and answers with a return file. Takes no unfinished lot.

Written from the contract of `files/outgoing.py`, and shares no code with it: a lot is whole when each file of its
list or marker ``*.sha256`` has that digest. What was taken is in ``archive``, what was answered in ``retour``: the
folder is the memory, so a lot that comes again is not taken twice.
"""

import hashlib
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

EVERY_SECONDS = 0.05
Judge = Callable[[str, bytes], list[str | None]]


@dataclass(frozen=True, slots=True)
class Depot:
    """`judge`: of a file's name and content, for each record None or why it is refused. `name`: of the partner.

    `encoding`, `twice`: faults, a return file in another encoding, or with its first line twice.
    """

    folder: Path
    name: str
    judge: Judge
    encoding: str = "utf-8"
    twice: bool = False

    @contextmanager
    def taking(self) -> Iterator[None]:
        """Take what is there, again and again, until the end of the block."""
        stopped = threading.Event()

        def work() -> None:
            while not stopped.wait(EVERY_SECONDS):
                self.take()

        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        try:
            yield
        finally:
            stopped.set()
            thread.join(timeout=10)

    def take(self) -> None:
        """Take every whole lot of the folder, in the order of names."""
        for listed in sorted(self.folder.glob("*.sha256")):
            if self._whole(listed):
                self._answer(listed)

    def _whole(self, listed: Path) -> bool:
        told = _told(listed)
        return bool(told) and all(
            (self.folder / name).is_file()
            and hashlib.sha256((self.folder / name).read_bytes()).hexdigest() == digest
            for name, digest in told.items()
        )

    def _answer(self, listed: Path) -> None:
        names = tuple(_told(listed))
        alone = listed.name == f"{names[0]}.sha256"
        key = Path(names[0]).stem if alone else listed.name.removesuffix(".sha256")
        returns, archive = self.folder / "retour", self.folder / "archive"
        returns.mkdir(exist_ok=True)
        archive.mkdir(exist_ok=True)
        answer = returns / f"RETOUR_{key}.csv"
        if not answer.exists():
            number = f"{self.name}-{len(list(returns.glob('*.csv'))) + 1:06d}"
            content = "".join(self._lines(number, names)).encode(self.encoding)
            digest = hashlib.sha256(content).hexdigest()
            (returns / f"{answer.name}.sha256").write_text(f"{digest}  {answer.name}\n")
            part = returns / f".{answer.name}.part"
            part.write_bytes(content)
            part.replace(answer)
        for name in (listed.name, *names):
            (self.folder / name).replace(archive / name)

    def _lines(self, number: str, names: tuple[str, ...]) -> Iterator[str]:
        yield "recu;fichier;ligne;etat;motif\n"
        for name in names:
            for line, reason in enumerate(self.judge(name, (self.folder / name).read_bytes()), start=1):
                told = f"{number};{name};{line};{'R' if reason else 'A'};{reason or ''}\n"
                yield told * (2 if self.twice and line == 1 else 1)


def _told(listed: Path) -> dict[str, str]:
    lines = (line.split("  ", 1) for line in listed.read_text().splitlines() if line[:1] != "#")
    return {line[1]: line[0] for line in lines if len(line) == 2}
