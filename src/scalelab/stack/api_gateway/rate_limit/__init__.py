"""So many requests for each user and route, over all gateways: the rule, its counts, the answer to who asks more."""

from scalelab.stack.api_gateway.rate_limit.counts import LocalRateCounts, RateCounts, SharedRateCounts
from scalelab.stack.api_gateway.rate_limit.gcra import RateRule, Standing
from scalelab.stack.api_gateway.rate_limit.limited import RateLimiter

__all__ = ["LocalRateCounts", "RateCounts", "RateLimiter", "RateRule", "SharedRateCounts", "Standing"]
