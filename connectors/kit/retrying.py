"""How often and how long a call is tried: by number AND by age, with full jitter; never for ever.

Waits are drawn between nothing and a bound that doubles, so that a hundred hubs that a partner threw out
together do not come back together. The wait that the partner asks for is kept; one that would end after the
call's age is not begun: the next run is the better time.
"""

import random
import time
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime
from typing import TypeVar

from canonical_model.errors import RetryableError
from connectors.kit.errors import TransientError
from connectors.kit.manifest.model import Limits

BACK_OFF_SECONDS = 0.25  # bound of the first wait, doubled after each try
LONGEST_BACK_OFF_SECONDS = 60.0

T = TypeVar("T")


class Retrying:
    """The rule of one client. `pause`, `draw` (0 to 1) and `clock` (monotonic, seconds) are given by tests."""

    def __init__(
        self,
        limits: Limits,
        *,
        pause: Callable[[float], None] = time.sleep,
        draw: Callable[[], float] = random.random,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._tries = limits.tries
        self._age = limits.give_up_after.total_seconds()
        self._pause, self._draw, self._clock = pause, draw, clock

    def call(self, place: str, attempt: Callable[[], T]) -> T:
        """What the first try that is not transient gives. Raises RetryableError after the last."""
        began, bound, tried = self._clock(), BACK_OFF_SECONDS, 0
        while True:
            try:
                return attempt()
            except TransientError as error:
                tried += 1
                wait = max(self._draw() * bound, error.wait)
                spent = self._clock() - began
                if tried >= self._tries or spent + wait > self._age:
                    raise _given_up(place, error, tried, longer=error.wait > self._age - spent) from error
                self._pause(wait)
                bound = min(2 * bound, LONGEST_BACK_OFF_SECONDS)


def asked_wait(headers: Mapping[str, str]) -> float:
    """Seconds that a Retry-After asks for, 0 when none can be read.

    A date is compared with the answer's own Date, not with our clock: a machine that is ten minutes off waits as
    long as the partner means. Without a Date the partner has no clock (RFC 9110 §6.6.1), and its date no meaning.
    """
    text = headers.get("retry-after", "").strip()
    if text.isascii() and text.isdecimal():
        return float(text[:9])
    try:
        return max(_moment(text) - _moment(headers.get("date", "")), 0.0)
    except (ValueError, TypeError, IndexError, OverflowError):
        return 0.0


def _moment(text: str) -> float:
    return parsedate_to_datetime(text).timestamp()


def _given_up(place: str, error: TransientError, tried: int, *, longer: bool) -> RetryableError:
    if longer:
        return RetryableError(
            f"{place}: {error.english}, and the partner asks for a wait longer than limits.give_up_after."
            " Try again later; if it lasts, ask the partner.",
            f"{place} : {error.french}, et le partenaire demande une attente plus longue que"
            " limits.give_up_after. Réessayez plus tard; si cela dure, demandez au partenaire.",
            retry_after=error.wait,
        )
    return RetryableError(
        f"{place}: {error.english}, {tried} time{'s' if tried > 1 else ''}."
        " Try again later; if it lasts, ask the partner.",
        f"{place} : {error.french}, {tried} fois. Réessayez plus tard; si cela dure, demandez au partenaire.",
        retry_after=error.wait,
    )
