"""Further attempts at one service: retries and hedges, within a budget. Wraps whatever asks; opens nothing itself."""

from scalelab.stack.resilience.asking import Asks
from scalelab.stack.resilience.budget import Budget
from scalelab.stack.resilience.hedging import HedgeCounts, HedgedUpstream, RecentLatencies
from scalelab.stack.resilience.retrying import RetryCounts, RetryingUpstream, RetryRule

__all__ = [
    "Asks",
    "Budget",
    "HedgeCounts",
    "HedgedUpstream",
    "RecentLatencies",
    "RetryCounts",
    "RetryRule",
    "RetryingUpstream",
]
