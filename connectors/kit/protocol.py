"""What a connector is: a Source yields what it was told, a Target takes only what was released.

Neither maps, checks nor stores. A source's frames hold text or null, nothing else: a number is kept
as the system wrote it. Errors are terminal (ConfigurationError: wrong secret, missing table or
column) or transient (RetryableError: no answer, refused connection, time-out, 5xx).
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from canonical_model.released import Released
from connectors.kit.installation import Installation

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, slots=True)
class Window:
    """What a pull asks for. `school_year`: starting year. `day`: the business day of the exchange."""

    school_year: int
    day: date


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows of a stream, and how to go on after them.

    `position`: opaque; the pages after this one can be asked for from it. None: the source cannot resume there.
    `cursor`: the greatest cursor value so far, where the next pull begins; None for a stream without a cursor.
    """

    frame: "pl.DataFrame"
    position: str | None = None
    cursor: str | None = None


class Source(ABC):
    """Asks one installed system, and yields what it was told.

    A pull is: `recall`, `pages` and a count of each stream; the caller keeps the rows and `memory` in one step; then
    `settled`. What fails before that step leaves nothing kept: `set_aside`. Whoever only looks calls none of these.
    """

    def __init__(self, installation: Installation) -> None:
        self.installation = installation

    @abstractmethod
    def read(self, stream: str, window: Window) -> Iterator["pl.DataFrame"]:
        """Frames of one stream of the manifest, in the stable order of its key. All columns text.

        Column names are the contract's, in lower case. A stream without rows yields one empty frame
        with its columns. A missing column raises ConfigurationError naming stream and column.
        """

    def pages(
        self,
        stream: str,
        window: Window,
        *,
        since: str | None = None,  # noqa: ARG002 - for a source that keeps a cursor
        position: str | None = None,  # noqa: ARG002 - for a source that can resume
    ) -> Iterator[Page]:
        """The same rows page by page; a source that can resume or keeps a cursor says so on each.

        `since`: the cursor of an earlier pull; what changed after it is asked for. `position`: of a page of an
        interrupted pull; the pages after it are asked for. Raises as `read`, and PositionLostError
        (connectors.kit.errors) when the system no longer knows the position.
        """
        for frame in self.read(stream, window):
            yield Page(frame)

    @abstractmethod
    def count(self, stream: str, window: Window) -> int | None:
        """How many rows the system says the stream has now; None when it cannot say."""

    def count_since(
        self,
        stream: str,  # noqa: ARG002 - for a source that keeps a cursor
        window: Window,  # noqa: ARG002 - for a source that keeps a cursor
        since: str,  # noqa: ARG002 - for a source that keeps a cursor
    ) -> int | None:
        """How many rows the system says changed after that cursor; None when it cannot say."""
        return None

    def memory(self) -> dict[str, str]:
        """What the next pull is to be told, by name: files that were read, the ETags of answers."""
        return {}

    def recall(self, memory: Mapping[str, str]) -> None:  # noqa: B027 - most remember nothing
        """The `memory` of the last pull that was kept; called before the first stream is asked for."""

    def settled(self) -> None:  # noqa: B027 - most have nothing to tell
        """Rows and `memory` are kept for good: now the system may be told, as by moving a file to the archive.

        Called again after a kill, by a source that recalls the same memory, it ends the same.
        """

    def set_aside(self) -> None:  # noqa: B027 - most cannot
        """The pull ended in an error: put what cannot be read where its partner sees it."""

    def close(self) -> None:  # noqa: B027 - most have nothing to let go of
        """Let go of connections."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One bundle for one partner. `key`: idempotency key, the same when the same bundle is sent again.

    `released`: every person in it, each under its own decision. `content`: what the target renders
    for the wire, made of the released resources and of aggregates without any person.
    """

    key: str
    released: Sequence[Released]
    content: Any


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the partner answered: its number, how many it took, and each refusal by (key, reason code)."""

    number: str
    accepted: int
    refused: tuple[tuple[str, str], ...]
    raw: bytes


class Target(ABC):
    """Delivers to one installed system. Sending the same delivery key again must change nothing there."""

    def __init__(self, installation: Installation) -> None:
        self.installation = installation

    @abstractmethod
    def deliver(self, delivery: Delivery) -> Receipt:
        """Hand the bundle over and return the partner's receipt. Raises as `Source` does."""

    def close(self) -> None:  # noqa: B027 - most have nothing to let go of
        """Let go of connections."""
