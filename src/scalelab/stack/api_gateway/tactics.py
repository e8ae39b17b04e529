"""Puts the tactics that are switched on around a service that the gateway asks. Wiring only."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from prometheus_client import Gauge

from scalelab.contracts import metric_names
from scalelab.contracts.service_settings import GatewaySettings
from scalelab.contracts.topology import Delay
from scalelab.stack.api_gateway.breaker_boards import SharedBreakerBoard
from scalelab.stack.api_gateway.sessions.opening import server_client
from scalelab.stack.resilience import (
    AdaptiveLimit,
    AdaptiveRule,
    Agreement,
    Asks,
    BoardRule,
    Breaker,
    BreakerBoard,
    BreakerRule,
    BreakingUpstream,
    Budget,
    HedgedUpstream,
    RecentLatencies,
    Retries,
    RetryingUpstream,
    RetryRule,
)
from scalelab.stack.service_kit.delays import SimulatedDelay
from scalelab.stack.service_kit.metrics import ServiceMetrics
from scalelab.stack.upstream import UpstreamAnswer, UpstreamFault

_STATE_RATIO = {"closed": 0.0, "half-open": 0.5, "open": 1.0}


class Tactics:
    """Of one gateway: its services share the counters, and each has budgets of its own."""

    def __init__(self, settings: GatewaySettings, metrics: ServiceMetrics) -> None:
        self._settings = settings
        self._retrying: list[RetryingUpstream] = []
        self._hedged: list[HedgedUpstream] = []
        self._breaking: dict[str, BreakingUpstream] = {}
        self._agreements: list[Agreement] = []
        self._board = _breaker_board(settings)
        self._expose(metrics)

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """Hears of other gateways' breakers while the context is open; `around` was called for all services."""
        following = [asyncio.create_task(one.follow(), name="breaker-agreement") for one in self._agreements]
        try:
            yield
        finally:
            for task in following:
                task.cancel()
            await asyncio.gather(*following, *(one.aclose() for one in self._agreements), return_exceptions=True)
            if self._board is not None:
                await self._board.aclose()

    def _expose(self, metrics: ServiceMetrics) -> None:
        settings = self._settings
        if settings.breaker_failure_ratio:
            metrics.count(
                metric_names.BREAKER_OPENED_TOTAL,
                "Times that a service was left alone.",
                lambda: sum(b.breaker.opened for b in self._breaking.values()),
            )
            metrics.count(
                metric_names.BREAKER_REFUSED_TOTAL,
                "Requests that were not sent meanwhile.",
                lambda: sum(b.refused for b in self._breaking.values()),
            )
            state = Gauge(
                metric_names.BREAKER_STATE_RATIO,
                "0 closed, 0.5 half-open, 1 open.",
                ["service"],
                registry=metrics.registry,
            )
            metrics.before_scrape.append(lambda: self._say_states(state))
        if self._board is not None:
            metrics.count(
                metric_names.BREAKER_UNHEARD_TOTAL,
                "Words to other gateways that were not heard.",
                lambda: sum(one.unheard for one in self._agreements),
            )
        if settings.retries:
            metrics.count(
                metric_names.RETRIES_TOTAL,
                "Further attempts.",
                lambda: sum(r.counts.scheduled for r in self._retrying),
            )
            metrics.count(
                metric_names.RETRIES_OVER_BUDGET_TOTAL,
                "Not made for want of budget.",
                lambda: sum(r.counts.over_budget for r in self._retrying),
            )
        if settings.hedge_percentile:
            metrics.count(
                metric_names.HEDGES_TOTAL, "Second requests.", lambda: sum(h.counts.sent for h in self._hedged)
            )
            metrics.count(
                metric_names.HEDGES_WON_TOTAL,
                "Second requests that were answered first.",
                lambda: sum(h.counts.won for h in self._hedged),
            )

    def _say_states(self, state: Gauge) -> None:
        for service, breaking in self._breaking.items():
            state.labels(service).set(_STATE_RATIO[breaking.state])

    def around(self, upstream: Asks, service: str) -> Asks:
        """The service as the gateway asks it: the breaker sees every request, a hedge is part of an attempt."""
        settings, asked = self._settings, upstream
        if _number(settings.instance) <= settings.slow_replicas and settings.slow_replica_delay_s > 0:
            asked = SlowedUpstream(asked, settings.slow_replica_delay_s)
        if settings.breaker_failure_ratio:
            rule = BreakerRule(
                settings.breaker_failure_ratio,
                settings.breaker_minimum_attempts,
                settings.breaker_open_s,
                settings.breaker_probes,
            )
            breaker = Breaker(rule)
            agreement = None if self._board is None else Agreement(service, breaker, self._board)
            if agreement is not None:
                self._agreements.append(agreement)
            asked = self._breaking[service] = BreakingUpstream(asked, breaker, agreement=agreement)
        if settings.hedge_percentile:
            hedged = HedgedUpstream(
                asked, RecentLatencies(settings.hedge_percentile), Budget(settings.hedge_budget_ratio)
            )
            self._hedged.append(hedged)
            asked = hedged
        if settings.retries:
            retry_rule = RetryRule(settings.retries, settings.retry_backoff_s, settings.retry_backoff_max_s)
            retrying = RetryingUpstream(asked, Retries(retry_rule, Budget(settings.retry_budget_ratio)))
            self._retrying.append(retrying)
            asked = retrying
        return asked


def _breaker_board(settings: GatewaySettings) -> BreakerBoard | None:
    """Where the gateways' breakers meet; None where each stands alone."""
    if not settings.breaker_failure_ratio or not settings.breaker_shared:
        return None
    client = server_client(settings.cache_url, settings.cache_password_file)
    rule = BoardRule(settings.breaker_open_s, settings.breaker_probes)
    return None if client is None else SharedBreakerBoard(client, rule)


def adaptive_limit(settings: GatewaySettings) -> AdaptiveLimit | None:
    """What moves the number of slots; None where it stands still."""
    if not settings.adaptive_slots_min:
        return None
    return AdaptiveLimit(AdaptiveRule(settings.adaptive_slots_min, settings.upstream_slots))


class SlowedUpstream:
    """A replica that is slower than the others: a simulated handicap."""

    def __init__(self, inner: Asks, delay_s: float) -> None:
        self._inner = inner
        self._delay = SimulatedDelay(Delay(mean_s=delay_s))

    async def request(
        self, method: str, path_and_query: str, *, headers: dict[str, str] | None = None, body: bytes | None = None
    ) -> UpstreamAnswer | UpstreamFault:
        """After the delay."""
        await self._delay.wait()
        return await self._inner.request(method, path_and_query, headers=headers, body=body)


def _number(instance: str) -> int:
    return int(instance.rpartition("-")[2])
