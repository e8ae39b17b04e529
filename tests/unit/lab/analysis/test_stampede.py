"""Spikes in step with the time to live."""

import numpy as np
import pytest

from scalelab.lab.analysis.stampede import ttl_stampede
from scalelab.lab.results.recording import TimelineRow
from scalelab.lab.results.run_record import Window

TTL_S = 10


def rows_of(response_of, seconds=60):
    return tuple(
        TimelineRow(second=second, sent=50, completed=50, latency_sum_s=50 * response_of(second))
        for second in range(seconds)
    )


def with_rows(evidence, rows, ttl_s=TTL_S):
    window = Window(start_s=10.0, end_s=float(len(rows)))
    return evidence(timeline=rows, window=window, cache_ttl_s=ttl_s)


def test_spikes_with_the_period_of_the_ttl_are_found(evidence):
    """Every ten seconds a second of 80 ms among seconds of 5 ms (openfga 3033)."""
    noise = np.random.default_rng(4).normal(0, 0.001, 60)
    rows = rows_of(lambda second: 0.005 + abs(noise[second]) + (0.075 if second % TTL_S == 3 else 0))

    finding = ttl_stampede(with_rows(evidence, rows))

    assert finding.validity is None
    assert finding.caveat.kind == "ttl-stampede"
    assert "Every 10 s" in finding.caveat.text
    assert "cache_ttl_jitter" in finding.caveat.advice


@pytest.mark.parametrize("seed", range(20))
def test_noise_is_no_stampede(evidence, seed):
    """Nor are spikes that come by chance."""
    draws = np.random.default_rng(seed)
    responses = draws.exponential(0.01, 60) + (draws.random(60) < 0.1) * 0.1

    assert ttl_stampede(with_rows(evidence, rows_of(lambda second: responses[second]))) is None


@pytest.mark.parametrize(
    ("period", "ttl_s", "seconds"), [(7, TTL_S, 60), (10, TTL_S, 35), (2, 2, 60), (10, None, 60), (10, 60.0, 60)]
)
def test_another_period_or_too_few_of_them_say_nothing(evidence, period, ttl_s, seconds):
    """A spike every seven seconds is not the cache's; two periods prove nothing; two seconds are too short."""
    rows = rows_of(lambda second: 0.08 if second % period == 3 else 0.005, seconds)

    assert ttl_stampede(with_rows(evidence, rows, ttl_s)) is None
