"""How many requests a service bears at a time, learned from how long it takes: AIMD. Pure: latencies in, a limit out.

While answers take about as long as they do when nothing waits, one more is let in at a time (additive increase); when
they take longer, or fail, the limit falls by a share (multiplicative decrease).

Sources: Chiu and Jain (1989) for AIMD; Netflix concurrency-limits for the shortest latency as the yardstick.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass

DECREASE = 0.9
TOLERANCE = 1.5
"""Times the shortest latency of late: from here on requests wait for one another behind the gateway."""
FORGET_AFTER = 1000
"""Answers after which the shortest latency is learned anew: a service that has become slower is no queue. For that
the limit is halved for a moment, or the queue that it made itself would be taken for the service."""
JITTER = 0.1
"""Of the answers between two decreases, and before learning anew: gateways must not all step back at once."""


@dataclass(frozen=True)
class AdaptiveRule:
    """Within which bounds it moves."""

    least: int
    """Never fewer: else nothing could be learned any more."""
    most: int


class AdaptiveLimit:
    """Begins at the middle of its bounds."""

    def __init__(self, rule: AdaptiveRule, draw: Callable[[], float] = random.random) -> None:
        self._rule = rule
        self._draw = draw
        self._limit = max(float(rule.least), rule.most / 2)
        self._shortest_s: float | None = None
        self._since_shortest = 0
        self._forget_after = self._drawn_patience()
        self._until_decrease = 0
        self._until_learning = 0
        """Answers still to come of what was under way when the limit was halved."""

    @property
    def limit(self) -> int:
        """Requests at a time."""
        return int(self._limit)

    def note(self, latency_s: float, in_flight: int, *, is_good: bool) -> int:
        """One answer, and how many were under way when it came; the limit from now on."""
        if self._until_learning:
            self._until_learning -= 1
            return self.limit
        self._learn(latency_s, is_good=is_good)
        self._until_decrease = max(0, self._until_decrease - 1)
        is_slow = self._shortest_s is not None and latency_s > TOLERANCE * self._shortest_s
        if not is_good or is_slow:
            self._decrease()
        elif in_flight >= self.limit:  # a limit that is not reached is no reason for a higher one
            self._limit = min(float(self._rule.most), self._limit + 1 / self._limit)
        return self.limit

    def _decrease(self) -> None:
        """Once for all answers that were under way together: they tell of the same queue."""
        if self._until_decrease:
            return
        self._limit = max(float(self._rule.least), self._limit * DECREASE)
        self._until_decrease = round(self._limit * (1 + JITTER * self._draw()))

    def _drawn_patience(self) -> float:
        return FORGET_AFTER * (1 + JITTER * self._draw())

    def _learn(self, latency_s: float, *, is_good: bool) -> None:
        if not is_good:
            return
        self._since_shortest += 1
        if self._shortest_s is None or latency_s <= self._shortest_s:
            self._shortest_s, self._since_shortest = latency_s, 0
        elif self._since_shortest > self._forget_after:
            self._forget_after = self._drawn_patience()
            self._until_learning = self.limit
            self._limit = max(float(self._rule.least), self._limit / 2)
            self._shortest_s, self._since_shortest = None, 0
