"""The deadlines of many exchanges and calls, all of one length, on one timer instead of one for each."""

import asyncio
from typing import Protocol


class Expires(Protocol):
    """What has a deadline; told apart by identity."""

    def expire(self) -> None:
        """It took too long."""
        ...


class Deadlines:
    """Expires what has not arrived in time. One event loop only; times are the loop's."""

    def __init__(self, timeout_s: float) -> None:
        self._loop = asyncio.get_running_loop()
        self._timeout_s = timeout_s
        self._due_s: dict[Expires, float] = {}
        """All have the same length, so the first to begin is the first to be due."""
        self._timer: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        return len(self._due_s)

    def begin(self, one: Expires) -> None:
        """From now on its time runs."""
        due_s = self._loop.time() + self._timeout_s
        self._due_s[one] = due_s
        if self._timer is None:
            self._timer = self._loop.call_at(due_s, self._look)

    def end(self, one: Expires) -> None:
        """It has arrived, or nobody waits for it any longer."""
        self._due_s.pop(one, None)

    def close(self) -> None:
        """Nothing is due any more."""
        self._due_s.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self) -> None:
        self._timer = None
        now_s = self._loop.time()
        while self._due_s:
            one, due_s = next(iter(self._due_s.items()))
            if due_s > now_s:
                self._timer = self._loop.call_at(due_s, self._look)
                return
            del self._due_s[one]
            one.expire()
