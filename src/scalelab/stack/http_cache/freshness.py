"""How old a stored response is, and how long it is fresh (RFC 9111 section 4.2) or may be served stale (RFC 5861)."""

import re

from scalelab.stack.http_cache.exchange import Response
from scalelab.stack.http_cache.http_dates import parse_http_date

HEURISTIC_STATUSES = frozenset({200, 203, 204, 206, 300, 301, 308, 404, 405, 410, 414, 501})
"""Statuses that may be reused without explicit freshness (RFC 9110 section 15.1)."""
_HEURISTIC_SHARE = 0.1
_HEURISTIC_LIMIT_S = 86_400.0
_AGE = re.compile(r"[0-9]+")


def current_age_s(response: Response, now_s: float) -> float:
    """Seconds since the origin made or last validated it. An `Age` that is not one number counts as infinite."""
    date_s = _date_s(response)
    apparent_s = max(0.0, response.response_time_s - date_s)
    corrected_s = _age_value_s(response) + (response.response_time_s - response.request_time_s)
    return max(apparent_s, corrected_s) + (now_s - response.response_time_s)


def freshness_lifetime_s(response: Response) -> float:
    """Seconds for which it is fresh from its origin on; 0 when nothing says so."""
    explicit_s = explicit_lifetime_s(response)
    return _heuristic_lifetime_s(response) if explicit_s is None else explicit_s


def explicit_lifetime_s(response: Response) -> float | None:
    """The lifetime that the origin gave a shared cache, or else its default; None when there is neither."""
    governing = response.governing
    for name in ("s-maxage", "max-age"):
        delta_s = governing.delta_s(name)
        if delta_s is not None:
            return float(delta_s)
    if response.targeted is not None or "expires" not in response.fields:
        return response.default_lifetime_s
    expires = response.fields.only("expires")
    expires_s = None if expires is None else parse_http_date(expires, response.response_time_s)
    return 0.0 if expires_s is None else expires_s - _date_s(response)


def is_fresh(response: Response, now_s: float) -> bool:
    """Whether it may be reused without asking its origin."""
    return freshness_lifetime_s(response) > current_age_s(response, now_s)


def staleness_s(response: Response, now_s: float) -> float:
    """Seconds past its lifetime; negative while it is fresh."""
    return current_age_s(response, now_s) - freshness_lifetime_s(response)


FORBIDS_STALE = frozenset({"must-revalidate", "proxy-revalidate", "no-cache", "s-maxage"})
"""RFC 9111 section 5.2.2: each keeps a shared cache from answering with what is no longer fresh."""
ERROR_STATUSES = frozenset({500, 502, 503, 504})
"""RFC 5861 section 4: what `stale-if-error` calls an error."""


def may_be_stale(response: Response) -> bool:
    """Whether the origin lets a cache serve it stale at all (RFC 9111 section 4.2.4)."""
    governing = response.governing
    return not any(name in governing for name in FORBIDS_STALE)


def is_within_stale_window(response: Response, directive: str, now_s: float) -> bool:
    """Whether `stale-while-revalidate` or `stale-if-error` (RFC 5861) covers it now."""
    window_s = response.governing.delta_s(directive)
    governing = response.governing
    forbidden = any(name in governing for name in ("must-revalidate", "proxy-revalidate", "no-cache"))
    return window_s is not None and not forbidden and staleness_s(response, now_s) <= window_s


def _date_s(response: Response) -> float:
    date = response.fields.only("date")
    parsed_s = None if date is None else parse_http_date(date, response.response_time_s)
    return response.response_time_s if parsed_s is None else float(parsed_s)


def _age_value_s(response: Response) -> float:
    if "age" not in response.fields:
        return 0.0
    value = response.fields.only("age")
    return float(value) if value is not None and _AGE.fullmatch(value) else float("inf")


def _heuristic_lifetime_s(response: Response) -> float:
    if response.status not in HEURISTIC_STATUSES and "public" not in response.governing:
        return 0.0
    modified = response.fields.only("last-modified")
    modified_s = None if modified is None else parse_http_date(modified, response.response_time_s)
    if modified_s is None:
        return 0.0
    return min(max(0.0, _date_s(response) - modified_s) * _HEURISTIC_SHARE, _HEURISTIC_LIMIT_S)
