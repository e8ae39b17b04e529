"""From what one load counted to its record: every figure of `run.json`, worked out from files alone. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from scalelab.contracts.http_names import FROM_CACHE
from scalelab.lab.analysis.evidence import Evidence
from scalelab.lab.analysis.fairness import jain_index
from scalelab.lab.analysis.growth import process_growth
from scalelab.lab.analysis.latency import LatencyTotals, add_totals, merge_histograms, summarize_latency
from scalelab.lab.analysis.little import DEFAULT_TOLERANCE_RATIO, check_little
from scalelab.lab.analysis.recovery import fault_outcomes
from scalelab.lab.analysis.resource_use import resource_uses
from scalelab.lab.analysis.validity import judge
from scalelab.lab.cache_prediction import predicted_hit_ratio
from scalelab.lab.correctness.task_defects import with_task_defects
from scalelab.lab.plan import CacheState, Scenario
from scalelab.lab.results.hdr_histogram import HdrHistogram
from scalelab.lab.results.histogram_log import histogram_tag
from scalelab.lab.results.measured_files import Measured
from scalelab.lab.results.recording import LatencyMeasure, Outcome, Recording
from scalelab.lab.results.run_directory import ScenarioContext
from scalelab.lab.results.run_record import (
    Books,
    CacheCheck,
    FaultOutcome,
    LatencySummary,
    LittleCheck,
    NaiveLine,
    ProcessGrowth,
    ReplicaShare,
    ResourceUse,
    RouteSummary,
    RunRecord,
    ServerCheck,
    TaskCheck,
    TaskOutcomes,
    Window,
)

REQUIRED_CACHE_RATIO = 0.99
"""Least share of hits in a hit scenario, and of misses in a miss scenario."""
LEAST_POPULATION_DIFFERENCE = 1.0
"""Of an open load: one request more or less under way is within the edges of the window."""
_NO_CACHE_ANSWER = "none"


@dataclass
class Circumstances:
    """What the runner saw beside the figures; filled while the scenario runs."""

    is_partial: bool = False
    trouble: str = ""
    """What kept the scenario from being measured as planned."""
    system_faults: tuple[str, ...] = ()
    """Parts of the system that did not live through the load."""
    server_answers: int | None = None
    """Good answers that the gateways counted during load and drain."""
    task_executions: int | None = None
    """Tasks that workers did to their end during the load and what it left in the queue."""
    task_outcomes: TaskOutcomes | None = None
    """What became of those that were acknowledged."""
    is_start_quiet: bool = False
    """Whether nothing was left of the phase before when the load began."""
    machine_busy_ratio: float | None = None
    """Share of the seconds in which the machine's cores were busy above 90 %."""


def build_record(context: ScenarioContext, measured: Measured, circumstances: Circumstances) -> RunRecord:
    """The record of one repetition.

    Args:
        context: what was planned.
        measured: what the load driver left; anything of it may be missing.
        circumstances: what else happened.
    """
    scenario, recording = context.scenario, measured.recording
    window = recording.window if recording is not None else _nothing_measured(scenario)
    books = recording.books if recording is not None else _EMPTY_BOOKS
    tasks = _tasks(circumstances, recording)
    record = RunRecord(
        experiment=context.experiment,
        scenario=scenario.name,
        title=scenario.title,
        repetition=context.repetition,
        factors=scenario.factors,
        started_at=context.started_at,
        driver=scenario.load.driver,
        users=scenario.load.users if scenario.load.is_closed else 0,
        rate_per_s=None if scenario.load.is_closed else scenario.load.rate_per_s,
        think_time_mean_s=_think_time_s(scenario),
        load_duration_s=recording.load_end_s if recording is not None else 0.0,
        window=window,
        books=books,
        throughput_per_s=_rate(_arrived(recording, ("completed",)), window),
        failures=books.failed + books.timed_out,
        defects=_defects(recording, tasks),
        latency=_latency(measured),
        routes=_routes(measured),
        little=_little(scenario, recording, window),
        cache=_cache(scenario, recording, window),
        replicas=_replicas(recording, scenario.gateways),
        server=_server(circumstances, books, recording),
        tasks=tasks,
        started_quiet=circumstances.is_start_quiet,
        resources=_resources(scenario, measured),
        growth=_growth(measured),
        faults=_faults(measured),
        prediction=context.prediction,
        naive=_naive(recording),
        validity=("no-data",),
        caveats=(),
    )
    validity, caveats = judge(evidence_of(record, scenario, measured, circumstances))
    return record.model_copy(update={"validity": validity, "caveats": caveats})


