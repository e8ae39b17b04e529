"""Which scenarios may be set side by side: those that differ in one factor only. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from scalelab.lab.analysis.statistics import Interval, ratio_of_runs
from scalelab.lab.report.scenario_figures import INTERVAL_SEED, ScenarioFigures
from scalelab.lab.scenario_names import CACHE

SAME_WITHIN_RATIO = 0.05
"""Rates nearer than this are called the same: one run cannot tell them apart."""


@dataclass(frozen=True)
class Comparison:
    """Scenarios that differ in one factor, the baseline first: fewest, or miss, or as in the experiment."""

    factor: str
    scenarios: tuple[ScenarioFigures, ...]

    @property
    def baseline(self) -> ScenarioFigures:
        """What the others are compared with."""
        return self.scenarios[0]

    @property
    def changed(self) -> ScenarioFigures:
        """The farthest from the baseline."""
        return self.scenarios[-1]


@dataclass(frozen=True)
class RateChange:
    """Throughput of the changed scenario beside the baseline's, in requests a second."""

    before_per_s: float
    after_per_s: float
    interval: Interval | None
    """Of the ratio, 95 %; None with single runs."""

    @property
    def ratio(self) -> float:
        """2.0: twice the throughput."""
        return self.after_per_s / self.before_per_s

    @property
    def kind(self) -> Literal["same", "undecided", "changed"]:
        """What may be said: nearer than runs can tell, an interval with both signs, or a change."""
        if abs(self.ratio - 1) <= SAME_WITHIN_RATIO:
            return "same"
        is_undecided = self.interval is not None and self.interval.low <= 1 <= self.interval.high
        return "undecided" if is_undecided else "changed"


def rate_change(comparison: Comparison) -> RateChange | None:
    """None when a rate is missing."""
    before, after = comparison.baseline.throughput_per_s, comparison.changed.throughput_per_s
    if not before or after is None:
        return None
    interval = ratio_of_runs(comparison.changed.rates_per_s, comparison.baseline.rates_per_s, INTERVAL_SEED)
    return RateChange(before, after, interval)


def comparisons_of(figures: Sequence[ScenarioFigures]) -> tuple[Comparison, ...]:
    """For each factor, every group of two or more scenarios that are alike in all others."""
    factors = dict.fromkeys(factor for scenario in figures for factor in scenario.first.factors)
    return tuple(comparison for factor in factors for comparison in _of_factor(factor, figures))


def _of_factor(factor: str, figures: Sequence[ScenarioFigures]) -> list[Comparison]:
    groups: dict[tuple[tuple[str, object], ...], list[ScenarioFigures]] = {}
    for scenario in figures:
        others = tuple((name, value) for name, value in scenario.first.factors.items() if name != factor)
        if factor in scenario.first.factors:
            groups.setdefault(others, []).append(scenario)
    return [Comparison(factor, tuple(_ordered(factor, group))) for group in groups.values() if len(group) > 1]


def _ordered(factor: str, group: list[ScenarioFigures]) -> list[ScenarioFigures]:
    values = [scenario.first.factors[factor] for scenario in group]
    if factor == CACHE:
        return sorted(group, key=lambda scenario: scenario.first.factors[factor] != "miss")
    if all(isinstance(value, int | float) for value in values):
        return sorted(group, key=lambda scenario: float(scenario.first.factors[factor]))
    return group
