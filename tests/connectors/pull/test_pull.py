"""One pull, landed page by page: what is taken up, what is begun anew, what is counted, what is refused."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from canonical_model.errors import ConfigurationError, IntegrityError, RetryableError
from connectors.kit.errors import PositionLostError, position_lost
from connectors.kit.installation import Installation
from connectors.kit.manifest.model import Deletions
from connectors.kit.protocol import Page, Source, Window
from connectors.kit.pull import Landing, Pulled, pull
from tests.connectors.pull.declaring import manifest

WINDOW = Window(2025, date(2026, 2, 16))
Rows = Sequence[tuple[str, str]]


@dataclass
class Told:
    """What a source is asked and what it will say. `breaks_before`: page and error; `unknown`: positions."""

    pages: Sequence[Rows]
    cursors: Sequence[str | None] = ()
    said: int | None = None
    breaks_before: dict[int, Exception] = field(default_factory=dict)
    resumable: bool = True
    asked: list[tuple[str | None, str | None]] = field(default_factory=list)
    counted_since: list[str] = field(default_factory=list)


class Telling(Source):
    """A source that says what it was told to; a position is the number of a page."""

    def __init__(self, told: Told) -> None:
        super().__init__(Installation("invented", "762000", "", {}, {}))
        self.told = told

    def read(self, stream: str, window: Window) -> Iterator[pl.DataFrame]:
        return (page.frame for page in self.pages(stream, window))

    def pages(
        self, stream: str, window: Window, *, since: str | None = None, position: str | None = None
    ) -> Iterator[Page]:
        self.told.asked.append((since, position))
        for number in range(int(position or 0), len(self.told.pages)):
            if error := self.told.breaks_before.pop(number, None):
                raise error
            frame = pl.DataFrame(self.told.pages[number], schema=["id", "value"], orient="row")
            cursor = self.told.cursors[number] if self.told.cursors else None
            yield Page(frame, str(number + 1) if self.told.resumable else None, cursor)

    def count(self, stream: str, window: Window) -> int | None:
        return self.told.said

    def count_since(self, stream: str, window: Window, since: str) -> int | None:
        self.told.counted_since.append(since)
        return self.told.said


PAGES: tuple[Rows, ...] = ((("1", "a"), ("2", "b")), (("3", "c"),), (("4", "d"), ("5", "e")))
DOWN = RetryableError("invented: no answer. Try again.", "inventé : pas de réponse. Réessayez.")


@pytest.fixture
def landing(tmp_path: Path) -> Landing:
    return Landing(tmp_path / "items", digest_key=b"k")


def rows(pulled: Pulled) -> list[tuple[str, str]]:
    return pl.concat(pulled.frames()).rows()


def whole(pages: Sequence[Rows]) -> list[tuple[str, str]]:
    return [row for page in pages for row in page]


@pytest.mark.parametrize("broken_at", [0, 1, 2])
def test_an_interrupted_pull_is_taken_up_after_the_last_page_that_landed(
    landing: Landing, broken_at: int
) -> None:
    told = Told(PAGES, said=5, breaks_before={broken_at: DOWN})
    with pytest.raises(RetryableError, match="no answer"):
        pull(Telling(told), manifest(), "items", WINDOW, landing=landing)
    done = pull(Telling(told), manifest(), "items", WINDOW, landing=Landing(landing.folder))

    assert whole(PAGES) == rows(done)
    assert [(None, None), (None, str(broken_at) if broken_at else None)] == told.asked
    assert (broken_at > 0) == done.resumed


def test_a_pull_that_was_done_but_not_stored_is_not_asked_for_again(landing: Landing) -> None:
    told = Told(PAGES, said=5)
    pull(Telling(told), manifest(), "items", WINDOW, landing=landing)
    again = pull(Telling(told), manifest(), "items", WINDOW, landing=Landing(landing.folder))

    assert 1 == len(told.asked)
    assert whole(PAGES) == rows(again)


def test_a_page_that_the_checkpoint_does_not_count_is_thrown_away(landing: Landing) -> None:
    told = Told(PAGES, said=5, breaks_before={1: DOWN})
    with pytest.raises(RetryableError):
        pull(Telling(told), manifest(), "items", WINDOW, landing=landing)
    (landing.folder / "page-000002.arrow").write_bytes((landing.folder / "page-000001.arrow").read_bytes())
    (landing.folder / "page-000007.arrow").write_bytes(b"half")

    assert whole(PAGES) == rows(pull(Telling(told), manifest(), "items", WINDOW, landing=landing))
    assert not (landing.folder / "page-000007.arrow").exists()


@pytest.mark.parametrize(
    "spoil",
    [
        lambda folder: (folder / "page-000001.arrow").unlink(),
        lambda folder: (folder / "checkpoint.json").write_bytes(b"{half"),
        lambda folder: (folder / "checkpoint.json").write_bytes(b'{"another": "format"}'),
    ],
)
def test_a_landing_that_is_not_whole_is_begun_anew(landing: Landing, spoil: Callable[[Path], None]) -> None:
    told = Told(PAGES, said=5, breaks_before={2: DOWN})
    with pytest.raises(RetryableError):
        pull(Telling(told), manifest(), "items", WINDOW, landing=landing)
    spoil(landing.folder)

    assert whole(PAGES) == rows(pull(Telling(told), manifest(), "items", WINDOW, landing=landing))
    assert [(None, None), (None, None)] == told.asked


@pytest.mark.parametrize(
    "window", [Window(2024, WINDOW.day), Window(2025, date(2026, 2, 17))], ids=["year", "day"]
)
def test_what_another_request_landed_is_not_taken_up(landing: Landing, window: Window) -> None:
    told = Told(PAGES, said=5, breaks_before={2: DOWN})
    with pytest.raises(RetryableError):
        pull(Telling(told), manifest(), "items", WINDOW, landing=landing)

    assert 5 == pull(Telling(told), manifest(), "items", window, landing=landing).rows
    assert [(None, None), (None, None)] == told.asked


def test_a_source_that_cannot_resume_is_asked_again_for_everything(landing: Landing) -> None:
    told = Told(PAGES, said=5, breaks_before={2: DOWN}, resumable=False)
    with pytest.raises(RetryableError):
        pull(Telling(told), manifest(), "items", WINDOW, landing=landing)
    done = pull(Telling(told), manifest(), "items", WINDOW, landing=landing)

    assert whole(PAGES) == rows(done)
    assert not done.resumed


def test_a_position_that_the_source_no_longer_knows_begins_the_landing_anew_at_once(landing: Landing) -> None:
    told = Told(PAGES, said=5, breaks_before={1: DOWN})
    with pytest.raises(RetryableError):
        pull(Telling(told), manifest(), "items", WINDOW, landing=landing)
    told.breaks_before[1] = position_lost("invented@762000/items")
    done = pull(Telling(told), manifest(), "items", WINDOW, landing=landing)

    assert whole(PAGES) == rows(done)
    assert [(None, None), (None, "1"), (None, None)] == told.asked


def test_a_source_that_loses_every_position_is_not_asked_for_ever(landing: Landing) -> None:
    told = Told(PAGES, said=5, breaks_before={0: position_lost("invented@762000/items")})

    with pytest.raises(PositionLostError):
        pull(Telling(told), manifest(), "items", WINDOW, landing=landing)
    assert [(None, None)] == told.asked


def test_another_error_while_an_interrupted_pull_is_taken_up_leaves_what_landed(landing: Landing) -> None:
    told = Told(PAGES, said=5, breaks_before={1: DOWN})
    with pytest.raises(RetryableError):
        pull(Telling(told), manifest(), "items", WINDOW, landing=landing)
    told.breaks_before[1] = ConfigurationError("invented: wrong secret. Mend.", "inventé : secret. Corrigez.")
    with pytest.raises(ConfigurationError):
        pull(Telling(told), manifest(), "items", WINDOW, landing=landing)
    pull(Telling(told), manifest(), "items", WINDOW, landing=landing)

    assert [(None, None), (None, "1"), (None, "1")] == told.asked


def test_an_error_after_the_last_page_of_a_source_that_cannot_resume_leaves_nothing_landed(
    landing: Landing,
) -> None:
    """A file that changed while it was read: its rows were given, and none of them may stay."""

    class Changed(Telling):
        def pages(self, *asked: Any, **how: Any) -> Iterator[Page]:
            yield from super().pages(*asked, **how)
            raise DOWN

    told = Told(PAGES, said=5, resumable=False)
    with pytest.raises(RetryableError, match="no answer"):
        pull(Changed(told), manifest(), "items", WINDOW, landing=landing)

    assert not landing.folder.exists()
    assert whole(PAGES) == rows(pull(Telling(told), manifest(), "items", WINDOW, landing=landing))


def test_a_pull_of_what_changed_that_gives_nothing_keeps_the_digests_of_the_one_before(
    landing: Landing, tmp_path: Path
) -> None:
    """The lag of the pull after it reaches back to the same rows: they are known, not new."""
    declared, cursors = manifest(cursor="value"), ["a"]
    first = pull(Telling(Told([[("1", "a")]], cursors)), declared, "items", WINDOW, landing=landing)
    nothing = pull(
        Telling(Told([[]])), declared, "items", WINDOW,
        landing=Landing(tmp_path / "2", digest_key=b"k"), since="a", previous=first.digests,
    )  # fmt: skip
    third = pull(
        Telling(Told([[("1", "a")]], cursors)), declared, "items", WINDOW,
        landing=Landing(tmp_path / "3", digest_key=b"k"), since="a", previous=nothing.digests,
    )  # fmt: skip

    assert (0, 0, 1) == (nothing.rows, third.rows, third.known)


def test_a_pull_that_gives_nothing_does_not_move_the_cursor_back_by_its_lag(landing: Landing) -> None:
    since = "2026-02-16T08:00:00Z"
    told = Told([[]], cursors=["2026-02-16T07:50:00Z"])
    done = pull(
        Telling(told),
        manifest(cursor="value", lag=timedelta(minutes=10)),
        "items",
        WINDOW,
        landing=landing,
        since=since,
    )

    assert [("2026-02-16T07:50:00Z", None)] == told.asked
    assert since == done.cursor


def test_a_count_that_disagrees_throws_the_landing_away(landing: Landing) -> None:
    told = Told(PAGES, said=6)
    with pytest.raises(
        RetryableError, match="invented@762000/items: 5 rows were read and the system counts 6"
    ):
        pull(Telling(told), manifest(), "items", WINDOW, landing=landing)

    assert not landing.folder.exists()
    told.said = 5
    assert 5 == pull(Telling(told), manifest(), "items", WINDOW, landing=landing).rows


def test_without_a_cursor_a_row_that_comes_twice_is_kept_as_the_source_said(landing: Landing) -> None:
    pages = [[("1", "a"), ("1", "a")], [("1", "b")]]
    done = pull(Telling(Told(pages, said=3)), manifest(), "items", WINDOW, landing=landing)

    assert whole(pages) == rows(done)
    assert 0 == done.duplicates


def test_with_a_cursor_the_later_row_of_a_key_stands_and_the_others_are_counted(landing: Landing) -> None:
    pages = [[("1", "a"), ("2", "b")], [("2", "b"), ("1", "z")], [("3", "c")]]
    declared = manifest(cursor="value")
    done = pull(Telling(Told(pages, said=3)), declared, "items", WINDOW, landing=landing)

    assert [("2", "b"), ("1", "z"), ("3", "c")] == rows(done)
    assert (3, 2) == (done.rows, done.duplicates)


def test_the_next_pull_begins_a_lag_before_the_cursor_and_drops_what_it_knows(
    landing: Landing, tmp_path: Path
) -> None:
    declared = manifest(cursor="value", lag=timedelta(minutes=10))
    told = Told([[("1", "a"), ("2", "b")]], cursors=["2026-02-16T08:05:00Z"])
    first = pull(Telling(told), declared, "items", WINDOW, landing=landing)
    told = Told([[("2", "b"), ("1", "z"), ("3", "c")]], cursors=["2026-02-16T09:00:00Z"], said=3)
    second = pull(
        Telling(told), declared, "items", WINDOW,
        landing=Landing(tmp_path / "second", digest_key=b"k"), since=first.cursor, previous=first.digests,
    )  # fmt: skip

    assert [("2026-02-16T07:55:00Z", None)] == told.asked
    assert ["2026-02-16T07:55:00Z"] == told.counted_since
    assert [("1", "z"), ("3", "c")] == rows(second)
    assert (2, 0, 1) == (second.rows, second.duplicates, second.known)
    assert "2026-02-16T09:00:00Z" == second.cursor


def test_a_pull_that_finds_nothing_new_keeps_the_cursor(landing: Landing) -> None:
    done = pull(
        Telling(Told([[]])), manifest(cursor="value"), "items", WINDOW, landing=landing, since="2026-02-16"
    )

    assert (0, "2026-02-16") == (done.rows, done.cursor)
    assert ["id", "value"] == pl.concat(done.frames()).columns


@pytest.mark.parametrize(
    ("since", "lag", "begins"),
    [
        ("2026-02-16", timedelta(minutes=10), "2026-02-15"),
        ("2026-02-16 00:05:00", timedelta(minutes=10), "2026-02-15 23:55:00"),
        ("2026-02-16T00:05:00-05:00", timedelta(minutes=10), "2026-02-15T23:55:00-05:00"),
        ("2026-02-16T00:05:00.250000Z", timedelta(minutes=10), "2026-02-15T23:55:00.250000Z"),
        ("118", timedelta(0), "118"),
    ],
)
def test_a_lag_is_taken_from_a_cursor_and_written_as_the_source_writes_it(
    landing: Landing, since: str, lag: timedelta, begins: str
) -> None:
    told = Told([[]])
    pull(Telling(told), manifest(cursor="value", lag=lag), "items", WINDOW, landing=landing, since=since)

    assert [(begins, None)] == told.asked


def test_a_lag_on_a_cursor_that_is_no_moment_is_refused_before_anything_is_asked(landing: Landing) -> None:
    told = Told([[]])
    declared = manifest(cursor="value", lag=timedelta(minutes=1))
    with pytest.raises(ConfigurationError, match="its cursor is not a moment"):
        pull(Telling(told), declared, "items", WINDOW, landing=landing, since="118")

    assert [] == told.asked


def test_a_compared_stream_is_pulled_whole_and_its_changes_are_counted(
    landing: Landing, tmp_path: Path
) -> None:
    declared = manifest(cursor="value", deletions=Deletions("snapshot"))
    first = pull(Telling(Told(PAGES, cursors=["x", "y", "z"])), declared, "items", WINDOW, landing=landing)
    told = Told([[("1", "a"), ("2", "z"), ("9", "c"), ("6", "f")]], said=4)
    second = pull(
        Telling(told), declared, "items", WINDOW,
        landing=Landing(tmp_path / "second", digest_key=b"k"), since=first.cursor, previous=first.digests,
    )  # fmt: skip

    assert [(None, None)] == told.asked
    assert first.changes is None
    assert {
        "rows": 4, "pages": 1, "duplicates": 0, "known": 0, "flagged": 0,
        "added": 1, "removed": 2, "changed": 1, "rekeyed": 1, "unchanged": 1,
    } == second.counts()  # fmt: skip


def test_rows_that_the_source_marks_as_gone_are_counted(landing: Landing) -> None:
    declared = manifest(deletions=Deletions("flag", "value", ("gone", "removed")))
    pages = [[("1", "gone"), ("2", "b")], [("3", "removed")]]

    assert 2 == pull(Telling(Told(pages)), declared, "items", WINDOW, landing=landing).flagged


def test_two_pulls_into_one_landing_do_not_meet(landing: Landing) -> None:
    with landing.held(), pytest.raises(RetryableError, match="another process pulls this stream"):
        pull(Telling(Told(PAGES)), manifest(), "items", WINDOW, landing=Landing(landing.folder))


def test_what_landed_is_sealed_and_an_altered_page_is_refused(tmp_path: Path) -> None:
    key = AESGCM(bytes(32))

    def reveal(sealed: bytes, name: str) -> bytes:
        try:
            return key.decrypt(sealed[:12], sealed[12:], name.encode())
        except InvalidTag:
            raise ConfigurationError("key: wrong. Restore.", "clé : fausse. Rétablissez.") from None

    landing = Landing(
        tmp_path / "items",
        protect=lambda plain, name: bytes(12) + key.encrypt(bytes(12), plain, name.encode()),
        reveal=reveal,
    )
    pages = [[("Tremblay-Exemple", "a")], [("2", "b")]]
    done = pull(Telling(Told(pages)), manifest(), "items", WINDOW, landing=landing)
    files = [path for path in landing.folder.iterdir() if path.name != "lock"]

    assert {"checkpoint.json", "page-000001.arrow", "page-000002.arrow"} == {path.name for path in files}
    assert not [path for path in files if re.search(rb"Tremblay|ARROW|pages", path.read_bytes())]
    assert {0o600} == {path.stat().st_mode & 0o777 for path in files}
    one, two = landing.folder / "page-000001.arrow", landing.folder / "page-000002.arrow"
    one.write_bytes(two.read_bytes())  # whole, ours, and not in its place
    with pytest.raises(IntegrityError, match=r"items/page-000001\.arrow: gone or altered"):
        rows(done)