def evidence_of(record: RunRecord, scenario: Scenario, measured: Measured, circumstances: Circumstances) -> Evidence:
    """What the judge is shown."""
    recording = measured.recording
    is_whole = recording is not None and recording.is_final and not recording.is_interrupted
    return Evidence(
        books=record.books,
        window=record.window,
        load_duration_s=scenario.load.duration_s,
        users=record.users,
        think_time_mean_s=record.think_time_mean_s,
        completed_in_window=_arrived(recording, ("completed",)) or 0,
        throughput_per_s=record.throughput_per_s,
        cache=record.cache,
        little=record.little,
        server=record.server,
        replicas=record.replicas,
        cache_ttl_s=scenario.topology.api_gateway.cache_ttl_s,
        prediction=record.prediction,
        timeline=measured.timeline,
        is_partial=circumstances.is_partial or (recording is not None and not is_whole),
        trouble=circumstances.trouble,
        system_faults=circumstances.system_faults,
        growth=record.growth,
        defects=record.defects,
        is_disturbed=bool(scenario.faults),
        expects_failures=scenario.load.expects_failures,
        generator_faults=recording.generator_faults if recording is not None else 0,
        oldest_censored_s=recording.oldest_in_flight_s if recording is not None else None,
        drain_limit_s=scenario.load.drain_limit_s,
        machine_busy_ratio=circumstances.machine_busy_ratio,
        not_sent_reasons=recording.not_sent_reasons if recording is not None else {},
    )


def cache_check(answers: Mapping[str, int], expected: CacheState | None) -> CacheCheck:
    """Hits and misses among the answers that tell; what does not tell is neither."""
    told = {name: count for name, count in answers.items() if name != _NO_CACHE_ANSWER}
    hits, total = sum(told.get(name, 0) for name in FROM_CACHE), sum(told.values())
    return CacheCheck(
        hits=hits,
        misses=total - hits,
        hit_ratio=hits / total if total else None,
        expected=expected,
        required_ratio=REQUIRED_CACHE_RATIO if expected is not None else None,
    )


_EMPTY_BOOKS = Books(
    offered=0, not_sent=0, sent=0, completed=0, failed=0, timed_out=0, censored=0, completed_in_drain=0
)


def _nothing_measured(scenario: Scenario) -> Window:
    return Window(start_s=scenario.load.window_start_s, end_s=scenario.load.window_start_s)


def _rate(count: int | None, window: Window) -> float | None:
    length_s = window.end_s - window.start_s
    return count / length_s if count is not None and length_s > 0 else None


def _arrived(recording: Recording | None, outcomes: Sequence[Outcome]) -> int | None:
    if recording is None:
        return None
    counts = (answers.model_dump() for answers in recording.answers)
    return sum(int(count[outcome]) for count in counts for outcome in outcomes)


def _latency(measured: Measured, route: str | None = None) -> LatencySummary:
    """Of good answers, of one route or of all."""
    measures = [
        measure
        for measure in (measured.recording.latencies if measured.recording is not None else ())
        if measure.outcome == "completed" and route in (None, measure.route)
    ]
    time_base = measured.recording.time_base if measured.recording is not None else "actual"
    histograms = [
        found
        for measure in measures
        if (found := measured.histograms.get(histogram_tag(time_base, measure.route, measure.outcome))) is not None
    ]
    return summarize_latency(add_totals(map(_totals, measures)), _merged(histograms))


def _merged(histograms: list[HdrHistogram]) -> HdrHistogram | None:
    return merge_histograms(histograms) if histograms else None


def _totals(measure: LatencyMeasure) -> LatencyTotals:
    return LatencyTotals(
        count=measure.count,
        sum_s=measure.sum_s,
        min_s=measure.min_s,
        max_s=measure.max_s,
        out_of_range=measure.out_of_range,
    )


