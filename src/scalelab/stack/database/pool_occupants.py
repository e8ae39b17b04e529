"""Takes every place of the pool for a while, as clients do that forget to give their connections back."""

import asyncio

from scalelab.stack.database.query_pool import QueryPool


class PoolOccupants:
    """As many as the pool has places. Each queues for its place like any query, so that none is taken away."""

    def __init__(self, pool: QueryPool) -> None:
        self._pool = pool
        self._tasks: list[asyncio.Task[None]] = []

    def occupy(self, for_s: float) -> None:
        """From now on, for so long at most; 0 = give all back. Only within a running event loop."""
        for task in self._tasks:
            task.cancel()
        self._tasks = [asyncio.create_task(self._hold(for_s)) for _ in range(self._pool.size)] if for_s > 0 else []

    async def _hold(self, for_s: float) -> None:
        async with self._pool.place():
            await asyncio.sleep(for_s)
