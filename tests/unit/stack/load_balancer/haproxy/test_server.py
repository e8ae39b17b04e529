"""How a member is written down."""

from scalelab.contracts.membership import Member
from scalelab.contracts.service_settings import BalancerSettings
from scalelab.stack.load_balancer.haproxy.server import (
    check_arguments,
    free_server_name,
    milliseconds,
    server_arguments,
)


def test_a_name_that_is_taken_gets_a_number():
    """A member's own name has no dot, so it can never collide."""
    member = Member(name="a", host="127.0.0.1", port=1)

    assert free_server_name(member, set()) == "a"
    assert free_server_name(member, {"a", "a.2"}) == "a.3"


def test_durations_are_never_zero():
    """Zero would mean for ever."""
    assert [milliseconds(duration_s) for duration_s in (0.0001, 0.25, 150.0)] == ["1ms", "250ms", "150000ms"]


def _settings(**fields):
    return BalancerSettings.model_construct(
        health_interval_s=0.25, health_fall=2, health_rise=1, **{"slow_start_s": 0.0, **fields}
    )


def test_weight_and_slow_start_are_said_where_they_are_wanted():
    """A weight of 1 is HAProxy's own; so is all at once."""
    heavy = Member(name="a", host="::1", port=1, weight=3)

    assert server_arguments(heavy, _settings()).startswith("[::1]:1 weight 3 check ")
    assert "weight" not in server_arguments(heavy.model_copy(update={"weight": 1}), _settings())
    assert check_arguments(_settings(slow_start_s=1.5)).endswith(" slowstart 1500ms")
    assert "slowstart" not in check_arguments(_settings())
