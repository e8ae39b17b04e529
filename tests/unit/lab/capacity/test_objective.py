"""What must hold, and what a load says of it."""

import pytest

from scalelab.lab.capacity.objective import ObjectiveTextError, judge_trial, parse_objective, trial_window_s
from scalelab.lab.load.histogram import LatencyHistogram


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "it is empty"),
        ("p99 > 200 ms", "is no upper bound: write p99 < ..."),
        ("rate < 5 /s", "the rate is what is looked for"),
        ("p99 < 200", "has no unit"),
        ("p42 < 1 s", "there is no metric"),
    ],
)
def test_what_is_no_objective_is_refused(text, words):
    """With what could stand there."""
    with pytest.raises(ObjectiveTextError, match=words):
        parse_objective(text)


def test_a_trial_is_as_long_as_its_percentiles_need():
    """p99 takes 1,000 samples, an error share below 0.1 % as many: at 20/s a minute, at 1,000/s the shortest."""
    criteria = parse_objective("p99 < 200 ms, errors < 0.1 %")

    assert trial_window_s(criteria, 20.0, 5.0) == pytest.approx(1.2 * 1001 / 20)
    assert trial_window_s(criteria, 1000.0, 5.0) == 5.0
    assert trial_window_s(parse_objective("mean < 1 s"), 1.0, 5.0) == 5.0


@pytest.mark.parametrize(
    ("changes", "outcome", "words"),
    [
        ({}, "meets", "p50 is 100"),
        ({"p50": 0.3}, "fails", "p50 is 300"),
        ({"validities": ("not-steady",)}, "fails", "it was not-steady"),
        ({"validities": ("generator-limited",)}, "generator", "fell behind"),
        ({"rate_per_s": 95.0}, "fails", "only 95.0 of 100.0 requests/s were answered"),
        ({"rate_per_s": None}, "fails", "only 0.0 of"),
        ({"p50": None}, "fails", "cannot be told"),
    ],
)
def test_a_trial_is_judged(a_result, changes, outcome, words):
    """Not kept, not steady, too few answers and not told are failures; a weak generator is none."""
    trial = judge_trial(parse_objective("p50 < 200 ms"), 100.0, a_result(**changes), LatencyHistogram())

    assert trial.outcome == outcome
    assert words in trial.reason
