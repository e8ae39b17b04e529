"""When a member is left alone for its failures, and for how long. Pure: the time is an argument.

Checks do not see everything: a member may answer them and fail all else. Source of the rules: Envoy's outlier
detection, by consecutive failures.
"""

import math
from dataclasses import dataclass

MOST_TIMES = 10
"""The longest time is so many times the first one."""


@dataclass(frozen=True)
class EjectionRule:
    """See `MemberCare`. With 0 failures nobody is ever ejected."""

    failures: int = 0
    time_s: float = 10.0
    max_share: float = 0.5

    def has_room(self, ejected: int, members: int) -> bool:
        """Whether one more of `members` may be left alone: a share, rounded down."""
        return ejected + 1 <= self.max_share * members


@dataclass(frozen=True)
class Ejection:
    """Of one member: its failures in a row, and its times in a row."""

    failures: int = 0
    times: int = 0
    until_s: float = -math.inf
    """When it is asked again; it takes traffic now if that has passed."""

    def is_out(self, now_s: float) -> bool:
        """Whether it is left alone."""
        return now_s < self.until_s

    def after_success(self) -> "Ejection":
        """An answer that was no failure: all is forgiven, though its time is not shortened."""
        return Ejection(until_s=self.until_s) if self.failures or self.times else self

    def after_failure(self, now_s: float, rule: EjectionRule, *, has_room: bool) -> "Ejection":
        """One more failure. Without room it is counted, and the next one asks again."""
        if self.is_out(now_s):
            return self  # it was asked before
        failures = self.failures + 1
        if not rule.failures or failures < rule.failures or not has_room:
            return Ejection(failures, self.times, self.until_s)
        times = min(self.times + 1, MOST_TIMES)
        return Ejection(0, times, now_s + rule.time_s * times)
