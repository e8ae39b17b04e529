"""What a load counted, as data: sums, kinds and histograms. Generators add up; percentiles are never averaged."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any, Literal

from scalelab.lab.load.fine_timeline import FineTimeline
from scalelab.lab.load.histogram import LatencyHistogram, merged

Outcome = Literal["completed", "failed", "timed_out"]
TimeBase = Literal["intended", "actual"]
HistogramKey = tuple[TimeBase, int, Outcome]
"""Time base, number of the route, outcome."""

COUNTS = (
    "offered",
    "sent",
    "completed",
    "failed",
    "timed_out",
    "censored",
    "completed_in_drain",
    "completed_in_window",
    "generator_faults",
    "waited_for_connection",
    "connections_opened",
    "bytes_received",
)
"""`completed_in_window`: good answers that arrived in the measured window. `waited_for_connection`: requests that
were due while every connection was busy. `generator_faults`: of the failed, this machine's own."""
MOST_KINDS = 50
OTHER_KINDS = "other"


def count_kind(kinds: Counter[str], kind: str, number: int = 1) -> None:
    """One more of a kind; beyond fifty kinds they are `other`, so that memory stays bounded."""
    kinds[kind if kind in kinds or len(kinds) < MOST_KINDS else OTHER_KINDS] += number


@dataclass
class Tally:
    """Everything one or several generators counted.

    offered = sent + not_sent; sent = completed + failed + timed_out + censored (+ in flight, while it runs).
    """

    counts: Counter[str] = field(default_factory=Counter)
    failure_kinds: Counter[str] = field(default_factory=Counter)
    """Timeouts included."""
    statuses: Counter[str] = field(default_factory=Counter)
    arrived: Counter[tuple[int, Outcome]] = field(default_factory=Counter)
    """Outcomes that fell into the measured window, by route."""
    noted: defaultdict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    """What noted header fields of good answers in the window said."""
    defects: Counter[str] = field(default_factory=Counter)
    """Wrong answers with a good status, by what is wrong; they are failures, too."""
    route_sent: Counter[int] = field(default_factory=Counter)
    histograms: dict[HistogramKey, LatencyHistogram] = field(default_factory=dict)
    """Of requests meant to start in the measured window."""
    censored_ages: LatencyHistogram = field(default_factory=LatencyHistogram)
    """From the intended start to the cut, of requests meant to start in the window."""
    oldest_censored_s: float = 0.0
    """Of all that were under way at the cut."""
    lag: LatencyHistogram = field(default_factory=LatencyHistogram)
    """How late the generator looked at requests that a free connection was waiting for."""
    connect: LatencyHistogram = field(default_factory=LatencyHistogram)
    """Time to open a connection, the TLS handshake included."""
    cpu_s: float = 0.0
    in_flight_s: float = 0.0
    """Request-seconds under way in the measured window: divided by its length, the time-average population."""
    fine: FineTimeline = field(default_factory=FineTimeline)
    """Empty unless the plan asked for it."""
    first_latencies: list[float] = field(default_factory=list)
    """Actual latencies of the first requests, in order of sending: the system before it is loaded."""

    @property
    def not_sent(self) -> int:
        """Offered, but never sent."""
        return self.counts["offered"] - self.counts["sent"]

    @property
    def in_flight(self) -> int:
        """Sent, without an outcome yet."""
        counts = self.counts
        return counts["sent"] - counts["completed"] - counts["failed"] - counts["timed_out"] - counts["censored"]

    @property
    def lag_p99_s(self) -> float | None:
        """Of the schedule; None when nothing was due."""
        return self.lag.at_rank(-(-self.lag.count * 99 // 100)) if self.lag.count else None

    @property
    def lag_max_s(self) -> float | None:
        """Of the schedule; None when nothing was due."""
        return self.lag.max_s if self.lag.count else None

    def histogram(self, base: TimeBase, route: int, outcome: Outcome) -> LatencyHistogram:
        """The histogram itself, made when there is none."""
        key: HistogramKey = (base, route, outcome)
        if key not in self.histograms:
            self.histograms[key] = LatencyHistogram()
        return self.histograms[key]

    def latencies(self, base: TimeBase, outcome: Outcome, route: int | None = None) -> LatencyHistogram:
        """Of one outcome, over all routes or one of them; a copy."""
        return merged(
            histogram
            for (its_base, its_route, its_outcome), histogram in self.histograms.items()
            if its_base == base and its_outcome == outcome and route in (None, its_route)
        )

    def add(self, other: "Tally") -> None:
        """Merge another generator's."""
        self.counts.update(other.counts)
        self.route_sent.update(other.route_sent)
        self.defects.update(other.defects)
        self.arrived.update(other.arrived)
        for name, values in other.noted.items():
            self.noted[name].update(values)
        for kinds, theirs in ((self.failure_kinds, other.failure_kinds), (self.statuses, other.statuses)):
            for kind, number in theirs.items():
                count_kind(kinds, kind, number)
        for key, histogram in other.histograms.items():
            self.histogram(*key).add(histogram)
        self.censored_ages.add(other.censored_ages)
        self.oldest_censored_s = max(self.oldest_censored_s, other.oldest_censored_s)
        self.lag.add(other.lag)
        self.connect.add(other.connect)
        self.cpu_s += other.cpu_s
        self.in_flight_s += other.in_flight_s
        self.fine.add(other.fine)
        self.first_latencies.extend(other.first_latencies)

    def as_json(self) -> dict[str, Any]:
        """For a pipe; `from_json` reads it."""
        return {
            "counts": dict(self.counts),
            "failure_kinds": dict(self.failure_kinds),
            "statuses": dict(self.statuses),
            "defects": dict(self.defects),
            "arrived": [[*key, number] for key, number in self.arrived.items()],
            "noted": {name: dict(values) for name, values in self.noted.items()},
            "route_sent": list(self.route_sent.items()),
            "histograms": [[*key, histogram.as_json()] for key, histogram in self.histograms.items()],
            "censored_ages": self.censored_ages.as_json(),
            "oldest_censored_s": self.oldest_censored_s,
            "lag": self.lag.as_json(),
            "connect": self.connect.as_json(),
            "cpu_s": self.cpu_s,
            "in_flight_s": self.in_flight_s,
            "fine": self.fine.as_json(),
            "first_latencies": self.first_latencies,
        }

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> "Tally":
        """What `as_json` gave."""
        return cls(
            counts=Counter(document["counts"]),
            failure_kinds=Counter(document["failure_kinds"]),
            statuses=Counter(document["statuses"]),
            defects=Counter(document["defects"]),
            arrived=Counter({(route, outcome): number for route, outcome, number in document["arrived"]}),
            noted=defaultdict(Counter, {name: Counter(values) for name, values in document["noted"].items()}),
            route_sent=Counter(dict(document["route_sent"])),
            histograms={
                (base, route, outcome): LatencyHistogram.from_json(histogram)
                for base, route, outcome, histogram in document["histograms"]
            },
            censored_ages=LatencyHistogram.from_json(document["censored_ages"]),
            oldest_censored_s=document["oldest_censored_s"],
            lag=LatencyHistogram.from_json(document["lag"]),
            connect=LatencyHistogram.from_json(document["connect"]),
            cpu_s=document["cpu_s"],
            in_flight_s=document["in_flight_s"],
            fine=FineTimeline.from_json(document["fine"]),
            first_latencies=document["first_latencies"],
        )
