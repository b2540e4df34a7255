"""What a person or a program reads: French or English words and tables, or one JSON document and nothing else."""

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, TextIO

import orjson
from rich import box
from rich.console import Console
from rich.table import Table

from canonical_model.errors import HubError

_NARROW = "\u202f"  # the narrow space of French figures; it does not break
_WIDE = 140  # columns, where nothing says how many there are


@dataclass(frozen=True, slots=True)
class Output:
    """How this call answers. Made once by `main` from ``--json`` and ``--lang``.

    `stream` is the standard output that the call began with: with ``--json`` only a document goes there.
    """

    json: bool
    language: str
    stream: TextIO = field(default_factory=lambda: sys.stdout, repr=False)

    def words(self, french: str, english: str) -> str:
        """The words of this call's language."""
        return french if self.language == "fr" else english

    def say(self, french: str, english: str) -> None:
        """A line for people, on standard output; nothing with ``--json``."""
        if not self.json:
            Console(highlight=False, soft_wrap=True).print(self.words(french, english), markup=False)

    def progress(self, english: str, french: str) -> None:
        """A step of long work, on standard error, when a person watches or no JSON was asked for."""
        if sys.stderr.isatty() or not self.json:
            print(f"… {self.words(french, english)}", file=sys.stderr, flush=True)

    def document(self, content: Any) -> None:
        """One JSON document, only with ``--json``."""
        if self.json:
            self.stream.write(
                orjson.dumps(content, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE).decode()
            )

    def table(self, title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """A table for people; numbers to the right. Nothing with ``--json``."""
        if self.json:
            return
        held = [tuple(row) for row in rows]
        made = Table(
            title=title, title_justify="left", title_style="bold", header_style="bold", highlight=False,
            box=box.SIMPLE_HEAD, pad_edge=False,
        )  # fmt: skip
        for at, name in enumerate(columns):
            numeric = bool(held) and all(isinstance(row[at], int) or "$" in str(row[at]) for row in held)
            made.add_column(name, justify="right" if numeric else "left", overflow="fold")
        for row in held:
            made.add_row(*[self._cell(value) for value in row])
        terminal = Console(highlight=False)
        wide = terminal if terminal.is_terminal else Console(highlight=False, width=_WIDE)
        wide.print(made, markup=False)

    def _cell(self, value: Any) -> str:
        if isinstance(value, bool):
            return self.words("oui" if value else "NON", "yes" if value else "NO")
        if isinstance(value, int):
            return f"{value:,}".replace(",", _NARROW if self.language == "fr" else ",")
        return "" if value is None else str(value)

    def money(self, cents: int) -> str:
        """Cents as dollars, the way the language writes them."""
        text = f"{cents / 100:,.2f}"
        if self.language == "en":
            return f"${text}"
        return text.replace(",", _NARROW).replace(".", ",") + f"{_NARROW}$"

    def error(self, error: HubError) -> int:
        """The error where it belongs, in words; returns its exit code."""
        if self.json:
            said = {"code": error.code, "message_fr": error.french, "message_en": error.english}
            self.document({"error": said})
        else:
            print(error.words(self.language), file=sys.stderr)
        return error.exit_code
