"""One scenario over all its repetitions: what the report shows of it. Pure.

Means are weighted by their counts; intervals come from the runs, never from samples within one. Every run counts:
a scenario is valid only if all its runs are.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from scalelab.lab.analysis.latency import good_answers
from scalelab.lab.analysis.run_quantile import percentile_interval, percentile_over_runs
from scalelab.lab.analysis.statistics import Interval, t_interval
from scalelab.lab.results.hdr_histogram import HdrHistogram
from scalelab.lab.results.manifest import Manifest
from scalelab.lab.results.reading import StoredRun
from scalelab.lab.results.run_record import Prediction, RunRecord

VALID = "valid"
PERCENTILES = {"p50": 50.0, "p90": 90.0, "p95": 95.0, "p99": 99.0, "p99.9": 99.9}
INTERVAL_SEED = 1
"""Of every bootstrap, so that a report says the same whenever it is built."""
RunHistograms = Mapping[tuple[str, int], HdrHistogram]
"""Good answers by (scenario, repetition)."""


@dataclass(frozen=True)
class Headline:
    """A figure that decisions are made on."""

    name: str
    value: float | None
    interval: Interval | None

    @property
    def relative_half_width(self) -> float | None:
        """Half the interval's length over the value."""
        return self.interval.half_width / self.value if self.interval is not None and self.value else None


@dataclass(frozen=True)
class ScenarioFigures:
    """A figure that is not there is None; an interval is None with a single run."""

    records: tuple[RunRecord, ...]
    response_mean_s: float | None
    response_interval_s: Interval | None
    """95 %, over runs."""
    percentiles_s: Mapping[str, float | None]
    """`p50` to `p99.9`, of all runs' samples together."""
    p99_interval_s: Interval | None
    throughput_per_s: float | None
    throughput_interval_per_s: Interval | None
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

    @property
    def p99_s(self) -> float | None:
        """The one that is shown."""
        return self.percentiles_s["p99"]

    @property
    def headlines(self) -> tuple[Headline, ...]:
        """Throughput, mean and p99."""
        return (
            Headline("throughput", self.throughput_per_s, self.throughput_interval_per_s),
            Headline("mean", self.response_mean_s, self.response_interval_s),
            Headline("p99", self.p99_s, self.p99_interval_s),
        )

    def headline(self, name: str) -> Headline:
        """One of them."""
        return next(headline for headline in self.headlines if headline.name == name)

    @property
    def rates_per_s(self) -> tuple[float, ...]:
        """Throughput of each run that has one."""
        return tuple(rate for record in self.records if (rate := record.throughput_per_s) is not None)

    def has_caveat(self, kind: str) -> bool:
        """Whether a run has a caveat of this kind."""
        return any(caveat.kind == kind for record in self.records for caveat in record.caveats)


def figures_of_run(run: StoredRun) -> tuple[ScenarioFigures, ...]:
    """Of everything that a run has left."""
    return figures_of(in_order(run.records, run.manifest), histograms_of(run))


def in_order(records: Sequence[RunRecord], manifest: Manifest | None) -> list[RunRecord]:
    """Scenario by scenario as the experiment has them, whatever the order of the runs."""
    names = manifest.scenarios if manifest is not None else ()
    place = {name: index for index, name in enumerate(dict.fromkeys([*names, *(r.scenario for r in records)]))}
    return sorted(records, key=lambda record: (place[record.scenario], record.repetition))


def histograms_of(run: StoredRun) -> RunHistograms:
    """Of every repetition that has one."""
    return {
        (stored.record.scenario, stored.record.repetition): histogram
        for stored in run.repetitions
        if (histogram := good_answers(stored.measured.histograms)) is not None
    }


def figures_of(records: Sequence[RunRecord], histograms: RunHistograms | None = None) -> tuple[ScenarioFigures, ...]:
    """One for each scenario, in order of first appearance.

    Args:
        records: of all repetitions.
        histograms: without them several runs have no percentile.
    """
    by_scenario: dict[str, list[RunRecord]] = {}
    for record in records:
        by_scenario.setdefault(record.scenario, []).append(record)
    return tuple(_figures(tuple(runs), histograms or {}) for runs in by_scenario.values())


def _figures(records: tuple[RunRecord, ...], histograms: RunHistograms) -> ScenarioFigures:
    means = [record.latency.mean_s for record in records if record.latency.mean_s is not None]
    rates = [record.throughput_per_s for record in records if record.throughput_per_s is not None]
    naive_rates = [rate for record in records if (rate := record.naive.throughput_per_s) is not None]
    implied = [record.little.implied_users for record in records if record.little is not None]
    hits, answers = sum(r.cache.hits for r in records), sum(r.cache.hits + r.cache.misses for r in records)
    response_mean_s = _weighted([(record.latency.count, record.latency.mean_s) for record in records])
    runs = _measured_runs(records, histograms)
    return ScenarioFigures(
        records=records,
        response_mean_s=response_mean_s,
        response_interval_s=_around(response_mean_s, means),
        percentiles_s=_percentiles_s(records, runs),
        p99_interval_s=percentile_interval(runs, PERCENTILES["p99"], INTERVAL_SEED),
        throughput_per_s=_mean(rates),
        throughput_interval_per_s=_around(_mean(rates), rates),
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


def _around(value: float | None, values: Sequence[float]) -> Interval | None:
    """Student's t over the runs, around the figure that is shown."""
    interval = t_interval(values)
    if interval is None or value is None:
        return None
    return Interval(value, value - interval.half_width, value + interval.half_width)


def _measured_runs(records: Sequence[RunRecord], histograms: RunHistograms) -> list[HdrHistogram]:
    """A histogram for each run that has answers; none at all if one is missing or not whole."""
    measured = [record for record in records if record.latency.count > 0]
    found = [histograms.get((record.scenario, record.repetition)) for record in measured]
    pairs = zip(found, measured, strict=True)
    is_whole = all(known is not None and known.count == record.latency.count for known, record in pairs)
    return [known for known in found if known is not None] if is_whole else []


def _percentiles_s(records: Sequence[RunRecord], runs: Sequence[HdrHistogram]) -> dict[str, float | None]:
    if len(records) > 1:
        return {name: percentile_over_runs(runs, percent) for name, percent in PERCENTILES.items()}
    latency = records[0].latency
    values_s = (latency.p50_s, latency.p90_s, latency.p95_s, latency.p99_s, latency.p99_9_s)
    return dict(zip(PERCENTILES, values_s, strict=True))


def _validity(records: Sequence[RunRecord]) -> tuple[str, ...]:
    wrong = dict.fromkeys(value for record in records for value in record.validity if value != VALID)
    return tuple(wrong) or (VALID,)
