"""Whether a scenario keeps its objectives. Pure; an answer that never came cannot help to keep one."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from scalelab.lab.analysis.statistics import Interval
from scalelab.lab.load.criteria import Criterion
from scalelab.lab.report import figures as shown
from scalelab.lab.report.scenario_figures import ScenarioFigures

ObjectiveVerdict = Literal["met", "violated", "undecided"]
_UPPER_BOUNDS = ("<", "<=")


@dataclass(frozen=True)
class Judgement:
    """One objective of one scenario."""

    objective: str
    """As it was written, for example `p99 < 200 ms`."""
    verdict: ObjectiveVerdict
    sentence: str


def judge_objectives(objectives: Sequence[Criterion], scenario: ScenarioFigures) -> tuple[Judgement, ...]:
    """All of them."""
    return tuple(_judged(objective, scenario) for objective in objectives)


def objectives_text(judgements: Sequence[Judgement]) -> str:
    """For a cell: `met`, or what is not."""
    doubtful = [
        f"{judgement.verdict}: {judgement.objective}" for judgement in judgements if judgement.verdict != "met"
    ]
    return "; ".join(doubtful) or ("met" if judgements else shown.ABSENT)


def _judged(objective: Criterion, scenario: ScenarioFigures) -> Judgement:
    value = value_of(objective.metric, scenario)
    if value is None:
        return Judgement(str(objective), "undecided", f"{objective}: cannot be told, there is no {objective.metric}")
    is_kept = objective.holds(value)
    verdict: ObjectiveVerdict = "met" if is_kept else "violated"
    told = f"{objective.metric} is {_shown(objective.metric, value)}"
    unanswered = sum(record.books.censored + record.books.timed_out for record in scenario.records)
    is_time = objective.metric not in ("errors", "rate")
    if is_kept and is_time and unanswered and objective.comparator in _UPPER_BOUNDS:
        verdict = "undecided"
        told += f" of good answers, but {shown.whole(unanswered)} requests had no answer, and they are the slowest"
    interval = _interval_of(objective.metric, scenario)
    if interval is not None and interval.low <= objective.limit <= interval.high:
        told += "; its interval reaches to both sides of the bound, more runs would tell"
    return Judgement(str(objective), verdict, f"{objective}: {verdict}, {told}")


def value_of(metric: str, scenario: ScenarioFigures) -> float | None:
    """The figure that an objective bounds: seconds, a share, or requests/s."""
    books = [record.books for record in scenario.records]
    failures = sum(book.failed + book.timed_out for book in books)
    ended = failures + sum(book.completed for book in books)
    highest = [record.latency.max_s for record in scenario.records if record.latency.max_s is not None]
    figures = {
        "errors": failures / ended if ended else None,
        "rate": scenario.throughput_per_s,
        "mean": scenario.response_mean_s,
        "max": max(highest, default=None),
    }
    return figures[metric] if metric in figures else scenario.percentiles_s.get(metric)


def _interval_of(metric: str, scenario: ScenarioFigures) -> Interval | None:
    return {
        "rate": scenario.throughput_interval_per_s,
        "mean": scenario.response_interval_s,
        "p99": scenario.p99_interval_s,
    }.get(metric)


def _shown(metric: str, value: float) -> str:
    if metric == "errors":
        return shown.share(value)
    return f"{shown.rate(value)}/s" if metric == "rate" else f"{shown.milliseconds(value)} ms"
