"""Open and closed load keep the same promises to the engine."""

import math

import pytest

from scalelab.lab.load.arrivals import EvenArrivals, PoissonArrivals, constant
from scalelab.lab.load.closed_loop import UserPacer
from scalelab.lab.load.open_loop import ScheduledPacer

PACERS = {
    "even": lambda: ScheduledPacer(EvenArrivals(constant(50, 1))),
    "poisson": lambda: ScheduledPacer(PoissonArrivals(constant(50, 1), 1)),
    "users": lambda: UserPacer(50, 0.2, 0.4, seed=1),
    "saturating": lambda: UserPacer(50, 0.0, 0.0, seed=1),
}


@pytest.fixture(params=PACERS)
def pacer(request):
    return PACERS[request.param]()


def test_what_is_taken_was_due(pacer):
    """`take` gives the time that `due_s` said; times do not go back while nobody answers."""
    taken = []
    while pacer.due_s < math.inf:
        due_s = pacer.due_s
        taken.append(pacer.take())
        assert taken[-1] == due_s

    assert taken == sorted(taken)
    assert len(taken) > 30


def test_offered_never_falls_and_holds_what_was_taken(pacer):
    """Whatever was taken was offered."""
    for _ in range(10):
        pacer.take()

    counts = [pacer.offered_until(end_s) for end_s in (0.5, 1.0, 2.0)]

    assert counts == sorted(counts)
    assert counts[-1] >= 10


def test_an_answer_never_makes_the_past_due(pacer):
    """What is due after an answer is not before it, unless it was due anyway."""
    pacer.take()
    user, before_s = pacer.user, pacer.due_s

    pacer.answered(user, 5.0)

    assert pacer.due_s == before_s or pacer.due_s >= 5.0
