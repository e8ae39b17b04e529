"""One fetch for all who want the same thing at the same time, in a task of its own: whoever leaves harms nobody."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

ResultT = TypeVar("ResultT")


@dataclass(eq=False)
class _Flight(Generic[ResultT]):
    task: asyncio.Task[ResultT]
    waiting: int = 0


class Flights(Generic[ResultT]):
    """Fetches in flight on one event loop, by key."""

    def __init__(self, *, goes_on_alone: bool = True) -> None:
        """`goes_on_alone`: whether a fetch goes on when nobody waits for it any longer."""
        self._flights: dict[bytes, _Flight[ResultT]] = {}
        self._goes_on_alone = goes_on_alone

    async def join(self, key: bytes, fetch: Callable[[], Awaitable[ResultT]]) -> tuple[ResultT, bool]:
        """The result of the fetch for `key`, and whether somebody else had started it.

        A cancelled caller stops waiting; the fetch goes on for the others and for the store.
        """
        flight = self._flights.get(key)
        is_joined = flight is not None
        if flight is None:
            flight = self._flights[key] = _Flight(asyncio.ensure_future(_run(fetch)))
            flight.task.add_done_callback(lambda _, flight=flight: self._land(key, flight))  # type: ignore[misc]
        flight.waiting += 1
        try:
            return await asyncio.shield(flight.task), is_joined
        finally:
            flight.waiting -= 1
            if not flight.waiting and not self._goes_on_alone and not flight.task.done():
                self._land(key, flight)
                flight.task.cancel()

    def is_flying(self, key: bytes) -> bool:
        """Whether a fetch for `key` is under way."""
        return key in self._flights

    async def aclose(self) -> None:
        """Cancel what is still flying."""
        tasks = [flight.task for flight in self._flights.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _land(self, key: bytes, flight: _Flight[ResultT]) -> None:
        if self._flights.get(key) is flight:
            del self._flights[key]


async def _run(fetch: Callable[[], Awaitable[ResultT]]) -> ResultT:
    return await fetch()
