"""`p99 > 200 ms`: a criterion that makes a load fail. Pure: text in, criterion out; figures in, verdict out.

Percentiles, mean and max count from the intended start, with timeouts and censored requests at least at their bounds,
so that a system cannot pass by not answering.
"""

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from scalelab.lab.load.histogram import LatencyHistogram
from scalelab.lab.load.percentiles import PERCENTILES, samples_needed
from scalelab.lab.load.result import LoadResult

Verdict = Literal["met", "not met", "undecided"]
_RISK = 0.05
"""Of a wrong verdict, where too few requests support the percentile itself."""
_FORM = re.compile(
    r"^\s*([a-z0-9._]+)\s*(>=|<=|>|<)\s*([0-9]*\.?[0-9]+(?:e-?[0-9]+)?)\s*(ms|us|s|%|/s)?\s*$", re.IGNORECASE
)
_COMPARE: dict[str, Callable[[float, float], bool]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}
_TIMES = {"us": 1e-6, "ms": 1e-3, "s": 1.0}
_UNITS: dict[str, tuple[str, ...]] = {"errors": ("%",), "rate": ("/s",)}
_TIME_METRICS = (*PERCENTILES, "mean", "max")
METRICS = (*_TIME_METRICS, "errors", "rate")


class CriterionError(ValueError):
    """Raised when a text is no criterion; the message says which part is wrong and what could stand there."""


@dataclass(frozen=True)
class Criterion:
    """A comparison that fails the load when it holds."""

    metric: str
    comparator: str
    limit: float
    """In seconds, as a share, or in requests/s."""
    text: str

    def holds(self, value: float) -> bool:
        """Whether a figure in the unit of the limit compares as asked."""
        return _COMPARE[self.comparator](value, self.limit)

    def __str__(self) -> str:
        """As it was given."""
        return self.text


def parse_criterion(text: str) -> Criterion:
    """A criterion such as `p99 > 200 ms`, `errors >= 0.5 %` or `rate < 950 /s`.

    Raises:
        CriterionError: it is none.
    """
    match = _FORM.match(text)
    if match is None:
        raise CriterionError(f"{text!r} is no criterion: write METRIC < VALUE UNIT, or > for <, as in 'p99 < 200 ms'")
    metric, comparator, number, unit = match.group(1).lower().replace("_", "."), *match.group(2, 3, 4)
    if metric not in METRICS:
        raise CriterionError(f"{text!r}: there is no metric {metric!r}; there are {', '.join(METRICS)}")
    units = _UNITS.get(metric, tuple(_TIMES))
    if unit is None or unit.lower() not in units:
        given = "has no unit" if unit is None else f"has the unit {unit!r}"
        raise CriterionError(f"{text!r} {given}: {metric} is given in {' or '.join(units)}")
    scale = 0.01 if unit == "%" else _TIMES.get(unit.lower(), 1.0)
    return Criterion(metric, comparator, float(number) * scale, " ".join(text.split()))


def judge(criterion: Criterion, result: LoadResult, at_least: LatencyHistogram) -> tuple[Verdict, str]:
    """Whether it holds, and a sentence with the figures.

    Args:
        criterion: what is asked.
        result: the figures.
        at_least: the latencies behind `result.latency_at_least_s`.
    """
    value = value_of(criterion.metric, result)
    if value is not None:
        verdict: Verdict = "met" if criterion.holds(value) else "not met"
        return verdict, f"{criterion}: {verdict}, {criterion.metric} is {_shown(criterion.metric, value)}"
    if criterion.metric in PERCENTILES and criterion.comparator in {">", ">="} and at_least.count:
        return _judge_by_count(criterion, at_least)
    return "undecided", f"{criterion}: cannot be told{_why_not(criterion.metric, at_least.count)}"


def _judge_by_count(criterion: Criterion, at_least: LatencyHistogram) -> tuple[Verdict, str]:
    """Too few requests for the percentile, but perhaps enough to say on which side of the limit it lies."""
    count, above = at_least.count, at_least.count_above(criterion.limit)
    share = 1 - PERCENTILES[criterion.metric] / 1000
    found = f"{above} of {count} requests took longer"
    if above and 1 - chance_of_at_most(above - 1, count, share) < _RISK:
        return "met", f"{criterion}: met, {found}"
    if above == 0:
        is_sure = chance_of_at_most(0, count, share) < _RISK
        doubt = "" if is_sure else f" (few: to be sure of {criterion.metric} takes more)"
        return "not met", f"{criterion}: not met, {found}{doubt}"
    return "undecided", f"{criterion}: cannot be told{_why_not(criterion.metric, count)}; {found}"


def chance_of_at_most(number: int, draws: int, share: float) -> float:
    """Chance of at most so many hits in so many draws: the binomial distribution, summed."""
    chance = (1 - share) ** draws
    total = chance
    for hits in range(number):
        chance *= (draws - hits) / (hits + 1) * share / (1 - share)
        total += chance
    return min(1.0, total)


def value_of(metric: str, result: LoadResult) -> float | None:
    """The figure that a criterion compares."""
    if metric == "errors":
        return result.error_share
    if metric == "rate":
        return result.rate_per_s
    value: float | None = result.latency_at_least_s.model_dump().get(metric.replace(".", "_"))
    return value


def _why_not(metric: str, count: int) -> str:
    if metric not in PERCENTILES:
        return ""
    return f" from {count} requests, it takes {samples_needed(PERCENTILES[metric])}"


def _shown(metric: str, value: float) -> str:
    if metric == "errors":
        return f"{value:.2%}"
    return f"{value:.1f} /s" if metric == "rate" else f"{value * 1000:.3f} ms"
