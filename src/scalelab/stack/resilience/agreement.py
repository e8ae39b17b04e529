"""Keeps one gateway's breaker of one mind with those of the others at a bounded cost, and goes on alone without them.

Asks the board ten times a second, and before a try; never for an ordinary request.
"""

import asyncio
from collections.abc import Callable

from scalelab.stack.resilience.breaker import Breaker
from scalelab.stack.resilience.breaker_board import BreakerBoard, Posted, Word

INTERVAL_S = 0.1
"""Within so long all gateways agree."""


class Agreement:
    """On one service."""

    def __init__(
        self, service: str, breaker: Breaker, board: BreakerBoard, *, clock_s: Callable[[], float] | None = None
    ) -> None:
        self.unheard = 0
        """Words that did not reach the board."""
        self._service = service
        self._breaker = breaker
        self._board = board
        self._clock_s = clock_s or asyncio.get_running_loop().time
        self._epoch = 0
        self._is_unposted = False
        """Opened here, and the others do not know."""
        self._refused_at_s = float("-inf")
        self._is_asking = False
        self._telling: set[asyncio.Task[None]] = set()

    async def may_probe(self) -> bool:
        """Whether one try may be sent now; alone, the breaker decides. Each yes must come back by `tell`."""
        if self._is_asking or self._clock_s() < self._refused_at_s + INTERVAL_S:
            return False
        self._is_asking = True
        try:
            posted = await self._say("probe")
        finally:
            self._is_asking = False
        if posted is None or posted.is_granted or posted.open_s is None:
            return True
        self._refused_at_s = self._clock_s()
        return False

    def tell(self, word: Word) -> None:
        """What became of a try, in the background."""
        self._spawn(word)

    def opened(self) -> None:
        """This gateway has just opened its breaker."""
        self._is_unposted = True
        self._spawn("open")

    async def follow(self) -> None:
        """Hear of the others for as long as it is not cancelled."""
        while True:
            await asyncio.sleep(INTERVAL_S)
            await self.look()

    async def look(self) -> None:
        """Once; what could not be told before is told now, as long as it is true."""
        self._is_unposted = self._is_unposted and self._breaker.state(self._clock_s()) == "open"
        await self._say("open" if self._is_unposted else "look")

    async def aclose(self) -> None:
        """What is still to be told, is."""
        await asyncio.gather(*self._telling, return_exceptions=True)

    def _spawn(self, word: Word) -> None:
        async def say() -> None:
            await self._say(word)

        task = asyncio.ensure_future(say())
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)

    async def _say(self, word: Word) -> Posted | None:
        posted = await self._board.tell(self._service, word, self._epoch)
        if posted is None:
            self.unheard += 1
        else:
            self._is_unposted = self._is_unposted and word != "open"
            self._adopt(posted, is_own=word in {"open", "bad"})
        return posted

    def _adopt(self, posted: Posted, *, is_own: bool) -> None:
        if self._is_unposted:
            return  # the next word tells the others
        is_lost = posted.epoch < self._epoch  # the board has forgotten
        if is_lost and self._breaker.state(self._clock_s()) == "open":
            self._epoch, self._is_unposted = posted.epoch, True
            return
        is_new = posted.epoch != self._epoch and not is_own  # its own is counted already
        self._epoch = posted.epoch
        until_s = None if posted.open_s is None else self._clock_s() + posted.open_s
        self._breaker.agree(until_s, is_new=is_new)
