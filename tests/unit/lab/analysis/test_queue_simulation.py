"""The published laboratory on paper: its printed means are the age of what happened to finish."""

import pytest

from scalelab.lab.analysis.queue_simulation import ClosedQueue, simulate_cut


def published(gateways, users=1000):
    return ClosedQueue(
        users=users,
        spawn_rate_per_s=100,
        think_time_min_s=1.0,
        think_time_max_s=2.0,
        servers=gateways,
        service_s=0.104,
    )


@pytest.mark.parametrize(("gateways", "mean_s", "rate", "in_flight"), [(1, 27.3, 9.60, 986), (3, 21.1, 28.8, 960)])
@pytest.mark.parametrize("seed", [1, 2])
def test_the_published_figures_are_those_of_a_run_that_was_cut(gateways, mean_s, rate, in_flight, seed):
    """Printed: 27.0 s and 9.61/s, 21.7 s and 28.95/s. 986 and 960 requests were still waiting."""
    cut = simulate_cut(published(gateways), 60.0, seed)

    assert cut.response_mean_s == pytest.approx(mean_s, rel=0.01)
    assert cut.throughput_per_s == pytest.approx(rate, rel=0.005)
    assert cut.in_flight == pytest.approx(in_flight, abs=6)


@pytest.mark.parametrize(("gateways", "implied_s"), [(1, 102.5), (3, 33.2)])
def test_a_long_run_shows_what_littles_law_implies(gateways, implied_s):
    """In the long run the mean is N / X - Z, whatever the first minute showed."""
    short = simulate_cut(published(gateways), 2000.0, seed=1)
    long = simulate_cut(published(gateways), 4000.0, seed=1)

    late = long.completed - short.completed
    late_sum_s = long.response_mean_s * long.completed - short.response_mean_s * short.completed
    assert late_sum_s / late == pytest.approx(implied_s, rel=0.01)


def test_without_a_queue_the_mean_is_the_service_time():
    """Ten users hardly meet at ten servers."""
    cut = simulate_cut(published(gateways=10, users=10), 60.0, seed=1)

    assert cut.response_mean_s == pytest.approx(0.104)


def test_nothing_finished_is_no_division_by_zero():
    """Cut before the first answer."""
    cut = simulate_cut(published(1), 0.05, seed=1)

    assert (cut.completed, cut.throughput_per_s, cut.in_flight) == (0, 0.0, 5)
