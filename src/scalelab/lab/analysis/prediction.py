"""What theory expects of a scenario before it runs: the smaller of what the system can and what the users ask for.

Pure arithmetic with the numbers shown. Both limits are asymptotes: near the point where they meet, queueing keeps the
real rate a few percent below the smaller one. CPU is not in it: the laboratory's capacity is made of waiting.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from scalelab.contracts.topology import Topology
from scalelab.lab.analysis.little import implied_response_s
from scalelab.lab.results.run_record import Prediction

SLOTS = "upstream slots"
POOL = "database pool"
THINK_TIME = "think time"
UPPER_BOUND = "an upper bound"
KNEE_RATIO = 0.8
"""From here on the smaller limit is near the larger, and the formula says so."""


@dataclass(frozen=True)
class Limit:
    """A rate that something allows at most."""

    per_s: float
    name: str
    formula: str


def predict_scenario(
    topology: Topology,
    users: int,
    think_time_mean_s: float,
    mix: Mapping[str, float],
    cache: Literal["miss", "hit"] | None,
) -> Prediction | None:
    """The rate and the mean response to expect in steady state.

    Args:
        topology: the system.
        users: N, each with one request at a time.
        think_time_mean_s: Z, mean pause between an answer and the next request.
        mix: route (`data`, `process`, with or without a slash) -> weight.
        cache: whether every request misses, or every one hits. None: the hit ratio is open.

    Returns:
        None when nothing can be said: the hit ratio is open, or nothing limits the rate.
    """
    if cache is None:
        return None
    least_response_s = 0.0 if cache == "hit" else mean_hold_s(topology, mix)
    capacities = [] if cache == "hit" else capacity_limits(topology, mix)
    limits = [*capacities, *_users_limit(users, think_time_mean_s, least_response_s, cache)]
    if not limits:
        return None
    binding = min(limits, key=lambda limit: limit.per_s)
    response_s = implied_response_s(users, binding.per_s, think_time_mean_s)
    return Prediction(
        throughput_per_s=binding.per_s,
        response_mean_s=max(least_response_s, response_s or 0.0),
        binding=binding.name,
        formula=binding.formula + _knee_remark(binding, limits),
    )


def is_near_knee(prediction: Prediction) -> bool:
    """Whether two limits are so near each other that queueing keeps the rate below both."""
    return UPPER_BOUND in prediction.formula


def mean_hold_s(topology: Topology, mix: Mapping[str, float]) -> float:
    """How long a miss holds its upstream slot: the delays behind the gateway, weighted by the mix."""
    query_s = topology.database.delay.mean_s
    hold_s = {"data": query_s, "process": query_s + topology.microservice.service_time.mean_s}
    weights = {route.strip("/"): weight for route, weight in mix.items()}
    total = sum(weights.values())
    return sum(weight * hold_s.get(route, 0.0) for route, weight in weights.items()) / total if total > 0 else 0.0


def capacity_limits(topology: Topology, mix: Mapping[str, float]) -> list[Limit]:
    """What the system can answer at most when every request misses; one limit for each bounded resource."""
    gateways, slots = topology.api_gateway.replicas, topology.api_gateway.upstream_slots
    hold_s, query_s, pool = mean_hold_s(topology, mix), topology.database.delay.mean_s, topology.database.pool_size
    limits = []
    if slots > 0 and hold_s > 0:
        rate = gateways * slots / hold_s
        plural = "gateway" if gateways == 1 else "gateways"
        limits.append(Limit(rate, SLOTS, f"{gateways} {plural} x {slots} slots / {hold_s:g} s = {_rate(rate)}"))
    if query_s > 0:
        rate = pool / query_s
        limits.append(Limit(rate, POOL, f"{pool} connections / {query_s:g} s = {_rate(rate)}"))
    return limits


def _users_limit(users: int, think_time_s: float, response_s: float, cache: str) -> list[Limit]:
    cycle_s = think_time_s + response_s
    if cycle_s <= 0:
        return []
    rate = users / cycle_s
    parts = (
        f"({think_time_s:g} s think time + {response_s:g} s)" if cache == "miss" else f"{think_time_s:g} s think time"
    )
    return [Limit(rate, THINK_TIME, f"{users} users / {parts} = {_rate(rate)}")]


def _knee_remark(binding: Limit, limits: list[Limit]) -> str:
    others = [limit for limit in limits if limit is not binding and binding.per_s > KNEE_RATIO * limit.per_s]
    if not others:
        return ""
    nearest = min(others, key=lambda limit: limit.per_s)
    return f"; {UPPER_BOUND}: {nearest.name} ({nearest.formula}) is near"


def _rate(per_s: float) -> str:
    return f"{per_s:.3g}/s" if per_s < 100 else f"{per_s:.0f}/s"  # noqa: PLR2004  three digits are enough to compare
