"""One folder that a partner and the hub share, here or over SFTP: list, look, open, move, write whole.

Refuses a name that leads out of the folder. A file is written under another name and renamed, so that what
is read under its name is always whole; a file is moved without ever covering another.
"""

import contextlib
import os
import secrets
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from stat import S_ISREG
from typing import IO

from canonical_model.errors import ConfigurationError, RetryableError

PART = ".part"  # how the name of a file that is being written ends; such names begin with a dot


@dataclass(frozen=True, slots=True)
class Entry:
    """One file as it is now. `size` in bytes; `modified` in seconds since 1970, as exactly as the folder says."""

    name: str
    size: int
    modified: float


class Folder(ABC):
    """A shared folder. Raises ConfigurationError when a person must act, RetryableError when it may pass.

    `place` names the folder in messages: the installed system's name, not a path of the machine.
    """

    def __init__(self, place: str) -> None:
        self.place = place

    @abstractmethod
    def list(self) -> tuple[Entry, ...]:
        """The files, by name. Folders and files whose name begins with a dot are left out."""

    @abstractmethod
    def look(self, name: str) -> Entry | None:
        """One file as it is now; None when it is not there."""

    @abstractmethod
    def open(self, name: str) -> AbstractContextManager[IO[bytes]]:
        """The bytes of a file."""

    @abstractmethod
    def local(self, name: str) -> AbstractContextManager[Path]:
        """The file on this machine: itself, or a copy for its owner only that is removed at the end."""

    @abstractmethod
    def write(self, name: str, blocks: Iterable[bytes]) -> None:
        """Write a whole file; it appears at once, in the place of one of the same name."""

    @abstractmethod
    def below(self, name: str) -> "Folder":
        """The folder of that name in this one, made when it is absent."""

    @abstractmethod
    def _take_over(self, name: str, below: "Folder", wanted: str) -> bool:
        """Move a file into `below` as `wanted`; False when that name is taken."""

    def move(self, name: str, below: str) -> str:
        """Move a file into the folder `below` this one, and return its name there: another if it is taken."""
        target = self.below(below)
        stem, dot, suffix = checked(self.place, name).partition(".")
        number = 1
        while not self._take_over(
            name, target, wanted := name if number == 1 else f"{stem}-{number}{dot}{suffix}"
        ):
            number += 1
        return wanted

    def close(self) -> None:  # noqa: B027 - a local folder holds nothing
        """Let go of connections."""


class LocalFolder(Folder):
    """A folder of this machine, or one mounted on it."""

    def __init__(self, path: Path, place: str) -> None:
        super().__init__(place)
        self.path = path

    def list(self) -> tuple[Entry, ...]:
        """The files, by name."""
        with self._sorted():
            names = sorted(path.name for path in self.path.iterdir() if not path.name.startswith("."))
        return tuple(entry for name in names if (entry := self.look(name)))

    def look(self, name: str) -> Entry | None:
        """One file as it is now; a link is looked at as the file that it leads to."""
        with self._sorted():
            try:
                told = self._path(name).stat()
            except FileNotFoundError:
                return None
        return Entry(name, told.st_size, told.st_mtime_ns / 1e9) if S_ISREG(told.st_mode) else None

    @contextmanager
    def open(self, name: str) -> Iterator[IO[bytes]]:
        """The bytes of a file."""
        with self._sorted():
            file = self._path(name).open("rb")
        with file:
            yield file

    @contextmanager
    def local(self, name: str) -> Iterator[Path]:
        """The file itself."""
        with self.open(name):
            yield self._path(name)

    def write(self, name: str, blocks: Iterable[bytes]) -> None:
        """Write a whole file, readable by its owner and group."""
        wanted = self._path(name)
        part = self.path / f".{name}.{secrets.token_hex(4)}{PART}"
        with self._sorted():
            try:
                with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o640), "wb") as file:
                    for block in blocks:
                        file.write(block)
                    file.flush()
                    os.fsync(file.fileno())
                part.replace(wanted)
            finally:
                part.unlink(missing_ok=True)
            held = os.open(self.path, os.O_RDONLY)
            try:
                os.fsync(held)
            finally:
                os.close(held)

    def below(self, name: str) -> "LocalFolder":
        """The folder of that name in this one."""
        found = self._path(name)
        with self._sorted():
            found.mkdir(exist_ok=True)
        return LocalFolder(found, f"{self.place}/{name}")

    def _take_over(self, name: str, below: Folder, wanted: str) -> bool:
        if not isinstance(below, LocalFolder):
            raise TypeError(wanted)
        source, target = self._path(name), below.path / wanted
        with self._sorted():
            try:
                os.link(source, target)  # unlike a rename, it never covers a file that is there
            except FileExistsError:
                return False
            except FileNotFoundError:
                raise
            except OSError:  # a file system without links
                if target.exists():
                    return False
                source.rename(target)
                return True
            with contextlib.suppress(FileNotFoundError):
                source.unlink()
        return True

    def _path(self, name: str) -> Path:
        return self.path / checked(self.place, name)

    @contextmanager
    def _sorted(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise sorted_error(error, self.place) from error


def checked(place: str, name: str) -> str:
    """A plain name of a file. Raises ConfigurationError for one that is a path, hidden or empty."""
    if not name or name.startswith(".") or any(sign in name for sign in "/\\\x00\n\r"):
        raise ConfigurationError(
            f"{place}: a file's name leads out of the folder. Ask the partner to rename it.",
            f"{place} : le nom d'un fichier sort du dossier. Demandez au partenaire de le renommer.",
        )
    return name


def sorted_error(error: OSError, place: str) -> ConfigurationError | RetryableError:
    """What the caller does next about a file or folder that did not answer."""
    if isinstance(error, PermissionError):
        return ConfigurationError(
            f"{place}: this account may not read or write there. Give it the right.",
            f"{place} : ce compte n'a pas le droit d'y lire ou d'y écrire. Donnez-lui ce droit.",
        )
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return RetryableError(
            f"{place}: the file or folder is no longer there. Look at the folder, then try again.",
            f"{place} : le fichier ou le dossier n'y est plus. Regardez le dossier, puis réessayez.",
        )
    return RetryableError(
        f"{place}: the folder does not answer or is full. Look at it, then try again.",
        f"{place} : le dossier ne répond pas ou est plein. Regardez-le, puis réessayez.",
    )
