"""Generators add up."""

from scalelab.lab.load.tally import Tally


def tally_of(latency_s, number, route=0):
    tally = Tally()
    for _ in range(number):
        tally.histogram("intended", route, "completed").enter(latency_s)
    tally.counts.update(offered=number + 1, sent=number, completed=number)
    tally.failure_kinds["connection reset"] = 1
    return tally


def test_percentiles_come_from_merged_histograms():
    """A fast generator of 900 and a slow one of 100: p95 is slow, not the mean of two p95s (artillery 898)."""
    total = tally_of(0.01, 900)

    total.add(tally_of(1.0, 100))

    latencies = total.latencies("intended", "completed")
    assert latencies.at_rank(950) == 1.0
    assert latencies.at_rank(900) < 0.0101
    assert total.counts["sent"] == 1000
    assert total.not_sent == 2
    assert total.failure_kinds["connection reset"] == 2


def test_routes_can_be_told_apart():
    """Each route has its own histogram; all together are the headline."""
    total = tally_of(0.1, 3, route=0)
    total.add(tally_of(0.2, 4, route=1))

    assert total.latencies("intended", "completed", 1).count == 4
    assert total.latencies("intended", "completed").count == 7
    assert total.latencies("actual", "completed").count == 0
