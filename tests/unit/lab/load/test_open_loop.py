"""Pacing by a schedule, shared by several generators."""

import math
from itertools import chain

from hypothesis import given
from hypothesis import strategies as st

from scalelab.lab.load.arrivals import EvenArrivals, PoissonArrivals, ReplayedArrivals, constant
from scalelab.lab.load.open_loop import ScheduledPacer, offered_of_part


def drained(pacer):
    offsets = []
    while pacer.due_s < math.inf:
        offsets.append(pacer.take())
    return offsets


@given(st.integers(min_value=1, max_value=5))
def test_parts_make_up_the_whole_schedule(parts):
    """Whatever the number of generators, together they send the one schedule."""
    arrivals = PoissonArrivals(constant(100, 1), 3)

    dealt = [drained(ScheduledPacer(arrivals, part, parts)) for part in range(parts)]

    assert sorted(chain.from_iterable(dealt)) == list(arrivals)
    assert sum(offered_of_part(arrivals, 1, part, parts) for part in range(parts)) == sum(map(len, dealt))
    assert [offered_of_part(arrivals, 1, part, parts) for part in range(parts)] == [len(d) for d in dealt]


def test_offered_counts_what_was_due():
    """Also what was never taken."""
    pacer = ScheduledPacer(EvenArrivals(constant(10, 10)))
    pacer.take()

    assert pacer.offered_until(0.05) == 1
    assert pacer.offered_until(0.55) == 6
    assert pacer.offered_until(99) == 100


def test_each_request_has_a_number():
    """Which stands for a user where there is none, and no two generators have the same."""
    pacer = ScheduledPacer(ReplayedArrivals((0.0, 0.1, 0.2, 0.3)), part=1, parts=2)

    numbers = [(pacer.take(), pacer.user)[1] for _ in range(2)]

    assert numbers == [1, 3]
    assert not pacer.wants_answers
