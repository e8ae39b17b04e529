"""When a hit ratio can be expected, and when nothing should be said."""

import pytest

from scalelab.lab.cache_prediction import predicted_hit_ratio
from scalelab.lab.plan import make_plan

OPEN = {
    "schema": 1,
    "name": "ttl",
    "topology": {
        "api_gateway": {"cache_ttl_s": 4.0},
        "database": {"records": 10_000, "delay": {"mean_s": 0.1}},
    },
    "load": {
        "driver": "closed_loop",
        "users": 100,
        "spawn_rate_per_s": 100,
        "settle_s": 5.0,
        "duration_s": 20.0,
        "mix": {"data": 1},
        "key_count": 1,
    },
}


def scenario_of(**changes):
    document = {**OPEN, **{key: {**OPEN.get(key, {}), **value} for key, value in changes.items()}}
    return make_plan(document, "ttl").scenarios[0]


def test_one_key_that_lives_four_seconds():
    """50/s: 200 hits between two misses, and 5 that wait for the fetch of 0.1 s."""
    assert predicted_hit_ratio(scenario_of(), 50.0) == pytest.approx(200 / 206)


def test_two_routes_are_two_entries():
    """Each gets half of the requests."""
    both = scenario_of(load={"mix": {"data": 1, "process": 1}})

    assert predicted_hit_ratio(both, 50.0) == pytest.approx(100 / (1 + 25 * 4.1))


@pytest.mark.parametrize(
    "changes",
    [
        {"factors": {"cache": ["miss"]}},
        {"load": {"driver": "locust", "mix": {"data": 1, "write": 1}, "key_count": 0}},
        {"load": {"settle_s": 2.0}},
        {"topology": {"api_gateway": {"cache_ttl_s": 4.0, "cache_ttl_jitter": 0.5}}},
    ],
)
def test_nothing_is_expected_where_the_formula_does_not_hold(changes):
    """Told by the scenario, writes, a window before the first entries end, lives of different length."""
    assert predicted_hit_ratio(scenario_of(**changes), 50.0) is None
