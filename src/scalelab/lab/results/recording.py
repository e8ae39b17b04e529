"""`recording.json`: what the load driver itself counted in one scenario. Figures only; no judgement, nothing derived.

Times are seconds from the start of the load.
"""

from typing import Literal

from pydantic import Field

from scalelab.contracts.model import Contract
from scalelab.lab.results.run_record import Books, Window

RECORDING_FILE = "recording.json"
TIMELINE_FILE = "timeline.jsonl"
HISTOGRAM_FILE = "latency.hlog"
FAULTS_FILE = "faults.jsonl"
TASKS_FILE = "tasks.jsonl"

Outcome = Literal["completed", "failed", "timed_out"]


class LatencyMeasure(Contract):
    """Exact sums of the latencies of requests SENT in the window, of one route and outcome."""

    route: str
    outcome: Outcome
    count: int
    sum_s: float
    min_s: float
    max_s: float
    out_of_range: int
    """Of the count: not in the histogram, because it ends at an hour."""


class Answers(Contract):
    """Answers of one route that ARRIVED in the window."""

    route: str
    completed: int
    failed: int
    timed_out: int


class EarlyAnswers(Contract):
    """Every answer that arrived before the end of the load, the ramp's included, failures too."""

    count: int
    latency_sum_s: float
    failures: int


class FineRecord(Contract):
    """The load in steps, from its start: fine enough to see how long a fault was felt."""

    step_s: float
    completed: tuple[int, ...]
    """Good answers that arrived in each step."""
    failed: tuple[int, ...]
    """Requests that failed or timed out in it."""
    slowest_s: tuple[float, ...]
    """Of its good answers, from the intended start."""
    hits: tuple[int, ...] = ()
    """Of its good answers, those from the cache; empty in an older record."""


class Recording(Contract):
    """Written once a second while the load runs (`is_final` false), and once more when everything is over."""

    is_final: bool
    is_interrupted: bool
    """The load was ended before its time."""
    started_at_unix_s: float
    load_end_s: float
    """When the last request could be sent; so far, while the load runs."""
    finished_s: float
    window: Window
    """As it was: it ends early when the load did."""
    books: Books
    sent_in_window: int
    censored_in_window: int
    """Of those: without an answer when the drain limit was reached."""
    answers: tuple[Answers, ...]
    latencies: tuple[LatencyMeasure, ...]
    early: EarlyAnswers
    cache_answers: dict[str, int]
    """Value of the cache header -> good answers in the window."""
    instances: dict[str, int]
    """Gateway -> good answers in the window."""
    failure_kinds: dict[str, int]
    """Whole load phase; timeouts included."""
    defects: dict[str, int] = Field(default_factory=dict)
    """Wrong answers with a good status, by what is wrong; part of the failures. Whole load phase."""
    defect_examples: tuple[str, ...] = ()
    """The first of them, with their request ids."""
    tasks_handed_in: int = 0
    """Long tasks by their names: one that was sent again counts once. Whole load phase."""
    generator_faults: int
    """Of the failures: this machine's own (no ports, no descriptors left)."""
    not_sent_reasons: dict[str, int]
    oldest_in_flight_s: float | None
    """Age of the oldest request without an answer."""
    users_peak: int
    time_base: Literal["actual", "intended"] = "actual"
    """From when latencies count: the request's actual start, or the moment for which it was meant."""
    in_flight_mean: float | None = None
    """Time-average population of the window, where the driver knows it."""
    fine: FineRecord | None = None
    """Where the experiment has faults."""


class TimelineRow(Contract):
    """One second of the load: events by the second in which they happened."""

    second: int
    sent: int = 0
    completed: int = 0
    failed: int = 0
    timed_out: int = 0
    not_sent: int = 0
    latency_sum_s: float = 0.0
    """Of the answers completed in this second."""
    in_flight: int = 0
    """At the end of the second."""
    users: int = 0
    generator_cpu_s: float = 0.0
    generator_lag_s: float = 0.0
    """How late the driver's own once-a-second tick came."""
