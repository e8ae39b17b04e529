"""How many requests a cache with a time to live answers, from how often each key is asked for. Pure.

An entry lives for T from when it was stored, whatever is asked; the next request after that misses. Requests of a key
come at rate r, by chance: between two misses of it lie the fetch, T, and the wait for the next request.

Source: Fofack, Nain, Neglia, Towsley, Analysis of TTL-based cache networks (2012): entries that hits do not renew.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]


def zipf_shares(count: int, exponent: float) -> Numbers:
    """Of each of `count` keys: in proportion to 1 / rank ** exponent."""
    weights = 1.0 / np.arange(1, count + 1) ** exponent
    return np.asarray(weights / weights.sum())


def hit_ratio(shares: Sequence[float] | Numbers, rate_per_s: float, ttl_s: float, fetch_s: float = 0.0) -> float:
    """Share of all requests that are answered from the cache.

    Args:
        shares: of each key, together 1.
        rate_per_s: of all requests together.
        ttl_s: time to live, from when an answer was stored.
        fetch_s: how long a fetch takes; who asks meanwhile waits for it and is no hit.

    Returns:
        0 without a time to live, towards 1 for one that is long beside the time between two requests of a key.
    """
    rates = np.asarray(shares, dtype=float) * rate_per_s
    hits = rates * ttl_s / (1.0 + rates * (ttl_s + fetch_s))
    return float(np.sum(np.asarray(shares, dtype=float) * hits))
