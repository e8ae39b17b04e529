"""One scenario over all its repetitions: what the report shows of it. Pure.

Means are weighted by their counts; error bars come from the runs, never from samples within one. Every run counts:
a scenario is valid only if all its runs are.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from scalelab.lab.analysis.statistics import t_interval
from scalelab.lab.results.run_record import Prediction, RunRecord

VALID = "valid"


@dataclass(frozen=True)
class ScenarioFigures:
    """A figure that is not there is None."""

    records: tuple[RunRecord, ...]
    response_mean_s: float | None
    response_half_width_s: float | None
    """Of the 95 % interval over runs; None with a single run."""
    throughput_per_s: float | None
    throughput_half_width_per_s: float | None
    failures: int
    implied_users: float | None
    hit_ratio: float | None
    naive_mean_s: float | None
    naive_throughput_per_s: float | None
    naive_failures: int
    validity: tuple[str, ...]

    @property
    def first(self) -> RunRecord:
        """The first run: everything that is the same in all."""
        return self.records[0]

    @property
    def title(self) -> str:
        """For people."""
        return self.first.title

    @property
    def is_valid(self) -> bool:
        """Whether it may be used for a claim."""
        return self.validity == (VALID,)

    @property
    def prediction(self) -> Prediction | None:
        """What theory expects."""
        return self.first.prediction

    def has_caveat(self, kind: str) -> bool:
        """Whether a run has a caveat of this kind."""
        return any(caveat.kind == kind for record in self.records for caveat in record.caveats)


def figures_of(records: Sequence[RunRecord]) -> tuple[ScenarioFigures, ...]:
    """One for each scenario, in order of first appearance."""
    by_scenario: dict[str, list[RunRecord]] = {}
    for record in records:
        by_scenario.setdefault(record.scenario, []).append(record)
    return tuple(_figures(tuple(runs)) for runs in by_scenario.values())


def _figures(records: tuple[RunRecord, ...]) -> ScenarioFigures:
    means = [record.latency.mean_s for record in records if record.latency.mean_s is not None]
    rates = [record.throughput_per_s for record in records if record.throughput_per_s is not None]
    naive_rates = [rate for record in records if (rate := record.naive.throughput_per_s) is not None]
    implied = [record.little.implied_users for record in records if record.little is not None]
    hits, answers = sum(r.cache.hits for r in records), sum(r.cache.hits + r.cache.misses for r in records)
    return ScenarioFigures(
        records=records,
        response_mean_s=_weighted([(record.latency.count, record.latency.mean_s) for record in records]),
        response_half_width_s=_half_width(means),
        throughput_per_s=_mean(rates),
        throughput_half_width_per_s=_half_width(rates),
        failures=sum(record.failures for record in records),
        implied_users=_mean(implied),
        hit_ratio=hits / answers if answers else None,
        naive_mean_s=_weighted([(record.naive.requests, record.naive.mean_s) for record in records]),
        naive_throughput_per_s=_mean(naive_rates),
        naive_failures=sum(record.naive.failures for record in records),
        validity=_validity(records),
    )


def _weighted(parts: Sequence[tuple[int, float | None]]) -> float | None:
    known = [(count, value) for count, value in parts if value is not None and count > 0]
    total = sum(count for count, _ in known)
    return sum(count * value for count, value in known) / total if total else None


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None


def _half_width(values: Sequence[float]) -> float | None:
    interval = t_interval(values)
    return interval.half_width if interval is not None else None


def _validity(records: Sequence[RunRecord]) -> tuple[str, ...]:
    wrong = dict.fromkeys(value for record in records for value in record.validity if value != VALID)
    return tuple(wrong) or (VALID,)
