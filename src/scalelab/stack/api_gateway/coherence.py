"""Keeps what gateways hold in their own memory true: what one announces, all have done before it goes on.

A gateway answers from memory only under a lease, and only when it has heard every announcement made before the lease
was granted. Whoever announces waits for each leaseholder's word, or until its lease has run out.
Why this is correct stands in docs/explanation/decisions/0001-coherence.md.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from time import monotonic
from typing import Literal

import structlog

from scalelab.stack.api_gateway.acknowledgements import Acknowledgements
from scalelab.stack.cache.base import FaultKind
from scalelab.stack.cache.peers import Acknowledged, Announced, Heard, Peers

LEASE_S = 0.6
RENEWAL_INTERVAL_S = 0.15
MARGIN_S = 0.06
"""Taken off our own lease: two clocks that differ by a tenth in speed still agree on who is first."""
RESUBSCRIBE_INTERVAL_S = 0.1

Kind = Literal["tag", "token", "everything"]
Handler = Callable[[Sequence[str]], None]
"""Does at once what an announcement demands. Gets the names; `everything` has none."""


class Coherence:
    """One gateway's part. Without peers it speaks to itself alone.

    `open_until_s` says until when, on the monotonic clock, memory may be trusted.
    """

    def __init__(
        self,
        peers: Peers | None,
        *,
        on_lease: Callable[[float], None] = lambda _until_s: None,
        steady_clock_s: Callable[[], float] = monotonic,
    ) -> None:
        """`on_lease` hears of each change of `open_until_s`."""
        self._peers = peers
        self._on_lease = on_lease
        self._clock_s = steady_clock_s
        self._handlers: defaultdict[str, list[Handler]] = defaultdict(list)
        self._acknowledgements = Acknowledgements(steady_clock_s)
        self._seen: int | None = None
        self._granted: tuple[int, float] | None = None
        self._is_subscribed = False
        self._acknowledging: set[asyncio.Task[None]] = set()
        self.open_until_s = float("-inf")

    def on(self, kind: Kind, handler: Handler) -> None:
        """Call `handler` for each announcement of this kind; for `everything`, also when one may have been missed."""
        self._handlers[kind].append(handler)

    async def broadcast(self, kind: Kind, names: Sequence[str] = ()) -> FaultKind | None:
        """Returns when no gateway answers from memory what this makes untrue; at most the length of a lease.

        To be called when the truth has changed where gateways look next. After a fault nothing is known: call again.
        """
        self._do(kind, names)
        if self._peers is None:
            return None
        announced = await self._peers.announce(kind, tuple(names), LEASE_S)
        if not isinstance(announced, Announced):
            return announced
        await self._acknowledgements.wait(announced, self._peers.member)
        return None

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """Listens and holds a lease while the context is open."""
        if self._peers is None:
            self._open_until(float("inf"))
            yield
            return
        tasks = [
            asyncio.create_task(self._keep_listening(self._peers), name="coherence-listening"),
            asyncio.create_task(self._keep_lease(self._peers), name="coherence-lease"),
        ]
        try:
            yield
        finally:
            for task in (*tasks, *self._acknowledging):
                task.cancel()
            await asyncio.gather(*tasks, *self._acknowledging, return_exceptions=True)
            self._shut()
            await self._peers.leave()
            await self._peers.aclose()

    async def _keep_lease(self, peers: Peers) -> None:
        while True:
            if self._is_subscribed:
                asked_s = self._clock_s()
                position = await peers.renew(LEASE_S)
                if isinstance(position, int) and self._is_subscribed:
                    self._grant(position, asked_s + LEASE_S - MARGIN_S)
            await asyncio.sleep(RENEWAL_INTERVAL_S)

    async def _keep_listening(self, peers: Peers) -> None:
        while True:
            async with aclosing(peers.listen()) as said:
                async for one in said:
                    self._hear(peers, one)
            if self._is_subscribed:
                structlog.get_logger().warning("coherence_line_lost")
            self._shut()
            await asyncio.sleep(RESUBSCRIBE_INTERVAL_S)

    def _hear(self, peers: Peers, said: Heard | Acknowledged | None) -> None:
        match said:
            case None:
                self._is_subscribed = True
            case Acknowledged():
                self._acknowledgements.note(said)
            case Heard():
                self._obey(said)
                if said.sender != peers.member:
                    task = asyncio.create_task(peers.acknowledge(said), name="coherence-acknowledgement")
                    self._acknowledging.add(task)
                    task.add_done_callback(self._acknowledging.discard)

    def _obey(self, heard: Heard) -> None:
        if self._seen is not None and heard.position > self._seen + 1:
            self._do("everything")  # one was missed
        self._do(heard.kind, heard.names)
        if self._seen is not None:
            self._seen = max(self._seen, heard.position)
            self._open_if_all_is_heard()

    def _grant(self, position: int, until_s: float) -> None:
        if self._seen is None:  # all that was announced before is done with: nothing from before is kept
            self._do("everything")
            self._seen = position
        self._granted = position, until_s
        self._open_if_all_is_heard()

    def _open_if_all_is_heard(self) -> None:
        if self._granted is not None and self._seen is not None and self._seen >= self._granted[0]:
            self._open_until(max(self.open_until_s, self._granted[1]))

    def _shut(self) -> None:
        self._is_subscribed, self._seen, self._granted = False, None, None
        self._open_until(float("-inf"))
        self._do("everything")

    def _open_until(self, until_s: float) -> None:
        self.open_until_s = until_s
        self._on_lease(until_s)

    def _do(self, kind: str, names: Sequence[str] = ()) -> None:
        for handler in self._handlers[kind]:
            handler(names)
