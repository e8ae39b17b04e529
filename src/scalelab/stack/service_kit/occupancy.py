"""How many are inside something, and for how long in sum: the integral of a gauge, exact between two looks.

By the utilisation law, the seconds that accrue in a second are the mean number inside.
"""

import time
from collections.abc import Callable

from prometheus_client import Counter

from scalelab.stack.service_kit.metrics import ServiceMetrics


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


def expose_occupancy(occupancy: Occupancy, metrics: ServiceMetrics, name: str, text: str) -> None:
    """A counter of the seconds, brought up to date before each scrape."""
    counter = Counter(name, text, registry=metrics.registry)
    told = [0.0]

    def bring_in() -> None:
        total_s = occupancy.seconds_total
        counter.inc(max(0.0, total_s - told[0]))
        told[0] = max(told[0], total_s)

    metrics.before_scrape.append(bring_in)
