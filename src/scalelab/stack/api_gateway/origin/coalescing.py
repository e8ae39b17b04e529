"""One fetch for all who want the same thing at the same time, in a task of its own: whoever leaves harms nobody."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

ResultT = TypeVar("ResultT")


class Flights(Generic[ResultT]):
    """Fetches in flight on one event loop, by key."""

    def __init__(self) -> None:
        self._tasks: dict[bytes, asyncio.Task[ResultT]] = {}

    async def join(self, key: bytes, fetch: Callable[[], Awaitable[ResultT]]) -> tuple[ResultT, bool]:
        """The result of the fetch for `key`, and whether somebody else had started it.

        A cancelled caller stops waiting; the fetch goes on for the others and for the store.
        """
        task = self._tasks.get(key)
        is_joined = task is not None
        if task is None:
            task = asyncio.ensure_future(_run(fetch))
            self._tasks[key] = task
            task.add_done_callback(lambda _: self._tasks.pop(key, None))
        return await asyncio.shield(task), is_joined

    def is_flying(self, key: bytes) -> bool:
        """Whether a fetch for `key` is under way."""
        return key in self._tasks

    async def aclose(self) -> None:
        """Cancel what is still flying."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _run(fetch: Callable[[], Awaitable[ResultT]]) -> ResultT:
    return await fetch()
