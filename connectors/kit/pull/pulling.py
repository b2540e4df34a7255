"""One pull of one stream: asks for pages from where the last one landed, then balances with the source.

Every pull ends with a count: when the source counts other than what landed, the landing is thrown away and
the pull may be tried again. What a pull found is told in counts, never in values.

A stream without a cursor is kept as the source gave it, true duplicates too: they are for the mapping to judge.
A stream with one may give a row twice (pages that shift, the lag before `since`): of one key the later row
stands, and a row that the previous pull gave with the same content is dropped. Both are counted.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256

import orjson
import polars as pl

from canonical_model.errors import ConfigurationError, HubError, RetryableError
from connectors.kit.errors import PositionLostError
from connectors.kit.manifest import Manifest
from connectors.kit.manifest.model import StreamDeclaration
from connectors.kit.protocol import Source, Window
from connectors.kit.pull import comparing
from connectors.kit.pull.comparing import Changes, Digests
from connectors.kit.pull.landing import Landing

_NOBODY = Digests(0, lambda: iter(()))
_PLACES = pl.DataFrame(schema={"page": pl.UInt32, "row": pl.Int64})


@dataclass(frozen=True, slots=True)
class Pulled:
    """What one pull found, in counts; its rows stand in the landing until that is discarded.

    `rows`: of `frames`. `duplicates`: rows given twice by this pull; `known`: rows of the previous pull given
    again. `flagged`: rows that the source marks as deleted. `changes`: against the previous pull, when the
    stream is compared with it. `cursor`: where the next pull begins; `resumed`: an interrupted one was taken up.
    """

    rows: int
    pages: int
    duplicates: int
    known: int
    flagged: int
    changes: Changes | None
    cursor: str | None
    resumed: bool
    digests: Digests | None
    _landing: Landing
    _dropped: Mapping[int, tuple[int, ...]]

    def frames(self) -> Iterator[pl.DataFrame]:
        """The rows, page by page; at least one frame. Raises IntegrityError when the landing was altered."""
        for number, frame in enumerate(self._landing.frames()):
            dropped = self._dropped.get(number)
            yield frame if dropped is None else _without(frame, dropped)

    def counts(self) -> dict[str, int]:
        """The counts by name, as they are written into an exchange."""
        found = {
            "rows": self.rows,
            "pages": self.pages,
            "duplicates": self.duplicates,
            "known": self.known,
            "flagged": self.flagged,
        }
        if self.changes is not None:
            found |= {name: getattr(self.changes, name) for name in Changes.__slots__}
        return found


def incremental(declared: StreamDeclaration) -> bool:
    """Whether a pull asks only for what changed since the last one: a compared stream is always pulled whole."""
    return declared.cursor is not None and declared.deletions.kind != "snapshot"


def pull(
    source: Source,
    manifest: Manifest,
    stream: str,
    window: Window,
    *,
    landing: Landing,
    since: str | None = None,
    previous: Digests | None = None,
    asked_by: str = "",
) -> Pulled:
    """Pull one stream into its landing, taking up what an interrupted pull of the same request left there.

    `since`: the cursor of the previous pull; None: everything. `previous`: its digests. `asked_by`: part of the
    request: what one run left is not taken up by another.
    Raises RetryableError when the source counts other rows than it gave, and as `Source.pages` does.
    """
    declared = manifest.streams[stream]
    begin = _earlier(since, declared, source) if since is not None and incremental(declared) else None
    asking = _Asking(source, declared, window, begin, landing)
    with landing.held():
        resumed = landing.begin(_request(source, stream, window, begin, asked_by))
        if not landing.at.complete:
            asking.land()
        return asking.balanced(since, previous, resumed=resumed)


@dataclass(frozen=True, slots=True)
class _Asking:
    """One stream being pulled. `begin`: what is really asked for, the lag taken off; None: everything."""

    source: Source
    declared: StreamDeclaration
    window: Window
    begin: str | None
    landing: Landing

    def land(self) -> None:
        """Ask for the pages that are not there yet, and land each; all of them when the place was lost.

        What a source that cannot resume gave before an error is thrown away: nobody could go on from there.
        """
        try:
            try:
                self._ask()
            except PositionLostError:
                if self.landing.at.position is None:
                    raise
                self.landing.begin_anew()
                self._ask()
        except HubError:
            if not self.landing.at.resumable:
                self.landing.discard()
            raise
        self.landing.finish()

    def _ask(self) -> None:
        landing, declared = self.landing, self.declared
        for page in self.source.pages(
            declared.name, self.window, since=self.begin, position=landing.at.position
        ):
            keys = None
            if _digested(declared):
                keys = comparing.of_rows(page.frame, declared.key, landing.digest_key)
            landing.add(page.frame, keys, position=page.position, cursor=page.cursor)

    def balanced(self, since: str | None, previous: Digests | None, *, resumed: bool) -> Pulled:
        """Count with the source, then say what was found."""
        at = self.landing.at
        twice = known = _PLACES
        if self.declared.cursor is not None:
            twice, known = _repeated(self.landing, previous if self.begin is not None else None)
        self._reconcile(at.rows - twice.height)
        digests = Digests(at.rows, self.landing.keys) if _digested(self.declared) else None
        if self.begin is not None and not at.rows:
            digests = previous  # nothing changed: the next pull's lag reaches back to the same rows
        changes = None
        if self.declared.deletions.kind == "snapshot" and digests is not None and previous is not None:
            changes = comparing.changes(previous, digests)
        dropped = _by_page(twice, known)
        return Pulled(
            rows=at.rows - twice.height - known.height,
            pages=at.pages,
            duplicates=twice.height,
            known=known.height,
            flagged=_flagged(self.declared, self.landing, dropped),
            changes=changes,
            cursor=at.cursor if at.rows and at.cursor is not None else since,
            resumed=resumed,
            digests=digests,
            _landing=self.landing,
            _dropped=dropped,
        )

    def _reconcile(self, landed: int) -> None:
        name = self.declared.name
        if self.begin is None:
            said = self.source.count(name, self.window)
        else:
            said = self.source.count_since(name, self.window, self.begin)
        if said in (None, landed):
            return
        self.landing.discard()
        place = f"{self.source.installation.system}/{name}"
        raise RetryableError(
            f"{place}: {landed} rows were read and the system counts {said}. Try again.",
            f"{place} : {landed} lignes lues, le système en compte {said}. Réessayez.",
        )


def _digested(declared: StreamDeclaration) -> bool:
    return declared.cursor is not None or declared.deletions.kind == "snapshot"


def _repeated(landing: Landing, previous: Digests | None) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows (`page`, `row`, from 0) that a later row of their key replaces, and those of the previous pull."""

    def placed() -> Iterator[pl.DataFrame]:
        for number, part in enumerate(landing.keys()):
            yield part.with_columns(
                pl.lit(number, pl.UInt32).alias("page"), pl.int_range(pl.len()).alias("row")
            )

    earlier = _NOBODY if previous is None else previous
    rows = max(landing.at.rows, earlier.rows)
    now = Digests(landing.at.rows, placed)
    twice, known = [_PLACES], [_PLACES]
    for mine, theirs in zip(comparing.ranges(now, rows), comparing.ranges(earlier, rows), strict=True):
        if mine.is_empty():
            continue
        last = mine.unique("key", keep="last", maintain_order=True)
        again = last.join(theirs.unique(), on=["key", "content"], how="semi")
        twice.append(mine.join(last, on=["page", "row"], how="anti").select(_PLACES.columns))
        known.append(again.select(_PLACES.columns))
    return pl.concat(twice), pl.concat(known)


