"""How often the same is told from the same."""

from random import Random

from scalelab.lab.load.percentiles import LatencyFigures
from scalelab.lab.load.result import LoadResult
from scalelab.lab.selftest.alarms import count_false_alarms


def run(rate, latency_s):
    figures = LatencyFigures(
        count=100, mean=latency_s, min=None, p50=None, p90=None, p95=latency_s * 2, p99=None, p99_9=None, max=None
    )
    return LoadResult.model_construct(rate_per_s=rate, latency_intended_s=figures)


def test_chance_alone_rarely_alarms():
    """Runs that scatter by 10 %: at most one comparison in twenty says anything."""
    draws = Random(3)
    runs = [run(draws.gauss(100, 10), abs(draws.gauss(0.05, 0.005))) for _ in range(40)]

    assert count_false_alarms(runs, 100, 5) <= 5


def test_two_kinds_of_runs_do_alarm():
    """Were every other run twice as fast, dealing them would often put more of one kind into one hand."""
    runs = [run(100 + 200 * (number % 8 == 0), 0.05) for number in range(40)]
    apart = [run(100, 0.05)] * 5 + [run(300, 0.05)] * 5

    assert count_false_alarms(runs, 60, 5) >= 0
    assert sum(count_false_alarms(apart, 60, 5, seed) for seed in range(3)) > 0
