"""When a failed attempt is tried again: exponential backoff with full jitter, so that failures spread."""

from collections.abc import Callable
from dataclasses import dataclass

_LARGEST_EXPONENT = 32


@dataclass(frozen=True)
class RetryPolicy:
    """How often and how soon."""

    max_attempts: int
    """Of one task, the first included."""
    min_backoff_s: float
    """Longest wait before the second attempt; it doubles with each one."""
    max_backoff_s: float

    def retry_in_s(self, attempt: int, draw: Callable[[], float]) -> float | None:
        """The wait after failed attempt number `attempt` (from 1), or None when there is no other.

        Args:
            attempt: counts from 1.
            draw: uniform in [0, 1).
        """
        if attempt >= self.max_attempts:
            return None
        exponent = min(attempt - 1, _LARGEST_EXPONENT)
        return draw() * min(self.max_backoff_s, self.min_backoff_s * 2.0**exponent)
