"""A REST source without Python: `request` of the manifest says how to ask, the contract which columns to keep.

A column that the contract does not name is dropped as soon as it is parsed. Refused: an answer without its
records, a key column that no record of a page has, pages that go round.
"""

import hashlib
import logging
import re
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from urllib.parse import quote

import polars as pl

from canonical_model.errors import ConfigurationError
from connectors.kit import contract
from connectors.kit.errors import PartnerRefusedError, position_lost, wrong_contract
from connectors.kit.installation import Installation
from connectors.kit.manifest.model import Manifest, RestRequest, StreamDeclaration, Total
from connectors.kit.protocol import Page, Source, Window
from connectors.kit.rest import ahead, wire_json
from connectors.kit.rest.authentication import sign_in
from connectors.kit.rest.client import Fetched, RestClient
from connectors.kit.rest.cursors import greatest
from connectors.kit.rest.paging import Loops, Pager, Position, Query, pager
from connectors.kit.rest.rate import MOST_CALLS, Budget
from connectors.kit.rest.records import Records

_LOG = logging.getLogger(__name__)
_NOT_MODIFIED = 304
_LOST = frozenset({400, 404, 410})  # what partners answer to a page token that they no longer know
_HOLE = re.compile(r"\{([a-z_]+)\}")


class RestSource(Source):
    """Reads the streams of one installed system as its manifest declares them.

    `client`: made from the manifest when absent. `calls`: that one pull may make. Its memory is the ETags of the
    answers, by request: only a pull since a cursor asks conditionally.
    """

    def __init__(
        self,
        installation: Installation,
        manifest: Manifest,
        *,
        client: RestClient | None = None,
        calls: int = MOST_CALLS,
    ) -> None:
        super().__init__(installation)
        self._manifest = manifest
        self._contract = contract.of(installation, manifest.contract.path)
        self._client = client or RestClient(
            installation, way_in=sign_in(installation, manifest.authentication), limits=manifest.limits
        )
        self._recalled: Mapping[str, str] = {}
        self._validators: dict[str, str] = {}
        self._calls = calls
        self._unchanged: set[tuple[str, str]] = set()

    def read(self, stream: str, window: Window) -> Iterator[pl.DataFrame]:
        """Frames of one stream, one a page."""
        for page in self.pages(stream, window):
            yield page.frame

    def pages(
        self, stream: str, window: Window, *, since: str | None = None, position: str | None = None
    ) -> Iterator[Page]:
        """The pages, each with the position after it and the greatest cursor so far.

        A pull since a cursor whose only page is as the memory says gives one empty page, without a position.
        Raises RetryableError, PartnerRefusedError or ConfigurationError as the client does, ConfigurationError
        when the pages go round, and PositionLostError when the first call of a resumed pull is refused.
        """
        declared, request = self._declared(stream)
        place = self.installation.system + request.path
        holes = self._holes(window, since)
        path, asked = _path(request.path, holes), _filled(request.query, holes)
        way = pager(place, self._client.base, request.paging, path, asked)
        begun = Position.read(place, position) if position is not None else Position(way.first)
        return self._walk(declared, request, way, begun, since, resumed=position is not None)

    def count(self, stream: str, window: Window) -> int | None:
        """What `total` of the request says, by a call of its own; None when none is declared."""
        return self._count(stream, window, None)

    def count_since(self, stream: str, window: Window, since: str) -> int | None:
        """The same, of what changed after the cursor; None too when the partner said that nothing did."""
        return None if (stream, since) in self._unchanged else self._count(stream, window, since)

    def memory(self) -> dict[str, str]:
        """The ETags of this pull's conditional requests."""
        return {name: etag for name, etag in self._validators.items() if etag}

    def recall(self, memory: Mapping[str, str]) -> None:
        """Answers that the next requests need not be given again."""
        self._recalled = dict(memory)

    def close(self) -> None:
        """Let go of connections and of the token."""
        self._client.close()

    def _walk(
        self,
        declared: StreamDeclaration,
        request: RestRequest,
        way: Pager,
        begun: Position,
        since: str | None,
        *,
        resumed: bool,
    ) -> Iterator[Page]:
        loops, budget = Loops(way.place), Budget(self._calls)
        records = Records(way.place, self._contract[declared.name], declared.key, request.records)
        conditional = since is not None and _tells_its_end(request)
        rows, cursor = begun.rows, begun.cursor or since

        def asked(at: str) -> Future[Fetched]:
            """The answer there, on its way while the page before it is landed; never two calls at once."""
            loops.asked(at)
            budget.spend(way.place)
            path, query = way.target(at)
            known = self._recalled.get(_name(path, query), "") if conditional and at == way.first else ""
            return ahead.begun(lambda: self._client.fetch(path, query, etag=known))

        following = begun.at
        coming = None if following is None else asked(following)
        while following is not None and coming is not None:
            at = following
            found = _arrived(coming, way.place, resumed=resumed and at == begun.at)
            if found.status == _NOT_MODIFIED:
                self._unchanged.add((declared.name, since or ""))
                name = _name(*way.target(at))
                self._validators[name] = self._recalled[name]
                yield Page(records.none, None, cursor)  # no position: taken up, it must be asked again
                return
            frame = records.frame(found.value)
            if frame.height and loops.given_again(frame.height, frame.row(0), frame.row(-1)):
                _LOG.warning("%s: a page was given twice; the second is dropped", way.place)
                following = loops.again(at) if way.counts else way.after(at, found, frame.height)
                coming = None if following is None else asked(following)
                continue
            following = way.after(at, found, frame.height)
            rows += frame.height
            if way.counts and (said := _total(way.place, request.total, found)) is not None and rows >= said:
                following = None
            coming = None if following is None else asked(following)
            if declared.cursor:
                cursor = greatest(frame[declared.cursor].to_list(), cursor)
            if frame.height or at == way.first:
                shown = cursor if declared.cursor else None
                yield Page(frame, Position(following, rows, cursor).written(), shown)
            if conditional and at == way.first and following is None:
                # only now, when the one page was taken: a page that was lost must be given again
                self._validators[_name(*way.target(at))] = found.headers.get("etag", "")

    def _count(self, stream: str, window: Window, since: str | None) -> int | None:
        _, request = self._declared(stream)
        if (total := request.total) is None:
            return None
        place = self.installation.system + (total.path or request.path)
        holes = self._holes(window, since)
        if total.path:
            found = self._client.fetch(_path(total.path, holes))
        else:
            asked = _filled(request.query, {**holes, "page_rows": "1"})
            way = pager(place, self._client.base, request.paging, _path(request.path, holes), asked)
            found = self._client.fetch(*way.target(way.first))
        return _number(place, found, total)

    def _declared(self, stream: str) -> tuple[StreamDeclaration, RestRequest]:
        declared = self._manifest.streams[stream]
        if declared.request is None or stream not in self._contract:
            raise ConfigurationError(
                f"{self._manifest.name}/{stream}: it needs `request` in the manifest and columns in the contract."
                " Write them.",
                f"{self._manifest.name}/{stream} : il faut `request` au manifeste et des colonnes au contrat."
                " Écrivez-les.",
            )
        return declared, declared.request

    def _holes(self, window: Window, since: str | None) -> dict[str, str | None]:
        return {
            "since": since,
            "page_rows": str(self._manifest.limits.page_rows),
            "school_year": str(window.school_year),
            "day": window.day.isoformat(),
            "organization": self.installation.organization,
        }


