"""The bound of a call to a server, which does not blame the server for a stall of this process's own event loop."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

STALL_S = 0.005
"""A timer that fires this late means that the loop was busy, and that the answer may have been lying there."""


@asynccontextmanager
async def call_limit(limit_s: float) -> AsyncIterator[None]:
    """Cancels its body after `limit_s`, or, when the loop has stalled meanwhile, after half as long again.

    Raises:
        TimeoutError: the body was cancelled.
    """
    loop = asyncio.get_running_loop()
    due_s = loop.time() + limit_s

    def judge() -> None:
        now_s = loop.time()
        limit.reschedule(now_s if now_s - due_s < STALL_S else now_s + limit_s / 2)

    timer = loop.call_at(due_s, judge)
    try:
        async with asyncio.timeout(None) as limit:
            yield
    finally:
        timer.cancel()
