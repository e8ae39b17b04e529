"""Bounds the requests that this gateway has open towards the services behind it. First come, first served."""

import asyncio
from collections import OrderedDict

from scalelab.stack.resilience import AdaptiveLimit
from scalelab.stack.service_kit.occupancy import Occupancy


class UpstreamSlots:
    """`limit` slots, 0 = unbounded. Whoever acquires must release; a slot goes straight to who waits longest.

    Beyond `queue_limit` waiting requests (0 = unbounded) nobody queues: who would wait too long is told at once.
    """

    def __init__(
        self, limit: int, wait_timeout_s: float, queue_limit: int = 0, adaptive: AdaptiveLimit | None = None
    ) -> None:
        self.limit = limit if adaptive is None else adaptive.limit
        """As it is now; `adaptive` moves it."""
        self._adaptive = adaptive
        self.shed = 0
        """Requests that were not let into the queue."""
        self._queue_limit = queue_limit
        self.held = Occupancy()
        """Slots in use."""
        self.waiting = Occupancy()
        """Requests in the queue."""
        self._wait_timeout_s = wait_timeout_s
        self._waiters: OrderedDict[asyncio.Future[None], None] = OrderedDict()

    def __repr__(self) -> str:
        return f"<upstream slots: {self.in_use} of {self.limit or 'any number'} in use, {self.queue_length} wait>"

    @property
    def in_use(self) -> int:
        """Slots that are taken."""
        return self.held.count

    @property
    def queue_length(self) -> int:
        """Requests that wait for a slot."""
        return len(self._waiters)

    async def acquire(self) -> bool:
        """Take a slot, waiting for one if need be. False: none came free in time, or the queue is full.

        A waiter that is cancelled leaves the queue, and passes its slot on if it had just been given one.
        """
        if not self.limit or (self.in_use < self.limit and not self._waiters):
            self.held.enter()
            return True
        if self._queue_limit and len(self._waiters) >= self._queue_limit:
            self.shed += 1
            return False
        turn = asyncio.get_running_loop().create_future()
        self._waiters[turn] = None
        self.waiting.enter()
        try:
            await asyncio.wait([turn], timeout=self._wait_timeout_s)
        except asyncio.CancelledError:
            if turn.done():
                self.release()
            raise
        finally:
            self.waiting.leave()
            self._waiters.pop(turn, None)
        return turn.done()

    def release(self) -> None:
        """Give a slot back."""
        if self._waiters and (not self.limit or self.in_use <= self.limit):
            turn, _ = self._waiters.popitem(last=False)
            turn.set_result(None)
        else:
            self.held.leave()

    def note(self, latency_s: float, *, is_good: bool) -> None:
        """How long a service took for who holds a slot: an adaptive limit learns from it."""
        if self._adaptive is None:
            return
        self.limit = self._adaptive.note(latency_s, self.in_use, is_good=is_good)
        while self._waiters and self.in_use < self.limit:
            turn, _ = self._waiters.popitem(last=False)
            self.held.enter()
            turn.set_result(None)
