"""Puts the tactics that are switched on around a service that the gateway asks. Wiring only."""

from scalelab.contracts import metric_names
from scalelab.contracts.service_settings import GatewaySettings
from scalelab.contracts.topology import Delay
from scalelab.stack.resilience import (
    AdaptiveLimit,
    AdaptiveRule,
    Asks,
    Breaker,
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


class Tactics:
    """Of one gateway: its services share the counters, and each has budgets of its own."""

    def __init__(self, settings: GatewaySettings, metrics: ServiceMetrics) -> None:
        self._settings = settings
        self._retrying: list[RetryingUpstream] = []
        self._hedged: list[HedgedUpstream] = []
        self._breaking: list[BreakingUpstream] = []
        self._expose(metrics)

    def _expose(self, metrics: ServiceMetrics) -> None:
        settings = self._settings
        if settings.breaker_failure_ratio:
            metrics.count(
                metric_names.BREAKER_OPENED_TOTAL,
                "Times that a service was left alone.",
                lambda: sum(b.breaker.opened for b in self._breaking),
            )
            metrics.count(
                metric_names.BREAKER_REFUSED_TOTAL,
                "Requests that were not sent meanwhile.",
                lambda: sum(b.refused for b in self._breaking),
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

    def around(self, upstream: Asks) -> Asks:
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
            breaking = BreakingUpstream(asked, Breaker(rule))
            self._breaking.append(breaking)
            asked = breaking
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
