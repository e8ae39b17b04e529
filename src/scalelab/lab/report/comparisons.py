"""Which scenarios may be set side by side: those that differ in one factor only. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from scalelab.lab.report.scenario_figures import ScenarioFigures
from scalelab.lab.scenario_names import CACHE


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
