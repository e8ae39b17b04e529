"""The hit ratio to expect of a scenario that leaves it open. Pure."""

import numpy as np

from scalelab.lab.analysis.prediction import mean_hold_s
from scalelab.lab.analysis.ttl_cache import hit_ratio, zipf_shares
from scalelab.lab.plan import Scenario


def predicted_hit_ratio(scenario: Scenario, rate_per_s: float | None) -> float | None:
    """Hits among all requests, in steady state.

    None where the scenario says itself what is to happen, where more is done than reading, where entries do not all
    live equally long, or where the window begins before the first entries have ended: then there is no steady state.
    """
    load, gateway = scenario.load, scenario.topology.api_gateway
    reads: dict[str, float] = {route: weight for route, weight in load.mix.items() if weight > 0}
    is_open = scenario.cache is None and rate_per_s and set(reads) <= {"data", "process"}
    if not is_open or gateway.cache_ttl_jitter or gateway.cache_ttl_s > load.window_start_s:
        return None
    count = load.key_count or scenario.topology.database.records
    keys = zipf_shares(count, load.zipf_exponent) if load.keys == "zipf" else np.full(count, 1 / count)
    routes = np.array(list(reads.values())) / sum(reads.values())
    fetch_s = mean_hold_s(scenario.topology, reads)
    return hit_ratio(np.outer(keys, routes).ravel(), rate_per_s or 0.0, gateway.cache_ttl_s, fetch_s)
