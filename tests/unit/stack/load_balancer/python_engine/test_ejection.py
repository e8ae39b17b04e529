"""Members that are left alone for their failures."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scalelab.stack.load_balancer.python_engine.ejection import MOST_TIMES, Ejection, EjectionRule

RULE = EjectionRule(failures=3, time_s=10.0, max_share=0.5)


def _failed(times, now_s=100.0, ejection=None, *, has_room=True):
    ejection = ejection or Ejection()
    for _ in range(times):
        ejection = ejection.after_failure(now_s, RULE, has_room=has_room)
    return ejection


def test_so_many_failures_in_a_row():
    """Not one less; and a good answer between them begins the row anew."""
    between = _failed(2).after_success()

    assert not _failed(2).is_out(100.0)
    assert not _failed(2, ejection=between).is_out(100.0)
    assert _failed(3).is_out(100.0)


def test_it_comes_back_by_itself():
    """When its time is over; failures meanwhile, of what it had in hand, make it no longer."""
    ejected = _failed(3)
    later = _failed(5, now_s=105.0, ejection=ejected)

    assert ejected == later
    assert (ejected.is_out(109.9), ejected.is_out(110.0)) == (True, False)


def test_each_time_in_a_row_is_longer_up_to_a_bound():
    """One after the other without a good answer: 10, 20, 30 ... 100, 100 s; a good one forgives them."""
    ejection, now_s, times_s = Ejection(), 0.0, []
    for _ in range(MOST_TIMES + 2):
        ejection = _failed(3, now_s, ejection)
        times_s.append(ejection.until_s - now_s)
        now_s = ejection.until_s

    assert times_s == [*(10.0 * times for times in range(1, MOST_TIMES + 1)), 100.0, 100.0]
    assert _failed(3, now_s, ejection.after_success()).until_s == now_s + 10.0


def test_without_room_it_stays_until_there_is_some():
    """Its failures are counted all the same: the next one ejects it."""
    stays = _failed(7, has_room=False)

    assert not stays.is_out(100.0)
    assert _failed(1, ejection=stays).is_out(100.0)


@pytest.mark.parametrize(
    ("ejected", "members", "max_share", "expected"),
    [
        (0, 3, 0.67, True),
        (1, 3, 0.67, True),
        (2, 3, 0.67, False),
        (0, 1, 0.5, False),
        (0, 2, 0.5, True),
        (0, 9, 0, False),
    ],
)
def test_the_cap(ejected, members, max_share, expected):
    """B21: of three with two thirds never the third; of one never the one."""
    assert EjectionRule(3, 10.0, max_share).has_room(ejected, members) is expected


@given(st.integers(1, 100))
def test_nobody_is_ejected_without_a_rule(failures):
    """0 failures means never."""
    ejection = Ejection()
    for _ in range(failures):
        ejection = ejection.after_failure(1.0, EjectionRule(), has_room=True)

    assert not ejection.is_out(1.0)
