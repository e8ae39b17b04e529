"""Two runs of the laboratory side by side: better, worse or undecided, scenario by scenario. Pure.

Only valid scenarios with at least two repetitions a side are compared; a single run has no interval, so it has no
verdict. All intervals of one comparison hold together with 95 %: many lines do not make false alarms likely.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from scalelab.lab.analysis.statistics import DEFAULT_CONFIDENCE, Interval, ratio_of_runs
from scalelab.lab.report.scenario_figures import ScenarioFigures
from scalelab.lab.results.run_record import RunRecord

ComparisonVerdict = Literal["better", "worse", "undecided"]
METRICS = ("throughput", "mean", "p99")
HIGHER_IS_BETTER = frozenset({"throughput"})
DEFAULT_SMALLEST_EFFECT = 0.05
LEAST_RUNS = 2
SEED = 1
RESAMPLES = 10_000
"""Enough for the ends of an interval that many lines have made wide."""
_PERCENT = re.compile(r"^\s*([0-9]*\.?[0-9]+)\s*%\s*$")
_VALUE_OF: Mapping[str, Callable[[RunRecord], float | None]] = {
    "throughput": lambda record: record.throughput_per_s,
    "mean": lambda record: record.latency.mean_s,
    "p99": lambda record: record.latency.p99_s,
}


class ComparisonError(ValueError):
    """Raised when a smallest effect cannot be read; the message says what could stand there."""


@dataclass(frozen=True)
class Line:
    """One figure of one scenario, compared."""

    scenario: str
    title: str
    metric: str
    before: float
    """Of A, as its report shows it: requests/s or seconds."""
    after: float
    ratio: Interval
    """B over A, of the means over runs."""
    verdict: ComparisonVerdict
    remark: str
    """What the interval says beside the verdict."""


@dataclass(frozen=True)
class Skipped:
    """What was not compared, and why."""

    scenario: str
    title: str
    metric: str
    """Empty: the scenario as a whole."""
    reason: str


@dataclass(frozen=True)
class Comparison:
    """The whole answer."""

    lines: tuple[Line, ...]
    skipped: tuple[Skipped, ...]
    caveats: tuple[str, ...]
    smallest_effect: float
    confidence: float
    """Of each interval."""

    def has(self, verdict: ComparisonVerdict) -> bool:
        """Whether any line has this verdict."""
        return any(line.verdict == verdict for line in self.lines)


def parse_effect(text: str) -> float:
    """A share above 0 and below 100 %, from a text such as `5%`.

    Raises:
        ComparisonError: it is none.
    """
    match = _PERCENT.match(text)
    if match is None or not 0 < float(match[1]) < 100:  # noqa: PLR2004  percent
        raise ComparisonError(f"--smallest-effect {text}: write a share between 0 and 100 %, such as 5%")
    return float(match[1]) / 100


def compare_runs(
    before: Sequence[ScenarioFigures],
    after: Sequence[ScenarioFigures],
    *,
    metrics: Sequence[str] = METRICS,
    smallest_effect: float = DEFAULT_SMALLEST_EFFECT,
    caveats: Sequence[str] = (),
) -> Comparison:
    """B against A.

    Args:
        before: the scenarios of A.
        after: the scenarios of B.
        metrics: of `METRICS`.
        smallest_effect: share of A below which a difference is of no interest.
        caveats: of the circumstances, see `comparison_caveats`.
    """
    pairs, skipped = _pairs(before, after)
    wanted = [(old, new, metric) for old, new in pairs for metric in metrics]
    comparable = [(old, new, metric) for old, new, metric in wanted if not _why_not(old, new, metric)]
    skipped += [
        Skipped(old.first.scenario, old.title, metric, reason)
        for old, new, metric in wanted
        if (reason := _why_not(old, new, metric))
    ]
    confidence = 1 - (1 - DEFAULT_CONFIDENCE) / max(1, len(comparable))
    lines = [_line(old, new, metric, smallest_effect, confidence) for old, new, metric in comparable]
    return Comparison(tuple(lines), tuple(skipped), tuple(caveats), smallest_effect, confidence)


def verdict_of(ratio: Interval, smallest_effect: float, *, is_higher_better: bool) -> tuple[ComparisonVerdict, str]:
    """A difference counts when its interval leaves 1 out and it is at least as large as what is of interest."""
    is_large = ratio.value >= 1 + smallest_effect or ratio.value <= 1 - smallest_effect
    if is_large and not ratio.low <= 1 <= ratio.high:
        is_better = (ratio.value > 1) is is_higher_better
        return ("better", "") if is_better else ("worse", "")
    if ratio.low >= 1 - smallest_effect and ratio.high <= 1 + smallest_effect:
        return "undecided", f"no difference above {smallest_effect * 100:.3g} %"
    if not is_large and not ratio.low <= 1 <= ratio.high:
        return "undecided", f"a difference, smaller than {smallest_effect * 100:.3g} %"
    return "undecided", "the interval is too wide: repeat more often"


def _pairs(
    before: Sequence[ScenarioFigures], after: Sequence[ScenarioFigures]
) -> tuple[list[tuple[ScenarioFigures, ScenarioFigures]], list[Skipped]]:
    """Scenarios of the same name, and those that only one run has."""
    old, new = ({scenario.first.scenario: scenario for scenario in run} for run in (before, after))
    alone = [
        *(Skipped(name, old[name].title, "", "only in A") for name in old if name not in new),
        *(Skipped(name, new[name].title, "", "only in B") for name in new if name not in old),
    ]
    both = [(old[name], new[name]) for name in old if name in new]
    doubtful = [(pair, reason) for pair in both if (reason := _doubt(*pair))]
    skipped = [Skipped(pair[0].first.scenario, pair[0].title, "", reason) for pair, reason in doubtful]
    return [pair for pair in both if not _doubt(*pair)], alone + skipped


def _doubt(old: ScenarioFigures, new: ScenarioFigures) -> str:
    runs = [len(scenario.records) for scenario in (old, new)]
    doubts = [
        f"{name} is {', '.join(scenario.validity)}"
        for name, scenario in (("A", old), ("B", new))
        if not scenario.is_valid
    ]
    if doubts:
        return f"not valid: {'; '.join(doubts)}"
    if min(runs) < LEAST_RUNS:
        return f"{runs[0]} and {runs[1]} runs: one run has no interval, repeat it (`scalelab run --repeat 5`)"
    return ""


def _why_not(old: ScenarioFigures, new: ScenarioFigures, metric: str) -> str:
    counts = [len(_values(scenario, metric)) for scenario in (old, new)]
    if counts != [len(scenario.records) for scenario in (old, new)]:
        return f"there is no {metric} in every run"
    return "" if _ratio(old, new, metric, DEFAULT_CONFIDENCE) is not None else f"a {metric} of 0 has no ratio"


def _values(scenario: ScenarioFigures, metric: str) -> list[float]:
    return [value for record in scenario.records if (value := _VALUE_OF[metric](record)) is not None]


def _ratio(old: ScenarioFigures, new: ScenarioFigures, metric: str, confidence: float) -> Interval | None:
    return ratio_of_runs(_values(new, metric), _values(old, metric), SEED, resamples=RESAMPLES, confidence=confidence)


def _line(old: ScenarioFigures, new: ScenarioFigures, metric: str, smallest_effect: float, confidence: float) -> Line:
    ratio = _ratio(old, new, metric, confidence)
    assert ratio is not None, "it was comparable"
    verdict, remark = verdict_of(ratio, smallest_effect, is_higher_better=metric in HIGHER_IS_BETTER)
    before, after = (scenario.headline(metric).value or 0.0 for scenario in (old, new))
    return Line(old.first.scenario, old.title, metric, before, after, ratio, verdict, remark)
