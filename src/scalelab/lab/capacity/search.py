"""Which rate to try next, and what all trials together say of the capacity. Pure: trials in, rate or answer out.

First the rate is doubled until a trial fails. Then the capacity is looked for as something that noise hides: each
trial moves the chances of all rates (near the capacity it may come out either way, and any may go wrong by accident),
and the next is made at the median of what is likely.

Source: Waeber, Frazier, Henderson, Bisection search with noisy responses (2013); Horstein (1963).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Outcome = Literal["meets", "fails", "generator"]
ACCIDENT_CHANCE = 0.03
"""That a trial far from the capacity comes out wrong."""
BLUR = 0.015
"""Relative distance from the capacity at which a trial comes out right three times of four."""
GRID_POINTS = 4001
STEP_RATIO = 2.0
MARGIN_RATIO = 2.0
"""The capacity is looked for so far beyond the bracket, too: its ends may be accidents."""
CONFIDENCE = 0.95
LEAST_NEAR = 2
"""Trials of each outcome near the answer, before it is one."""
NEAR_RATIO = 0.1

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Trial:
    """One load at one rate."""

    rate_per_s: float
    outcome: Outcome
    reason: str
    """In words: what was met, or what failed."""


@dataclass(frozen=True)
class Limits:
    """What is asked of the search."""

    start_per_s: float
    most_per_s: float
    least_per_s: float
    precision_ratio: float
    """Half the interval's length over the capacity."""


@dataclass(frozen=True)
class Estimate:
    """A rate and the interval that holds the capacity with 95 %."""

    per_s: float
    low_per_s: float
    high_per_s: float

    @property
    def half_width_ratio(self) -> float:
        """Half its length over the value."""
        return (self.high_per_s - self.low_per_s) / 2 / self.per_s


End = Literal["precise", "at-most", "at-least", "generator"]


@dataclass(frozen=True)
class Finished:
    """The search is over. `at-most`: not even the lowest rate meets; `at-least`: the highest does."""

    end: End
    estimate: Estimate | None


@dataclass(frozen=True)
class Next:
    """Try this rate."""

    rate_per_s: float


def next_step(trials: Sequence[Trial], limits: Limits) -> Next | Finished:
    """What to do after these trials."""
    if any(trial.outcome == "generator" for trial in trials):
        return _with_a_weak_generator(trials, limits)
    meeting = [trial.rate_per_s for trial in trials if trial.outcome == "meets"]
    failing = [trial.rate_per_s for trial in trials if trial.outcome == "fails"]
    if not trials:
        return Next(limits.start_per_s)
    if not failing:
        highest = max(meeting)
        if highest >= limits.most_per_s:
            return Finished("at-least", Estimate(highest, highest, highest))
        return Next(min(limits.most_per_s, highest * STEP_RATIO))
    if not meeting:
        lowest = min(failing)
        return Next(lowest / STEP_RATIO) if lowest / STEP_RATIO >= limits.least_per_s else Finished("at-most", None)
    return _between(trials, limits)


def estimate_of(trials: Sequence[Trial]) -> Estimate | None:
    """What the trials say; None as long as none failed or none met."""
    if {trial.outcome for trial in trials} < {"meets", "fails"}:
        return None
    rates, chances = _chances(trials)
    tail = (1 - CONFIDENCE) / 2
    low, middle, high = (_quantile(rates, chances, share) for share in (tail, 0.5, 1 - tail))
    return Estimate(middle, low, high)


def _between(trials: Sequence[Trial], limits: Limits) -> Next | Finished:
    estimate = estimate_of(trials)
    assert estimate is not None  # both outcomes are there
    near = [trial for trial in trials if abs(trial.rate_per_s / estimate.per_s - 1) <= NEAR_RATIO]
    is_seen = all(sum(one.outcome == outcome for one in near) >= LEAST_NEAR for outcome in ("meets", "fails"))
    if is_seen and estimate.half_width_ratio <= limits.precision_ratio:
        return Finished("precise", estimate)
    if estimate.half_width_ratio <= limits.precision_ratio:
        return Next(_missing_side(near, estimate))
    return Next(estimate.per_s)


def _missing_side(near: Sequence[Trial], estimate: Estimate) -> float:
    """Just below or above the interval: the outcome of which there are fewer."""
    meeting = sum(trial.outcome == "meets" for trial in near)
    return estimate.low_per_s if meeting < LEAST_NEAR else estimate.high_per_s


def _with_a_weak_generator(trials: Sequence[Trial], limits: Limits) -> Next | Finished:
    """What it could not do says nothing of the system: only what it could counts, and what failed below that."""
    weak = min(trial.rate_per_s for trial in trials if trial.outcome == "generator")
    useful = [trial for trial in trials if trial.outcome != "generator"]
    if any(trial.outcome == "fails" for trial in useful):
        step = next_step(useful, limits)
        return (
            step
            if not isinstance(step, Next) or step.rate_per_s < weak
            else Finished("generator", estimate_of(useful))
        )
    highest = max((trial.rate_per_s for trial in useful), default=None)
    return Finished("generator", Estimate(highest, highest, highest) if highest is not None else None)


def _chances(trials: Sequence[Trial]) -> tuple[Numbers, Numbers]:
    """Of each rate to be the capacity, on a grid of equal ratios; before any trial all are alike."""
    meeting = max(trial.rate_per_s for trial in trials if trial.outcome == "meets")
    failing = min(trial.rate_per_s for trial in trials if trial.outcome == "fails")
    low, high = min(meeting, failing) / MARGIN_RATIO, max(meeting, failing) * MARGIN_RATIO
    logs = np.linspace(np.log(low), np.log(high), GRID_POINTS)
    likelihood = sum(_log_likelihoods(trials, logs), np.zeros_like(logs))
    chances = np.exp(likelihood - likelihood.max())
    return np.exp(logs), chances / chances.sum()


def _log_likelihoods(trials: Sequence[Trial], logs: Numbers) -> Iterator[Numbers]:
    for trial in trials:
        distance = np.clip((logs - np.log(trial.rate_per_s)) / BLUR, -500, 500)
        meets = ACCIDENT_CHANCE + (1 - 2 * ACCIDENT_CHANCE) / (1 + 3.0**-distance)
        yield np.log(meets if trial.outcome == "meets" else 1 - meets)


def _quantile(rates: Numbers, chances: Numbers, share: float) -> float:
    return float(np.interp(share, np.cumsum(chances), rates))
