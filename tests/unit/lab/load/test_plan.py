"""Loads that can be done, and those that cannot."""

import pytest
from pydantic import ValidationError

from scalelab.lab.load.plan import ClosedLoad, LoadPlan, OpenLoad, arrivals_of
from scalelab.lab.load.requests import RequestTemplate


def plan(**fields):
    defaults = {"requests": (RequestTemplate(url="http://a/"),), "load": OpenLoad(rate_per_s=10), "duration_s": 10}
    return LoadPlan(**{**defaults, **fields})


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"warm_up_s": 10}, "as long as the duration"),
        ({"load": OpenLoad(rate_per_s=0)}, "nothing would be sent"),
        ({"load": OpenLoad(rate_per_s=1, shape="ramp")}, "exactly one further rate"),
        ({"load": OpenLoad(shape="replay")}, "empty"),
        ({"processes": 9, "connections": 8}, "at least as many connections"),
        ({"load": ClosedLoad(users=1), "processes": 2}, "at least as many users"),
        ({"duration_s": 0}, "greater than 0"),
        ({"requests": ()}, "at least 1"),
    ],
)
def test_what_cannot_be_done_is_refused(fields, message):
    """Before anything starts."""
    with pytest.raises(ValidationError, match=message):
        plan(**fields)


def test_think_times_in_the_wrong_order_are_refused():
    """The message names both."""
    with pytest.raises(ValidationError, match="the shortest think time, 2 s, is above the longest, 1 s"):
        ClosedLoad(users=1, think_time_min_s=2, think_time_max_s=1)


def test_a_plan_survives_the_pipe_and_hides_its_secrets():
    """As JSON and back; its repr shows no token."""
    whole = plan(tokens=("hush",), load=OpenLoad(shape="replay", offsets_s=(0.0, 1.0)))

    assert LoadPlan.model_validate_json(whole.model_dump_json()) == whole
    assert "hush" not in repr(whole)


@pytest.mark.parametrize(
    ("load", "number"),
    [
        (OpenLoad(rate_per_s=10), 100),
        (OpenLoad(rate_per_s=10, shape="ramp", rates_per_s=(30,)), 200),
        (OpenLoad(rate_per_s=10, shape="steps", rates_per_s=(30,)), 200),
        (OpenLoad(rate_per_s=10, shape="spike", rates_per_s=(110,), spike_start_s=2, spike_length_s=1), 200),
        (OpenLoad(shape="replay", offsets_s=(0.0, 0.1)), 2),
    ],
)
def test_shapes_become_schedules(load, number):
    """With as many requests as the area under the curve."""
    assert arrivals_of(load, 10, seed=1).count_until(10) == number