def _routes(measured: Measured) -> tuple[RouteSummary, ...]:
    return tuple(
        RouteSummary(
            route=answers.route,
            completed=answers.completed,
            failed=answers.failed + answers.timed_out,
            latency=_latency(measured, answers.route),
        )
        for answers in (measured.recording.answers if measured.recording is not None else ())
    )


def _little(scenario: Scenario, recording: Recording | None, window: Window) -> LittleCheck | None:
    """Little's law holds for whatever a user waits for: failures are answers, too."""
    if recording is None:
        return None
    totals = add_totals(map(_totals, recording.latencies))
    rate = _rate(_arrived(recording, ("completed", "failed", "timed_out")), window)
    if not rate or not totals.count:
        return None
    load, response_s = scenario.load, totals.sum_s / totals.count
    if load.is_closed:
        return check_little(load.users, rate, response_s, load.think_time_mean_s)
    population = recording.in_flight_mean
    if not population:
        return None
    tolerance = max(DEFAULT_TOLERANCE_RATIO, LEAST_POPULATION_DIFFERENCE / population)
    return check_little(population, rate, response_s, 0.0, tolerance)


def _think_time_s(scenario: Scenario) -> float:
    return scenario.load.think_time_mean_s if scenario.load.is_closed else 0.0


def _server(circumstances: Circumstances, books: Books, recording: Recording | None) -> ServerCheck | None:
    """A client that gave up, or was refused on the way, may have had its answer given all the same."""
    if circumstances.server_answers is None or recording is None:
        return None
    least = books.completed + sum(recording.defects.values())
    most = least + books.failed + books.timed_out + books.censored
    return ServerCheck(answers=circumstances.server_answers, least=least, most=most)


def _cache(scenario: Scenario, recording: Recording | None, window: Window) -> CacheCheck:
    check = cache_check(recording.cache_answers if recording is not None else {}, scenario.cache)
    rate = _rate(_arrived(recording, ("completed",)), window)
    return check.model_copy(update={"predicted_ratio": predicted_hit_ratio(scenario, rate)})


def _resources(scenario: Scenario, measured: Measured) -> tuple[ResourceUse, ...]:
    recording = measured.recording
    if recording is None or recording.window.end_s <= recording.window.start_s:
        return ()
    return resource_uses(measured.probes, recording.window, recording.started_at_unix_s, scenario.topology)


def _growth(measured: Measured) -> tuple[ProcessGrowth, ...]:
    recording = measured.recording
    if recording is None:
        return ()
    return process_growth(measured.probes, recording.window, recording.started_at_unix_s)


def _faults(measured: Measured) -> tuple[FaultOutcome, ...]:
    recording = measured.recording
    if recording is None:
        return ()
    return fault_outcomes(measured.faults, recording.fine, recording.started_at_unix_s, recording.load_end_s)


def _tasks(circumstances: Circumstances, recording: Recording | None) -> TaskCheck | None:
    """Only of a load that told all that it handed in: what it did not tell would look done twice."""
    executed, outcomes = circumstances.task_executions, circumstances.task_outcomes
    if (executed is None and outcomes is None) or recording is None or not recording.is_final:
        return None
    return TaskCheck(handed_in=recording.tasks_handed_in, executed=executed, outcomes=outcomes)


def _defects(recording: Recording | None, tasks: TaskCheck | None) -> dict[str, int]:
    if recording is None:
        return {}
    return with_task_defects(recording.defects, tasks) if tasks else recording.defects


def _replicas(recording: Recording | None, gateways: int) -> ReplicaShare:
    """A gateway that never answered counts with 0."""
    answers = dict(recording.instances) if recording is not None else {}
    silent = [0] * max(0, gateways - len(answers))
    return ReplicaShare(answers=answers, jain_index=jain_index([*answers.values(), *silent]))


def _naive(recording: Recording | None) -> NaiveLine:
    if recording is None:
        return NaiveLine(requests=0, mean_s=None, throughput_per_s=None, failures=0)
    early = recording.early
    return NaiveLine(
        requests=early.count,
        mean_s=early.latency_sum_s / early.count if early.count else None,
        throughput_per_s=early.count / recording.load_end_s if recording.load_end_s > 0 else None,
        failures=early.failures,
    )
