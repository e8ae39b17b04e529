"""The sentences that the numbers really support, and those that an ordinary report would have printed. Pure.

Nothing is claimed of a scenario that is not valid; where users or CPU are the limit, the sentence says so.
"""

from collections.abc import Iterator, Sequence

from scalelab.lab.analysis.prediction import THINK_TIME
from scalelab.lab.report import figures as shown
from scalelab.lab.report.comparisons import SAME_WITHIN_RATIO, Comparison, RateChange, comparisons_of, rate_change
from scalelab.lab.report.scenario_figures import ScenarioFigures
from scalelab.lab.scenario_names import CACHE, GATEWAYS

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
        return f"{pair_title(comparison)}: no claim, because {reasons}."
    change = rate_change(comparison)
    if change is None:
        return f"{pair_title(comparison)}: no claim, because a rate is missing."
    return f"{pair_title(comparison)}: {_rate_clause(comparison, change)}{_response_clause(comparison)}"


def pair_title(comparison: Comparison) -> str:
    """Which two are compared."""
    return f"{comparison.changed.title} against {comparison.baseline.title}"


def _rate_clause(comparison: Comparison, change: RateChange) -> str:
    expected = _expected_ratio(comparison)
    predicted = f"; predicted {shown.times(expected)}" if expected is not None else ""
    between, rates = interval_text(change), rates_text(change)
    if change.kind == "same":
        clause = (
            f"the same throughput within {SAME_WITHIN_RATIO:.0%}, {rates} ({shown.times(change.ratio)} times"
            f"{between}{predicted})."
        )
        return f"{clause}{_why_same(comparison)}"
    if change.kind == "undecided":
        return f"no difference can be claimed from these runs: {rates}, {shown.times(change.ratio)} times{between}."
    return f"{shown.times(change.ratio)} times the throughput{between}, {rates}{predicted}."


def rates_text(change: RateChange) -> str:
    """`191.0 against 63.7 requests/s`."""
    return f"{shown.rate(change.after_per_s)} against {shown.rate(change.before_per_s)} requests/s"


def interval_text(change: RateChange) -> str:
    """Of the ratio, in brackets; empty with single runs."""
    interval = change.interval
    if interval is None:
        return ""
    return f" (95 % interval {shown.times(interval.low)} to {shown.times(interval.high)})"


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
