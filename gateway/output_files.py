"""The files that a run writes: all of them whole, or none. Refuses to write over what the run reads.

While it grows, a file bears the name ``<file>.part``; at the end each takes its own name in one step. A run that is
stopped removes its parts, one that is killed leaves them; either way no file looks whole that is not, and what an
earlier run left stays as it was.
"""

import errno
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from stat import S_IMODE
from typing import IO

import polars as pl

from canonical_model.errors import ConfigurationError

_OS_ERROR = re.compile(r"os error ([0-9]+)")  # how Polars tells what Python tells in `errno`
_REASONS = {
    errno.ENOSPC: ("the disk is full", "le disque est plein"),
    errno.EDQUOT: ("the disk is full", "le disque est plein"),
    errno.EFBIG: ("the file may not grow any further", "le fichier ne peut pas grandir davantage"),
}


class OutputFile:
    """One file that grows. Every write raises ConfigurationError, naming the file, when it cannot be done.

    What is no regular file (a pipe, ``/dev/null``) is written in place: it has no moment at which it is whole.
    """

    def __init__(self, path: Path) -> None:
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), os.fspath(path))
        self._named = path
        self._path = Path(os.path.realpath(path))  # a link stays one: what it leads to is written
        in_place = self._path.exists() and not self._path.is_file()
        self._part = None if in_place else _part(self._path)
        try:
            self._file: IO[bytes] = (self._part or self._path).open("wb")
            if self._part and self._path.exists():  # no more people may read it than before
                os.fchmod(self._file.fileno(), S_IMODE(self._path.stat().st_mode))
        except OSError as error:
            error.filename = os.fspath(path)
            raise

    def write(self, content: bytes) -> None:
        """Add bytes."""
        with self._told():
            self._file.write(content)

    def lines(self, texts: pl.DataFrame) -> None:
        """Add the texts of the one column, a line each."""
        with self._told():
            texts.write_csv(self._file, include_header=False, quote_style="never")

    def close(self) -> None:
        """Nothing more comes."""
        with self._told():
            self._file.close()

    def keep(self) -> None:
        """Give the closed file its name."""
        if self._part:
            with self._told():
                self._part.replace(self._path)

    def drop(self) -> None:
        """Remove what was not kept."""
        with suppress(OSError):  # what could not be written is removed with the rest
            self._file.close()
        if self._part:
            self._part.unlink(missing_ok=True)

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except BrokenPipeError:
            raise
        except (OSError, pl.exceptions.PolarsError) as error:
            raise _cannot_write(self._named, error) from error


@contextmanager
def output_files(
    wanted: Mapping[str, Path | None], inputs: Iterable[Path]
) -> Iterator[tuple[OutputFile | None, ...]]:
    """The files of the named options, in their order; kept when the block ends well, dropped when it does not.

    The first is kept last: where it stands, the others do too. Raises ConfigurationError for two options that
    name one file and for one that names an input, OSError for a place that cannot be written.
    """
    _refuse_clashes({option: path for option, path in wanted.items() if path}, tuple(inputs))
    opened: list[OutputFile] = []
    try:
        found = []
        for path in wanted.values():
            file = OutputFile(path) if path else None
            found.append(file)
            opened += [file] if file else []
        yield tuple(found)
        for file in opened:
            file.close()
        for file in reversed(opened):
            file.keep()
    finally:
        for file in opened:
            file.drop()


def _refuse_clashes(wanted: Mapping[str, Path], inputs: tuple[Path, ...]) -> None:
    taken = {os.path.realpath(path) for path in inputs}
    marks = {(found.st_dev, found.st_ino) for path in inputs if path.exists() for found in (path.stat(),)}
    for option, path in wanted.items():
        real = Path(os.path.realpath(path))
        for place in (real, _part(real)):
            there = place.stat() if place.is_file() else None
            if os.fspath(place) in taken or (there and (there.st_dev, there.st_ino) in marks):
                raise ConfigurationError(
                    f"{option} {path}: this file is read by the run, or written twice. Name another one.",
                    f"{option} {path} : ce fichier est lu par l'exécution, ou écrit deux fois. Nommez-en un autre.",
                )
        if not real.exists() or real.is_file():
            taken |= {os.fspath(real), os.fspath(_part(real))}


def _part(path: Path) -> Path:
    return path.with_name(f"{path.name}.part")


def _cannot_write(path: Path, error: Exception) -> ConfigurationError:
    """What the system says about a file that was being written; a message of Polars holds the number only."""
    number = error.errno if isinstance(error, OSError) else None
    if number is None and (matched := _OS_ERROR.search(str(error))):
        number = int(matched[1])
    english, french = _REASONS.get(number or 0, ("it cannot be written", "l'écriture a échoué"))
    return ConfigurationError(
        f"{path}: {english}; nothing of this run was kept. Make room, or name another place.",
        f"{path} : {french}; rien de cette exécution n'a été gardé. Libérez de la place, ou nommez un autre endroit.",
    )
