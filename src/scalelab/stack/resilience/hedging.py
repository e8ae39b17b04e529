"""Asks a second time when the first answer is late, and takes whichever comes first: reads only, within the budget.

Late is beyond a percentile of what the service has lately taken, so that it costs that share of requests at most.

Source: Dean and Barroso, The Tail at Scale (2013).
"""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from scalelab.stack.resilience.asking import REPEATABLE, Asks
from scalelab.stack.resilience.budget import Budget
from scalelab.stack.upstream import UpstreamAnswer, UpstreamFault

LEAST_KNOWN = 100
"""Latencies before anything counts as late."""
MOST_KNOWN = 1000
RANKED_EVERY = 50


class RecentLatencies:
    """The last thousand, and one percentile of them, worked out anew from time to time."""

    def __init__(self, percentile: float) -> None:
        self._percentile = percentile
        self._known_s: deque[float] = deque(maxlen=MOST_KNOWN)
        self._unranked = 0
        self.late_s: float | None = None
        """From here on an answer is late; None while too little is known."""

    def add(self, latency_s: float) -> None:
        """One more."""
        self._known_s.append(latency_s)
        self._unranked += 1
        if len(self._known_s) >= LEAST_KNOWN and (self.late_s is None or self._unranked >= RANKED_EVERY):
            ranked = sorted(self._known_s)
            self.late_s = ranked[min(len(ranked) - 1, int(len(ranked) * self._percentile))]
            self._unranked = 0


@dataclass
class HedgeCounts:
    """For the metrics."""

    sent: int = 0
    won: int = 0
    over_budget: int = 0


class HedgedUpstream:
    """The one that comes second is given up, and with it its connection."""

    def __init__(
        self, inner: Asks, latencies: RecentLatencies, budget: Budget, *, clock_s: Callable[[], float] | None = None
    ) -> None:
        self.counts = HedgeCounts()
        self._inner = inner
        self._latencies = latencies
        self._budget = budget
        self._clock_s = clock_s or asyncio.get_running_loop().time

    async def request(
        self, method: str, path_and_query: str, *, headers: dict[str, str] | None = None, body: bytes | None = None
    ) -> UpstreamAnswer | UpstreamFault:
        """The answer that comes first; a fault only when there is nothing else left to wait for."""
        if method not in REPEATABLE:
            return await self._inner.request(method, path_and_query, headers=headers, body=body)
        self._budget.bring()
        began_s = self._clock_s()

        def ask() -> asyncio.Task[UpstreamAnswer | UpstreamFault]:
            return asyncio.ensure_future(self._inner.request(method, path_and_query, headers=headers, body=body))

        attempts = [ask()]
        try:
            await asyncio.wait(attempts, timeout=self._latencies.late_s)
            if not attempts[0].done() and self._may_hedge():
                attempts.append(ask())
            outcome = await self._first_good(attempts)
        finally:
            for attempt in attempts:
                attempt.cancel()  # nothing, when it is done
        self._latencies.add(self._clock_s() - began_s)
        return outcome

    def _may_hedge(self) -> bool:
        if not self._budget.spend():
            self.counts.over_budget += 1
            return False
        self.counts.sent += 1
        return True

    async def _first_good(
        self, attempts: list[asyncio.Task[UpstreamAnswer | UpstreamFault]]
    ) -> UpstreamAnswer | UpstreamFault:
        waiting = set(attempts)
        while True:
            done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            good = next((one for one in done if not isinstance(one.result(), UpstreamFault)), None)
            if good is None and waiting:
                continue
            chosen = good or next(iter(done))
            self.counts.won += chosen is not attempts[0] and good is not None
            return chosen.result()
