"""`p99 < 200 ms, errors < 0.1 %`: what a rate must keep, and whether a load kept it. Pure.

A load that was not steady, or whose answers were wrong, keeps nothing: its queue had only not grown long enough.
"""

from collections.abc import Iterator, Sequence

from scalelab.lab.capacity.search import Trial
from scalelab.lab.load.criteria import METRICS, Criterion, CriterionError, judge, parse_criterion
from scalelab.lab.load.histogram import LatencyHistogram
from scalelab.lab.load.percentiles import PERCENTILES, samples_needed
from scalelab.lab.load.result import LoadResult
from scalelab.lab.results.run_record import Validity

_FAILS: frozenset[Validity] = frozenset(
    {"not-steady", "censored", "no-data", "wrong-answers", "too-many-failures", "little-violated"}
)
_LEAST_RATE_SHARE = 0.97
"""Of what was asked: a system that answers fewer falls behind."""
_SPARE = 1.2


class ObjectiveTextError(ValueError):
    """Raised when the text is no objective; the message says what could stand there."""


def parse_objective(text: str) -> tuple[Criterion, ...]:
    """Criteria that must all hold, separated by commas.

    Raises:
        ObjectiveTextError: a part is no criterion, or none is there.
    """
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if not parts:
        raise ObjectiveTextError("it is empty: write for example 'p99 < 200 ms, errors < 0.1 %'")
    try:
        criteria = tuple(parse_criterion(part) for part in parts)
    except CriterionError as error:
        raise ObjectiveTextError(str(error)) from error
    for criterion in criteria:
        if criterion.metric == "rate":
            raise ObjectiveTextError(
                f"{criterion.text!r}: the rate is what is looked for; there are {', '.join(METRICS[:-1])}"
            )
        if criterion.comparator.startswith(">"):
            raise ObjectiveTextError(f"{criterion.text!r} is no upper bound: write {criterion.metric} < ...")
    return criteria


def trial_window_s(criteria: Sequence[Criterion], rate_per_s: float, shortest_s: float) -> float:
    """How long a trial must measure, so that its percentiles can be told."""
    needed = max((_samples(criterion) for criterion in criteria), default=0)
    return max(shortest_s, _SPARE * needed / rate_per_s)


def judge_trial(
    criteria: Sequence[Criterion], rate_per_s: float, result: LoadResult, at_least: LatencyHistogram
) -> Trial:
    """What a load says of its rate.

    Args:
        criteria: all must hold.
        rate_per_s: as it was asked.
        result: of the load, with its validity.
        at_least: latencies with every unanswered request at its lower bound.
    """
    if "generator-limited" in result.validities or "partial" in result.validities:
        caveat = next(iter(result.caveats), None)
        return Trial(rate_per_s, "generator", caveat.text if caveat is not None else "the generator fell behind")
    failed = list(_failures(criteria, rate_per_s, result, at_least))
    if failed:
        return Trial(rate_per_s, "fails", "; ".join(failed))
    return Trial(rate_per_s, "meets", "; ".join(_told(criteria, result, at_least)))


def _failures(
    criteria: Sequence[Criterion], rate_per_s: float, result: LoadResult, at_least: LatencyHistogram
) -> Iterator[str]:
    for criterion in criteria:
        verdict, sentence = judge(criterion, result, at_least)
        if verdict != "met":
            yield sentence
    yield from (f"it was {validity}" for validity in result.validities if validity in _FAILS)
    answered = result.rate_per_s
    if answered is None or answered < _LEAST_RATE_SHARE * rate_per_s:
        yield f"only {answered or 0.0:,.1f} of {rate_per_s:,.1f} requests/s were answered"


def _told(criteria: Sequence[Criterion], result: LoadResult, at_least: LatencyHistogram) -> Iterator[str]:
    return (judge(criterion, result, at_least)[1] for criterion in criteria)


def _samples(criterion: Criterion) -> int:
    if criterion.metric in PERCENTILES:
        return samples_needed(PERCENTILES[criterion.metric])
    return int(1 / criterion.limit) + 1 if criterion.metric == "errors" and criterion.limit > 0 else 0
