"""Fewer questions than askers, though every answer is new: whoever comes while one is asked shares the next one.

What one gets began after one came, so nothing that was true before is missed. Flights, in contrast, are joined late.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Generic, TypeVar

ResultT = TypeVar("ResultT")


class Rounds(Generic[ResultT]):
    """At most one question per key is under way and one more is to come, on one event loop."""

    def __init__(self) -> None:
        self._current: dict[bytes, asyncio.Future[Any]] = {}
        self._next: dict[bytes, asyncio.Task[ResultT]] = {}

    async def join(self, key: bytes, ask: Callable[[], Awaitable[ResultT]]) -> tuple[ResultT, bool]:
        """The answer to a question that is asked from now on, and whether somebody else asked it."""
        current = self._current.get(key)
        if current is None:
            ended = self._current[key] = asyncio.get_running_loop().create_future()
            try:
                return await ask(), False
            finally:
                ended.set_result(None)
                self._end(key)
        task, is_joined = self._next.get(key), True
        if task is None:
            is_joined = False
            task = self._next[key] = asyncio.create_task(self._follow(key, current, ask), name="next-round")
        return await asyncio.shield(task), is_joined

    async def _follow(
        self, key: bytes, current: asyncio.Future[Any], ask: Callable[[], Awaitable[ResultT]]
    ) -> ResultT:
        await asyncio.wait([current])
        try:
            return await ask()
        finally:
            self._end(key)

    def _end(self, key: bytes) -> None:
        following = self._next.pop(key, None)
        if following is None:
            del self._current[key]
        else:
            self._current[key] = following
