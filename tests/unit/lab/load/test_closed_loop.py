"""Users with and without think time."""

import math

import pytest

from scalelab.lab.load.closed_loop import UserPacer


def test_a_user_is_due_again_after_an_answer_and_a_think_time():
    """Not before; nobody is due while all wait."""
    pacer = UserPacer(1, 1.0, 2.0, seed=1)
    pacer.take()
    idle_s = pacer.due_s

    pacer.answered(0, 10.0)

    assert idle_s == math.inf
    assert 11.0 <= pacer.due_s <= 12.0


def test_users_begin_as_if_they_had_always_been_there():
    """With 1-2 s of thinking the first second has N / Z requests: no wave at the start."""
    pacer = UserPacer(6000, 1.0, 2.0, seed=1)

    in_first_second = sum(due_s < 1 for due_s, _ in pacer._due)

    assert in_first_second == pytest.approx(6000 / 1.5, rel=0.03)
    assert all(0 <= due_s <= 2 for due_s, _ in pacer._due)


def test_users_are_dealt_out_to_generators():
    """Five users, two generators: none is two, the seeds differ."""
    parts = [UserPacer(5, 0.5, 1.5, seed=3, part=part, parts=2) for part in range(2)]

    users = [sorted(user for _, user in pacer._due) for pacer in parts]

    assert users == [[0, 2, 4], [1, 3]]


def test_offered_counts_users_who_are_due():
    """Taken, or due before the end."""
    pacer = UserPacer(3, 0.0, 0.0, seed=1)
    pacer.take()

    assert pacer.offered_until(1.0) == 3
