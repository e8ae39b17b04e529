"""Open M/M/c and closed networks by exact mean value analysis. Pure.

Symbols: S service time, V visits of one request, D = V S demand, c servers, N requests in a network, Z think time.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scalelab.lab.analysis.laws.normalisation import DELAY, Station, log_convolved, log_factors, no_station


@dataclass(frozen=True)
class OpenPoint:
    """Steady state of an M/M/c."""

    waits_share: float
    """Erlang C: the share of requests that find all servers busy."""
    wait_s: float
    response_s: float
    in_queue_mean: float
    """Waiting, without those being served."""
    in_system_mean: float
    utilization: float


@dataclass(frozen=True)
class ClosedPoint:
    """A closed network with a population. Lists are by station."""

    throughput_per_s: float
    response_s: float
    """Of all visits together, without the think time."""
    residence_s: tuple[float, ...]
    """Of all visits to a station."""
    in_station_mean: tuple[float, ...]
    utilization: tuple[float, ...]
    """Busy share of each server; of a delay station the mean number of busy ones."""


def erlang_c(arrivals_per_s: float, service_s: float, servers: int) -> OpenPoint:
    """M/M/c in steady state.

    Args:
        arrivals_per_s: Poisson.
        service_s: mean of an exponential service time.
        servers: c >= 1.

    Raises:
        ValueError: it has no steady state: as much or more comes in than can go out.

    Source: Kleinrock, Queueing Systems 1 (1975), section 3.5; the recursion over Erlang B is stable for any c.
    """
    offered = arrivals_per_s * service_s
    if servers < 1 or offered <= 0:
        raise ValueError(f"arrivals x service = {offered:g} and servers = {servers} must be above 0")
    if offered >= servers:
        raise ValueError(
            f"no steady state: {arrivals_per_s:g}/s x {service_s:g} s = {offered:g} is not below {servers} servers"
        )
    blocked = 1.0
    for server in range(1, servers + 1):
        blocked = offered * blocked / (server + offered * blocked)
    utilization = offered / servers
    waits = blocked / (1 - utilization * (1 - blocked))
    wait_s = waits * service_s / (servers - offered)
    return OpenPoint(
        waits_share=waits,
        wait_s=wait_s,
        response_s=wait_s + service_s,
        in_queue_mean=arrivals_per_s * wait_s,
        in_system_mean=arrivals_per_s * (wait_s + service_s),
        utilization=utilization,
    )


def exact_mva(stations: Sequence[Station], population: int, think_time_s: float = 0.0) -> tuple[ClosedPoint, ...]:
    """A closed network of one class, for 1 to `population` requests; exact for exponential service.

    The textbook recursion loses all digits at a saturated station of several servers, because the chance that it is
    empty is a difference of nearly equal numbers. That chance is worked out from the normalisation constants instead,
    whose convolution only adds; they are kept as logarithms, so that thousands of requests do not overflow.

    Sources: Reiser and Lavenberg (1980); Buzen (1973) for the constants; Bolch et al., Queueing Networks and Markov
    Chains (2006), section 8.2, for stations of several servers.

    Raises:
        ValueError: nothing is in the network, or a station is impossible.
    """
    if population < 1:
        raise ValueError(f"population = {population} must be at least 1")
    if not stations or any(one.service_s < 0 or one.visits < 0 or one.servers < 1 for one in stations):
        raise ValueError("a network needs stations with service and visits of at least 0 and one server or more")
    if sum(one.service_s * one.visits for one in stations) + think_time_s <= 0:
        raise ValueError("a network without demand and think time has no steady state")
    queues = [0.0] * len(stations)
    chances = [[1.0] + [0.0] * (int(one.servers) - 1) if one.servers != DELAY else [] for one in stations]
    empty = {
        place: _chance_of_empty(stations, place, population, think_time_s)
        for place, one in enumerate(stations)
        if one.servers not in {1, DELAY}
    }
    points = []
    for number in range(1, population + 1):
        residences = [
            one.visits * _response_s(one, queue, chance)
            for one, queue, chance in zip(stations, queues, chances, strict=True)
        ]
        response_s = sum(residences)
        rate = number / (think_time_s + response_s)
        queues = [rate * residence for residence in residences]
        for place, chance_of_empty in empty.items():
            _shift(stations[place], rate, chances[place], chance_of_empty[number])
        busy = [rate * one.visits * one.service_s for one in stations]
        points.append(
            ClosedPoint(
                throughput_per_s=rate,
                response_s=response_s,
                residence_s=tuple(residences),
                in_station_mean=tuple(queues),
                utilization=tuple(
                    used / one.servers if one.servers != DELAY else used
                    for used, one in zip(busy, stations, strict=True)
                ),
            )
        )
    return tuple(points)


def _response_s(station: Station, queue: float, chance: Sequence[float]) -> float:
    """Of one visit, for who comes and finds what the network holds without him."""
    if station.servers == DELAY:
        return station.service_s
    servers = int(station.servers)
    idle = sum((servers - busy - 1) * chance[busy] for busy in range(servers - 1)) if servers > 1 else 0.0
    return station.service_s / servers * (1 + queue + idle)


def _shift(station: Station, rate: float, chance: list[float], chance_of_empty: float) -> None:
    """The chances of 0 to c - 1 requests at a station with one request more in the network."""
    used = rate * station.visits * station.service_s
    for busy in range(int(station.servers) - 1, 0, -1):
        chance[busy] = used / busy * chance[busy - 1]
    chance[0] = chance_of_empty


def _chance_of_empty(
    stations: Sequence[Station], place: int, population: int, think_time_s: float
) -> NDArray[np.float64]:
    """That nobody is at a station, for 0 to `population` requests in the network: G without it / G with it."""
    others = no_station(population)
    for number, one in enumerate(stations):
        if number != place:
            others = log_convolved(others, log_factors(one, population))
    if think_time_s > 0:
        others = log_convolved(others, log_factors(Station(think_time_s, 1, DELAY), population))
    return np.asarray(np.exp(others - log_convolved(others, log_factors(stations[place], population))))
