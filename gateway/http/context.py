"""What every path of the edge shares: the hub, its signer, its clock. Made once, when the application is."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from gateway.handoff.document import Signer, signer
from gateway.store.hub import Hub

QUEBEC = ZoneInfo("America/Toronto")


def utc_now() -> datetime:
    """The edge is a door: it knows the clock."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Context:
    """`now`: the clock of tokens and evidence. `issuer`: the gateway's own address."""

    hub: Hub
    signing: Signer
    issuer: str
    now: Callable[[], datetime]

    @property
    def site(self) -> Path:
        """The site's folder."""
        return self.hub.settings.site_folder

    def today(self) -> date:
        """The day that decisions are made on: Québec's, or the one a rehearsal sets."""
        return self.hub.settings.day or self.now().astimezone(QUEBEC).date()


def make(hub: Hub, now: Callable[[], datetime]) -> Context:
    """The context of one application over an open hub."""
    return Context(hub, signer(hub.keys), hub.settings.gateway_url.rstrip("/"), now)
