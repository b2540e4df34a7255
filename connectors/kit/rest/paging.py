"""The four paginations and the end of each; refuses a next page that was asked for already or is elsewhere.

`page` and `offset` end with an empty page, or when as many records as the partner counts were given: a short page
is no end, for many servers give fewer than they are asked for. `cursor` and `link` end when no next is given.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit

import orjson

from canonical_model.errors import ConfigurationError
from connectors.kit.errors import position_lost, wrong_contract
from connectors.kit.manifest.model import Paging
from connectors.kit.rest import wire_json
from connectors.kit.rest.client import Fetched

Query = dict[str, str]


@dataclass(frozen=True, slots=True)
class Position:
    """Where a pull stands. `at`: of the next page, in the pager's words; None: the last page was given.

    `rows`: records given so far. `cursor`: the greatest cursor value so far.
    """

    at: str | None
    rows: int = 0
    cursor: str | None = None

    def written(self) -> str:
        """Opaque text, that `read` takes back."""
        return orjson.dumps([self.at, self.rows, self.cursor]).decode()

    @classmethod
    def read(cls, place: str, text: str) -> "Position":
        """Raises PositionLostError when it is not one of ours."""
        try:
            at, rows, cursor = orjson.loads(text)
            if isinstance(at, (str, type(None))) and isinstance(cursor, (str, type(None))):
                return cls(at, int(rows), cursor)
        except (ValueError, TypeError):
            pass
        raise position_lost(place)


class Pager(ABC):
    """One pagination of one stream; `place` is for messages, `path` and `query` what the manifest asks for."""

    first = ""
    counts = False  # whether the partner's total ends it

    def __init__(self, place: str, base: str, declared: Paging, path: str, query: Query) -> None:
        self.place, self.base, self.declared, self.path, self.query = place, base, declared, path, query

    @abstractmethod
    def target(self, at: str) -> tuple[str, str]:
        """Path and encoded query of the page at `at`."""

    @abstractmethod
    def after(self, at: str, found: Fetched, rows: int) -> str | None:
        """Where the page after this one, of `rows` records, is; None when there is none."""

    def _asked(self, **more: str) -> tuple[str, str]:
        return self.path, urlencode({**self.query, **more})


class _OnePage(Pager):
    def target(self, at: str) -> tuple[str, str]:  # noqa: ARG002 - there is one
        return self._asked()

    def after(self, at: str, found: Fetched, rows: int) -> str | None:  # noqa: ARG002 - there is one
        return None


class _ByNumber(Pager):
    counts = True

    @property
    def first(self) -> str:  # type: ignore[override]
        return str(self.declared.first)

    def target(self, at: str) -> tuple[str, str]:
        return self._asked(**{self.declared.parameter: at})

    def after(self, at: str, found: Fetched, rows: int) -> str | None:  # noqa: ARG002 - one shape for all
        return str(int(at) + 1) if rows else None


class _ByOffset(Pager):
    first = "0"
    counts = True

    def target(self, at: str) -> tuple[str, str]:
        return self._asked(**{self.declared.parameter: at})

    def after(self, at: str, found: Fetched, rows: int) -> str | None:  # noqa: ARG002 - one shape for all
        return str(int(at) + rows) if rows else None


class _ByCursor(Pager):
    def target(self, at: str) -> tuple[str, str]:
        return self._asked(**{self.declared.parameter: at}) if at else self._asked()

    def after(self, at: str, found: Fetched, rows: int) -> str | None:  # noqa: ARG002 - one shape for all
        value = wire_json.pointer(self.declared.next)(found.value)
        if isinstance(value, (dict, list, bool)):
            raise wrong_contract(self.place, "the next cursor is not a text", "le prochain curseur")
        return wire_json.text(value) or None


class _ByLink(Pager):
    def target(self, at: str) -> tuple[str, str]:
        if not at:
            return self._asked()
        path, _, query = at.partition("?")
        return path, query

    def after(self, at: str, found: Fetched, rows: int) -> str | None:  # noqa: ARG002 - one shape for all
        link = found.next_link
        if link is None:
            return None
        path, query = self.target(at)
        whole = urljoin(f"{self.base}{path}?{query}", link)
        below = whole.removeprefix(self.base)
        # the origin as a browser would see it: `https://partner.example@elsewhere` begins like the base too
        if below == whole or not below.startswith("/") or urlsplit(whole)[:2] != urlsplit(self.base)[:2]:
            raise ConfigurationError(
                f"{self.place}: the next page is at another address than the system's."
                " Nothing was asked there; ask the partner, or correct the address in systems.yaml.",
                f"{self.place} : la page suivante est à une autre adresse que celle du système."
                " Rien n'y a été demandé; voyez avec le partenaire, ou corrigez l'adresse dans systems.yaml.",
            )
        return below.partition("#")[0]


_PAGERS: dict[str, type[Pager]] = {
    "none": _OnePage,
    "page": _ByNumber,
    "offset": _ByOffset,
    "cursor": _ByCursor,
    "link": _ByLink,
}


def pager(place: str, base: str, declared: Paging, path: str, query: Query) -> Pager:
    """The pagination of that kind."""
    return _PAGERS[declared.kind](place, base, declared, path, query)


class Loops:
    """Notices a pull that goes round: a next page asked for before, or a page that is given again and again."""

    def __init__(self, place: str) -> None:
        self._place = place
        self._asked: set[str] = set()
        self._given: set[int] = set()
        self._again = 0

    def asked(self, at: str) -> None:
        """Raises ConfigurationError when that page was asked for before. The message does not hold it."""
        if at in self._asked:
            raise ConfigurationError(
                f"{self._place}: the next-page token repeats, so the pages would never end."
                " Nothing more was asked; ask the partner.",
                f"{self._place} : le jeton de la page suivante se répète : les pages ne finiraient jamais."
                " Rien de plus n'a été demandé; voyez avec le partenaire.",
            )
        self._asked.add(at)

    def again(self, at: str) -> str:
        """Allows that page to be asked for once more: another one was given in its place."""
        self._asked.discard(at)
        return at

    def given_again(self, *seen: Any) -> bool:
        """Whether a page that begins and ends so was given before: once it may be dropped.

        Raises ConfigurationError when it happens twice in a row: the partner does not heed what is asked.
        """
        print_ = hash(seen)
        if print_ not in self._given:
            self._given.add(print_)
            self._again = 0
            return False
        self._again += 1
        if self._again > 1:
            raise ConfigurationError(
                f"{self._place}: the same page is given again and again."
                " Compare `paging` of the manifest with the partner's contract.",
                f"{self._place} : la même page est donnée sans fin."
                " Comparez `paging` du manifeste avec le contrat du partenaire.",
            )
        return True
