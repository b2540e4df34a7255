"""How fast and how often a partner may be asked: a token bucket, and a budget of calls that a pull never passes."""

import time
from collections.abc import Callable

from canonical_model.errors import ConfigurationError

MOST_CALLS = 100_000  # of one pull: 50 million rows at the default page; a pull without end stops here


class Rate:
    """A token bucket of `per_second`, None = as fast as the partner answers. It begins with `burst` calls.

    `pause` and `clock` (monotonic, seconds) are given by tests.
    """

    def __init__(
        self,
        per_second: float | None,
        *,
        burst: int = 1,
        pause: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._per_second = per_second
        self._pause, self._clock = pause, clock
        self._burst = float(burst)
        self._held = self._burst
        self._seen = clock()

    def take(self) -> None:
        """Wait until one more call is allowed, and count it. Tries count too: the partner sees them all."""
        if self._per_second is None:
            return
        now = self._clock()
        self._held = min(self._burst, self._held + (now - self._seen) * self._per_second) - 1.0
        self._seen = now
        if self._held < 0:
            self._pause(-self._held / self._per_second)  # the debt is paid by the time that passes


class Budget:
    """The calls that one pull may make; tries and sign-ins are not counted, for they are bounded elsewhere."""

    def __init__(self, calls: int = MOST_CALLS) -> None:
        self._calls = calls
        self._spent = 0

    def spend(self, place: str) -> None:
        """Count one call. Raises ConfigurationError when the budget is spent; no call is made then."""
        if self._spent >= self._calls:
            raise ConfigurationError(
                f"{place}: the pull made its {self._calls} calls. Ask for larger pages (limits.page_rows), or ask"
                " the partner why there is no last page.",
                f"{place} : la collecte a fait ses {self._calls} appels. Demandez de plus grandes pages"
                " (limits.page_rows), ou demandez au partenaire pourquoi il n'y a pas de dernière page.",
            )
        self._spent += 1
