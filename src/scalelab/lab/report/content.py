"""The report as data: every cell and sentence as text, once, for Markdown, HTML, charts and terminal alike. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from scalelab.lab.load.criteria import Criterion
from scalelab.lab.objectives import ObjectiveError, parse_objectives
from scalelab.lab.report import figures as shown
from scalelab.lab.report.answer import answer_of
from scalelab.lab.report.effects_content import EFFECTS_HEAD, EffectsContent, effects_content
from scalelab.lab.report.fault_content import FAULTS_HEAD, fault_rows, fault_sentences
from scalelab.lab.report.growth_content import GROWTH_HEAD, growth_rows, growth_sentences
from scalelab.lab.report.manifest_content import MANIFEST_HEAD, manifest_rows
from scalelab.lab.report.method import method_sentences
from scalelab.lab.report.objective_verdicts import Judgement, ObjectiveVerdict, judge_objectives, objectives_text
from scalelab.lab.report.scenario_figures import RunHistograms, ScenarioFigures, figures_of, in_order
from scalelab.lab.report.sentences import findings, naive_sentences
from scalelab.lab.report.table import Table
from scalelab.lab.report.task_content import TASKS_HEAD, task_rows
from scalelab.lab.report.verdict_content import VERDICT_HEAD, verdict_content
from scalelab.lab.report.verified_content import VERIFIED_HEAD, verified_content
from scalelab.lab.results.manifest import Manifest
from scalelab.lab.results.run_record import LatencySummary, RunRecord
from scalelab.lab.results.size_prediction import PredictionsFile

SUMMARY_HEAD = (
    "Scenario",
    "Avg Response Time (ms)",
    "Requests/s",
    "Failures",
    "p99 (ms)",
    "Predicted requests/s",
    "N by Little's law / configured",
    "Hit ratio",
    "Validity",
)
SLO_HEAD = "SLO"
LATENCY_HEAD = (
    "Scenario",
    "Route",
    "Good answers",
    "Mean (ms)",
    "p50 (ms)",
    "p90 (ms)",
    "p99 (ms)",
    "p99.9 (ms)",
    "Max (ms)",
)
BOOKS_HEAD = (
    "Scenario",
    "Offered",
    "Sent",
    "Completed",
    "of them in the drain",
    "Failed",
    "Timed out",
    "Censored",
    "Fairness",
)


@dataclass(frozen=True)
class Doubt:
    """A caveat, and the scenarios that it concerns."""

    scenarios: tuple[str, ...]
    text: str
    advice: str


@dataclass(frozen=True)
class ReportContent:
    """Everything that a report says."""

    title: str
    question: str
    expectation: str
    """Written down before the run."""
    scenarios: tuple[ScenarioFigures, ...]
    objectives: tuple[tuple[Judgement, ...], ...]
    """For each scenario, in the same order; empty when the experiment has none."""
    answer: tuple[str, ...]
    """Two sentences: what was found, and how far it can be trusted."""
    summary: Table
    findings: tuple[str, ...]
    verdict: Table
    """What binds, and what one more would buy."""
    verdict_sentences: tuple[str, ...]
    verified: Table
    """What was predicted, and then measured."""
    verified_sentences: tuple[str, ...]
    is_prediction_missed: bool
    faults: Table
    """What was done to the system on purpose, and what it cost."""
    fault_sentences: tuple[str, ...]
    growth: Table
    """What each process grew to, in a long load."""
    growth_sentences: tuple[str, ...]
    effects: EffectsContent
    """Of a factorial experiment."""
    naive: tuple[str, ...]
    doubts: tuple[Doubt, ...]
    latency: Table
    books: Table
    tasks: Table
    """What became of the long tasks."""
    method: tuple[str, ...]
    manifest: Table
    """With what it was measured."""
    missing: tuple[str, ...]

    @property
    def is_valid(self) -> bool:
        """Whether the run is whole and every scenario valid."""
        return bool(self.scenarios) and not self.missing and all(scenario.is_valid for scenario in self.scenarios)

    @property
    def effects_table(self) -> Table:
        """Of a factorial experiment; without rows for any other."""
        return Table(EFFECTS_HEAD, self.effects.rows)

    @property
    def objective_lines(self) -> tuple[str, ...]:
        """Every objective of every scenario, with its verdict."""
        pairs = zip(self.scenarios, self.objectives, strict=False)
        return tuple(f"{scenario.title}: {told.sentence}." for scenario, judged in pairs for told in judged)

    def has_objective(self, verdict: ObjectiveVerdict) -> bool:
        """Whether any objective has this verdict."""
        return any(told.verdict == verdict for judged in self.objectives for told in judged)


def make_content(
    manifest: Manifest | None,
    records: Sequence[RunRecord],
    missing: Sequence[str],
    histograms: RunHistograms | None = None,
    predictions: Mapping[int, PredictionsFile] | None = None,
) -> ReportContent:
    """The report of what could be read.

    Args:
        manifest: None when it is missing.
        records: all repetitions.
        missing: what is not there, in sentences.
        histograms: good answers of each; without them several runs have no percentile.
        predictions: by repetition, what was predicted before sizes were measured.
    """
    records = in_order(records, manifest)
    scenarios = figures_of(records, histograms)
    objectives = _objectives(manifest)
    judged = verdict_content(scenarios)
    verified = verified_content(records, predictions or {})
    judgements = tuple(judge_objectives(objectives, scenario) for scenario in scenarios)
    name = manifest.experiment if manifest is not None else records[0].experiment if records else "unknown"
    return ReportContent(
        title=f"Report of experiment {name}" + (" (quick)" if manifest is not None and manifest.is_quick else ""),
        question=manifest.question if manifest is not None else "",
        expectation=_expectation(manifest),
        scenarios=scenarios,
        answer=answer_of(scenarios),
        summary=_summary(scenarios, judgements if objectives else ()),
        objectives=judgements if objectives else (),
        findings=findings(scenarios),
        verdict=Table(VERDICT_HEAD, judged.rows),
        verdict_sentences=judged.sentences,
        verified=Table(VERIFIED_HEAD, verified.rows),
        verified_sentences=verified.sentences,
        is_prediction_missed=verified.is_missed,
        faults=Table(FAULTS_HEAD, fault_rows(records)),
        fault_sentences=fault_sentences(records),
        growth=Table(GROWTH_HEAD, growth_rows(records)),
        growth_sentences=growth_sentences(records),
        effects=effects_content(scenarios, manifest),
        naive=naive_sentences(scenarios),
        doubts=_doubts(records),
        latency=Table(LATENCY_HEAD, tuple(row for record in records for row in _latency_rows(record))),
        books=Table(BOOKS_HEAD, tuple(_books_row(record) for record in records)),
        tasks=Table(TASKS_HEAD, task_rows(records)),
        method=method_sentences(manifest, scenarios) if scenarios else (),
        manifest=Table(MANIFEST_HEAD, manifest_rows(manifest)),
        missing=tuple(missing),
    )


def response_text(scenario: ScenarioFigures) -> str:
    """Mean response in milliseconds, with its interval if there are several runs."""
    interval = scenario.response_interval_s
    half = shown.milliseconds(interval.half_width) if interval is not None else None
    return shown.with_error(shown.milliseconds(scenario.response_mean_s), half)


def throughput_text(scenario: ScenarioFigures) -> str:
    """Requests a second, with its interval if there are several runs."""
    interval = scenario.throughput_interval_per_s
    half = shown.rate(interval.half_width) if interval is not None else None
    return shown.with_error(shown.rate(scenario.throughput_per_s), half)


def p99_text(scenario: ScenarioFigures) -> str:
    """p99 in milliseconds, with its interval if there are several runs: not symmetric, so both ends are told."""
    interval = scenario.p99_interval_s
    ends = (shown.milliseconds(interval.low), shown.milliseconds(interval.high)) if interval is not None else None
    return shown.with_ends(shown.milliseconds(scenario.p99_s), ends)


def _expectation(manifest: Manifest | None) -> str:
    return " ".join(str(manifest.experiment_as_run.get("expectation", "")).split()) if manifest is not None else ""


def _objectives(manifest: Manifest | None) -> tuple[Criterion, ...]:
    slo = manifest.experiment_as_run.get("slo", {}) if manifest is not None else {}
    try:
        return parse_objectives(slo)
    except ObjectiveError:  # of another version: it was checked when it was run
        return ()


def _summary(scenarios: Sequence[ScenarioFigures], judgements: Sequence[Sequence[Judgement]]) -> Table:
    rows = tuple(_summary_row(scenario) for scenario in scenarios)
    if not judgements:
        return Table(SUMMARY_HEAD, rows)
    head = (*SUMMARY_HEAD[:-1], SLO_HEAD, SUMMARY_HEAD[-1])
    told = [objectives_text(judged) for judged in judgements]
    return Table(head, tuple((*row[:-1], text, row[-1]) for row, text in zip(rows, told, strict=True)))


# --- rows ---------------------------------------------------------------------------------------------------------
def _summary_row(scenario: ScenarioFigures) -> tuple[str, ...]:
    prediction = scenario.prediction
    return (
        scenario.title,
        response_text(scenario),
        throughput_text(scenario),
        shown.whole(scenario.failures),
        p99_text(scenario),
        shown.rate(prediction.throughput_per_s if prediction is not None else None),
        f"{shown.whole(scenario.implied_users)} / {shown.whole(scenario.first.users or None)}",
        _hit_ratio_text(scenario),
        shown.validity(scenario.validity),
    )


def _hit_ratio_text(scenario: ScenarioFigures) -> str:
    predicted = scenario.first.cache.predicted_ratio
    measured = shown.share(scenario.hit_ratio)
    return measured if predicted is None else f"{measured} (expected {shown.share(predicted)})"


def _latency_rows(record: RunRecord) -> Iterator[tuple[str, ...]]:
    yield _latency_row(shown.run_title(record), "all", record.latency)
    if len(record.routes) > 1:
        for route in record.routes:
            yield _latency_row(shown.run_title(record), route.route, route.latency)


def _latency_row(title: str, route: str, latency: LatencySummary) -> tuple[str, ...]:
    percentiles = (latency.p50_s, latency.p90_s, latency.p99_s, latency.p99_9_s)
    times = (latency.mean_s, *percentiles, latency.max_s)
    return (title, route, shown.whole(latency.count), *map(shown.milliseconds, times))


def _books_row(record: RunRecord) -> tuple[str, ...]:
    books, jain = record.books, record.replicas.jain_index
    counts = (books.offered, books.sent, books.completed, books.completed_in_drain)
    ends = (books.failed, books.timed_out, books.censored)
    return (
        shown.run_title(record),
        *map(shown.whole, (*counts, *ends)),
        shown.ABSENT if jain is None else f"{jain:.3f}",
    )


def _doubts(records: Sequence[RunRecord]) -> tuple[Doubt, ...]:
    concerned: dict[tuple[str, str], list[str]] = {}
    for record in records:
        for caveat in record.caveats:
            concerned.setdefault((caveat.text, caveat.advice), []).append(shown.run_title(record))
    return tuple(Doubt(tuple(titles), text, advice) for (text, advice), titles in concerned.items())