def _arrived(coming: Future[Fetched], place: str, *, resumed: bool) -> Fetched:
    """The answer that was asked for. `resumed`: of the first call of a resumed pull, whose place may be lost."""
    try:
        return coming.result()
    except PartnerRefusedError as error:
        if resumed and error.status in _LOST:
            raise position_lost(place) from error
        raise


def _path(path: str, holes: Mapping[str, str | None]) -> str:
    """A path with its placeholders filled, each as one part of it."""
    return _HOLE.sub(lambda hole: quote(holes[hole[1]] or "", safe=""), path)


def _filled(query: Mapping[str, str], holes: Mapping[str, str | None]) -> Query:
    """The query with its placeholders filled; a parameter that needs an absent one is left out."""
    return {
        name: _HOLE.sub(lambda hole: holes[hole[1]] or "", value)
        for name, value in query.items()
        if all(holes[hole] is not None for hole in _HOLE.findall(value))
    }


def _name(path: str, query: str) -> str:
    """A request, told apart from others without showing it."""
    return hashlib.sha256(f"{path}?{query}".encode()).hexdigest()


def _tells_its_end(request: RestRequest) -> bool:
    """Whether a first page that did not change says that no page was added after it."""
    if request.paging.kind in ("page", "offset"):
        return request.total is not None and bool(request.total.pointer) and not request.total.path
    return True


def _total(place: str, total: Total | None, found: Fetched) -> int | None:
    """The number of records that the page itself says; None when it is said elsewhere or not at all."""
    return None if total is None or total.path else _number(place, found, total)


def _number(place: str, found: Fetched, total: Total) -> int:
    if total.header:
        said = found.headers.get(total.header, "")
    else:
        said = wire_json.text(wire_json.pointer(total.pointer)(found.value) if total.pointer else found.value)
    if said is None or not said.isascii() or not said.isdecimal():
        raise wrong_contract(place, "`total` is no number", "`total` n'est pas un nombre")
    return int(said)
