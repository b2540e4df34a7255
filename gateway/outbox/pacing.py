"""When and how fast an installed partner takes deliveries: its connector's manifest, as the site overrides it.

In the options of a system in systems.yaml:

    opening_hours.time_zone: America/Toronto        # with it, the manifest's hours are replaced
    opening_hours.monday: "06:00-22:00"
    opening_hours.holidays: "2026-12-25, 2027-01-01"
    limits.requests_per_second: "2"
    limits.burst: "5"                               # so many at once before the pace counts
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from canonical_model.errors import ConfigurationError
from connectors.kit.installation import Installation
from connectors.kit.manifest import Manifest
from connectors.kit.manifest.opening_hours import DAYS, OpeningHours, from_text
from gateway import site

HOURS = "opening_hours."
RATE = "limits.requests_per_second"
BURST = "limits.burst"
LARGEST = 1e6  # a second; more is a slip of the pen


@dataclass(frozen=True, slots=True)
class Pacing:
    """`interval`: between two deliveries; zero is as fast as they are answered.

    `burst`: deliveries that may go at once after a rest.
    """

    hours: OpeningHours
    interval: timedelta
    burst: int

    def opens(self, moment: datetime) -> datetime | None:
        """The next opening when the partner is closed at that moment; None when it is open."""
        return None if self.hours.open_at(moment) else self.hours.next_opening(moment)

    def wait(self, paced_until: datetime | None, moment: datetime) -> timedelta:
        """How long the pace asks to wait before one more; `paced_until` is what `spent` said last."""
        if paced_until is None:
            return timedelta(0)
        return max(paced_until - self.interval * (self.burst - 1) - moment, timedelta(0))

    def spent(self, paced_until: datetime | None, moment: datetime) -> datetime:
        """The same, after one more delivery at that moment."""
        return max(paced_until or moment, moment) + self.interval


def pacing_of(site_folder: Path, destination: str) -> Pacing:
    """How an installed system is to be sent to. Raises ConfigurationError when the site has no such system."""
    installation = site.installation(site_folder, destination)
    return pacing(site.connectors(site_folder).manifest(installation.connector), installation)


def pacing(told: Manifest, installation: Installation) -> Pacing:
    """The same, of what was read already. Raises ConfigurationError naming the option that is wrong."""
    rate = _number(installation, RATE) or told.limits.requests_per_second
    interval = timedelta(seconds=1 / rate) if rate else timedelta(0)
    burst = _number(installation, BURST) or rate or 1.0
    return Pacing(_hours(installation) or told.opening_hours, interval, max(int(burst), 1))


def _hours(installation: Installation) -> OpeningHours | None:
    """The hours that the site wrote for this system; None when it wrote none."""
    own = {
        name.removeprefix(HOURS): text
        for name, text in installation.options.items()
        if name.startswith(HOURS)
    }
    if not own:
        return None
    if unknown := sorted(own.keys() - {*DAYS, "time_zone", "holidays"}):
        raise _wrong(installation, f"{HOURS}{unknown[0]}")
    try:
        return from_text(own, tuple(own.get("holidays", "").replace(",", " ").split()))
    except ValueError as error:
        raise _wrong(installation, f"{HOURS}{error}") from error


def _number(installation: Installation, name: str) -> float | None:
    text = installation.options.get(name)
    if text is None:
        return None
    try:
        found = float(text)
    except ValueError as error:
        raise _wrong(installation, name) from error
    if not 0 < found < LARGEST:  # NaN too is refused
        raise _wrong(installation, name)
    return found


def _wrong(installation: Installation, name: str) -> ConfigurationError:
    return ConfigurationError(
        f"{installation.system}: the option {name} is not well formed. Correct systems.yaml;"
        " gateway/outbox/README.md shows the options.",
        f"{installation.system} : l'option {name} est mal formée. Corrigez systems.yaml;"
        " gateway/outbox/README.md montre les options.",
    )
