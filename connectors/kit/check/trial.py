"""Tries a connector on its own sandbox, which runs on loopback with the faults it is told. Asks no real partner."""

import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

import polars as pl
from starlette.types import ASGIApp

from connectors.kit import load, sandbox
from connectors.kit.check.overheard import Overheard, people
from connectors.kit.installation import Installation
from connectors.kit.manifest import Manifest
from connectors.kit.protocol import Page, Source, Target, Window

if TYPE_CHECKING:
    from connectors.kit.province.model import Province

WITHOUT_A_SERVER = ("file", "")


@dataclass(frozen=True)
class Trial:
    """A connector and the province that its sandbox holds; each `standing` has a folder of its own below `folder`.

    `postgres`: URL of a server where sandboxes may create databases; empty when there is none.
    """

    told: Manifest
    province: "Province"
    folder: Path
    postgres: str = ""
    heard: Overheard = field(default_factory=Overheard)

    @property
    def window(self) -> Window:
        """What a pull of this province's year asks for."""
        return Window(self.province.school_year, self.province.day)

    @property
    def people(self) -> frozenset[str]:
        """Every value by which somebody of the province could be known."""
        return people(self.province)

    def known_faults(self) -> Mapping[str, str]:
        """The faults that the sandbox can be told. Raises ConfigurationError when there is no sandbox."""
        return sandbox.kind_at(self.told.folder).known_faults

    @contextmanager
    def standing(
        self, *faults: str, place: str = "", options: Mapping[str, str] | None = None
    ) -> Iterator[Installation]:
        """The installation of the sandbox while it runs with those faults. `place`: where its state is kept."""
        kind = sandbox.kind_at(self.told.folder)
        organization = self.province.boards[0].code if kind.per_board else kind.organizations[0]
        folder = self.folder / (place or "+".join(faults) or "sound")
        folder.mkdir(parents=True, exist_ok=True)
        self._given(folder)
        made = kind(organization, self.province, folder, frozenset(faults))
        app = made.app
        made.app = lambda: self._heard(app())  # type: ignore[method-assign]
        with self.heard.logs(), sandbox.serving((made,), postgres=self.postgres) as running:
            (entry,) = running.entries
            found = sandbox.installation(entry)
            yield replace(found, options={**found.options, **(options or {})})

    def _given(self, folder: Path) -> None:
        """What the partner was given beforehand: a public key among the samples, to verify what it receives."""
        for key in (self.told.folder / "samples").glob("*.pem"):
            (folder / key.name).write_bytes(key.read_bytes())

    def _heard(self, app: ASGIApp | None) -> ASGIApp | None:
        return None if app is None else self.heard.app(app)

    @contextmanager
    def source(self, installation: Installation) -> Iterator[Source]:
        """The connector that reads it, closed at the end."""
        made = load.under(self.told.folder.parent).source(installation)
        try:
            yield made
        finally:
            made.close()

    @contextmanager
    def target(self, installation: Installation) -> Iterator[Target]:
        """The connector that delivers to it, closed at the end."""
        made = load.under(self.told.folder.parent).target(installation)
        try:
            yield made
        finally:
            made.close()

    def pages(self, source: Source, stream: str, position: str | None = None) -> Sequence[Page]:
        """All pages of one stream."""
        return list(source.pages(stream, self.window, position=position))

    def rows(self, installation: Installation, stream: str) -> tuple[pl.DataFrame, int | None]:
        """All rows of a stream, and how many the source says there are."""
        with self.source(installation) as source:
            frames = [page.frame for page in self.pages(source, stream)]
            return pl.concat(frames, how="diagonal"), source.count(stream, self.window)


def away(installation: Installation) -> Installation | None:
    """The same where nobody listens; None for a system that is a folder."""
    parts = urlsplit(installation.address)
    if parts.scheme in WITHOUT_A_SERVER:
        return None
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    user = f"{parts.username}@" if parts.username else ""
    query = "" if "host=" in parts.query else parts.query
    return replace(
        installation,
        address=urlunsplit((parts.scheme, f"{user}127.0.0.1:{port}", parts.path, query, parts.fragment)),
    )
