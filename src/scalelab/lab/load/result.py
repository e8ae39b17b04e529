"""The answer of a load: figures, validity, caveats. A figure that could not be measured is null, never 0.

Pure: from an outcome to a document. Its keys are relied upon; add, never rename.
"""

from datetime import UTC, datetime

from pydantic import Field

from scalelab.contracts.model import Contract
from scalelab.lab.load.histogram import LatencyHistogram, merged
from scalelab.lab.load.machines import MachineResult
from scalelab.lab.load.percentiles import LatencyFigures, figures_of
from scalelab.lab.load.processes import LoadOutcome
from scalelab.lab.load.recorder import SecondRow
from scalelab.lab.load.tally import Outcome, Tally, TimeBase
from scalelab.lab.results.run_record import Caveat, Validity

_SHORTEST_RATE_WINDOW_S = 0.5


class RouteResult(Contract):
    """One kind of request."""

    route: str
    sent: int
    completed: int
    failed_with_status: int
    timed_out: int
    latency_intended_s: LatencyFigures


class GeneratorResult(Contract):
    """What the generator says of itself."""

    processes: int
    lost_processes: int
    cpu_share: float
    """Of one core, of the busiest process."""
    machine_cpu_share: float | None
    """Of the busiest machine."""
    lag_p99_s: float | None
    lag_max_s: float | None
    connections: int
    connections_opened: int
    waited_for_connection: int
    faults: int
    machines: tuple[MachineResult, ...] = ()
    """One by one."""


class PartsResult(Contract):
    """Where the mean latency from the intended start went, in seconds."""

    wait_mean_s: float | None
    """From the intended to the actual start: for a connection, or for the generator."""
    connect_mean_s: float | None
    """Of one connection, not of one request: most requests find one open."""
    answer_mean_s: float | None
    """From the actual start to the last byte."""


class LoadResult(Contract):
    """See the module. offered = sent + not_sent; sent = completed + failed + timed_out + censored."""

    schema_version: int = 1
    started_at: str
    kind: str
    """`open` or `closed`."""
    duration_s: float
    warm_up_s: float
    window_s: float
    elapsed_s: float
    users: int | None
    rate_asked_per_s: float | None
    """Offered / the time in which it was; null for a closed load."""
    offered: int
    sent: int
    not_sent: int
    completed: int
    failed: int
    timed_out: int
    censored: int
    completed_in_drain: int
    rate_per_s: float | None
    """Good answers that arrived in the window / its length. Null: the window is too short to tell."""
    error_share: float | None
    """(failed + timed out) / (completed + failed + timed out)."""
    latency_intended_s: LatencyFigures
    """Of good answers, from when the request was meant to start."""
    latency_actual_s: LatencyFigures
    """Of good answers, from when it did start."""
    latency_at_least_s: LatencyFigures
    """As intended, with timeouts entered as at least the timeout and censored ones as at least their age."""
    latency_failed_s: LatencyFigures
    """Of answers that were errors."""
    parts: PartsResult
    in_flight_mean: float | None
    """Time-average population in the window."""
    oldest_censored_s: float | None
    failure_kinds: dict[str, int]
    statuses: dict[str, int]
    defects: dict[str, int] = Field(default_factory=dict)
    """Wrong answers with a good status, by what is wrong with them; part of `failed`."""
    bytes_received: int
    routes: tuple[RouteResult, ...]
    generator: GeneratorResult
    timeline: tuple[SecondRow, ...]
    validity: str = "valid"
    """Everything that is wrong, separated by commas; `valid` when nothing is."""
    validities: tuple[Validity, ...] = ("valid",)
    caveats: tuple[Caveat, ...] = ()
    criteria: tuple[str, ...] = ()
    """What was asked with `--fail-if`, and what came of it."""


