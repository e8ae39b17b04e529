"""Open load: requests are due when the schedule says, whatever the system does. Pure.

The schedule itself is the queue of requests that wait for a connection: no memory grows while a system stands still.
"""

import math
from itertools import islice

from scalelab.lab.load.arrivals import Arrivals


class ScheduledPacer:
    """See `Pacer`. Generator `part` of `parts` takes every `parts`-th arrival of the common schedule."""

    wants_answers = False

    def __init__(self, arrivals: Arrivals, part: int = 0, parts: int = 1) -> None:
        self._arrivals = arrivals
        self._part = part
        self._parts = parts
        self._next = iter(arrivals) if parts == 1 else islice(arrivals, part, None, parts)
        self.due_s = next(self._next, math.inf)
        self.user = part - parts

    def take(self) -> float:
        """See `Pacer`."""
        due_s = self.due_s
        self.due_s = next(self._next, math.inf)
        self.user += self._parts
        return due_s

    def answered(self, user: int, now_s: float) -> None:
        """Of no interest to a schedule."""

    def offered_until(self, end_s: float) -> int:
        """See `Pacer`."""
        return offered_of_part(self._arrivals, end_s, self._part, self._parts)


def offered_of_part(arrivals: Arrivals, end_s: float, part: int, parts: int) -> int:
    """How many of the arrivals before `end_s` are this part's."""
    return max(0, -((part - arrivals.count_until(end_s)) // parts))
