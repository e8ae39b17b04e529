"""How a member is written down."""

from scalelab.contracts.membership import Member
from scalelab.stack.load_balancer.haproxy.server import free_server_name, milliseconds


def test_a_name_that_is_taken_gets_a_number():
    """A member's own name has no dot, so it can never collide."""
    member = Member(name="a", host="127.0.0.1", port=1)

    assert free_server_name(member, set()) == "a"
    assert free_server_name(member, {"a", "a.2"}) == "a.3"


def test_durations_are_never_zero():
    """Zero would mean for ever."""
    assert [milliseconds(duration_s) for duration_s in (0.0001, 0.25, 150.0)] == ["1ms", "250ms", "150000ms"]