def result_of(outcome: LoadOutcome) -> LoadResult:
    """The figures; validity and caveats are for `honesty` to add."""
    plan, tally = outcome.plan, outcome.tally
    counts = tally.counts
    answers = counts["completed"] + counts["failed"] + counts["timed_out"]
    intended = tally.latencies("intended", "completed")
    actual = tally.latencies("actual", "completed")
    is_open = plan.load.kind == "open"
    return LoadResult(
        started_at=datetime.fromtimestamp(outcome.started_at_unix_s, UTC).isoformat(timespec="milliseconds"),
        kind=plan.load.kind,
        duration_s=plan.duration_s,
        warm_up_s=plan.warm_up_s,
        window_s=outcome.window_s,
        elapsed_s=outcome.elapsed_s,
        users=plan.load.users if plan.load.kind == "closed" else None,
        rate_asked_per_s=counts["offered"] / min(plan.duration_s, outcome.elapsed_s or plan.duration_s)
        if is_open
        else None,
        offered=counts["offered"],
        sent=counts["sent"],
        not_sent=tally.not_sent,
        completed=counts["completed"],
        failed=counts["failed"],
        timed_out=counts["timed_out"],
        censored=counts["censored"],
        completed_in_drain=counts["completed_in_drain"],
        rate_per_s=counts["completed_in_window"] / outcome.window_s
        if outcome.window_s >= _SHORTEST_RATE_WINDOW_S
        else None,
        error_share=(counts["failed"] + counts["timed_out"]) / answers if answers else None,
        latency_intended_s=figures_of(intended),
        latency_actual_s=figures_of(actual),
        latency_at_least_s=figures_of(at_least(tally)),
        latency_failed_s=figures_of(tally.latencies("intended", "failed")),
        parts=_parts(tally, intended, actual),
        in_flight_mean=tally.in_flight_s / outcome.window_s if outcome.window_s > 0 else None,
        oldest_censored_s=tally.oldest_censored_s or None,
        failure_kinds=dict(tally.failure_kinds.most_common()),
        statuses=dict(sorted(tally.statuses.items())),
        defects=dict(sorted(tally.defects.items())),
        bytes_received=counts["bytes_received"],
        routes=_routes(outcome),
        generator=_generator(outcome),
        timeline=tuple(outcome.rows),
    )


def at_least(tally: Tally) -> LatencyHistogram:
    """Latencies from the intended start with every unanswered request at its lower bound."""
    parts = [tally.latencies("intended", "completed"), tally.latencies("intended", "timed_out"), tally.censored_ages]
    return merged(parts)


def _parts(tally: Tally, intended: LatencyHistogram, actual: LatencyHistogram) -> PartsResult:
    has_any = intended.mean_s is not None and actual.mean_s is not None
    return PartsResult(
        wait_mean_s=intended.mean_s - actual.mean_s if has_any else None,  # type: ignore[operator]  # checked
        connect_mean_s=tally.connect.mean_s,
        answer_mean_s=actual.mean_s,
    )


def _routes(outcome: LoadOutcome) -> tuple[RouteResult, ...]:
    tally = outcome.tally

    def count(base: TimeBase, number: int, kind: Outcome) -> int:
        return tally.latencies(base, kind, number).count

    return tuple(
        RouteResult(
            route=template.route,
            sent=tally.route_sent[number],
            completed=count("intended", number, "completed"),
            failed_with_status=count("intended", number, "failed"),
            timed_out=count("intended", number, "timed_out"),
            latency_intended_s=figures_of(tally.latencies("intended", "completed", number)),
        )
        for number, template in enumerate(outcome.plan.requests)
    )


def _generator(outcome: LoadOutcome) -> GeneratorResult:
    tally, machines = outcome.tally, outcome.machines
    shares = [machine.machine_cpu_share for machine in machines if machine.machine_cpu_share is not None]
    return GeneratorResult(
        processes=outcome.plan.processes,
        lost_processes=outcome.lost_generators,
        cpu_share=max((machine.cpu_share for machine in machines), default=0.0),
        machine_cpu_share=max(shares, default=None),
        lag_p99_s=tally.lag_p99_s,
        lag_max_s=tally.lag_max_s,
        connections=outcome.plan.connections,
        connections_opened=tally.counts["connections_opened"],
        waited_for_connection=tally.counts["waited_for_connection"],
        faults=tally.counts["generator_faults"],
        machines=machines,
    )
