"""When repetitions are enough."""

import pytest

from scalelab.lab.analysis.statistics import Interval
from scalelab.lab.report.scenario_figures import Headline
from scalelab.lab.stopping import StoppingRule, StoppingRuleError, parse_rule, reason_to_end

RULE = StoppingRule(relative_half_width=0.05, budget_s=1200.0)


class Figures:
    """What the rule reads of a scenario."""

    title = "1 gateway, miss"

    def __init__(self, *half_widths, value=100.0):
        names = ("throughput", "mean", "p99")
        self.headlines = tuple(
            Headline(name, value, None if half is None else Interval(value, value - half, value + half))
            for name, half in zip(names, half_widths, strict=False)
        )


@pytest.mark.parametrize(("text", "budget_s"), [("90s", 90.0), ("20m", 1200.0), ("1.5 h", 5400.0), ("20min", 1200.0)])
def test_widths_and_budgets_are_read(text, budget_s):
    """As a person writes them."""
    assert parse_rule("5 %", text) == StoppingRule(0.05, budget_s)


@pytest.mark.parametrize(("width", "budget"), [("5", "20m"), ("0%", "20m"), ("5%", "20"), ("5%", "0s")])
def test_what_is_neither_is_refused(width, budget):
    """A width without a percent sign is not guessed at."""
    with pytest.raises(StoppingRuleError, match="write a"):
        parse_rule(width, budget)


def test_narrow_intervals_end_it():
    """All three headlines within 5 %."""
    reason = reason_to_end(RULE, [Figures(5.0, 4.0, 1.0)], blocks=4, elapsed_s=400.0)

    assert reason == "ended after 4 blocks: every headline interval is within ±5 %"


def test_one_wide_interval_goes_on():
    """Though time is left."""
    assert reason_to_end(RULE, [Figures(5.0, 5.1)], blocks=4, elapsed_s=400.0) == ""


def test_two_runs_that_agree_are_not_enough():
    """They may by chance."""
    assert reason_to_end(RULE, [Figures(0.0, 0.0)], blocks=2, elapsed_s=200.0) == ""


def test_the_budget_ends_it_and_says_how_wide_it_still_is():
    """Another block of 300 s would not fit."""
    reason = reason_to_end(RULE, [Figures(5.0, 12.0)], blocks=3, elapsed_s=901.0)

    assert "the budget of 1200 s does not hold another one" in reason
    assert "±12 %, the mean of 1 gateway, miss" in reason


def test_one_block_that_took_the_budget_has_no_interval():
    """And says so."""
    reason = reason_to_end(RULE, [Figures(None, None)], blocks=1, elapsed_s=700.0)

    assert "ended after 1 block because" in reason
    assert "too few runs" in reason


def test_without_any_figure_nothing_is_repeated_for_ever():
    """Every run is without data."""
    assert "no scenario has a figure" in reason_to_end(RULE, [], blocks=3, elapsed_s=30.0)
