"""The first step of the way in: pull every stream of one installed system and land it, once for each exchange.

The rows, the cursors and what the source remembers (files that were read, ETags) become true in one transaction;
only then is the source told (`settled`). Killed before, the next call goes on after the last page that landed,
where the source can; killed after, the next call tells the source, and nothing is read twice.
"""

import logging
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime

from canonical_model.errors import HubError
from connectors.kit.manifest import Manifest
from connectors.kit.protocol import Source, Window
from gateway import site
from gateway.evidence.chain import Entry, append
from gateway.store import exchanges, pulls
from gateway.store.hub import Hub
from gateway.store.pulls import Landings, LastPull
from gateway.store.raw import RawStore
from mappings.engine import loader
from mappings.engine.language import Mapping as SystemMapping

ROUTE = "intake"

_LOG = logging.getLogger(__name__)


def exchange_id(run: str, system: str) -> str:
    """The idempotency key of one system's intake in one run of the day."""
    return f"{run}/{ROUTE}/{system}"


def mapping_of(hub: Hub, name: str) -> SystemMapping:
    """A mapping by name: Passerelle's, or the site's own."""
    return loader.load(name, site.mapping_root(hub.settings.site_folder, name, loader.ROOT))


def fetch(hub: Hub, *, system: str, run: str, day: date, school_year: int, moment: datetime) -> str:
    """Pull every stream of one installed system and land it. Returns the exchange's id.

    Killed and called again, it goes on after the last page that landed, where the source can.
    Raises ConfigurationError (wrong secret, missing column) or RetryableError (no answer, or the
    source changed while it was read); the exchange then says so and nothing is landed.
    """
    id = exchange_id(run, system)  # noqa: A001
    landings = Landings(hub.settings.root, hub.keys, system)
    with landings.held():
        with hub.transaction() as connection:
            state = exchanges.begin(
                connection, id, run=run, route=ROUTE, system=system, direction="in", day=day, moment=moment
            )
        if state in ("mapped", "done"):
            return id
        fetching = _Fetching(hub, landings, id, system, Window(school_year=school_year, day=day), moment)
        if state == "landed":
            fetching.settle_again()
            landings.discard()
            return id
        try:
            fetching.land()
        except HubError as error:
            with hub.transaction() as connection:
                exchanges.record(connection, id, state="failed", failure=error, moment=moment)
            raise
        landings.discard()
    return id


@dataclass(frozen=True, slots=True)
class _Fetching:
    """One exchange on its way to be landed."""

    hub: Hub
    landings: Landings
    exchange: str
    system: str
    window: Window
    moment: datetime

    def land(self) -> None:
        """Pull, keep the batch, say so with the counts and with where the next pull begins; then settle."""
        manifest, source = self._connector()
        with closing(source):
            with self.hub.transaction() as connection:
                before = pulls.last(connection, self.system)
            try:
                self._keep(manifest, source, before)
            except HubError:
                self._tell(source.set_aside)
                raise
            self._tell(source.settled)

    def settle_again(self) -> None:
        """The batch landed, and perhaps the source was not told: a kill came between."""
        with self.hub.transaction() as connection:
            row = exchanges.find(connection, self.exchange)
        if row is None or not (memory := pulls.of_exchange(row).memory):
            return
        _, source = self._connector()
        with closing(source):
            source.recall(memory)
            self._tell(source.settled)

    def _connector(self) -> tuple[Manifest, Source]:
        installation = site.installation(self.hub.settings.site_folder, self.system)
        known = site.connectors(self.hub.settings.site_folder)
        return known.manifest(installation.connector), known.source(installation)

    def _keep(self, manifest: Manifest, source: Source, before: LastPull) -> None:
        raw = RawStore(self.hub.settings.root, self.hub.keys)
        pulled = self.landings.pull(
            source,
            manifest,
            self.window,
            before,
            partly=_read_alone(self.hub, manifest),
            raw=raw,
            asked_by=self.exchange,
        )
        batch = raw.land(self.system, {stream: found.frames() for stream, found in pulled.items()})
        after = pulls.following(
            before,
            raw,
            system=self.system,
            school_year=self.window.school_year,
            pulled=pulled,
            memory=source.memory(),
        )
        rows = {stream: found.rows for stream, found in pulled.items()}
        with self.hub.transaction() as connection:
            exchanges.record(
                connection,
                self.exchange,
                state="landed",
                digest=bytes.fromhex(batch),
                counts={"rows": rows, "pull": {stream: found.counts() for stream, found in pulled.items()}},
                receipt={"pull": after.receipt()},
                moment=self.moment,
            )
            facts = {"exchange": self.exchange, "batch": batch, "rows": rows}
            append(connection, self.moment, Entry("intake.landed", None, facts))
        if before.keys is not None and before.keys != after.keys:
            raw.drop_keys(before.keys)

    def _tell(self, say: Callable[[], None]) -> None:
        """The exchange is what it is, whether or not the source can be told now: the next pull tells it again."""
        try:
            say()
        except HubError as error:
            _LOG.warning("%s: its files were not moved: %s", self.system, error.english)


def _read_alone(hub: Hub, manifest: Manifest) -> frozenset[str]:
    """Streams of which a part may be pulled: no mapping reads them beside another, whose rows it would miss."""
    read_by_each = [mapping_of(hub, name).streams for name in manifest.mappings]
    beside = {stream.name for streams in read_by_each if len(streams) > 1 for stream in streams}
    return frozenset(manifest.streams) - beside
