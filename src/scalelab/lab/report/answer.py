"""The answer to the experiment's question in two sentences: what was found, and how far it can be trusted. Pure.

The first tells, for each factor, the comparison of valid scenarios whose throughput moved most, with its interval;
without a comparison, the highest rate. The second says what is in doubt, and how often each scenario ran.
"""

from collections.abc import Sequence
from math import log

from scalelab.lab.report import figures as shown
from scalelab.lab.report.comparisons import SAME_WITHIN_RATIO, Comparison, RateChange, comparisons_of, rate_change
from scalelab.lab.report.scenario_figures import ScenarioFigures
from scalelab.lab.report.sentences import interval_text, pair_title, rates_text

NOTHING = "There is no answer: nothing was measured."
NO_CLAIM = "No answer can be given from these runs."


def answer_of(scenarios: Sequence[ScenarioFigures]) -> tuple[str, ...]:
    """Two sentences; one when there is nothing."""
    return (_finding(scenarios), _trust(scenarios)) if scenarios else (NOTHING,)


# --- what was found -----------------------------------------------------------------------------------------------
def _finding(scenarios: Sequence[ScenarioFigures]) -> str:
    valid = [scenario for scenario in scenarios if scenario.is_valid]
    strongest: dict[str, tuple[Comparison, RateChange]] = {}
    for pair in comparisons_of(valid):
        change = rate_change(pair)
        if change is None or not change.after_per_s:
            continue
        if pair.factor not in strongest or _moved(change) > _moved(strongest[pair.factor][1]):
            strongest[pair.factor] = pair, change
    if strongest:
        return f"{'; '.join(_clause(pair, change) for pair, change in strongest.values())}."
    return _highest(valid) if any(scenario.throughput_per_s for scenario in valid) else NO_CLAIM


def _clause(pair: Comparison, change: RateChange) -> str:
    if change.kind == "same":
        told = f"the same throughput within {SAME_WITHIN_RATIO:.0%}, {rates_text(change)}{interval_text(change)}"
    elif change.kind == "undecided":
        told = f"no difference that these runs can tell, {rates_text(change)}{interval_text(change)}"
    else:
        told = f"{shown.times(change.ratio)} times the throughput{interval_text(change)}, {rates_text(change)}"
    return f"{pair_title(pair)}: {told}"


def _moved(change: RateChange) -> float:
    return abs(log(change.ratio))


def _highest(valid: Sequence[ScenarioFigures]) -> str:
    best = max(valid, key=lambda scenario: scenario.throughput_per_s or 0.0)
    interval = best.throughput_interval_per_s
    ends = None if interval is None else (shown.rate(interval.low), shown.rate(interval.high))
    rate = shown.with_ends(f"{shown.rate(best.throughput_per_s)} requests/s", ends)
    most = "" if len(valid) == 1 else ", the most of all valid scenarios"
    return f"{best.title}: {rate}{most}, with a mean response of {shown.milliseconds(best.response_mean_s)} ms."


# --- how far it can be trusted ------------------------------------------------------------------------------------
def _trust(scenarios: Sequence[ScenarioFigures]) -> str:
    return f"{_validity(scenarios)}; {_repetitions(scenarios)}."


def _validity(scenarios: Sequence[ScenarioFigures]) -> str:
    doubtful = [scenario for scenario in scenarios if not scenario.is_valid]
    if doubtful:
        names = "; ".join(f"{scenario.title}: {shown.validity(scenario.validity)}" for scenario in doubtful)
        return f"{len(doubtful)} of {len(scenarios)} scenarios cannot carry a claim ({names})"
    return "The scenario is valid" if len(scenarios) == 1 else f"All {len(scenarios)} scenarios are valid"


def _repetitions(scenarios: Sequence[ScenarioFigures]) -> str:
    fewest = min(len(scenario.records) for scenario in scenarios)
    subject = "it" if len(scenarios) == 1 else "each"
    if fewest == 1:
        return f"{subject} ran once, which tells no interval (--repeat 5 would)"
    return f"{subject} ran {fewest} times{'' if len(scenarios) == 1 else ' or more'}"
