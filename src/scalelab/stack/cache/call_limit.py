"""The bound of a call to a server, which does not blame the server for a stall of this process's own event loop."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

STALL_S = 0.005
"""A timer that fires this late means that the loop was busy, and that the answer may have been lying there."""
MOST_EXTENSIONS = 6


@asynccontextmanager
async def call_limit(limit_s: float) -> AsyncIterator[None]:
    """Cancels its body after `limit_s`; each time that the loop has stalled meanwhile, half as long is added.

    Raises:
        TimeoutError: the body was cancelled.
    """
    loop = asyncio.get_running_loop()
    timer: asyncio.TimerHandle

    def judge(due_s: float, extensions: int) -> None:
        nonlocal timer
        now_s = loop.time()
        if now_s - due_s < STALL_S or extensions == MOST_EXTENSIONS:
            limit.reschedule(now_s)
        else:
            timer = loop.call_later(limit_s / 2, judge, now_s + limit_s / 2, extensions + 1)

    timer = loop.call_later(limit_s, judge, loop.time() + limit_s, 0)
    try:
        async with asyncio.timeout(None) as limit:
            yield
    finally:
        timer.cancel()
