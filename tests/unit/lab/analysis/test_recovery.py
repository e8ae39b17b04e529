"""How long a fault was felt, from tenths of a second."""

import pytest

from scalelab.contracts.faults import Fault, FaultTrace
from scalelab.lab.analysis.recovery import fault_outcomes
from scalelab.lab.results.recording import FineRecord

START_UNIX_S = 1_000_000.0
RATE = 10
"""Answers in each tenth."""


def trace(at_s, lasts_s=0.0, noticed_s=None, kind="freeze"):
    fault = Fault(kind=kind, target="api_gateway-1", at_s=at_s, duration_s=lasts_s if kind == "freeze" else 0.0)
    return FaultTrace(
        fault=fault,
        began_unix_s=START_UNIX_S + at_s,
        ended_unix_s=START_UNIX_S + at_s + lasts_s,
        noticed_unix_s=None if noticed_s is None else START_UNIX_S + at_s + noticed_s,
    )


def fine(seconds=30, completed=(), failed=(), slow=(), hits=()):
    """RATE answers of 0.1 s in each tenth, but for what is said of stretches (from, to, value); no hits."""
    columns = [[RATE] * (seconds * 10), [0] * (seconds * 10), [0.1] * (seconds * 10), [0] * (seconds * 10)]
    for column, stretches in zip(columns, (completed, failed, slow, hits), strict=True):
        for start_s, end_s, value in stretches:
            column[round(start_s * 10) : round(end_s * 10)] = [value] * round((end_s - start_s) * 10)
    return FineRecord(step_s=0.1, completed=columns[0], failed=columns[1], slowest_s=columns[2], hits=columns[3])


def outcomes(traces, record, load_end_s=30.0):
    return fault_outcomes(traces, record, START_UNIX_S, load_end_s)


def test_what_nobody_noticed_cost_nothing():
    """No dip, no failure, no slow answer."""
    (one,) = outcomes([trace(10.0, 2.0)], fine())

    assert (one.failed, one.recovered_after_s, one.quick_after_s) == (0, 0.0, 0.0)
    assert (one.began_s, one.ended_s, one.noticed_after_s) == (10.0, 12.0, None)


def test_a_dip_lasts_until_the_rate_is_full_for_good():
    """Nothing from 10.0 to 11.2 s: the first full half second begins at 11.2."""
    (one,) = outcomes([trace(10.0, 2.0, noticed_s=0.4)], fine(completed=[(10.0, 11.2, 0)]))

    assert one.recovered_after_s == pytest.approx(1.2, abs=0.11)
    assert one.noticed_after_s == pytest.approx(0.4)


def test_two_dips_close_together_are_one():
    """A full second between them is not yet calm."""
    record = fine(completed=[(10.0, 10.8, 0), (11.8, 12.6, 0)])

    (one,) = outcomes([trace(10.0, 2.0)], record)

    assert one.recovered_after_s == pytest.approx(2.6, abs=0.11)


def test_a_dip_that_begins_late_has_another_reason():
    """Ten seconds after the roll-back."""
    (one,) = outcomes([trace(10.0, 2.0)], fine(completed=[(22.0, 23.0, 0)]))

    assert one.recovered_after_s == 0.0


def test_what_never_came_back_is_said_to():
    """None, and not the length of the run."""
    (one,) = outcomes([trace(10.0, 2.0)], fine(completed=[(10.0, 30.0, 5)]))

    assert one.recovered_after_s is None
    assert one.failed == 0


def test_failures_count_until_the_next_fault():
    """Seven in the first second, three after the second fault."""
    record = fine(failed=[(10.5, 10.6, 7), (20.2, 20.3, 3), (5.0, 5.1, 99)])

    first, second = outcomes([trace(10.0, 2.0), trace(20.0, 2.0)], record)

    assert (first.failed, second.failed) == (7, 3)


def test_slow_answers_have_a_recovery_of_their_own():
    """Those that were held come five seconds late, while the rate is full again long before."""
    record = fine(completed=[(10.0, 10.6, 6)], slow=[(15.0, 15.2, 5.0)])

    (one,) = outcomes([trace(10.0, 5.0)], record)

    assert one.recovered_after_s == pytest.approx(0.6, abs=0.21)
    assert one.quick_after_s == pytest.approx(5.2, abs=0.11)
    assert one.slowest_s == pytest.approx(5.0)


@pytest.mark.parametrize("began_s", [0.0, 0.4])
def test_without_a_time_before_there_is_nothing_to_come_back_to(began_s):
    """Failures are counted all the same."""
    (one,) = outcomes([trace(began_s, 1.0)], fine(failed=[(1.0, 1.1, 4)]))

    assert (one.failed, one.recovered_after_s, one.slowest_s) == (4, None, None)


def test_without_tenths_only_times_are_told():
    """Of a driver that does not count them."""
    (one,) = fault_outcomes([trace(10.0, 2.0)], None, START_UNIX_S, 30.0)

    assert (one.what, one.failed) == ("freeze api_gateway-1 for 2 s", None)


def test_the_hit_ratio_comes_back():
    """Eight of ten before; none for 3 s, half for one more, then eight again. A dip within a second is seen in it."""
    record = fine(hits=[(0, 10, 8), (10, 13, 0), (13, 14, 5), (14, 30, 8)])

    (one,) = outcomes([trace(10.0, 2.0)], record)

    assert one.hit_ratio_before == pytest.approx(0.8)
    assert one.hits_back_after_s == pytest.approx(4.0, abs=0.31)


@pytest.mark.parametrize(
    ("hits", "before", "back_s"),
    [
        ([(0, 30, 8)], 0.8, 0.0),  # nobody noticed
        ([(0, 10, 8)], 0.8, None),  # not before the end
        ([(10, 30, 8)], None, None),  # there were none before
    ],
)
def test_a_hit_ratio_that_did_not_fall_or_did_not_come_back(hits, before, back_s):
    """Three different things."""
    (one,) = outcomes([trace(10.0, 2.0)], fine(hits=hits))

    assert (one.hit_ratio_before, one.hits_back_after_s) == (before, back_s)


def test_a_rate_that_scatters_has_not_dipped_when_it_does_so_again():
    """Half a second with three fifths of the rate came before the fault too; with two fifths it is a dip."""
    before = (7.0, 7.5, 6)
    (same,) = outcomes([trace(10.0, kind="kill")], fine(completed=[before, (11.0, 11.5, 6)]))
    (less,) = outcomes([trace(10.0, kind="kill")], fine(completed=[before, (11.0, 11.5, 4)]))

    assert same.recovered_after_s == 0.0
    assert less.recovered_after_s == pytest.approx(1.5, abs=0.31)
