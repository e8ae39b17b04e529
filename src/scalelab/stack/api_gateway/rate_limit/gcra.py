"""The generic cell rate algorithm: a token bucket kept as one number, when the next request is due. Pure.

Source: ITU-T I.371, annex A; a bucket of `burst` tokens that fills at `rate_per_s` lets exactly the same through.
"""

from dataclasses import dataclass

ROUNDING_S = 1e-6
"""Who waits exactly as long as told is let in."""


@dataclass(frozen=True)
class RateRule:
    """So many a second in the long run, and so many at once."""

    rate_per_s: float
    burst: int

    @property
    def interval_s(self) -> float:
        """Between two requests at the rate."""
        return 1 / self.rate_per_s

    @property
    def window_s(self) -> float:
        """In which an empty bucket is full again."""
        return self.burst * self.interval_s


@dataclass(frozen=True)
class Standing:
    """Where a user stands after a request."""

    is_allowed: bool
    remaining: int
    """Further requests that may come at once."""
    retry_after_s: float
    """0 for an allowed one."""
    reset_s: float
    """Until all of the burst may be used again."""


def take(rule: RateRule, due_s: float | None, now_s: float) -> tuple[Standing, float]:
    """One request.

    Args:
        rule: see there.
        due_s: what the request before left; None for the first.
        now_s: of the same clock.

    Returns:
        The standing, and what to leave for the next; a refused request costs nothing.
    """
    due_s = max(now_s, due_s if due_s is not None else now_s)
    allowed_at_s = due_s - (rule.burst - 1) * rule.interval_s
    if now_s < allowed_at_s - ROUNDING_S:
        return Standing(False, 0, allowed_at_s - now_s, due_s - now_s), due_s
    due_s += rule.interval_s
    remaining = int((rule.window_s - (due_s - now_s)) / rule.interval_s + 1e-9)
    return Standing(True, remaining, 0.0, due_s - now_s), due_s
