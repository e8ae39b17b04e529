"""What theory expects of the classic scenarios and of others."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scalelab.contracts.topology import Topology
from scalelab.lab.analysis.prediction import is_near_knee, mean_hold_s, predict_scenario

HALF_AND_HALF = {"/data": 1.0, "/process": 1.0}


def classic(gateways=1, slots=8, pool=64, query_s=0.1, service_s=0.05):
    return Topology.model_validate(
        {
            "api_gateway": {"replicas": gateways, "upstream_slots": slots},
            "database": {"pool_size": pool, "delay": {"mean_s": query_s}},
            "microservice": {"service_time": {"mean_s": service_s}},
        }
    )


@pytest.mark.parametrize(
    ("gateways", "cache", "rate_per_s", "response_s", "binding", "formula"),
    [
        (1, "miss", 64.0, 14.125, "upstream slots", "1 gateway x 8 slots / 0.125 s = 64/s"),
        (3, "miss", 192.0, 1000 / 192 - 1.5, "upstream slots", "3 gateways x 8 slots / 0.125 s = 192/s"),
        (1, "hit", 1000 / 1.5, 0.0, "think time", "1000 users / 1.5 s think time = 667/s"),
        (3, "hit", 1000 / 1.5, 0.0, "think time", "1000 users / 1.5 s think time = 667/s"),
    ],
)
def test_the_classic_scenarios(gateways, cache, rate_per_s, response_s, binding, formula):
    """The arithmetic is shown with its numbers."""
    prediction = predict_scenario(classic(gateways), 1000, 1.5, HALF_AND_HALF, cache)

    assert prediction.throughput_per_s == pytest.approx(rate_per_s)
    assert prediction.response_mean_s == pytest.approx(response_s)
    assert (prediction.binding, prediction.formula) == (binding, formula)


def test_the_database_pool_binds_when_it_is_the_smaller():
    """64 gateways have 512 slots, but 20 connections of 0.1 s give 200/s."""
    prediction = predict_scenario(classic(64, pool=20), 1000, 1.5, HALF_AND_HALF, "miss")

    assert prediction.throughput_per_s == pytest.approx(200)
    assert prediction.binding == "database pool"


def test_few_users_are_the_limit_themselves():
    """10 users / (1.5 + 0.125) s; the response is the hold time."""
    prediction = predict_scenario(classic(), 10, 1.5, HALF_AND_HALF, "miss")

    assert prediction.binding == "think time"
    assert prediction.throughput_per_s == pytest.approx(10 / 1.625)
    assert prediction.response_mean_s == pytest.approx(0.125)
    assert not is_near_knee(prediction)


def test_near_the_knee_the_formula_says_that_it_is_an_upper_bound():
    """100 users ask for 61.5/s of 64/s."""
    prediction = predict_scenario(classic(), 100, 1.5, HALF_AND_HALF, "miss")

    assert is_near_knee(prediction)
    assert "64/s" in prediction.formula


def test_unbounded_slots_do_not_bind():
    """0 slots = no limit; the pool remains."""
    assert predict_scenario(classic(slots=0), 10_000, 1.5, HALF_AND_HALF, "miss").binding == "database pool"


@pytest.mark.parametrize(
    ("mix", "hold_s"), [({"data": 1}, 0.1), ({"process": 2}, 0.15), ({"data": 3, "process": 1}, 0.1125)]
)
def test_the_hold_time_is_weighted_by_the_mix(mix, hold_s):
    """Names with or without a slash."""
    assert mean_hold_s(classic(), mix) == pytest.approx(hold_s)
    assert mean_hold_s(classic(), {f"/{route}": weight for route, weight in mix.items()}) == pytest.approx(hold_s)


def test_nothing_is_predicted_when_nothing_is_known():
    """An open hit ratio; a hit without think time."""
    assert predict_scenario(classic(), 10, 1.5, HALF_AND_HALF, None) is None
    assert predict_scenario(classic(), 10, 0.0, HALF_AND_HALF, "hit") is None


@given(
    st.integers(1, 64),
    st.integers(0, 100),
    st.integers(1, 1000),
    st.integers(1, 10_000),
    st.floats(0.001, 60),
    st.floats(0.001, 5),
)
def test_a_prediction_keeps_littles_law_and_every_limit(gateways, slots, pool, users, think_s, query_s):
    """X (R + Z) = N, and no more than slots, pool or users allow."""
    topology = classic(gateways, slots, pool, query_s)

    prediction = predict_scenario(topology, users, think_s, HALF_AND_HALF, "miss")

    hold_s = query_s + 0.025
    assert prediction.throughput_per_s * (prediction.response_mean_s + think_s) == pytest.approx(users)
    assert prediction.throughput_per_s <= pool / query_s * (1 + 1e-9)
    assert slots == 0 or prediction.throughput_per_s <= gateways * slots / hold_s * (1 + 1e-9)
    assert prediction.response_mean_s >= hold_s * (1 - 1e-9)
