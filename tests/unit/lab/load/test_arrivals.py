"""Schedules: rates, shapes, what is refused."""

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scalelab.lab.load.arrivals import (
    ArrivalError,
    EvenArrivals,
    PoissonArrivals,
    ReplayedArrivals,
    constant,
    ramp,
    spike,
    steps,
)

RATES = st.floats(min_value=0.1, max_value=2000)
DURATIONS = st.floats(min_value=0.05, max_value=2)


def test_a_constant_rate_starts_at_zero_and_is_regular():
    """4/s for a second: every quarter of a second, the first at once, none at the end."""
    assert list(EvenArrivals(constant(4, 1))) == [0.0, 0.25, 0.5, 0.75]


def test_the_lowest_and_the_highest_rate_work():
    """0.1/s for 20 s is two requests; 100,000/s has steps of 10 microseconds."""
    fast = list(itertools.islice(EvenArrivals(constant(100_000, 10)), 3))

    assert list(EvenArrivals(constant(0.1, 20))) == [0.0, 10.0]
    assert list(EvenArrivals(constant(0.1, 1))) == [0.0]
    assert fast == pytest.approx([0, 1e-5, 2e-5])
    assert EvenArrivals(constant(100_000, 600)).count_until(600) == 60_000_000


def test_a_ramp_follows_its_line():
    """From 0 to 100/s over 2 s: 100 requests, a quarter of them in the first half."""
    offsets = list(EvenArrivals(ramp(0, 100, 2)))

    assert len(offsets) == 100
    assert sum(offset < 1 for offset in offsets) == 25
    assert offsets[50] == pytest.approx(math.sqrt(2))


def test_steps_and_spikes_have_their_rates():
    """Each part has as many arrivals as its rate says."""
    stairs = list(EvenArrivals(steps((10, 20, 40), 3)))
    burst = list(EvenArrivals(spike(10, 100, 1, 0.5, 3)))

    assert [sum(int(offset) == second for offset in stairs) for second in range(3)] == [10, 20, 40]
    assert sum(1 <= offset < 1.5 for offset in burst) == 50
    assert len(burst) == 75


def test_poisson_arrivals_are_seeded_and_have_their_rate():
    """The same seed, the same schedule; mean and variance of the counts agree, as they do for Poisson."""
    first, again = PoissonArrivals(constant(1000, 10), 7), PoissonArrivals(constant(1000, 10), 7)
    other = PoissonArrivals(constant(1000, 10), 8)
    offsets = list(first)
    counts = [sum(1 for o in offsets if int(o * 10) == tenth) for tenth in range(100)]
    mean = sum(counts) / 100
    variance = sum((count - mean) ** 2 for count in counts) / 99

    assert offsets == list(again) != list(other)
    assert len(offsets) == pytest.approx(10_000, abs=400)
    assert 0.6 < variance / mean < 1.6


@given(RATES, DURATIONS, st.floats(min_value=0, max_value=3), st.booleans())
def test_counting_agrees_with_going_through(rate, duration, end, is_poisson):
    """`count_until` says how many offsets lie before a time; they are in order and within the duration."""
    curve = ramp(rate, rate / 2, duration)
    arrivals = PoissonArrivals(curve, 3) if is_poisson else EvenArrivals(curve)

    offsets = list(arrivals)

    assert offsets == sorted(offsets)
    assert all(0 <= offset <= duration + 1e-9 for offset in offsets)
    assert arrivals.count_until(duration + 1) == len(offsets)
    assert abs(arrivals.count_until(end) - sum(offset < end for offset in offsets)) <= 1


def test_a_recorded_schedule_is_played_as_it_is():
    """Offsets as given; counted by time."""
    arrivals = ReplayedArrivals((0.0, 0.5, 0.5, 2.0))

    assert list(arrivals) == [0.0, 0.5, 0.5, 2.0]
    assert arrivals.count_until(0.5) == 1
    assert arrivals.count_until(9) == 4


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: constant(0, 1), "nothing would be sent"),
        (lambda: constant(10, 0), "duration must be above 0 s"),
        (lambda: constant(-1, 1), "must not be below 0"),
        (lambda: constant(math.nan, 1), "finite"),
        (lambda: constant(10, math.inf), "finite"),
        (lambda: steps((), 1), "at least one rate"),
        (lambda: spike(1, 2, 3, 4, 5), "does not fit"),
        (lambda: ReplayedArrivals(()), "empty"),
        (lambda: ReplayedArrivals((1.0, 0.5)), "not in order"),
        (lambda: ReplayedArrivals((-1.0,)), "negative"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(make, message):
    """Zero rate, zero duration, nonsense: one clear line."""
    with pytest.raises(ArrivalError, match=message) as refusal:
        make()

    assert "\n" not in str(refusal.value)
