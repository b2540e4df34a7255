"""Opens a file, or the one member of a ZIP, as bytes or as lines of UTF-8. Refuses a ZIP that would swell.

Whatever the declared encoding, lines come out as UTF-8 with line feeds at their ends; bytes that are not in that
encoding come out as bytes that are not UTF-8, so that the readers look for one thing.
"""

import codecs
import lzma
import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from connectors.kit.formats.format import Encoding
from connectors.kit.formats.frames import MAX_LINE, cannot_read

BLOCK = 4 * 1024 * 1024  # bytes read at a time
MAX_UNPACKED = 2 * 1024**3
MAX_RATIO = 200
SMALL = 10 * 1024**2  # what any archive may unpack to, whatever its ratio

_LONE_RETURN = re.compile(rb"\r(?!\n)")


@contextmanager
def opened(path: Path, member: str = "") -> Iterator[IO[bytes]]:
    """The bytes of the file, or of one member of a ``.zip``: the one of that name, or the only one.

    Raises ConfigurationError.
    """
    if not path.is_file():
        raise cannot_read(path, "the file is absent", "le fichier est absent")
    if path.suffix.lower() == ".zip":
        with archive(path) as found:
            files = [item for item in found.infolist() if not item.is_dir()]
            wanted = [item for item in files if not member or item.filename == member]
            if len(wanted) != 1:
                raise cannot_read(path, *_not_there(member))
            with found.open(wanted[0]) as file:
                yield file
        return
    try:
        file = path.open("rb")
    except OSError as error:
        raise cannot_read(path, "it cannot be opened", "il ne s'ouvre pas") from error
    with file:
        yield file


def _not_there(member: str) -> tuple[str, str]:
    if member:
        return f"the archive lacks the file {member}", f"l'archive n'a pas le fichier {member}"
    return "the archive must hold one file", "l'archive doit contenir un seul fichier"


@contextmanager
def archive(path: Path) -> Iterator[zipfile.ZipFile]:
    """A ZIP whose members, as it says itself, unpack to a bearable size. Raises ConfigurationError.

    Python's zipfile gives no more of a member than the size looked at here.
    """
    try:
        with zipfile.ZipFile(path) as found:
            members = found.infolist()
            unpacked = sum(member.file_size for member in members)
            packed = max(1, path.stat().st_size)
            if unpacked > MAX_UNPACKED or (unpacked > SMALL and unpacked > MAX_RATIO * packed):
                raise cannot_read(
                    path, "the archive unpacks to far too much", "l'archive se décompresse en beaucoup trop"
                )
            if any(_escapes(member.filename) or member.flag_bits & 1 for member in members):
                raise cannot_read(
                    path, "the archive is encrypted or names a file outside itself",
                    "l'archive est chiffrée ou nomme un fichier hors d'elle-même",
                )  # fmt: skip
            yield found
    except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, NotImplementedError, EOFError, OSError) as error:
        raise cannot_read(path, "it is not a sound archive", "ce n'est pas une archive saine") from error


def text_blocks(file: IO[bytes], encoding: Encoding, size: int = BLOCK) -> Iterator[bytes]:
    """The file in UTF-8 with line feeds as line ends and no byte order mark, in blocks cut anywhere."""
    held, begun = b"", False
    for block in _utf8(file, encoding, size):
        held += block
        if not begun:
            if len(held) < len(codecs.BOM_UTF8):
                continue
            held, begun = held.removeprefix(codecs.BOM_UTF8), True
        cut = held.endswith(b"\r")  # its line feed may be in the next block
        yield _line_feeds(held[:-1] if cut else held)
        held = b"\r" if cut else b""
    if held:
        yield _line_feeds(held.removeprefix(codecs.BOM_UTF8))


def line_blocks(file: IO[bytes], encoding: Encoding, size: int = BLOCK) -> Iterator[bytes]:
    """`text_blocks` cut at line ends; of a line over `MAX_LINE` bytes, one more than that is kept."""
    rest = b""
    for block in text_blocks(file, encoding, size):
        whole = rest + block
        end = whole.rfind(b"\n") + 1
        if end:
            yield whole[:end]
        rest = whole[end : end + MAX_LINE + 1]
    if rest:
        yield rest


def _line_feeds(block: bytes) -> bytes:
    """The block with line feeds as its only line ends."""
    if b"\r" not in block:
        return block
    if not _LONE_RETURN.search(block):
        return block.replace(b"\r", b"")  # many times faster than a replacement of two bytes by one
    return block.replace(b"\r\n", b"\n").replace(b"\r", b"\n")


def split_lines(block: bytes) -> list[str]:
    """The lines of a block of `line_blocks`; bytes that are not UTF-8 are lone surrogates."""
    lines = block.decode("utf-8", "surrogateescape").split("\n")
    if not lines[-1]:
        lines.pop()
    return lines


def _utf8(file: IO[bytes], encoding: Encoding, size: int) -> Iterator[bytes]:
    if encoding == "utf-8":
        while block := file.read(size):
            yield block
        return
    wide = encoding == "utf-16"
    decoder = codecs.getincrementaldecoder(encoding)("replace" if wide else "surrogateescape")
    more = True
    while more:
        block = file.read(size)
        more = bool(block)
        text = decoder.decode(block, final=not more)
        if wide:
            text = text.replace("\ufffd", "\udcff")
        if text:
            yield text.encode("utf-8", "surrogateescape")


def _escapes(name: str) -> bool:
    parts = name.replace("\\", "/").split("/")
    return ".." in parts or parts[0] == "" or ":" in parts[0]
