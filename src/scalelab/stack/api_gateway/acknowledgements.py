"""Who has answered which announcement: waits until all have, or until their leases have run out."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress

from scalelab.stack.cache.peers import Acknowledged, Announced

_REMEMBERED = 1024


class Acknowledgements:
    """An answer may come before it is known whom to wait for.

    `clock_s` is not the event loop's, which stands still while the loop is busy: a wait must not end too early.
    """

    def __init__(self, clock_s: Callable[[], float]) -> None:
        self._clock_s = clock_s
        self._members: OrderedDict[int, set[str]] = OrderedDict()
        self._news: dict[int, asyncio.Event] = {}

    def note(self, said: Acknowledged) -> None:
        """A member is done."""
        self._members.setdefault(said.position, set()).add(said.member)
        if said.position in self._news:
            self._news[said.position].set()
        if len(self._members) > _REMEMBERED:
            self._members.popitem(last=False)

    async def wait(self, announced: Announced, ourselves: str) -> None:
        """Until every lease that was running then has been answered for or is over."""
        began_s = self._clock_s()
        ends_s = {member: began_s + left_s for member, left_s in announced.leases_s.items() if member != ourselves}
        news = self._news[announced.position] = asyncio.Event()
        try:
            while (wait_s := self._wait_s(announced.position, ends_s)) > 0:
                news.clear()
                with suppress(TimeoutError):
                    async with asyncio.timeout(wait_s):
                        await news.wait()
        finally:
            del self._news[announced.position]
            self._members.pop(announced.position, None)
        while (wait_s := began_s + announced.grace_s - self._clock_s()) > 0:  # noqa: ASYNC110  a time, not an event
            await asyncio.sleep(wait_s)

    def _wait_s(self, position: int, ends_s: dict[str, float]) -> float:
        done, now_s = self._members.get(position, ()), self._clock_s()
        return max((end_s - now_s for member, end_s in ends_s.items() if member not in done), default=0.0)
