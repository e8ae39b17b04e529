"""The bound of a call to a server, which does not blame the server for a stall of this process's own event loop."""

import asyncio
from types import TracebackType
from typing import Self

STALL_S = 0.005
"""A timer that fires this late means that the loop was busy, and that the answer may have been lying there."""
MOST_EXTENSIONS = 6


class call_limit:  # noqa: N801  read as a statement: `async with call_limit(0.05)`
    """Cancels its body after `limit_s`; each time that the loop has stalled meanwhile, half as long is added.

    As `asyncio.timeout` does it, with one timer and nothing else: each look into the cache pays for it.

    Raises:
        TimeoutError: the body was cancelled.
    """

    __slots__ = ("_cancelling", "_extensions", "_is_expired", "_limit_s", "_loop", "_task", "_timer")

    def __init__(self, limit_s: float) -> None:
        self._limit_s = limit_s
        self._extensions = 0
        self._is_expired = False

    async def __aenter__(self) -> Self:
        task = asyncio.current_task()
        assert task is not None
        self._task = task
        self._cancelling = task.cancelling()
        self._loop = asyncio.get_running_loop()
        self._timer = self._loop.call_later(self._limit_s, self._judge, self._loop.time() + self._limit_s)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._timer.cancel()
        if self._is_expired and self._task.uncancel() <= self._cancelling and kind is asyncio.CancelledError:
            raise TimeoutError from error

    def _judge(self, due_s: float) -> None:
        now_s = self._loop.time()
        if now_s - due_s < STALL_S or self._extensions == MOST_EXTENSIONS:
            self._is_expired = True
            self._task.cancel()
            return
        self._extensions += 1
        longer_s = self._limit_s / 2
        self._timer = self._loop.call_later(longer_s, self._judge, now_s + longer_s)
