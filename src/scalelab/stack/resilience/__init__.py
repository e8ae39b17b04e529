"""How a service is asked that is slow or fails: retries, hedges, a breaker. Wraps what asks, opens nothing."""

from scalelab.stack.resilience.adaptive_limit import AdaptiveLimit, AdaptiveRule
from scalelab.stack.resilience.asking import Asks
from scalelab.stack.resilience.breaker import LEFT_ALONE, Breaker, BreakerRule, BreakingUpstream
from scalelab.stack.resilience.budget import Budget
from scalelab.stack.resilience.hedging import HedgeCounts, HedgedUpstream, RecentLatencies
from scalelab.stack.resilience.retrying import Retries, RetryCounts, RetryingUpstream, RetryRule, may_be_better

__all__ = [
    "LEFT_ALONE",
    "AdaptiveLimit",
    "AdaptiveRule",
    "Asks",
    "Breaker",
    "BreakerRule",
    "BreakingUpstream",
    "Budget",
    "HedgeCounts",
    "HedgedUpstream",
    "RecentLatencies",
    "Retries",
    "RetryCounts",
    "RetryRule",
    "RetryingUpstream",
    "may_be_better",
]
