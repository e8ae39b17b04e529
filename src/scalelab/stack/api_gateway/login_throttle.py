"""Slows down who guesses a password: after a number of failures an account waits for its window to end.

Known and unknown names are treated alike. Counts within one gateway; attempts already under way are not stopped, and
those are bounded by the number of password checks.
"""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic

MAX_FAILURES = 10
WINDOW_S = 60.0
MAX_ACCOUNTS = 10_000


@dataclass
class _Window:
    ends_at_s: float
    failures: int = 0


class LoginThrottle:
    """Failures by account name, in a bounded table."""

    def __init__(self, clock_s: Callable[[], float] = monotonic, max_accounts: int = MAX_ACCOUNTS) -> None:
        self._clock_s = clock_s
        self._max_accounts = max_accounts
        self._windows: OrderedDict[str, _Window] = OrderedDict()

    def wait_s(self, username: str) -> float:
        """How long this account has to wait before the next attempt; 0 when it may try now."""
        window = self._windows.get(username)
        if window is None:
            return 0.0
        left_s = window.ends_at_s - self._clock_s()
        if left_s <= 0:
            del self._windows[username]
            return 0.0
        return left_s if window.failures >= MAX_FAILURES else 0.0

    def failed(self, username: str) -> None:
        """An attempt was wrong."""
        window = self._windows.get(username)
        if window is None:
            if len(self._windows) >= self._max_accounts:
                self._windows.popitem(last=False)
            window = self._windows[username] = _Window(self._clock_s() + WINDOW_S)
        window.failures += 1

    def succeeded(self, username: str) -> None:
        """An attempt was right: the account starts anew."""
        self._windows.pop(username, None)
