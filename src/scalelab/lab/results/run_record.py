"""`run.json`: what one run measured, what it means, and how far it can be believed. Files only; nothing is computed.

Times are seconds from the start of the load unless a name says otherwise. A figure that could not be measured is
null, never 0.
"""

from typing import Literal

from pydantic import Field

from scalelab.contracts.model import Contract

SCHEMA_VERSION = 1

Validity = Literal[
    "valid",
    "not-steady",
    "censored",
    "generator-limited",
    "little-violated",
    "too-many-failures",
    "wrong-answers",
    "counts-differ",
    "hit-ratio-off",
    "sut-died",
    "partial",
    "no-data",
]
"""No order of severity; `RunRecord.validity` lists every one that applies."""


class Window(Contract):
    """The measured window. Throughput counts completions in it; latency takes the requests sent in it."""

    start_s: float
    """After the ramp."""
    end_s: float
    """End of the load, or of the run if it broke off."""


class Books(Contract):
    """Where every request of the whole load phase went.

    offered = sent + not_sent; sent = completed + failed + timed_out + censored.
    """

    offered: int
    """Requests that were to be made."""
    not_sent: int
    """Of these: never begun, because the generator could not."""
    sent: int
    """Begun."""
    completed: int
    """Answered as wanted, those of the drain included."""
    failed: int
    """Answered otherwise, or broken off."""
    timed_out: int
    """Given up by the client."""
    censored: int
    """Still without an answer when the drain limit was reached."""
    completed_in_drain: int
    """Of the completed: answered after the end of the load, within the drain limit."""


class LatencySummary(Contract):
    """Latency of good answers, in seconds. Percentiles that too few samples support are null."""

    count: int
    """Good answers to requests sent in the window."""
    mean_s: float | None
    """Exact, not from the histogram."""
    p50_s: float | None
    """Median."""
    p90_s: float | None
    """Nine in ten took no longer."""
    p95_s: float | None = None
    """19 in 20."""
    p99_s: float | None
    """99 in 100."""
    p99_9_s: float | None
    """999 in 1,000."""
    max_s: float | None
    """The slowest, exact."""


class RouteSummary(Contract):
    """One route of the mix, over the window."""

    route: str
    """Its template."""
    completed: int
    """Good answers that arrived in the window."""
    failed: int
    """Failed and timed out in it."""
    latency: LatencySummary


class LittleCheck(Contract):
    """Little's law on the window: N = X (R + Z)."""

    configured_users: float
    """Of an open load: requests under way, averaged over the window."""
    throughput_per_s: float
    """X, of the window."""
    response_mean_s: float
    """R."""
    think_time_mean_s: float
    """Z."""
    implied_users: float
    """X (R + Z)."""
    is_consistent: bool
    """Whether implied and configured agree within `tolerance_ratio`."""
    tolerance_ratio: float
    """Largest difference that is let pass."""


class CacheCheck(Contract):
    """Hits and misses as the clients saw them, over the window."""

    hits: int
    """Good answers that said they came from the cache."""
    misses: int
    """Those that did not."""
    hit_ratio: float | None
    """Hits of both; null without an answer that tells."""
    expected: Literal["hit", "miss"] | None
    """What the scenario demands of every answer; null: nothing."""
    required_ratio: float | None
    """Least share of what was expected."""
    predicted_ratio: float | None = None
    """Hits to expect from time to live, key distribution and rate, where the hit ratio was left open."""


class ReplicaShare(Contract):
    """Answers per gateway over the window, from the answers' own header."""

    answers: dict[str, int]
    """Gateway -> good answers."""
    jain_index: float | None
    """1 = equal shares, 1/n = one replica takes all."""


class ServerCheck(Contract):
    """Good answers of load and drain, as the gateways counted them, beside what the clients can have got."""

    answers: int
    """As the gateways counted them."""
    least: int
    """What the clients did get."""
    most: int
    """And what they may have been sent without getting it: they gave up, or it broke on the way."""


class TaskOutcomes(Contract):
    """What became of the tasks whose hand-in was acknowledged."""

    acknowledged: int
    """Tasks that were answered with 202."""
    looked_up: int
    """Those whose result is kept long enough to be looked for."""
    succeeded: int
    """Came to their end."""
    given_up: int
    """Dead letters and cancelled ones."""
    lost: int
    """Acknowledged, and nobody knows them any more."""

    @property
    def unfinished(self) -> int:
        """Still under way when they were looked for."""
        return self.looked_up - self.succeeded - self.given_up - self.lost


class TaskCheck(Contract):
    """Long tasks of the load, as handed in, beside what the system says that it did."""

    handed_in: int
    """Names; each is one task at most."""
    executed: int | None
    """How often workers did one to its end. More than were handed in: the difference was done twice. None: a worker
    did not tell, or was started again."""
    outcomes: TaskOutcomes | None = None
    """None: not looked for."""


class ResourceUse(Contract):
    """What the load took of one resource over the window: busy place-seconds a second, and for one answer.

    By the utilisation law the demand of one answer is the mean number of busy places over the throughput.
    """

    name: str
    """`upstream slots`, `database pool`, `CPU of api_gateway`, ..., `CPU of the machine`."""
    units: int
    """Gateways or processes that share it out."""
    places: float
    """Of one unit: slots, connections, cores or a share of one; 0 = unbounded."""
    busy_mean: float
    """Places in use, of all units together."""
    waiting_mean: float | None = None
    """Requests in its queue; None where nobody counts them."""
    sampled_mean: float | None = None
    """Places in use as looked at once a second: by the utilisation law about the same as `busy_mean`."""
    demand_parts_s: tuple[float, ...] = ()
    """Busy place-seconds of one answer, in equal parts of the window."""
    wait_parts_s: tuple[float, ...] = ()
    """Seconds that one answer waited for it, in the same parts."""

    @property
    def utilization(self) -> float | None:
        """Busy share of all places; None when there is no bound."""
        return self.busy_mean / (self.units * self.places) if self.places else None

    @property
    def demand_s(self) -> float | None:
        """Busy place-seconds of one answer."""
        return sum(self.demand_parts_s) / len(self.demand_parts_s) if self.demand_parts_s else None

    @property
    def wait_s(self) -> float | None:
        """Seconds that one answer waited."""
        return sum(self.wait_parts_s) / len(self.wait_parts_s) if self.wait_parts_s else None


