"""The bounded pool: so many queries at a time, first come, first served. Knows neither SQL nor HTTP."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

from prometheus_client import Gauge

from scalelab.contracts import metric_names
from scalelab.stack.service_kit.delays import SimulatedDelay
from scalelab.stack.service_kit.metrics import ServiceMetrics
from scalelab.stack.service_kit.occupancy import Occupancy

T = TypeVar("T")


class QueryPool:
    """A place in it stands for a connection: held for the simulated delay and the query. The queue is unbounded."""

    def __init__(self, size: int, delay: SimulatedDelay) -> None:
        self.size = size
        self.held = Occupancy()
        """Places that are taken."""
        self.waiting = Occupancy()
        """Queries in the queue."""
        self._delay = delay
        self._waiting: deque[asyncio.Future[None]] = deque()

    @property
    def in_use(self) -> int:
        """Places that are taken."""
        return self.held.count

    @property
    def queue_length(self) -> int:
        """Queries that wait for a place."""
        return len(self._waiting)

    async def run(self, query: Callable[[], Awaitable[T]]) -> T:
        """Wait for a place, hold it for the delay and the query, give it back; a cancellation leaks nothing."""
        async with self.place():
            await self._delay.wait()
            return await query()

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """A place, in turn, for the length of the context."""
        await self._take()
        try:
            yield
        finally:
            self._give_back()

    async def _take(self) -> None:
        if self.in_use < self.size:
            self.held.enter()
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        self.waiting.enter()
        try:
            await turn
        except asyncio.CancelledError:
            if not turn.cancelled():  # the place had been handed over already
                self._give_back()
            elif turn in self._waiting:
                self._waiting.remove(turn)
            raise
        finally:
            self.waiting.leave()

    def _give_back(self) -> None:
        """Hand the place to the first in the queue, so that no newcomer can take it in between."""
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self.held.leave()


def expose_pool(pool: QueryPool, metrics: ServiceMetrics) -> None:
    """Add the pool's gauges to the service's metrics."""
    size = Gauge(metric_names.POOL_SIZE, "Queries at a time.", registry=metrics.registry)
    in_use = Gauge(metric_names.POOL_IN_USE, "Places held now.", registry=metrics.registry)
    queue = Gauge(metric_names.POOL_QUEUE_LENGTH, "Queries that wait for a place.", registry=metrics.registry)
    size.set(pool.size)
    in_use.set_function(lambda: pool.in_use)
    queue.set_function(lambda: pool.queue_length)
    held, waiting = pool.held, pool.waiting
    metrics.count(metric_names.POOL_BUSY_SECONDS_TOTAL, "Place-seconds held.", lambda: held.seconds_total)
    metrics.count(metric_names.POOL_QUEUE_SECONDS_TOTAL, "Seconds waited for one.", lambda: waiting.seconds_total)
