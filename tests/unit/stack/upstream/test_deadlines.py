"""One timer for all exchanges: each fails at its own time, and one that has arrived never."""

import pytest

from scalelab.stack.upstream.deadlines import Deadlines
from scalelab.stack.upstream.exchange import Exchange


@pytest.fixture
def exchange():
    """`exchange()` is one that waits for its answer."""
    return lambda: Exchange(is_head_request=False, is_streamed=False, max_body_bytes=100)


async def test_who_is_late_fails(exchange):
    """Its waiter is told, and told why."""
    deadlines, late = Deadlines(0.001), exchange()
    deadlines.begin(late)
    await late.arrived

    assert (late.is_expired, late.is_complete, len(deadlines)) == (True, False, 0)


async def test_who_has_arrived_is_left_alone(exchange):
    """Even when its end was not told; and the next one is still looked after."""
    deadlines, first, second = Deadlines(0.001), exchange(), exchange()
    for one in (first, second):
        deadlines.begin(one)
    first.complete()
    await second.arrived

    assert (first.is_expired, first.fault, second.is_expired) == (False, None, True)


async def test_the_timer_is_set_anew_for_whoever_comes_later(exchange):
    """After the first has ended, and after none was left."""
    deadlines, first, second, third = Deadlines(0.001), exchange(), exchange(), exchange()
    deadlines.begin(first)
    deadlines.end(first)
    deadlines.begin(second)
    await second.arrived
    deadlines.begin(third)
    await third.arrived

    assert [one.is_expired for one in (first, second, third)] == [False, True, True]


async def test_after_closing_nothing_is_due(exchange):
    """No timer is left behind."""
    deadlines = Deadlines(60)
    deadlines.begin(exchange())
    deadlines.close()

    assert (len(deadlines), deadlines._timer) == (0, None)
