"""A closed system: N users who wait for an answer, think, and ask again. Bounds, and exact machine repair. Pure.

Symbols of the field: N users, Z think time, D demand of one request at a station, S service time, c servers.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class ClosedLoopBounds:
    """What no closed system can beat, whatever its distributions."""

    throughput_upper_per_s: float
    response_lower_s: float


@dataclass(frozen=True)
class ClosedLoopPoint:
    """Steady state of a closed system."""

    throughput_per_s: float
    response_s: float
    in_system_mean: float
    utilization: float
    """Busy share of the servers."""


def asymptotic_bounds(users: int, demands_s: Sequence[float], think_time_s: float) -> ClosedLoopBounds:
    """Upper bound of the rate and lower bound of the response.

    X <= min(N / (Z + D), 1 / Dmax) and R >= max(D, N Dmax - Z).

    Args:
        users: N >= 1.
        demands_s: total demand of one request at each queueing station, visits included; not all of them 0 when
            the think time is.
        think_time_s: Z.

    Raises:
        ValueError: nothing limits the rate.

    Source: Lazowska, Zahorjan, Graham, Sevcik, Quantitative System Performance (1984), chapter 5.
    """
    total_s, largest_s = sum(demands_s), max(demands_s, default=0.0)
    if total_s + think_time_s <= 0:
        raise ValueError("a closed system without demand and think time has no bound")
    by_users = users / (think_time_s + total_s)
    by_bottleneck = 1 / largest_s if largest_s > 0 else float("inf")
    return ClosedLoopBounds(
        throughput_upper_per_s=min(by_users, by_bottleneck),
        response_lower_s=max(total_s, users * largest_s - think_time_s),
    )


def machine_repair(users: int, think_time_s: float, service_s: float, servers: int) -> ClosedLoopPoint:
    """The exact closed M/M/c: exponential think and service times, one queue, c servers.

    Computed with logarithms of the state probabilities, so thousands of users neither overflow nor lose digits.

    Args:
        users: N >= 1.
        think_time_s: Z >= 0.
        service_s: S > 0.
        servers: c >= 1.

    Raises:
        ValueError: an argument is out of its range.
    """
    if users < 1 or servers < 1 or think_time_s < 0 or service_s <= 0:
        raise ValueError(
            f"users = {users}, servers = {servers} must be >= 1, service_s = {service_s:g} > 0, "
            f"think_time_s = {think_time_s:g} >= 0"
        )
    busy = np.minimum(np.arange(users + 1), servers).astype(float)
    throughput = float(_state_probabilities(users, think_time_s, service_s, busy) @ busy) / service_s
    response_s = users / throughput - think_time_s
    return ClosedLoopPoint(
        throughput_per_s=throughput,
        response_s=response_s,
        in_system_mean=throughput * response_s,
        utilization=throughput * service_s / servers,
    )


def _state_probabilities(
    users: int, think_time_s: float, service_s: float, busy: "np.ndarray[tuple[int], np.dtype[np.float64]]"
) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    """Probability of 0..N requests in the system: a birth-death chain."""
    if think_time_s == 0:
        everyone = np.zeros(users + 1)
        everyone[-1] = 1.0
        return everyone
    thinking = users - np.arange(users, dtype=float)
    steps = np.log(thinking) - np.log(think_time_s) + np.log(service_s) - np.log(busy[1:])
    weights = np.concatenate(([0.0], np.cumsum(steps)))
    likelihood = np.exp(weights - weights.max())
    return np.asarray(likelihood / likelihood.sum(), dtype=np.float64)
