"""The decision: may this stored response answer this request now, must it be validated, or is it of no use?"""

from dataclasses import dataclass
from typing import Literal

from scalelab.stack.http_cache.exchange import Request, Response
from scalelab.stack.http_cache.freshness import (
    current_age_s,
    freshness_lifetime_s,
    is_within_stale_window,
    may_be_stale,
)

Verdict = Literal["fresh", "stale-allowed", "stale-while-revalidate", "validate"]


@dataclass(frozen=True)
class Reuse:
    """What to do with a stored response, and what to say of it in Cache-Status."""

    verdict: Verdict
    age_s: float
    ttl_s: float
    """Remaining freshness; negative when stale."""
    forward_reason: Literal["", "request", "stale"]
    """RFC 9211's `fwd`: why it is not simply used."""


def decide_reuse(request: Request, response: Response, now_s: float) -> Reuse:
    """Decide (RFC 9111 section 4).

    Args:
        request: a GET or HEAD.
        response: the stored variant that this request selects.
        now_s: Unix time.
    """
    age_s = current_age_s(response, now_s)
    ttl_s = freshness_lifetime_s(response) - age_s
    if "no-cache" in response.governing:
        return Reuse("validate", age_s, ttl_s, "stale")
    if _demands_validation(request, age_s, ttl_s):
        return Reuse("validate", age_s, ttl_s, "request")
    if ttl_s > 0:
        return Reuse("fresh", age_s, ttl_s, "")
    if _accepts_stale(request, response, -ttl_s):
        return Reuse("stale-allowed", age_s, ttl_s, "")
    if is_within_stale_window(response, "stale-while-revalidate", now_s):
        return Reuse("stale-while-revalidate", age_s, ttl_s, "stale")
    return Reuse("validate", age_s, ttl_s, "stale")


def may_serve_on_error(request: Request, response: Response, now_s: float) -> bool:
    """Whether a stored response may stand in when the origin fails (RFC 5861 section 4)."""
    if "no-cache" in request.directives:
        return False
    window_s = request.directives.delta_s("stale-if-error")
    stale_s = current_age_s(response, now_s) - freshness_lifetime_s(response)
    if window_s is not None and may_be_stale(response) and stale_s <= window_s:
        return True
    return is_within_stale_window(response, "stale-if-error", now_s)


def _demands_validation(request: Request, age_s: float, ttl_s: float) -> bool:
    wishes = request.directives
    max_age_s, min_fresh_s = wishes.delta_s("max-age"), wishes.delta_s("min-fresh")
    return (
        "no-cache" in wishes
        or (max_age_s is not None and age_s > max_age_s)
        or (max_age_s == 0)
        or (min_fresh_s is not None and ttl_s < min_fresh_s)
    )


def _accepts_stale(request: Request, response: Response, stale_s: float) -> bool:
    wishes = request.directives
    if "max-stale" not in wishes or not may_be_stale(response):
        return False
    limit_s = wishes.delta_s("max-stale") if wishes.has_value("max-stale") else None
    return limit_s is None or stale_s <= limit_s
