"""How long to wait before the next try: by tries, by age, by what the partner asked. Pure; knows no clock.

The spread (jitter) is drawn from the delivery's key and try, not from chance: two deliveries spread,
and the same delivery asked twice waits the same.
"""

import hashlib
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

QUEBEC = ZoneInfo("America/Toronto")
FIRST_WAIT = timedelta(seconds=5)  # doubled with each try
LONGEST_WAIT = timedelta(minutes=15)  # of a young delivery
LONGEST_WAIT_OF_OLD = timedelta(hours=1)
AGE_SHARE = 24  # a delivery of one day is tried each hour: 1/24 of its age
GIVE_UP_AFTER = timedelta(days=7)
OPENS_AFTER = 3  # failures in a row, whatever the delivery: then the partner itself is taken to be down
_DOUBLINGS = 12  # past that the bound decides


def back_off(key: str, tries: int, age: timedelta) -> timedelta:
    """The wait after the nth failed try (from 1) of a delivery of that age: half of it is spread."""
    by_tries = min(FIRST_WAIT * (1 << min(tries - 1, _DOUBLINGS)), LONGEST_WAIT)
    whole = min(max(by_tries, age / AGE_SHARE), LONGEST_WAIT_OF_OLD)
    return whole / 2 + whole / 2 * _spread(key, tries)


def pause(destination: str, failures: int, asked: float) -> timedelta | None:
    """How long nothing goes to a partner after so many failures in a row; None: the next may try at once.

    `asked`: seconds of its Retry-After, 0 when it asked for none; they are kept to at least, up to a day.
    """
    wanted = timedelta(seconds=min(asked, timedelta(days=1).total_seconds()))
    if failures < OPENS_AFTER:
        return wanted or None
    return max(wanted, back_off(destination, failures, timedelta(0)))


def days_waited(since: datetime, moment: datetime) -> timedelta:
    """How many midnights of Québec lie between the two: a machine set to UTC must not miss one."""
    return moment.astimezone(QUEBEC).date() - since.astimezone(QUEBEC).date()


def _spread(key: str, tries: int) -> float:
    """From 0 up to 1, the same for the same key and try."""
    return int.from_bytes(hashlib.sha256(f"{key}/{tries}".encode()).digest()[:4]) / 2**32
