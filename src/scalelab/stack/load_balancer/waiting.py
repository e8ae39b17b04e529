"""Waiting for what a program outside does: it tells nobody, so it is asked again and again."""

import asyncio
from collections.abc import Awaitable, Callable

_POLL_S = 0.02
_IDLE_LOOKS = 3
"""In a row without a request, before a program counts as idle: one may just be on its way."""

Condition = Callable[[], Awaitable[bool]]


async def until(is_met: Condition, limit_s: float) -> bool:
    """Whether it was met within `limit_s`; asked once at least. What it raises passes through."""
    deadline_s = asyncio.get_running_loop().time() + limit_s
    while not await is_met():
        if asyncio.get_running_loop().time() > deadline_s:
            return False
        await asyncio.sleep(_POLL_S)
    return True


async def until_idle(is_idle: Condition) -> None:
    """Until it was so at several looks in a row, however long that takes."""
    looks = 0
    while looks < _IDLE_LOOKS:
        looks = looks + 1 if await is_idle() else 0
        await asyncio.sleep(_POLL_S)
