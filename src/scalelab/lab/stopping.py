"""When an open number of repetitions is enough: every headline interval narrow, or the budget spent. Pure."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from scalelab.lab.report.scenario_figures import ScenarioFigures

LEAST_BLOCKS = 3
"""Two runs may agree by chance."""
_WIDTH = re.compile(r"^\s*([0-9]*\.?[0-9]+)\s*%\s*$")
_DURATION = re.compile(r"^\s*([0-9]*\.?[0-9]+)\s*(s|m|min|h)\s*$")
_UNITS_S = {"s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0}


class StoppingRuleError(ValueError):
    """Raised when a width or a budget is none; the message says what could stand there."""


@dataclass(frozen=True)
class StoppingRule:
    """Repeat until every 95 % interval's half width is at most this share of its value, or time is up."""

    relative_half_width: float
    budget_s: float

    def __str__(self) -> str:
        """As a sentence's end."""
        return f"every headline interval within ±{_percent(self.relative_half_width)}, budget {self.budget_s:.0f} s"


def parse_rule(width: str, budget: str) -> StoppingRule:
    """A rule from texts such as `5%` and `20m`.

    Raises:
        StoppingRuleError: one of them is not of that form, or not above 0.
    """
    share = _WIDTH.match(width)
    if share is None or float(share[1]) <= 0:
        raise StoppingRuleError(f"--until {width}: write a share above 0 such as 5%")
    return StoppingRule(float(share[1]) / 100, parse_budget_s(budget))


def parse_budget_s(budget: str) -> float:
    """Seconds from a text such as `90s`, `20m` or `2h`.

    Raises:
        StoppingRuleError: it is not of that form, or not above 0.
    """
    time = _DURATION.match(budget)
    if time is None or float(time[1]) <= 0:
        raise StoppingRuleError(f"--budget {budget}: write a duration above 0 such as 90s, 20m or 2h")
    return float(time[1]) * _UNITS_S[time[2]]


def reason_to_end(rule: StoppingRule, figures: Sequence[ScenarioFigures], blocks: int, elapsed_s: float) -> str:
    """Why no further block is needed or affordable; empty when another one is to be run.

    Args:
        rule: what must be reached.
        figures: every scenario over the blocks so far.
        blocks: how many there were.
        elapsed_s: what they took together; another one is expected to take as long as the mean.
    """
    widths = [width for scenario in figures for width in _widths(scenario)]
    if not widths and blocks >= LEAST_BLOCKS:
        return f"ended after {blocks} blocks: no scenario has a figure whose interval could become narrow"
    if blocks >= LEAST_BLOCKS and all(width is not None and width <= rule.relative_half_width for _, width in widths):
        return f"ended after {blocks} blocks: every headline interval is within ±{_percent(rule.relative_half_width)}"
    if elapsed_s + elapsed_s / blocks <= rule.budget_s:
        return ""
    plural = "block" if blocks == 1 else "blocks"
    return (
        f"ended after {blocks} {plural} because the budget of {rule.budget_s:.0f} s does not hold another one; "
        f"{_widest(widths)}"
    )


def _widths(scenario: ScenarioFigures) -> Iterator[tuple[str, float | None]]:
    """(whose, relative half width or None without an interval) of every headline figure that there is."""
    for headline in scenario.headlines:
        if headline.value:
            yield f"{headline.name} of {scenario.title}", headline.relative_half_width


def _widest(widths: Sequence[tuple[str, float | None]]) -> str:
    known = [(width, whose) for whose, width in widths if width is not None]
    if len(known) < len(widths) or not known:
        return "there are too few runs for an interval"
    width, whose = max(known)
    return f"the widest interval is ±{_percent(width)}, the {whose}"


def _percent(share: float) -> str:
    return f"{share * 100:.3g} %"
