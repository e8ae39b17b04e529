"""The deadlines of many exchanges, all of one length, on one timer instead of one for each."""

import asyncio
from collections import OrderedDict

from scalelab.stack.upstream.exchange import Exchange


class Deadlines:
    """Fails an exchange that has not arrived in time. One event loop only; times are the loop's."""

    def __init__(self, timeout_s: float) -> None:
        self._timeout_s = timeout_s
        self._due_s: OrderedDict[Exchange, float] = OrderedDict()
        """All have the same length, so the first to begin is the first to be due."""
        self._timer: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        return len(self._due_s)

    def begin(self, exchange: Exchange) -> None:
        """From now on its time runs."""
        loop = asyncio.get_running_loop()
        due_s = loop.time() + self._timeout_s
        self._due_s[exchange] = due_s
        if self._timer is None:
            self._timer = loop.call_at(due_s, self._look, loop)

    def end(self, exchange: Exchange) -> None:
        """It has arrived, or nobody waits for it any longer."""
        self._due_s.pop(exchange, None)

    def close(self) -> None:
        """Nothing is due any more."""
        self._due_s.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = None
        now_s = loop.time()
        while self._due_s:
            exchange, due_s = next(iter(self._due_s.items()))
            if due_s > now_s:
                self._timer = loop.call_at(due_s, self._look, loop)
                return
            del self._due_s[exchange]
            exchange.expire()
