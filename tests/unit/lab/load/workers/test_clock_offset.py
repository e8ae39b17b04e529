"""What round trips say about another machine's clock."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scalelab.lab.load.workers.clock_offset import RoundTrip, offset_of

DELAYS = st.floats(min_value=0.0, max_value=1.0)


def round_trip(sent_s, offset_s, there_s, back_s):
    return RoundTrip(sent_s, sent_s + there_s + offset_s, sent_s + there_s + back_s)


def test_equal_delays_give_the_offset_exactly():
    """10 ms there, 10 ms back, and a clock that is 3 s ahead."""
    offset = offset_of([round_trip(100.0, 3.0, 0.01, 0.01)])

    assert offset.offset_s == pytest.approx(3.0)
    assert offset.uncertainty_s == pytest.approx(0.01)
    assert offset.on_other_clock(200.0) == pytest.approx(203.0)


@given(st.floats(-1e6, 1e6), st.lists(st.tuples(DELAYS, DELAYS), min_size=1, max_size=20))
def test_the_truth_lies_within_the_uncertainty(offset_s, delays):
    """However uneven the ways are."""
    measured = offset_of([round_trip(50.0 + number, offset_s, *ways) for number, ways in enumerate(delays)])

    assert abs(measured.offset_s - offset_s) <= measured.uncertainty_s + 1e-6
    assert measured.uncertainty_s <= min(there + back for there, back in delays) / 2 + 1e-6


def test_one_quick_round_trip_is_worth_more_than_many_slow_ones():
    """It is the one that counts."""
    slow = [round_trip(number, -7.0, 0.2, 0.0) for number in range(10)]

    assert offset_of([*slow, round_trip(11.0, -7.0, 0.001, 0.001)]).offset_s == pytest.approx(-7.0)
