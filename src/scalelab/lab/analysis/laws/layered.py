"""A closed system in two layers: a request takes a slot of a gateway and keeps it while it waits behind it. Pure.

The inner layer, what a slot's holder goes through, is solved for every number of holders; seen from outside it is one
station whose rate depends on how many are in it (its flow-equivalent centre). The outer layer is the users, what else
every request needs, and that station. Exact for exponential times; simultaneous possession of slot and connection is
what a plain network cannot express.

Sources: Chandy, Herzog, Woo (1975) for the flow equivalent; Lazowska et al., Quantitative System Performance (1984),
chapters 8 and 9; Rolia and Sevcik, The Method of Layers (1995).
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from scalelab.lab.analysis.laws.normalisation import (
    DELAY,
    Station,
    log_convolved,
    log_factors,
    log_factors_of_flow,
    no_station,
    rates_of,
)

SLOTS = "upstream slots"
POOL = "database pool"
USERS = "think time"


@dataclass(frozen=True)
class Cpu:
    """A process of every request, or several that share it out: one core each, or a quota of one."""

    name: str
    service_s: float
    """CPU time of one request."""
    servers: float = 1
    """Cores of all of them."""
    grows: bool = False
    """Whether each further gateway brings as much as one of them has."""
    is_waited_for: bool = True
    """False: only its bound counts, because its time is already in others, as with the machine's cores."""


@dataclass(frozen=True)
class LayeredSystem:
    """Measured demands, each of one request that takes a slot unless it says otherwise."""

    users: int
    think_s: float
    gateways: int
    slots: int
    """Of one gateway; 0 = unbounded."""
    held_s: float
    """How long a slot is held beside the pool: nobody waits for that."""
    pool: int
    """Connections; 0 = unbounded."""
    query_s: float
    """How long a connection is held."""
    slot_share: float = 1.0
    """Of all requests: those that take a slot, the misses."""
    cpus: tuple[Cpu, ...] = ()
    """Of every request."""

    @property
    def slots_in_all(self) -> int:
        """Of all gateways; 0 = unbounded."""
        return self.gateways * self.slots


@dataclass(frozen=True)
class Bound:
    """A rate that one resource allows at most."""

    name: str
    per_s: float


@dataclass(frozen=True)
class LayeredPoint:
    """Steady state. Throughput lies between that of exponential times and the bound that nothing can beat."""

    throughput_per_s: float
    bound_per_s: float
    binding: str
    """Of the bound."""
    bounds: tuple[Bound, ...]
    """Of every resource."""
    response_s: float


def layered_point(system: LayeredSystem) -> LayeredPoint:
    """Solve it.

    Raises:
        ValueError: nothing limits the rate, or a number is out of its range.
    """
    _check(system)
    bounds = bounds_of(system)
    lowest = min(bounds, key=lambda bound: bound.per_s)
    rate = min(_exponential_rate(system), lowest.per_s)
    return LayeredPoint(
        throughput_per_s=rate,
        bound_per_s=lowest.per_s,
        binding=lowest.name,
        bounds=bounds,
        response_s=max(0.0, system.users / rate - system.think_s),
    )


def bounds_of(system: LayeredSystem) -> tuple[Bound, ...]:
    """What each resource allows by itself: places over seconds of a request."""
    return tuple(_bounds(system))


def with_gateways(system: LayeredSystem, gateways: int) -> LayeredSystem:
    """The same with another number of gateways: each brings its slots, and its process."""
    growth = gateways / system.gateways
    cpus = tuple(replace(one, servers=one.servers * growth) if one.grows else one for one in system.cpus)
    return replace(system, gateways=gateways, cpus=cpus)


def _bounds(system: LayeredSystem) -> Iterator[Bound]:
    hold_s, share = system.held_s + system.query_s, system.slot_share
    if system.slots and share * hold_s > 0:
        yield Bound(SLOTS, system.slots_in_all / (share * hold_s))
    if system.pool and share * system.query_s > 0:
        yield Bound(POOL, system.pool / (share * system.query_s))
    for cpu in system.cpus:
        if cpu.service_s > 0:
            yield Bound(cpu.name, cpu.servers / cpu.service_s)
    least_s = share * hold_s + sum(one.service_s for one in _stations(system))
    if system.think_s + least_s > 0:
        yield Bound(USERS, system.users / (system.think_s + least_s))


def _exponential_rate(system: LayeredSystem) -> float:
    """Of the outer layer, with all users in it."""
    users = system.users
    constants = no_station(users)
    for station in (*_stations(system), Station(system.think_s, 1, DELAY)):
        constants = log_convolved(constants, log_factors(station, users))
    if system.slot_share > 0 and system.held_s + system.query_s > 0:
        holders = min(users, system.slots_in_all or users)
        inner = _rates_behind_slots(system, holders) / system.slot_share
        constants = log_convolved(constants, log_factors_of_flow(inner, users))
    return float(rates_of(constants)[-1])


def _stations(system: LayeredSystem) -> tuple[Station, ...]:
    return tuple(Station(cpu.service_s, 1, cpu.servers) for cpu in system.cpus if cpu.is_waited_for)


def _rates_behind_slots(system: LayeredSystem, holders: int) -> NDArray[np.float64]:
    """With 1 to `holders` slots in use."""
    pool = Station(system.query_s, 1, system.pool or DELAY)
    constants = log_convolved(log_factors(pool, holders), log_factors(Station(system.held_s, 1, DELAY), holders))
    return rates_of(constants)


def _check(system: LayeredSystem) -> None:
    times = (system.think_s, system.held_s, system.query_s, system.slot_share)
    if min(times) < 0 or system.users < 1 or system.gateways < 1 or min(system.slots, system.pool) < 0:
        raise ValueError(f"a number of {system} is out of its range")
    if not bounds_of(system):
        raise ValueError("a system without demand and think time has no limit")
