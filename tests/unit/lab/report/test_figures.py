"""How numbers are shown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scalelab.lab.report import figures


@pytest.mark.parametrize(
    ("value_s", "text"),
    [(26.99209, "26,992"), (0.1, "100"), (0.0523, "52.3"), (0.002482, "2.48"), (0.0, "0.00"), (None, "-")],
)
def test_milliseconds_have_three_digits_or_more(value_s, text):
    """Neither noise nor loss."""
    assert figures.milliseconds(value_s) == text


@pytest.mark.parametrize(
    ("ratio", "text"),
    [(1.0, "100.0%"), (0.99999, "99.9%"), (0.0, "0.0%"), (0.0001, "<0.1%"), (0.941, "94.1%"), (None, "-")],
)
def test_a_share_is_never_rounded_to_all_or_nothing(ratio, text):
    """One miss in a hundred thousand is not 100 %, one hit is not 0 %."""
    assert figures.share(ratio) == text


def test_what_is_not_there_is_a_dash():
    """Never 0, never NaN."""
    absent = {
        figures.rate(None),
        figures.whole(None),
        figures.times(None),
        figures.seconds(None),
        figures.validity(()),
    }

    assert absent == {figures.ABSENT}


@given(st.floats(0, 1e6))
def test_a_shown_time_is_the_value_to_half_a_percent(value_s):
    """For everything above a tenth of a millisecond."""
    shown_ms = float(figures.milliseconds(value_s).replace(",", ""))

    assert shown_ms == pytest.approx(value_s * 1000, rel=0.005, abs=0.005)
