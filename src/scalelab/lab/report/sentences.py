"""The sentences that the numbers really support, and those that an ordinary report would have printed. Pure.

Nothing is claimed of a scenario that is not valid; where users or CPU are the limit, the sentence says so.
"""

from collections.abc import Iterator, Sequence

from scalelab.lab.analysis.prediction import THINK_TIME
from scalelab.lab.analysis.statistics import ratio_of_runs
from scalelab.lab.report import figures as shown
from scalelab.lab.report.comparisons import Comparison, comparisons_of
from scalelab.lab.report.scenario_figures import INTERVAL_SEED, ScenarioFigures
from scalelab.lab.scenario_names import CACHE, GATEWAYS

SAME_WITHIN_RATIO = 0.05
"""Rates nearer than this are called the same: one run cannot tell them apart."""
NAIVE_DIFFERS_FROM = 0.05


def findings(scenarios: Sequence[ScenarioFigures]) -> tuple[str, ...]:
    """What the run shows: one sentence or two for each comparison, then what limits each scenario."""
    comparisons = comparisons_of(scenarios)
    compared = [scenario for comparison in comparisons for scenario in comparison.scenarios]
    alone = [scenario for scenario in scenarios if scenario not in compared and not scenario.is_valid]
    return (
        *(_comparison_sentence(comparison) for comparison in comparisons),
        *(f"{scenario.title}: no claim, because it is {shown.validity(scenario.validity)}." for scenario in alone),
        *_limits(scenarios),
    )


def naive_sentences(scenarios: Sequence[ScenarioFigures]) -> tuple[str, ...]:
    """Where the naive line differs from the measurement by more than a twentieth, what it would have said."""
    return tuple(_naive_sentence(scenario) for scenario in scenarios if _is_naive_different(scenario))


# --- comparisons --------------------------------------------------------------------------------------------------
def _comparison_sentence(comparison: Comparison) -> str:
    doubtful = [scenario for scenario in (comparison.baseline, comparison.changed) if not scenario.is_valid]
    if doubtful:
        reasons = "; ".join(f"{scenario.title} is {shown.validity(scenario.validity)}" for scenario in doubtful)
        return f"{_pair(comparison)}: no claim, because {reasons}."
    before, after = comparison.baseline.throughput_per_s, comparison.changed.throughput_per_s
    if not before or after is None:
        return f"{_pair(comparison)}: no claim, because a rate is missing."
    return f"{_pair(comparison)}: {_rate_clause(comparison, before, after)}{_response_clause(comparison)}"


def _pair(comparison: Comparison) -> str:
    return f"{comparison.changed.title} against {comparison.baseline.title}"


def _rate_clause(comparison: Comparison, before: float, after: float) -> str:
    ratio = after / before
    interval = ratio_of_runs(comparison.changed.rates_per_s, comparison.baseline.rates_per_s, INTERVAL_SEED)
    between = f" (95 % interval {shown.times(interval.low)} to {shown.times(interval.high)})" if interval else ""
    rates = f"{shown.rate(after)} against {shown.rate(before)} requests/s"
    expected = _expected_ratio(comparison)
    predicted = f"; predicted {shown.times(expected)}" if expected is not None else ""
    if abs(ratio - 1) <= SAME_WITHIN_RATIO:
        clause = (
            f"the same throughput within {SAME_WITHIN_RATIO:.0%}, {rates} ({shown.times(ratio)} times"
            f"{between}{predicted})."
        )
        return f"{clause}{_why_same(comparison)}"
    if interval is not None and interval.low <= 1 <= interval.high:
        return f"no difference can be claimed from these runs: {rates}, {shown.times(ratio)} times{between}."
    return f"{shown.times(ratio)} times the throughput{between}, {rates}{predicted}."


def _expected_ratio(comparison: Comparison) -> float | None:
    before, after = comparison.baseline.prediction, comparison.changed.prediction
    if before is None or after is None or before.throughput_per_s <= 0:
        return None
    return after.throughput_per_s / before.throughput_per_s


def _why_same(comparison: Comparison) -> str:
    scenarios = (comparison.baseline, comparison.changed)
    if not all(_is_bound_by_users(scenario) for scenario in scenarios):
        return ""
    what = {GATEWAYS: "Further gateways", CACHE: "The cache"}.get(
        comparison.factor, f"A change of {comparison.factor}"
    )
    return (
        f" {what} cannot raise it: the users are the limit, who think "
        f"{shown.seconds(comparison.changed.first.think_time_mean_s)} between an answer and the next request."
    )


def _response_clause(comparison: Comparison) -> str:
    before, after = comparison.baseline.response_mean_s, comparison.changed.response_mean_s
    if before is None or after is None:
        return ""
    return f" Mean response {shown.milliseconds(after)} ms instead of {shown.milliseconds(before)} ms."


# --- limits -------------------------------------------------------------------------------------------------------
def _limits(scenarios: Sequence[ScenarioFigures]) -> Iterator[str]:
    valid = [scenario for scenario in scenarios if scenario.is_valid and scenario.prediction is not None]
    by_formula: dict[tuple[str, str], list[ScenarioFigures]] = {}
    for scenario in valid:
        if scenario.prediction is not None and not scenario.has_caveat("off-prediction"):
            key = (scenario.prediction.binding, scenario.prediction.formula)
            by_formula.setdefault(key, []).append(scenario)
    for (binding, formula), group in by_formula.items():
        yield f"The limit of {_titles(group)} is {_limit_name(binding)}: {formula}."
    busy = [scenario for scenario in scenarios if scenario.is_valid and scenario.has_caveat("machine-busy")]
    if busy:
        yield (
            f"All cores of the machine were busy during much of {_titles(busy)}: CPU may hold these rates down, so "
            "they are lower bounds of what the system can do."
        )


def _limit_name(binding: str) -> str:
    return "the users, not the system (think time)" if binding == THINK_TIME else f"the system's {binding}"


def _is_bound_by_users(scenario: ScenarioFigures) -> bool:
    return scenario.prediction is not None and scenario.prediction.binding == THINK_TIME


def _titles(scenarios: Sequence[ScenarioFigures]) -> str:
    names = [f"“{scenario.title}”" for scenario in scenarios]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


# --- the naive line -----------------------------------------------------------------------------------------------
def _is_naive_different(scenario: ScenarioFigures) -> bool:
    pairs = (
        (scenario.naive_mean_s, scenario.response_mean_s),
        (scenario.naive_throughput_per_s, scenario.throughput_per_s),
    )
    return any(_differs(naive, measured) for naive, measured in pairs)


def _differs(naive: float | None, measured: float | None) -> bool:
    if naive is None or measured is None:
        return naive is not measured
    return abs(naive - measured) > NAIVE_DIFFERS_FROM * measured


def _naive_sentence(scenario: ScenarioFigures) -> str:
    return (
        f"{scenario.title}: {shown.milliseconds(scenario.naive_mean_s)} ms, "
        f"{shown.rate(scenario.naive_throughput_per_s)} requests/s, {shown.whole(scenario.naive_failures)} failures. "
        f"Measured here: {shown.milliseconds(scenario.response_mean_s)} ms, "
        f"{shown.rate(scenario.throughput_per_s)} requests/s, {shown.whole(scenario.failures)} failures"
        f"{'' if scenario.is_valid else f' (not valid: {shown.validity(scenario.validity)})'}."
    )
