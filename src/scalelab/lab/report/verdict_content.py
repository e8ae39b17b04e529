"""The verdict as a reader finds it: what binds, with the numbers, and what one more of it would buy. Pure.

Nothing is claimed of a scenario that is not valid.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from scalelab.lab.analysis.laws.layered import USERS, Bound
from scalelab.lab.analysis.resource_use import CPU_OF
from scalelab.lab.analysis.verdict.formulas import formula_of
from scalelab.lab.analysis.verdict.gains import CACHE_POINT, CONNECTION, CORE, GATEWAY, SLOT, Gain
from scalelab.lab.analysis.verdict.judging import Verdict, judge_scenario
from scalelab.lab.report import figures as shown
from scalelab.lab.report.scenario_figures import ScenarioFigures

VERDICT_HEAD = (
    "Scenario",
    "Binds",
    "Busy",
    "Limit (requests/s)",
    "Measured",
    "One more gateway",
    "One more slot a gateway",
    "One more connection",
    "One more core",
    "One point more hits",
    "Sure",
)
_COLUMNS = (GATEWAY, SLOT, CONNECTION, CORE, CACHE_POINT)
_UTILIZATION_TOLERANCE = 0.1
_LEAST_DIFFERENCE = 0.5
_OF_THE_LIMIT = "limit "
"""Before a gain: an open load that gets what it asks for is answered no faster, only its limit would move."""
_UNTOLD = "what they cost, this does not tell"
_ALMOST_NOTHING = 0.005
"""Of the throughput: a gain below it is called nothing."""


@dataclass(frozen=True)
class VerdictContent:
    """Rows of the table, and a sentence or two for each scenario."""

    rows: tuple[tuple[str, ...], ...]
    sentences: tuple[str, ...]


def verdict_content(scenarios: Sequence[ScenarioFigures]) -> VerdictContent:
    """Of every valid scenario whose probes told enough."""
    judged = [
        (scenario, verdict)
        for scenario in scenarios
        if scenario.is_valid and (verdict := judge_scenario(scenario.records)) is not None
    ]
    return VerdictContent(
        rows=tuple(_row(scenario.title, verdict) for scenario, verdict in judged),
        sentences=tuple(f"{scenario.title}: {' '.join(_sentences(verdict))}" for scenario, verdict in judged),
    )


def binding_text(verdict: Verdict) -> str:
    """The name of what binds."""
    if verdict.is_load_binding:
        return "the load"
    return "not known" if verdict.binding is None else _name(verdict.binding)


def gain_text(gain: Gain | None, throughput_per_s: float) -> str:
    """`+62.1/s (60.9 to 63.4)`, or `nothing`."""
    if gain is None:
        return shown.ABSENT
    interval = gain.interval
    if abs(interval.value) < _ALMOST_NOTHING * throughput_per_s:
        most = max(abs(interval.low), abs(interval.high))
        return "nothing" if most < _ALMOST_NOTHING * throughput_per_s else f"nothing (at most {shown.rate(most)}/s)"
    ends = (shown.rate(interval.low), shown.rate(interval.high))
    return shown.with_ends(f"{interval.value:+,.1f}/s", ends)


def _row(title: str, verdict: Verdict) -> tuple[str, ...]:
    gains = {gain.name: gain for gain in verdict.gains}
    bought = [gain_text(gains.get(name), verdict.throughput_per_s) for name in _COLUMNS]
    if verdict.is_load_binding:
        bought = [f"{_OF_THE_LIMIT}{cell}" if cell.startswith("+") else cell for cell in bought]
    return (
        title,
        binding_text(verdict),
        shown.share(verdict.busy_share),
        shown.rate(verdict.lowest.per_s if verdict.is_reached or verdict.is_load_binding else None),
        shown.rate(verdict.throughput_per_s),
        *bought,
        verdict.sureness,
    )


def _sentences(verdict: Verdict) -> Iterator[str]:
    measured = f"{shown.rate(verdict.throughput_per_s)}/s were measured"
    if verdict.is_load_binding:
        limit = formula_of(verdict.system, verdict.lowest)
        yield f"the load asks for {shown.rate(verdict.asked_per_s)}/s and gets it: {measured}."
        yield f"The lowest limit is that of {_name(verdict.lowest)}: {limit}. What one more would buy is told of it."
        return
    if verdict.binding is None:
        lowest = f"{_name(verdict.lowest)}: {formula_of(verdict.system, verdict.lowest)}"
        yield f"none of what was measured holds it down: {measured}; the lowest limit is that of {lowest}."
        return
    if verdict.is_exhausted:
        others = shown.rate(verdict.answers_per_s - verdict.throughput_per_s)
        name = _name(verdict.binding)
        yield f"{name} {_binds(name)}: busy {shown.share(verdict.busy_share)} of the time, and {measured}."
        yield f"{others}/s other answers were refusals or failures, or nobody waited for them any more; {_UNTOLD}."
        return
    limit = formula_of(verdict.system, verdict.binding)
    yield f"{_name(verdict.binding)} {_binds(verdict.binding.name)}: {limit}; {measured}."
    yield from _evidence(verdict)
    yield from _reserve(verdict)


def _evidence(verdict: Verdict) -> Iterator[str]:
    if verdict.are_users_binding:
        if verdict.busiest is not None:
            name, share = verdict.busiest
            yield f"No part of the system was busier than {_plain(name)}, with {shown.share(share)}."
        if verdict.sureness == "clear":
            yield "The system could do more than these users ask: more of anything in it changes nothing."
        return
    if verdict.busy_share is not None:
        waiting = f", and {verdict.waiting_mean:,.0f} requests waited for it" if verdict.waiting_mean else ""
        yield f"Busy {shown.share(verdict.busy_share)} of the time{waiting}.{_utilization_law(verdict)}"


def _utilization_law(verdict: Verdict) -> str:
    """Two ways of measuring one thing: looked at once a second, and U = X S from counters."""
    if verdict.sampled_mean is None or verdict.busy_mean is None:
        return ""
    looked, counted = verdict.sampled_mean, verdict.busy_mean
    agrees = abs(looked - counted) <= max(_LEAST_DIFFERENCE, _UTILIZATION_TOLERANCE * counted)
    word = "" if agrees else " These do not agree: the probes missed something."
    return f" Looked at once a second, {looked:.1f} were in use; by the utilisation law, {counted:.1f}.{word}"


def _reserve(verdict: Verdict) -> Iterator[str]:
    following = verdict.following
    if following is None or verdict.binding is None:
        return
    further = f"the next limit, {_name(following)}, is at {shown.rate(following.per_s)}/s"
    if verdict.sureness == "near":
        yield f"That is close: {further}; a little more of one moves the limit to the other."
    else:
        yield f"No doubt about which: {further}."


def _name(bound: Bound) -> str:
    return "the users' think time" if bound.name == USERS else _plain(bound.name)


def _plain(name: str) -> str:
    return f"the {name.removeprefix('the ')}" if not name.startswith(CPU_OF) else name


def _binds(name: str) -> str:
    return "bind" if name.endswith("s") else "binds"
