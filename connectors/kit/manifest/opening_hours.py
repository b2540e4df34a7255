"""When a partner may be asked: windows of wall-clock time by day of the week. Refuses a moment without a zone.

A window is half-open and belongs to the day on which it begins; one that ends before it begins goes over
midnight. A holiday is closed from midnight to midnight, and no window begins on it. The clock on the partner's
wall decides: in the hour that autumn repeats a window is open twice, and the one that spring skips not at all.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from canonical_model.errors import ConfigurationError

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
DAY_MINUTES = 24 * 60

_WINDOW = re.compile(r"([0-9]{2}):([0-9]{2})-([0-9]{2}):([0-9]{2})")
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class OpeningHours:
    """`windows`: seven days from Monday, each with (begin, end) in minutes of its day; an end above 1440 is
    of the next day. At least one window; `holidays` are closed days of `zone`.
    """

    zone: ZoneInfo
    windows: tuple[tuple[tuple[int, int], ...], ...]
    holidays: frozenset[date] = frozenset()

    def open_at(self, moment: datetime) -> bool:
        """Whether the partner may be asked at `moment`, which must know its time zone (else ConfigurationError)."""
        local = _aware(moment).astimezone(self.zone)
        if local.date() in self.holidays:
            return False
        minute = local.hour * 60 + local.minute
        return any(begin <= minute < end for begin, end in self._of(local.date())) or any(
            minute < end - DAY_MINUTES for _, end in self._of(local.date() - _DAY)
        )

    def next_opening(self, moment: datetime) -> datetime:
        """`moment` itself when open, else the first moment after it that is, in UTC. Raises as `open_at`."""
        if self.open_at(moment):
            return moment
        day = moment.astimezone(self.zone).date()
        while True:
            for found in self._may_open(day):
                if found > moment and self.open_at(found):
                    return found
            day += _DAY

    def _of(self, day: date) -> tuple[tuple[int, int], ...]:
        return () if day in self.holidays else self.windows[day.weekday()]

    def _may_open(self, day: date) -> list[datetime]:
        """Every moment of a day at which closed can become open, in order: a window begins, the clock is changed.

        Midnight begins no opening: a holiday's eve has no night window left, and a day's own begin is in the list.
        """
        walls = [
            datetime.combine(day, time(begin // 60, begin % 60), self.zone) for begin, _ in self._of(day)
        ]
        found = {wall.replace(fold=fold).astimezone(UTC) for wall in walls for fold in (0, 1)}
        return sorted({*found, *self._changes(day)})

    def _changes(self, day: date) -> Iterator[datetime]:
        """The moment of this day at which the zone's clock is put forward or back, if there is one."""
        low, high = (datetime.combine(d, time(), self.zone).astimezone(UTC) for d in (day, day + _DAY))
        before = low.astimezone(self.zone).utcoffset()
        if before == high.astimezone(self.zone).utcoffset():
            return
        while high - low > timedelta(seconds=1):
            middle = low + timedelta(seconds=(high - low) // timedelta(seconds=2))
            if middle.astimezone(self.zone).utcoffset() == before:
                low = middle
            else:
                high = middle
        yield high


ALWAYS = OpeningHours(ZoneInfo("UTC"), (((0, DAY_MINUTES),),) * 7)


def from_text(told: Mapping[str, str], holidays: tuple[str, ...]) -> OpeningHours:
    """The hours that a manifest's block says: a time zone, windows by day (``06:00-12:00, 13:00-22:00``), holidays.

    Raises ValueError with the key that is wrong.
    """
    try:
        zone = ZoneInfo(told["time_zone"])
    except (OSError, ValueError, KeyError):  # ZoneInfoNotFoundError is a KeyError
        raise ValueError("time_zone") from None
    windows = tuple(tuple(_windows(day, told.get(day, ""))) for day in DAYS)
    if not any(windows):
        raise ValueError("monday")
    try:
        return OpeningHours(zone, windows, frozenset(date.fromisoformat(day) for day in holidays))
    except ValueError:
        raise ValueError("holidays") from None


def _windows(day: str, text: str) -> Iterator[tuple[int, int]]:
    for piece in filter(None, map(str.strip, text.split(","))):
        match = _WINDOW.fullmatch(piece)
        if match is None:
            raise ValueError(day)
        hour, minute, to_hour, to_minute = map(int, match.groups())
        begin, end = hour * 60 + minute, to_hour * 60 + to_minute
        if hour > 23 or max(minute, to_minute) > 59 or end > DAY_MINUTES or begin == end:
            raise ValueError(day)
        yield begin, end if end > begin else end + DAY_MINUTES


def _aware(moment: datetime) -> datetime:
    if moment.utcoffset() is None:
        raise ConfigurationError(
            "opening hours: a moment without a time zone. Give a moment that knows its zone.",
            "heures d'ouverture : un moment sans fuseau horaire. Donnez un moment qui connaît le sien.",
        )
    return moment
