"""Known queues: M/M/c from Octave's queueing package, networks from Jain (1991) and Bolch et al. (2006)."""

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scalelab.lab.analysis.closed_loop import machine_repair
from scalelab.lab.analysis.laws.queueing import DELAY, Station, erlang_c, exact_mva


@pytest.mark.parametrize(
    ("arrival", "service", "servers", "figures"),
    [
        (9, 5, 2, {"waits_share": 0.852632, "in_queue_mean": 7.674, "response_s": 1.053}),
        (9, 5, 4, {"waits_share": 0.128534, "in_queue_mean": 0.105, "response_s": 0.212}),
        (0.8, 1, 1, {"wait_s": 4.0, "response_s": 5.0}),
        (1.6, 1, 2, {"waits_share": 0.711111, "wait_s": 1.777778}),
    ],
)
def test_known_open_queues(arrival, service, servers, figures):
    """`service` is a rate there."""
    point = erlang_c(arrival, 1 / service, servers)

    for name, value in figures.items():
        assert getattr(point, name) == pytest.approx(value, abs=6e-4), name


@pytest.mark.parametrize(("arrival", "servers"), [(2, 2), (3, 2), (0, 1), (1, 0)])
def test_what_has_no_steady_state_is_refused(arrival, servers):
    """A queue that grows has no mean."""
    with pytest.raises(ValueError, match=r"steady state|above 0"):
        erlang_c(arrival, 1.0, servers)


def test_many_servers_do_not_overflow():
    """A thousand servers at 95 %."""
    point = erlang_c(950, 1.0, 1000)

    assert 0 < point.waits_share < 0.1
    assert point.utilization == pytest.approx(0.95)


def test_jain_34_2():
    """Three single servers, four seconds of think time, twenty users."""
    stations = [Station(0.125, 16), Station(0.3, 10), Station(0.2, 5)]
    points = exact_mva(stations, 20, 4)
    last = points[-1]

    assert last.throughput_per_s == pytest.approx(0.333247, abs=1e-6)
    assert last.in_station_mean == pytest.approx((1.991, 16.177, 0.500), abs=6e-4)
    per_visit = [residence / one.visits for residence, one in zip(last.residence_s, stations, strict=True)]
    assert per_visit == pytest.approx([0.373, 4.854, 0.300], abs=6e-4)
    rates = {1: 0.100000, 2: 0.175439, 3: 0.229223, 5: 0.289752, 10: 0.328193}
    assert {number: round(points[number - 1].throughput_per_s, 6) for number in rates} == rates


def test_bolch_8_4():
    """A station of two servers, two of one, and one at which nobody waits."""
    stations = [Station(0.5, 1, 2), Station(0.6, 0.5), Station(0.8, 0.5), Station(1.0, 1, DELAY)]
    point = exact_mva(stations, 3)[-1]

    assert point.throughput_per_s == pytest.approx(1.218, abs=6e-4)
    assert point.in_station_mean == pytest.approx((0.624, 0.473, 0.686, 1.217), abs=6e-4)


@pytest.mark.parametrize(
    ("users", "think_s", "service_s", "servers"),
    [(10, 1, 0.1, 1), (20, 1, 0.1, 2), (50, 1.5, 0.104, 3), (300, 1.5, 0.125, 8)],
)
def test_one_station_and_think_time_is_machine_repair(users, think_s, service_s, servers):
    """Two ways to the same figures."""
    network = exact_mva([Station(service_s, 1, servers)], users, think_s)[-1]
    exact = machine_repair(users, think_s, service_s, servers)

    assert network.throughput_per_s == pytest.approx(exact.throughput_per_s, rel=1e-6)
    assert network.response_s == pytest.approx(exact.response_s, rel=1e-4, abs=1e-6)


def test_five_thousand_users_stay_on_the_ground():
    """Beyond saturation the rate is c / S, and the response what Little's law leaves."""
    points = exact_mva([Station(0.125, 1, 8), Station(0.002)], 5000, 1.5)
    last = points[-1]

    assert last.throughput_per_s == pytest.approx(64.0, rel=1e-6)
    assert last.response_s == pytest.approx(5000 / 64 - 1.5, rel=1e-6)
    assert all(math.isfinite(point.throughput_per_s) and min(point.in_station_mean) >= 0 for point in points)


@given(
    st.lists(st.tuples(st.floats(0.001, 1), st.integers(1, 6)), min_size=1, max_size=4),
    st.integers(1, 80),
    st.floats(0, 5),
)
def test_no_network_beats_its_bounds(stations, population, think_s):
    """X never above N / (Z + D) and c / D; X grows with N; Little's law holds in whole."""
    network = [Station(service_s, 1, servers) for service_s, servers in stations]
    points = exact_mva(network, population, think_s)
    demand_s = sum(one.service_s for one in network)
    most = min(one.servers / one.service_s for one in network)

    for number, point in enumerate(points, 1):
        assert point.throughput_per_s <= min(most, number / (think_s + demand_s)) * (1 + 1e-6)
        held = sum(point.in_station_mean) + point.throughput_per_s * think_s
        assert held == pytest.approx(number, rel=1e-9)
    rates = [point.throughput_per_s for point in points]
    assert all(after >= before * (1 - 1e-6) for before, after in pairwise(rates))


@pytest.mark.parametrize(
    ("stations", "population", "think_s"),
    [([Station(0.1)], 0, 0), ([], 1, 1), ([Station(0.0)], 1, 0), ([Station(0.1, 1, 0)], 1, 0), ([Station(-1)], 1, 9)],
)
def test_impossible_networks_are_refused(stations, population, think_s):
    """With a sentence."""
    with pytest.raises(ValueError, match=r"population|stations|demand"):
        exact_mva(stations, population, think_s)
