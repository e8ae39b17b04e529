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
    """Its template."""
    outcome: Outcome
    """How they ended."""
    count: int
    """Requests."""
    sum_s: float
    """Of their latencies."""
    min_s: float
    """The quickest."""
    max_s: float
    """The slowest."""
    out_of_range: int
    """Of the count: not in the histogram, because it ends at an hour."""


class Answers(Contract):
    """Answers of one route that ARRIVED in the window."""

    route: str
    """Its template."""
    completed: int
    """Good answers."""
    failed: int
    """Others, and requests that broke."""
    timed_out: int
    """Requests that the client gave up."""


class EarlyAnswers(Contract):
    """Every answer that arrived before the end of the load, the ramp's included, failures too."""

    count: int
    """Answers."""
    latency_sum_s: float
    """Of all of them."""
    failures: int
    """Of the count."""


class FineRecord(Contract):
    """The load in steps, from its start: fine enough to see how long a fault was felt."""

    step_s: float
    """Length of one step."""
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
    """Whether the load and its drain are over."""
    is_interrupted: bool
    """The load was ended before its time."""
    started_at_unix_s: float
    """When the load began."""
    load_end_s: float
    """When the last request could be sent; so far, while the load runs."""
    finished_s: float
    """When the last answer was in, or was no longer waited for."""
    window: Window
    """As it was: it ends early when the load did."""
    books: Books
    sent_in_window: int
    """Requests begun in the window."""
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
    """Why requests were not sent -> how many."""
    oldest_in_flight_s: float | None
    """Age of the oldest request without an answer."""
    users_peak: int
    """Most users at a time."""
    time_base: Literal["actual", "intended"] = "actual"
    """From when latencies count: the request's actual start, or the moment for which it was meant."""
    in_flight_mean: float | None = None
    """Time-average population of the window, where the driver knows it."""
    fine: FineRecord | None = None
    """Where the experiment has faults."""


class TimelineRow(Contract):
    """One second of the load: events by the second in which they happened."""

    second: int
    """0 is the first second of the load."""
    sent: int = 0
    """Requests begun."""
    completed: int = 0
    """Good answers that arrived."""
    failed: int = 0
    """Requests that failed."""
    timed_out: int = 0
    """Requests that the client gave up."""
    not_sent: int = 0
    """Requests that could not be begun."""
    latency_sum_s: float = 0.0
    """Of the answers completed in this second."""
    in_flight: int = 0
    """At the end of the second."""
    users: int = 0
    """At the end of the second; 0 for an open load."""
    generator_cpu_s: float = 0.0
    """CPU time of the load generator in this second; of several processes the busiest."""
    generator_lag_s: float = 0.0
    """How late the driver's own once-a-second tick came."""