class Prediction(Contract):
    """What theory expects of this scenario, worked out before the run."""

    throughput_per_s: float
    """Expected good answers each second."""
    response_mean_s: float
    """Expected mean latency."""
    binding: str
    """Which resource binds: "upstream slots", "think time", ..."""
    formula: str
    """With the numbers in it."""


class NaiveLine(Contract):
    """What an ordinary report would print: everything that happened to finish before the cut, ramp included."""

    requests: int
    """Answers counted."""
    mean_s: float | None
    """Of their latencies."""
    throughput_per_s: float | None
    """Answers over the whole load, ramp included."""
    failures: int
    """Of the answers."""


class Caveat(Contract):
    """A doubt that stands beside the number it concerns."""

    kind: str
    """Which doubt; a validity, or a weaker warning."""
    text: str
    """What was found, with the figures."""
    advice: str
    """What to do about it."""


class ProcessGrowth(Contract):
    """One process with its children at both ends of a long load: medians of the window's first and last tenth."""

    instance: str
    """`api_gateway-1`, ..., `generator`."""
    memory_start_bytes: float
    """Resident set."""
    memory_end_bytes: float
    """Likewise."""
    descriptors_start: float | None = None
    """None: the system has none, or did not tell."""
    descriptors_end: float | None = None
    """Likewise."""

    @property
    def memory_change_ratio(self) -> float:
        """0.05: it ended with 5 % more."""
        return self.memory_end_bytes / self.memory_start_bytes - 1

    @property
    def descriptors_more(self) -> float:
        """At the end; 0 where they are not known."""
        return (self.descriptors_end or 0.0) - (self.descriptors_start or 0.0)


class FaultOutcome(Contract):
    """What a fault cost. Seconds; `after` counts from its beginning."""

    what: str
    """For people: `freeze api_gateway-2 for 5 s`."""
    began_s: float
    """From the start of the load."""
    ended_s: float
    """When it was undone, and every part had answered again."""
    noticed_after_s: float | None = None
    """When balancer or supervisor knew of it; None: never, or nobody could tell."""
    failed: int | None = None
    """Requests that failed or timed out, until the next fault or the end of the load; None: not counted so finely."""
    recovered_after_s: float | None = None
    """When the rate was full again for good; 0: it never dipped; None: it did not come back, or was not counted."""
    quick_after_s: float | None = None
    """When no answer took more than three times the slowest before; 0 and None as above."""
    hit_ratio_before: float | None = None
    """Of the seconds before; None: no answer came from a cache."""
    hits_back_after_s: float | None = None
    """When the hit ratio was again what it was before; 0 and None as above."""
    slowest_s: float | None = None
    """Of all good answers from then on."""
    trouble: str = ""
    """Why it was not done, or not undone."""


class RunRecord(Contract):
    """One repetition of one scenario."""

    schema_version: int = SCHEMA_VERSION
    """Of this file."""
    experiment: str
    """Its name."""
    scenario: str
    """Also the prefix of the CSV files, for example `results_1_gateway_miss`."""
    title: str
    """For people, for example `1 gateway, miss`."""
    repetition: int = Field(ge=1)
    """From 1."""
    factors: dict[str, str | int | float | bool]
    """The experiment's factors, each with this scenario's level."""
    started_at: str
    """ISO 8601, UTC."""
    driver: str
    """What made the load: `locust`, `closed_loop` or `open_loop`."""
    users: int
    """0: an open load has none."""
    rate_per_s: float | None = None
    """Asked of the system, by an open load; of several rates the first."""
    think_time_mean_s: float
    """Between an answer and the same user's next request."""
    load_duration_s: float
    """Ramp and window, without the drain."""
    window: Window
    books: Books
    throughput_per_s: float | None
    """Good answers completed in the window / its length."""
    failures: int
    """Failed and timed out, whole load phase."""
    defects: dict[str, int] = Field(default_factory=dict)
    """Wrong answers with a good status, by what is wrong; each a failure too, but for what is `done twice` behind a
    good answer."""
    latency: LatencySummary
    routes: tuple[RouteSummary, ...]
    little: LittleCheck | None
    cache: CacheCheck
    replicas: ReplicaShare
    server: ServerCheck | None = None
    """None: the gateways did not tell, or one was started again."""
    tasks: TaskCheck | None = None
    """None: no tasks in the mix, or the load did not get to its end."""
    started_quiet: bool | None = None
    """Whether nothing was under way or in a queue when the load began; None: not looked, an older record."""
    resources: tuple[ResourceUse, ...] = ()
    """What the load took of each; empty when the probes did not tell."""
    growth: tuple[ProcessGrowth, ...] = ()
    """Of each process, where the load was long enough to tell."""
    faults: tuple[FaultOutcome, ...] = ()
    """Done to the system on purpose, in order."""
    prediction: Prediction | None
    naive: NaiveLine
    validity: tuple[Validity, ...]
    """`("valid",)`, or everything that is wrong."""
    caveats: tuple[Caveat, ...]
