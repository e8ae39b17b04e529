"""Asks again after a fault: reads only, after a random pause that grows, and only within the budget."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus

from scalelab.stack.resilience.asking import REPEATABLE, Asks
from scalelab.stack.resilience.budget import Budget
from scalelab.stack.upstream import UpstreamAnswer, UpstreamFault


@dataclass(frozen=True)
class RetryRule:
    """At most so many further attempts. Full jitter: each pause is anything up to its bound, which doubles.

    Source: Brooker, Exponential Backoff And Jitter (AWS Architecture Blog, 2015).
    """

    attempts: int
    backoff_s: float
    backoff_max_s: float

    def bound_s(self, attempt: int) -> float:
        """Longest pause before a further attempt; the first has number 1."""
        return min(self.backoff_max_s, self.backoff_s * 2.0 ** (attempt - 1))


@dataclass
class RetryCounts:
    """For the metrics."""

    scheduled: int = 0
    over_budget: int = 0


class RetryingUpstream:
    """Each attempt has the whole timeout of what it wraps."""

    def __init__(
        self,
        inner: Asks,
        rule: RetryRule,
        budget: Budget,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        draw: Callable[[], float] = random.random,
    ) -> None:
        self.counts = RetryCounts()
        self._inner = inner
        self._rule = rule
        self._budget = budget
        self._sleep = sleep
        self._draw = draw

    async def request(
        self, method: str, path_and_query: str, *, headers: dict[str, str] | None = None, body: bytes | None = None
    ) -> UpstreamAnswer | UpstreamFault:
        """The first outcome that no further attempt could better, or the last one."""
        self._budget.bring()
        outcome = await self._inner.request(method, path_and_query, headers=headers, body=body)
        for attempt in range(1, self._rule.attempts + 1):
            if method not in REPEATABLE or not may_be_better(outcome):
                return outcome
            if not self._budget.spend():
                self.counts.over_budget += 1
                return outcome
            self.counts.scheduled += 1
            await self._sleep(self._rule.bound_s(attempt) * self._draw())
            outcome = await self._inner.request(method, path_and_query, headers=headers, body=body)
        return outcome


def may_be_better(outcome: UpstreamAnswer | UpstreamFault) -> bool:
    """A fault, or a service that says it is busy; any other status is its word. Who is left alone stays alone."""
    if isinstance(outcome, UpstreamFault):
        return outcome.kind != "left_alone"
    return outcome.status == HTTPStatus.SERVICE_UNAVAILABLE
