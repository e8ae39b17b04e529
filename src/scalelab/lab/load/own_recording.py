"""From what our generators counted to the files of a scenario, as any driver leaves them. Pure."""

from collections.abc import Sequence

from scalelab.contracts.http_names import CACHE_HEADER, INSTANCE_HEADER
from scalelab.lab.load.histogram import LatencyHistogram
from scalelab.lab.load.plan import LoadPlan
from scalelab.lab.load.recorder import SecondRow
from scalelab.lab.load.tally import Outcome, Tally, TimeBase
from scalelab.lab.results.histogram_log import histogram_tag
from scalelab.lab.results.recording import (
    Answers,
    EarlyAnswers,
    LatencyMeasure,
    Recording,
    TimelineRow,
)
from scalelab.lab.results.run_record import Books, Window

TIME_BASE: TimeBase = "intended"
NOTED_FIELDS = (CACHE_HEADER, INSTANCE_HEADER)
NO_CONNECTION = "no free connection, or the load was over"
_OUTCOMES: tuple[Outcome, ...] = ("completed", "failed", "timed_out")


def recording_of(
    plan: LoadPlan,
    tally: Tally,
    rows: Sequence[SecondRow],
    *,
    started_at_unix_s: float,
    elapsed_s: float,
    window_end_s: float,
    is_final: bool,
    is_interrupted: bool,
) -> Recording:
    """What was counted so far, or in all.

    Args:
        plan: of the load.
        tally: of all generators.
        rows: second by second.
        started_at_unix_s: the load's start.
        elapsed_s: since then.
        window_end_s: where the measured window ends, or ended early.
        is_final: nothing more will come.
        is_interrupted: the load was ended before its time.
    """
    counts = tally.counts
    routes = [template.route for template in plan.requests]
    early = [row for row in rows if row.start_s < window_end_s]
    in_flight = tally.in_flight
    window_s = window_end_s - plan.warm_up_s
    measures = _latencies(tally, routes)
    return Recording(
        is_final=is_final,
        is_interrupted=is_interrupted,
        started_at_unix_s=started_at_unix_s,
        load_end_s=window_end_s,
        finished_s=elapsed_s,
        window=Window(start_s=min(plan.warm_up_s, window_end_s), end_s=window_end_s),
        books=Books(
            offered=max(counts["offered"], counts["sent"]),
            not_sent=max(0, tally.not_sent),
            sent=counts["sent"],
            completed=counts["completed"],
            failed=counts["failed"],
            timed_out=counts["timed_out"],
            censored=counts["censored"] if is_final else in_flight,
            completed_in_drain=counts["completed_in_drain"],
        ),
        sent_in_window=sum(measure.count for measure in measures) + tally.censored_ages.count,
        censored_in_window=tally.censored_ages.count,
        answers=tuple(
            Answers(route=route, **{outcome: tally.arrived[number, outcome] for outcome in _OUTCOMES})
            for number, route in enumerate(routes)
        ),
        latencies=measures,
        early=EarlyAnswers(
            count=sum(row.completed + row.failed + row.timed_out for row in early),
            latency_sum_s=sum(row.latency_sum_s for row in early),
            failures=sum(row.failed + row.timed_out for row in early),
        ),
        cache_answers=_named(tally, CACHE_HEADER, "none"),
        instances=_named(tally, INSTANCE_HEADER, "unknown"),
        failure_kinds=dict(tally.failure_kinds.most_common()),
        defects=dict(tally.defects),
        generator_faults=counts["generator_faults"],
        not_sent_reasons={NO_CONNECTION: tally.not_sent} if is_final and tally.not_sent > 0 else {},
        oldest_in_flight_s=tally.oldest_censored_s or None,
        users_peak=plan.load.users if plan.load.kind == "closed" else 0,
        time_base=TIME_BASE,
        in_flight_mean=tally.in_flight_s / window_s if is_final and window_s > 0 else None,
        fine=tally.fine.as_record(elapsed_s) if plan.has_fine_timeline else None,
    )


def histograms_of(plan: LoadPlan, tally: Tally) -> dict[str, LatencyHistogram]:
    """By tag, as the histogram file has them."""
    return {
        histogram_tag(base, plan.requests[number].route, outcome): histogram
        for (base, number, outcome), histogram in tally.histograms.items()
    }


def timeline_row(plan: LoadPlan, row: SecondRow) -> TimelineRow:
    """One second."""
    load = plan.load
    users = 0
    if load.kind == "closed" and row.start_s < plan.duration_s:
        spawned = load.users if load.spawn_rate_per_s is None else 1 + int(row.end_s * load.spawn_rate_per_s)
        users = min(load.users, spawned)
    return TimelineRow(
        second=round(row.start_s),
        sent=row.sent,
        completed=row.completed,
        failed=row.failed,
        timed_out=row.timed_out,
        latency_sum_s=row.latency_sum_s,
        in_flight=max(0, row.in_flight),
        users=users,
        generator_cpu_s=row.cpu_s,
        generator_lag_s=max(0.0, row.end_s - row.start_s - 1),
    )


def _latencies(tally: Tally, routes: Sequence[str]) -> tuple[LatencyMeasure, ...]:
    return tuple(
        LatencyMeasure(
            route=routes[number],
            outcome=outcome,
            count=histogram.count,
            sum_s=histogram.sum_s,
            min_s=histogram.min_s,
            max_s=histogram.max_s,
            out_of_range=histogram.out_of_range,
        )
        for (base, number, outcome), histogram in sorted(tally.histograms.items())
        if base == TIME_BASE and histogram.count
    )


def _named(tally: Tally, field: str, absent: str) -> dict[str, int]:
    return {value or absent: number for value, number in tally.noted.get(field, {}).items()}
