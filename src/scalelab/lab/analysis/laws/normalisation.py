"""Normalisation constants of closed networks, for 0 to N requests. Pure.

Kept as logarithms and only added, so that thousands of requests neither overflow nor cancel.

Source: Buzen (1973); Bolch et al., Queueing Networks and Markov Chains (2006), chapter 8.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

DELAY = math.inf
"""Servers of a station at which nobody waits."""


@dataclass(frozen=True)
class Station:
    """A resource of a closed network. `servers` = `DELAY`: as many as there are requests."""

    service_s: float
    visits: float = 1.0
    servers: float = 1


def no_station(population: int) -> NDArray[np.float64]:
    """Of a network without stations: only nobody can be in it."""
    constants = np.full(population + 1, -np.inf)
    constants[0] = 0.0
    return constants


def log_factors(station: Station, population: int) -> NDArray[np.float64]:
    """Of the product form: demand to the power n over the product of busy servers, as logarithms."""
    demand_s = station.visits * station.service_s
    if demand_s == 0:
        return no_station(population)
    busy = np.minimum(np.arange(1, population + 1), station.servers)
    return np.concatenate(([0.0], np.cumsum(np.log(demand_s) - np.log(busy))))


def log_factors_of_flow(rates_per_s: NDArray[np.float64], population: int) -> NDArray[np.float64]:
    """Of a station that stands for a whole network: its rate with 1, 2, ... requests in it; the last goes on."""
    place = np.minimum(np.arange(population), len(rates_per_s) - 1)
    return np.concatenate(([0.0], np.cumsum(-np.log(rates_per_s[place]))))


def rates_of(constants: NDArray[np.float64]) -> NDArray[np.float64]:
    """Throughput with 1 to N requests in the network, a second: G(n - 1) / G(n)."""
    return np.asarray(np.exp(constants[:-1] - constants[1:]), dtype=np.float64)


def log_convolved(first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64]:
    """The logarithm of the convolution of what they are logarithms of."""
    backwards, length = second[::-1], len(first)
    return np.array([np.logaddexp.reduce(first[: n + 1] + backwards[length - 1 - n :]) for n in range(length)])
