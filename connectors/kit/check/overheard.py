"""Everything a connector says while it works (logs at DEBUG, addresses, messages), and whether a person is in it.

Refuses nothing by itself: `leaks` counts what was found and never repeats it.
"""

import base64
import logging
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from starlette.types import ASGIApp, Receive, Scope, Send

from canonical_model.errors import HubError

if TYPE_CHECKING:
    from connectors.kit.province.model import Province

SHORTEST = 4  # characters; a shorter name is a word like any other


@dataclass(slots=True)
class Overheard:
    """`texts`: pairs of where (``log``, ``address``, ``message``) and what was said there."""

    texts: list[tuple[str, str]] = field(default_factory=list)

    def error(self, error: HubError) -> None:
        """The words of an error, in both languages."""
        self.texts += [("message", error.english), ("message", error.french)]

    def app(self, app: ASGIApp) -> ASGIApp:
        """The same application, whose addresses are heard."""

        async def heard(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] == "http":
                asked = scope.get("raw_path") or scope["path"].encode()
                self.texts.append(
                    ("address", f"{asked.decode('latin-1')}?{scope['query_string'].decode('latin-1')}")
                )
            await app(scope, receive, send)

        return heard

    @contextmanager
    def logs(self) -> Iterator[None]:
        """All that is logged, at every level, while this lasts."""
        handler, root = _Handler(self.texts), logging.getLogger()
        level = root.level
        root.addHandler(handler)
        root.setLevel(logging.DEBUG)
        try:
            yield
        finally:
            root.removeHandler(handler)
            root.setLevel(level)

    def leaks(self, values: Iterable[str]) -> dict[str, int]:
        """How often one of the values stands in a log, an address or a message; empty when none does."""
        told = sorted({value for value in values if value}, key=len, reverse=True)
        if not told:
            return {}
        any_of = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, told))})(?!\w)")
        found: dict[str, int] = {}
        for where, text in self.texts:
            if any_of.search(text):
                found[where] = found.get(where, 0) + 1
        return found


class _Handler(logging.Handler):
    """Keeps the finished text of each record, its traceback included."""

    def __init__(self, texts: list[tuple[str, str]]) -> None:
        super().__init__(logging.DEBUG)
        self._texts = texts

    def emit(self, record: logging.LogRecord) -> None:
        self._texts.append(("log", self.format(record)))


def secrets_as_sent(secrets: Mapping[str, str], options: Mapping[str, str]) -> frozenset[str]:
    """The secrets, and what a Basic header makes of each with the name it signs in by."""
    names = [options[name] for name in ("client_id", "user") if name in options]
    basic = {
        base64.b64encode(f"{name}:{value}".encode()).decode() for name in names for value in secrets.values()
    }
    return frozenset(secrets.values()) | basic


def people(province: "Province") -> frozenset[str]:
    """Every value of the invented province by which somebody could be known: names, numbers, addresses."""
    return frozenset(value for value in _values(province) if value and len(value) >= SHORTEST)


def _values(province: "Province") -> Iterator[str | None]:
    for board in province.boards:
        for pupil in board.pupils:
            yield from (pupil.family_name, pupil.given_name, pupil.code_permanent, f"{pupil.fiche:07d}")
            for guardian in pupil.guardians:
                yield from (guardian.family_name, guardian.given_name, guardian.email, guardian.street)
                yield guardian.social_insurance_number