def _by_page(*places: pl.DataFrame) -> dict[int, tuple[int, ...]]:
    grouped = pl.concat(places).group_by("page").agg("row")
    return {page: tuple(rows) for page, rows in grouped.iter_rows()}


def _without(frame: pl.DataFrame, rows: tuple[int, ...]) -> pl.DataFrame:
    return frame.filter(~pl.int_range(pl.len()).is_in(list(rows)))


def _flagged(declared: StreamDeclaration, landing: Landing, dropped: Mapping[int, tuple[int, ...]]) -> int:
    if declared.deletions.kind != "flag":
        return 0
    gone = pl.col(declared.deletions.column).is_in(list(declared.deletions.gone))
    return sum(
        _without(frame, dropped.get(number, ())).filter(gone).height
        for number, frame in enumerate(landing.frames())
    )


def _request(source: Source, stream: str, window: Window, begin: str | None, asked_by: str) -> str:
    system = source.installation.system
    asked = [system, stream, window.school_year, window.day.isoformat(), begin, asked_by]
    return sha256(orjson.dumps(asked)).hexdigest()


def _earlier(since: str, declared: StreamDeclaration, source: Source) -> str:
    """The cursor, moved back by the stream's lag and written in the same way."""
    if not declared.lag:
        return since
    try:
        if len(since) == len("2026-02-16"):
            return (
                date.fromisoformat(since) - timedelta(days=-(-declared.lag // timedelta(days=1)))
            ).isoformat()
        moved = datetime.fromisoformat(since) - declared.lag
    except (ValueError, OverflowError):
        place = f"{source.installation.system}/{declared.name}"
        raise ConfigurationError(
            f"{place}: its cursor is not a moment, so `lag` cannot be taken from it. Delete `lag` in the manifest.",
            f"{place} : son curseur n'est pas un moment : `lag` ne s'y applique pas."
            " Retirez `lag` du manifeste.",
        ) from None
    separator = since[10]
    if since.endswith("Z"):
        return moved.astimezone(UTC).replace(tzinfo=None).isoformat(separator) + "Z"
    return moved.isoformat(separator)
