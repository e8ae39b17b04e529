"""Counts and durations of requests as plain numbers, made into metrics when they are scraped. One event loop only.

A locked counter for each of them costs more than all else that is done for the shortest requests.
"""

from bisect import bisect_left
from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

from scalelab.contracts import metric_names

DURATION_BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)
_BOUNDS = tuple(map(floatToGoString, (*DURATION_BUCKETS_S, float("inf"))))


class Answers:
    """Of one route, method and status."""

    __slots__ = ("number",)

    def __init__(self) -> None:
        self.number = 0


class Durations:
    """Of the requests on one route: how many lay in which bucket, and their sum."""

    __slots__ = ("numbers", "sum_s")

    def __init__(self) -> None:
        self.numbers = [0] * len(_BOUNDS)
        self.sum_s = 0.0

    def observe(self, duration_s: float) -> None:
        """One more; a bucket's bound lies in it."""
        self.numbers[bisect_left(DURATION_BUCKETS_S, duration_s)] += 1
        self.sum_s += duration_s

    @property
    def number(self) -> int:
        """Of all."""
        return sum(self.numbers)

    def add(self, others: "Durations") -> None:
        """Those that were counted elsewhere."""
        self.numbers = [ours + theirs for ours, theirs in zip(self.numbers, others.numbers, strict=True)]
        self.sum_s += others.sum_s


class RequestCounts(Collector):
    """Of one service."""

    def __init__(self) -> None:
        self.in_flight = 0
        self._answers: dict[tuple[str, str, int], Answers] = {}
        self._durations: dict[str, Durations] = {}

    def answers(self, route: str, method: str, status: int) -> Answers:
        """Where such answers are counted."""
        found = self._answers.get((route, method, status))
        return self._answers.setdefault((route, method, status), Answers()) if found is None else found

    def durations(self, route: str) -> Durations:
        """Where the durations on a route are counted."""
        found = self._durations.get(route)
        return self._durations.setdefault(route, Durations()) if found is None else found

    def collect(self) -> Iterator[Metric]:
        """See `Collector`."""
        requests = CounterMetricFamily(
            metric_names.REQUESTS_TOTAL, "Answers of this process.", labels=["route", "method", "status"]
        )
        for (route, method, status), answers in self._answers.items():
            requests.add_metric([route, method, str(status)], answers.number)
        durations = HistogramMetricFamily(
            metric_names.REQUEST_DURATION_SECONDS, "First byte in to last byte out.", labels=["route"]
        )
        for route, counted in self._durations.items():
            durations.add_metric([route], _cumulated(counted.numbers), counted.sum_s)
        in_flight = GaugeMetricFamily(metric_names.REQUESTS_IN_FLIGHT, "Requests being answered now.")
        in_flight.add_metric([], self.in_flight)
        yield from (requests, durations, in_flight)


def _cumulated(numbers: list[int]) -> list[tuple[str, float]]:
    """As the format has it: each bucket holds those below it, too."""
    return [(bound, sum(numbers[: place + 1])) for place, bound in enumerate(_BOUNDS)]
