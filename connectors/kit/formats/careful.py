"""Cuts lines into records one by one and places each fault; reads on at the next line, whatever happens.

A quote that is not closed cannot swallow the file: when its record goes over `MAX_RECORD_LINES` lines
or `MAX_LINE` bytes, or does not come out as wide as the header, its first line alone is the fault.
"""

from dataclasses import dataclass

from connectors.kit.formats.frames import (
    MAX_LINE,
    MAX_RECORD_LINES,
    NUL,
    RAGGED,
    TOO_LONG,
    UNCLOSED,
    Parsed,
)


class _MalformedError(Exception):
    """Something stands between a closing quote and the separator."""


@dataclass(frozen=True, slots=True)
class Cutter:
    """The signs of a file. `width`: the number of columns, 0 while the header is read."""

    separator: str
    quote: str
    line_breaks: bool
    wrong_encoding: str
    width: int = 0

    def cut(
        self, lines: list[str], first: int, *, final: bool, limit: int | None = None
    ) -> tuple[list[Parsed], int]:
        """The records of `lines`, and how many lines they and the blank ones took.

        `first` is the number of the first line. Bytes of another encoding are lone surrogates in
        `lines`. Without `final`, a record whose quote is still open at the end is left for later.
        """
        found: list[Parsed] = []
        separator, quote, width = self.separator, self.quote, self.width
        at, count = 0, len(lines)
        while at < count and (limit is None or len(found) < limit):
            line, used = lines[at], 1
            fields: list[str]
            fault: str | None = None
            if not line:
                at += 1
                continue
            if 4 * len(line) > MAX_LINE and _bytes(line) > MAX_LINE:
                fields, fault = [], TOO_LONG
            elif quote and quote in line:
                fields, fault, used = self._quoted(lines, at, final=final)
                if not used:
                    break
            else:
                fields = line.split(separator)
                if len(fields) != width and width:
                    fault = RAGGED
            fields, fault = self._clean(fields, fault)
            found.append((first + at, fields, fault))
            at += used
        return found, at

    def _clean(self, fields: list[str], fault: str | None) -> tuple[list[str], str | None]:
        """Text that can be stored: what stands for a wrong byte or a NUL is shown as U+FFFD.

        Cells that may not be in their columns are left out: such a sign would be placed to a wrong one.
        """
        clean, found = self._stored(fields, fault)
        return ([] if fault and found != fault else clean), found

    def _stored(self, fields: list[str], fault: str | None) -> tuple[list[str], str | None]:
        text = self.separator.join(fields)
        if "\x00" in text:
            return self._stored([field.replace("\x00", "\ufffd") for field in fields], NUL)
        if text.isascii():
            return fields, fault
        clean = [readable(field) for field in fields]
        return clean, (fault if clean == fields or fault == NUL else self.wrong_encoding)

    def _quoted(self, lines: list[str], at: int, *, final: bool) -> tuple[list[str], str | None, int]:
        """Fields, fault and number of lines of a record that has a quote; 0 lines: its end is not here yet."""
        fields: list[str] = []
        try:
            opened = self._scan(lines[at], fields, None)
        except _MalformedError:
            return lines[at].split(self.separator), RAGGED, 1
        if opened is None:
            return fields, (RAGGED if self.width and len(fields) != self.width else None), 1
        taken = self._follow(lines, at, fields, opened, final=final) if self.line_breaks else None
        if taken is None or (taken and self.width and len(fields) != self.width):
            return lines[at].split(self.separator), UNCLOSED, 1
        return fields, None, taken

    def _follow(
        self, lines: list[str], at: int, fields: list[str], opened: list[str], *, final: bool
    ) -> int | None:
        """How many lines the record takes that is open at the end of line `at`.

        0: its end is not here yet; None: it never closes, or too far below.
        """
        size, still_open = _bytes(lines[at]), opened
        last = min(len(lines), at + MAX_RECORD_LINES)
        for following in range(at + 1, last):
            size += _bytes(lines[following]) + 1
            if size > MAX_LINE:
                return None
            try:
                found = self._scan(lines[following], fields, still_open)
            except _MalformedError:
                return None
            if found is None:
                return following + 1 - at
            still_open = found
        return None if final or last == at + MAX_RECORD_LINES else 0

    def _scan(self, line: str, fields: list[str], opened: list[str] | None) -> list[str] | None:
        """Add the line's fields; the lines so far of a field that is still open at its end, or None."""
        quote, at, end = self.quote, 0, len(line)
        while True:
            if opened is None:
                if not line.startswith(quote, at):
                    stop = line.find(self.separator, at)
                    fields.append(line[at:] if stop < 0 else line[at:stop])
                    if stop < 0:
                        return None
                    at = stop + 1
                    continue
                opened, at = [], at + 1
            stop = line.find(quote, at)
            while stop >= 0 and line.startswith(quote, stop + 1):
                stop = line.find(quote, stop + 2)
            if stop < 0:
                opened.append(line[at:])
                return opened
            opened.append(line[at:stop])
            fields.append("\n".join(opened).replace(quote * 2, quote))
            opened, at = None, stop + 1
            if at == end:
                return None
            if line[at] != self.separator:
                raise _MalformedError
            at += 1


def readable(text: str) -> str:
    """The text with U+FFFD in the place of bytes that are not in the declared encoding."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return text


def _bytes(line: str) -> int:
    return len(line) if line.isascii() else len(line.encode("utf-8", "surrogateescape"))
