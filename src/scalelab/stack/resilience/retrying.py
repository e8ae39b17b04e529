"""Asks again after a fault: after a random pause that grows, and only within the budget."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import TypeVar

from scalelab.stack.resilience.asking import REPEATABLE, Asks
from scalelab.stack.resilience.budget import Budget
from scalelab.stack.upstream import StreamedAnswer, UpstreamAnswer, UpstreamFault
from scalelab.stack.upstream.time_left import left_s

NOT_SENT = frozenset({"left_alone", "no_slot", "deadline", "untrusted"})
"""Faults of our own making, or that asking again does not mend."""


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


OutcomeT = TypeVar("OutcomeT")


class Retries:
    """The attempts at one service. Each has the timeout of what it asks, all together what the request has left."""

    def __init__(
        self,
        rule: RetryRule,
        budget: Budget,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        draw: Callable[[], float] = random.random,
        time_left_s: Callable[[], float] = left_s,
    ) -> None:
        self.counts = RetryCounts()
        self._rule = rule
        self._budget = budget
        self._sleep = sleep
        self._draw = draw
        self._time_left_s = time_left_s

    async def asked(
        self, ask: Callable[[], Awaitable[OutcomeT]], may_ask_again: Callable[[OutcomeT], bool]
    ) -> OutcomeT:
        """The first outcome after which nobody may ask again, or the last one."""
        self._budget.bring()
        outcome = await ask()
        for attempt in range(1, self._rule.attempts + 1):
            if not may_ask_again(outcome):
                return outcome
            pause_s = self._rule.bound_s(attempt) * self._draw()
            if pause_s >= self._time_left_s():
                return outcome  # it would come too late
            if not self._budget.spend():
                self.counts.over_budget += 1
                return outcome
            self.counts.scheduled += 1
            await self._sleep(pause_s)
            outcome = await ask()
        return outcome


class RetryingUpstream:
    """Reads are repeated, nothing else."""

    def __init__(self, inner: Asks, retries: Retries) -> None:
        self.counts = retries.counts
        self._inner = inner
        self._retries = retries

    async def request(
        self, method: str, path_and_query: str, *, headers: dict[str, str] | None = None, body: bytes | None = None
    ) -> UpstreamAnswer | UpstreamFault:
        """The first outcome that no further attempt could better, or the last one."""

        def ask() -> Awaitable[UpstreamAnswer | UpstreamFault]:
            return self._inner.request(method, path_and_query, headers=headers, body=body)

        return await self._retries.asked(ask, lambda outcome: method in REPEATABLE and may_be_better(outcome))


def may_be_better(outcome: UpstreamAnswer | StreamedAnswer | UpstreamFault) -> bool:
    """A fault, or a service that says it is busy; any other status is its word. Faults of ours stay."""
    if isinstance(outcome, UpstreamFault):
        return outcome.kind not in NOT_SENT
    return outcome.status == HTTPStatus.SERVICE_UNAVAILABLE
