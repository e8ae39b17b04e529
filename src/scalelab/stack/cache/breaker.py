"""Stops asking a server that does not answer: after a few faults it is left alone, then tried by one call."""

from collections.abc import Callable

FAULTS_TO_OPEN = 5
REST_S = 0.25
"""How long nobody asks; then one call is let through, and its outcome decides."""


class Breaker:
    """`may_call` before each call, `succeeded` or `failed` after it."""

    def __init__(
        self,
        clock_s: Callable[[], float],
        *,
        on_open: Callable[[], None] = lambda: None,
        faults_to_open: int = FAULTS_TO_OPEN,
        rest_s: float = REST_S,
    ) -> None:
        """`on_open` is called each time that the server is left alone from now on."""
        self._clock_s = clock_s
        self._on_open = on_open
        self._faults_to_open = faults_to_open
        self._rest_s = rest_s
        self._faults = 0
        self._rests_until_s = 0.0

    def __repr__(self) -> str:
        return f"<breaker: {'open' if self.is_open else 'closed'} after {self._faults} faults>"

    @property
    def is_open(self) -> bool:
        """Whether the server is being left alone, or tried."""
        return self._faults >= self._faults_to_open

    def may_call(self) -> bool:
        """Whether to ask the server now. Who gets True while it is open is the one that tries."""
        if not self.is_open:
            return True
        now_s = self._clock_s()
        if now_s < self._rests_until_s:
            return False
        self._rests_until_s = now_s + self._rest_s
        return True

    def succeeded(self) -> None:
        """The server answered."""
        self._faults = 0

    def failed(self) -> None:
        """It did not."""
        self._faults += 1
        if self._faults == self._faults_to_open:
            self._rests_until_s = self._clock_s() + self._rest_s
            self._on_open()
