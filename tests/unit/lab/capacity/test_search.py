"""The search finds a capacity that noise hides, and its interval holds it as often as it says."""

from random import Random

import pytest

from scalelab.lab.capacity.search import Finished, Limits, Next, Trial, estimate_of, next_step

LIMITS = Limits(start_per_s=10.0, most_per_s=100_000.0, least_per_s=0.5, precision_ratio=0.025)


def search(outcome_of, limits=LIMITS, most_trials=80):
    """Trials until it is finished."""
    trials = []
    while len(trials) < most_trials:
        step = next_step(trials, limits)
        if isinstance(step, Finished):
            return step, trials
        trials.append(Trial(step.rate_per_s, outcome_of(step.rate_per_s), ""))
    return None, trials


def sharp(capacity):
    return lambda rate: "meets" if rate <= capacity else "fails"


def test_it_doubles_until_a_trial_fails():
    """10, 20, 40, 80; then it looks between 40 and 80."""
    _, trials = search(sharp(64.0))

    assert [trial.rate_per_s for trial in trials[:4]] == [10.0, 20.0, 40.0, 80.0]
    assert 40.0 < trials[4].rate_per_s < 80.0


def test_it_halves_when_the_first_trial_fails():
    """The start was too high."""
    _, trials = search(sharp(4.0))

    assert [trial.rate_per_s for trial in trials[:3]] == [10.0, 5.0, 2.5]


@pytest.mark.parametrize("capacity", [4.0, 64.0, 192.0, 9_000.0])
def test_a_sharp_limit_is_found(capacity):
    """Within the precision, in a number of trials that nobody minds."""
    finished, trials = search(sharp(capacity))

    assert finished.end == "precise"
    assert finished.estimate.per_s == pytest.approx(capacity, rel=0.03)
    assert finished.estimate.low_per_s <= capacity <= finished.estimate.high_per_s
    assert len(trials) <= 40


def test_accidents_are_survived():
    """Two trials far below the limit fail by accident: a plain bisection would end there."""
    draws = iter(range(1000))
    finished, _ = search(lambda rate: "fails" if next(draws) in {2, 6} else sharp(100.0)(rate))

    assert finished.estimate.per_s == pytest.approx(100.0, rel=0.03)


def test_the_interval_holds_the_capacity_as_often_as_it_says():
    """200 searches with trials that are blurred near the limit and wrong in 2 of 100: at least 90 % hold it."""
    draws = Random(11)

    def blurred(rate):
        is_met = draws.gauss(0.0, 0.012) < 64.0 / rate - 1
        if draws.random() < 0.02:
            is_met = not is_met
        return "meets" if is_met else "fails"

    found = [search(blurred)[0] for _ in range(200)]

    held = sum(one is not None and one.estimate.low_per_s <= 64.0 <= one.estimate.high_per_s for one in found)
    assert held >= 180


def test_the_highest_rate_is_an_answer_of_its_own():
    """Everything meets: at least so much, and no upper end is invented."""
    finished, _ = search(lambda _rate: "meets", Limits(10.0, 70.0, 0.5, 0.025))

    assert finished == Finished("at-least", finished.estimate)
    assert finished.estimate.per_s == 70.0


def test_nothing_meets():
    """Down to the lowest rate, and then no answer."""
    finished, trials = search(lambda _rate: "fails")

    assert (finished.end, finished.estimate) == ("at-most", None)
    assert min(trial.rate_per_s for trial in trials) >= LIMITS.least_per_s


def test_a_weak_generator_is_not_the_system():
    """It could not make 80: the answer is that the system does at least 40."""
    finished, _ = search(lambda rate: "meets" if rate < 80 else "generator")

    assert finished.end == "generator"
    assert finished.estimate.per_s == 40.0


def test_a_limit_below_the_generators_is_still_found():
    """A trial that the generator could not make says nothing against those it could."""
    trials = [Trial(rate, "meets", "") for rate in (10.0, 20.0, 40.0)]
    trials += [Trial(80.0, "fails", ""), Trial(75.0, "generator", "")]

    step = next_step(trials, LIMITS)

    assert isinstance(step, Next)
    assert step.rate_per_s < 75.0


def test_there_is_no_estimate_of_one_side_alone():
    """As long as nothing failed, nothing is known but a lower bound."""
    assert estimate_of([Trial(10.0, "meets", "")]) is None
