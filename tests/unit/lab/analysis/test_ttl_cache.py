"""The hit ratio of a cache with a time to live: limits, and a simulation."""

from random import Random

import numpy as np
import pytest

from scalelab.lab.analysis.ttl_cache import hit_ratio, zipf_shares


def test_one_key_is_a_renewal_process():
    """10 requests/s and 2 s: 20 hits for each miss; with a fetch of 0.5 s five more wait for it."""
    assert hit_ratio([1.0], 10.0, 2.0) == pytest.approx(20 / 21)
    assert hit_ratio([1.0], 10.0, 2.0, fetch_s=0.5) == pytest.approx(20 / 26)


def test_limits():
    """Nothing lives: no hit. Everything lives long: all but the first."""
    shares = zipf_shares(100, 1.0)

    assert hit_ratio(shares, 50.0, 0.0) == 0.0
    assert hit_ratio(shares, 50.0, 1e9) == pytest.approx(1.0, abs=1e-6)


def test_zipf_shares_are_shares():
    """The first of two keys is asked twice as often as the second with an exponent of 1."""
    assert zipf_shares(2, 1.0) == pytest.approx([2 / 3, 1 / 3])
    assert zipf_shares(1000, 0.8).sum() == pytest.approx(1.0)


def test_skew_helps():
    """The more unequal the keys, the more hits from the same time to live."""
    ratios = [hit_ratio(zipf_shares(10_000, exponent), 100.0, 5.0) for exponent in (0.01, 0.8, 1.2)]

    assert ratios == sorted(ratios)
    assert ratios[0] < 0.1
    assert ratios[2] > 0.6


def test_a_simulation_agrees():
    """Requests by chance over 200 keys of unequal popularity: within 1 %."""
    draws, shares, rate, ttl_s, fetch_s = Random(3), zipf_shares(200, 0.9), 80.0, 1.5, 0.1
    limits = np.cumsum(shares)
    now_s, hits, total = 0.0, 0, 0
    fresh_from, fresh_to = {}, {}
    while total < 200_000:
        now_s += draws.expovariate(rate)
        key = int(np.searchsorted(limits, draws.random()))
        total += 1
        if now_s >= fresh_to.get(key, -1.0):
            fresh_from[key], fresh_to[key] = now_s + fetch_s, now_s + fetch_s + ttl_s
        elif now_s >= fresh_from[key]:
            hits += 1

    assert hit_ratio(shares, rate, ttl_s, fetch_s) == pytest.approx(hits / total, abs=0.01)
