"""How a service is asked that is slow or fails: retries, hedges, a breaker. Wraps what asks, opens nothing."""

from scalelab.stack.resilience.adaptive_limit import AdaptiveLimit, AdaptiveRule
from scalelab.stack.resilience.agreement import Agreement
from scalelab.stack.resilience.asking import Asks
from scalelab.stack.resilience.breaker import LEFT_ALONE, Breaker, BreakerRule, BreakingUpstream
from scalelab.stack.resilience.breaker_board import BoardRule, BreakerBoard, Posted, Word
from scalelab.stack.resilience.budget import Budget
from scalelab.stack.resilience.hedging import HedgeCounts, HedgedUpstream, RecentLatencies
from scalelab.stack.resilience.retrying import Retries, RetryCounts, RetryingUpstream, RetryRule, may_be_better

__all__ = [
    "LEFT_ALONE",
    "AdaptiveLimit",
    "AdaptiveRule",
    "Agreement",
    "Asks",
    "BoardRule",
    "Breaker",
    "BreakerBoard",
    "BreakerRule",
    "BreakingUpstream",
    "Budget",
    "HedgeCounts",
    "HedgedUpstream",
    "Posted",
    "RecentLatencies",
    "Retries",
    "RetryCounts",
    "RetryRule",
    "RetryingUpstream",
    "Word",
    "may_be_better",
]
