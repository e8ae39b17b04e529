"""How many are inside something, and for how long in sum: the integral of a gauge, exact between two looks.

By the utilisation law, the seconds that accrue in a second are the mean number inside.
"""

import time
from collections.abc import Callable


class Occupancy:
    """Whoever enters must leave."""

    __slots__ = ("_ends_less_begins_s", "_monotonic", "_zero_s", "count")

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.count = 0
        """Inside now."""
        self._monotonic = monotonic
        self._zero_s = monotonic()
        self._ends_less_begins_s = 0.0

    def enter(self) -> None:
        """One more."""
        self.count += 1
        self._ends_less_begins_s -= self._monotonic() - self._zero_s

    def leave(self) -> None:
        """One less."""
        self.count -= 1
        self._ends_less_begins_s += self._monotonic() - self._zero_s

    @property
    def seconds_total(self) -> float:
        """Of all together, those inside until now."""
        return max(0.0, self._ends_less_begins_s + self.count * (self._monotonic() - self._zero_s))
