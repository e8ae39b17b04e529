"""A slot that is held while its holder waits behind it: against exact solutions, limits and a simulation."""

import heapq
from collections import deque
from dataclasses import replace
from random import Random

import pytest

from scalelab.lab.analysis.closed_loop import machine_repair
from scalelab.lab.analysis.laws.layered import (
    POOL,
    SLOTS,
    USERS,
    Cpu,
    LayeredSystem,
    bounds_of,
    layered_point,
    with_gateways,
)
from scalelab.lab.analysis.laws.normalisation import DELAY, Station
from scalelab.lab.analysis.laws.queueing import exact_mva

CLASSIC = LayeredSystem(
    users=1000, think_s=1.5, gateways=1, slots=8, held_s=0.025, pool=64, query_s=0.1, slot_share=1.0
)


def test_without_anything_behind_them_slots_are_a_closed_mmc():
    """A hold that is all query, with as many connections as slots: machine repair, to many digits."""
    system = replace(CLASSIC, users=50, held_s=0.0, query_s=0.104, slots=3, pool=3)

    point = layered_point(system)

    exact = machine_repair(50, 1.5, 0.104, 3)
    assert point.throughput_per_s == pytest.approx(exact.throughput_per_s, rel=1e-9)
    assert point.response_s == pytest.approx(exact.response_s, rel=1e-9)


def test_without_slots_it_is_a_plain_network():
    """Unbounded slots: mean value analysis of the pool and the delays."""
    system = replace(CLASSIC, users=60, slots=0, pool=4)

    point = layered_point(system)

    exact = exact_mva([Station(0.1, 1, 4), Station(0.025, 1, DELAY)], 60, 1.5)[-1]
    assert point.throughput_per_s == pytest.approx(exact.throughput_per_s, rel=1e-9)


@pytest.mark.parametrize(
    ("gateways", "rate", "binding"), [(1, 64.0, SLOTS), (3, 192.0, SLOTS), (4, 240.0, POOL), (5, 240.0, POOL)]
)
def test_the_pool_takes_over_from_the_slots(gateways, rate, binding):
    """24 connections of 100 ms: the fourth gateway buys a quarter, the fifth nothing."""
    point = layered_point(with_gateways(replace(CLASSIC, pool=24), gateways))

    assert point.bound_per_s == pytest.approx(rate)
    assert point.binding == binding
    assert point.throughput_per_s == pytest.approx(rate, rel=0.02)
    assert point.throughput_per_s <= point.bound_per_s


def test_hits_take_no_slot():
    """Half of the requests hit: the slots carry twice as many, and users are nearer to their limit."""
    bounds = {bound.name: bound.per_s for bound in bounds_of(replace(CLASSIC, slot_share=0.5))}

    assert bounds[SLOTS] == pytest.approx(128.0)
    assert bounds[POOL] == pytest.approx(1280.0)
    assert bounds[USERS] == pytest.approx(1000 / (1.5 + 0.0625))


def test_a_gateway_brings_its_process():
    """A gateway's CPU grows with them; a machine's cores do not."""
    process = Cpu("CPU of a gateway", 0.01, servers=1, grows=True)
    machine = Cpu("cores", 0.008, servers=2, is_waited_for=False)
    system = replace(CLASSIC, slots=0, pool=0, cpus=(process, machine))

    one, three = layered_point(system), layered_point(with_gateways(system, 3))

    assert (one.bound_per_s, one.binding) == (pytest.approx(100.0), "CPU of a gateway")
    assert (three.bound_per_s, three.binding) == (pytest.approx(250.0), "cores")


def test_gateways_with_a_quota_bring_their_quota():
    """Two with a quarter of a core each allow 50/s at 10 ms; four of them 100/s."""
    process = Cpu("CPU of a gateway", 0.01, servers=0.5, grows=True)
    system = replace(CLASSIC, gateways=2, slots=0, pool=0, cpus=(process,))

    assert layered_point(system).bound_per_s == pytest.approx(50.0)
    assert layered_point(with_gateways(system, 4)).bound_per_s == pytest.approx(100.0)


@pytest.mark.parametrize(("slots", "pool"), [(2, 5), (3, 5), (4, 3)])
def test_a_simulation_agrees(slots, pool):
    """Two gateways, exponential times, near the knee where layers matter: within 2 %."""
    system = LayeredSystem(users=14, think_s=0.5, gateways=2, slots=slots, held_s=0.1, pool=pool, query_s=0.4)

    simulated = simulated_rate(system, completions=60_000, seed=7)

    assert layered_point(system).throughput_per_s == pytest.approx(simulated, rel=0.02)


@pytest.mark.parametrize("changes", [{"users": 0}, {"held_s": -0.1}, {"gateways": 0}, {"slots": -1}])
def test_impossible_numbers_are_refused(changes):
    """Nothing is computed from them."""
    with pytest.raises(ValueError, match="out of its range"):
        layered_point(replace(CLASSIC, **changes))


def simulated_rate(system, completions, seed):
    """One queue for all slots, one for all connections; every time exponential."""
    draw = Random(seed).expovariate
    events = [(draw(1 / system.think_s), user, "ask") for user in range(system.users)]
    heapq.heapify(events)
    slots, pool = system.slots_in_all, system.pool
    for_slot, for_pool, done, now_s = deque(), deque(), 0, 0.0

    def query(user):
        heapq.heappush(events, (now_s + draw(1 / system.query_s), user, "queried"))

    def hold(user):
        heapq.heappush(events, (now_s + draw(1 / system.held_s), user, "held"))

    while done < completions:
        now_s, user, what = heapq.heappop(events)
        if what == "ask":
            if slots:
                slots -= 1
                hold(user)
            else:
                for_slot.append(user)
        elif what == "held":
            if pool:
                pool -= 1
                query(user)
            else:
                for_pool.append(user)
        else:
            done += 1
            if for_pool:
                query(for_pool.popleft())
            else:
                pool += 1
            if for_slot:
                hold(for_slot.popleft())
            else:
                slots += 1
            heapq.heappush(events, (now_s + draw(1 / system.think_s), user, "ask"))
    return done / now_s
