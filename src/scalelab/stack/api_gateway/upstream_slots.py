"""Bounds the requests that this gateway has open towards the services behind it.

First come, first served; where requests have classes, the higher class first, and a full queue sheds the lowest.
"""

import asyncio
from collections import Counter, OrderedDict
from collections.abc import Callable

from scalelab.contracts.priorities import PRIORITIES, Priority
from scalelab.stack.resilience import AdaptiveLimit
from scalelab.stack.service_kit.occupancy import Occupancy


class UpstreamSlots:
    """`limit` slots, 0 = unbounded. Whoever acquires must release; a slot goes straight to who waits longest.

    Beyond `queue_limit` waiting requests (0 = unbounded) nobody queues: who would wait too long is told at once. Who
    is of a higher class than another that waits takes its place: of the lowest class, who came last is sent away.
    """

    def __init__(
        self,
        limit: int,
        wait_timeout_s: float,
        queue_limit: int = 0,
        adaptive: AdaptiveLimit | None = None,
        class_of: Callable[[], Priority] = lambda: "normal",
    ) -> None:
        """`class_of`: of the request in hand, asked when it has to wait."""
        self.limit = limit if adaptive is None else adaptive.limit
        """As it is now; `adaptive` moves it."""
        self._adaptive = adaptive
        self.shed: Counter[Priority] = Counter()
        """Requests that were not let into the queue, or had to leave it for a higher class; by class."""
        self._class_of = class_of
        self._queue_limit = queue_limit
        self.held = Occupancy()
        """Slots in use."""
        self.waiting = Occupancy()
        """Requests in the queue."""
        self._wait_timeout_s = wait_timeout_s
        self._waiters: dict[Priority, OrderedDict[asyncio.Future[bool], None]] = {
            name: OrderedDict() for name in PRIORITIES
        }
        """By class, the highest first; what is set says whether it is a slot."""

    def __repr__(self) -> str:
        return f"<upstream slots: {self.in_use} of {self.limit or 'any number'} in use, {self.queue_length} wait>"

    @property
    def in_use(self) -> int:
        """Slots that are taken."""
        return self.held.count

    @property
    def queue_length(self) -> int:
        """Requests that wait for a slot."""
        return sum(map(len, self._waiters.values()))

    async def acquire(self) -> bool:
        """Take a slot, waiting for one if need be. False: none came free in time, or the queue was full.

        A waiter that is cancelled leaves the queue, and passes its slot on if it had just been given one.
        """
        if not self.limit or (self.in_use < self.limit and not self.queue_length):
            self.held.enter()
            return True
        priority = self._class_of()
        if self._queue_limit and self.queue_length >= self._queue_limit and not self._made_room(priority):
            self.shed[priority] += 1
            return False
        turn: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiters[priority][turn] = None
        self.waiting.enter()
        try:
            await asyncio.wait([turn], timeout=self._wait_timeout_s)
        except asyncio.CancelledError:
            if turn.done() and turn.result():
                self.release()
            raise
        finally:
            self.waiting.leave()
            self._waiters[priority].pop(turn, None)
        return turn.done() and turn.result()

    def release(self) -> None:
        """Give a slot back."""
        if self.queue_length and (not self.limit or self.in_use <= self.limit):
            self._let_in()
        else:
            self.held.leave()

    def note(self, latency_s: float, *, is_good: bool) -> None:
        """How long a service took for who holds a slot: an adaptive limit learns from it."""
        if self._adaptive is None:
            return
        self.limit = self._adaptive.note(latency_s, self.in_use, is_good=is_good)
        while self.queue_length and self.in_use < self.limit:
            self.held.enter()
            self._let_in()

    def _let_in(self) -> None:
        """The slot in hand is for who came first of the highest class."""
        first = next(waiting for waiting in self._waiters.values() if waiting)
        turn, _ = first.popitem(last=False)
        turn.set_result(True)

    def _made_room(self, priority: Priority) -> bool:
        """Whether somebody of a lower class had to leave the queue: of the lowest, who came last."""
        for name in reversed(PRIORITIES[PRIORITIES.index(priority) + 1 :]):
            if self._waiters[name]:
                turn, _ = self._waiters[name].popitem(last=True)
                self.shed[name] += 1
                turn.set_result(False)
                return True
        return False
