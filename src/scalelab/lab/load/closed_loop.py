"""Closed load: users who wait for the answer, think, and ask again; without think time they saturate. Pure.

Only as many requests are due as there are users who do not wait: a closed load slows down with the system.
"""

import heapq
import math
import random


class UserPacer:
    """See `Pacer`. Users of generator `part` are part, part + parts, ...

    At first they are amid a think time, unless they begin one after the other, each with a request.
    """

    wants_answers = True

    def __init__(
        self,
        users: int,
        think_time_min_s: float,
        think_time_max_s: float,
        seed: int,
        part: int = 0,
        parts: int = 1,
        spawn_rate_per_s: float | None = None,
    ) -> None:
        self._least_s = think_time_min_s
        self._span_s = think_time_max_s - think_time_min_s
        self._random = random.Random(f"{seed}/{part}").random  # noqa: S311  a sequence that can be had again
        self._due = [
            (self._rest_of_think() if spawn_rate_per_s is None else user / spawn_rate_per_s, user)
            for user in range(part, users, parts)
        ]
        heapq.heapify(self._due)
        self._taken = 0
        self.due_s = self._due[0][0] if self._due else math.inf
        self.user = 0

    def take(self) -> float:
        """See `Pacer`."""
        due_s, self.user = heapq.heappop(self._due)
        self._taken += 1
        self.due_s = self._due[0][0] if self._due else math.inf
        return due_s

    def answered(self, user: int, now_s: float) -> None:
        """See `Pacer`."""
        heapq.heappush(self._due, (now_s + self._think(), user))
        self.due_s = self._due[0][0]

    def offered_until(self, end_s: float) -> int:
        """See `Pacer`."""
        return self._taken + sum(due_s < end_s for due_s, _ in self._due)

    def _rest_of_think(self) -> float:
        """What is left of a think time that somebody happens upon: long ones are met more often than short ones.

        So the rate is N / Z from the first second on, without a wave.
        """
        longest_s = self._least_s + self._span_s
        think_s = self._think()
        while self._random() * longest_s > think_s:
            think_s = self._think()
        return think_s * self._random()

    def _think(self) -> float:
        return self._least_s + self._span_s * self._random()
