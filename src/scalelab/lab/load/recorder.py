"""Counts what becomes of each request of one generator, in bounded memory. No clock, no socket: it is told.

Times are seconds from the start of the load. An error without an answer carries no latency sample.
"""

from dataclasses import dataclass

from scalelab.contracts.http_names import CACHE_HEADER
from scalelab.contracts.model import Contract
from scalelab.lab.correctness.proofs import WRONG_ANSWER, Defect
from scalelab.lab.load.histogram import LatencyHistogram
from scalelab.lab.load.tally import Outcome, Tally, count_kind

MOST_FIRST_LATENCIES = 20


@dataclass(frozen=True)
class MeasuredWindow:
    """Latency takes requests meant to start in it; the rate takes answers that arrive in it."""

    start_s: float
    end_s: float


class SecondRow(Contract):
    """What happened between two looks, about a second apart."""

    start_s: float
    end_s: float
    sent: int
    completed: int
    failed: int
    timed_out: int
    latency_sum_s: float
    """From the intended start, of the completed."""
    in_flight: int
    """At the end."""
    cpu_s: float

    def __add__(self, other: "SecondRow") -> "SecondRow":
        """The same second of two generators."""
        return SecondRow(
            start_s=min(self.start_s, other.start_s),
            end_s=max(self.end_s, other.end_s),
            sent=self.sent + other.sent,
            completed=self.completed + other.completed,
            failed=self.failed + other.failed,
            timed_out=self.timed_out + other.timed_out,
            latency_sum_s=self.latency_sum_s + other.latency_sum_s,
            in_flight=self.in_flight + other.in_flight,
            cpu_s=self.cpu_s + other.cpu_s,
        )


class Recorder:
    """One generator's books."""

    def __init__(self, window: MeasuredWindow, *, is_fine: bool = False) -> None:
        self.window = window
        self.tally = Tally()
        self._fine = self.tally.fine if is_fine else None
        self.sent = 0
        self.completed = 0
        self.failed = 0
        self.timed_out = 0
        self._latency_sum_s = 0.0
        self._arrived = self.tally.arrived
        self._completed_in_drain = 0
        self._first: dict[float, float] = {}
        self._start_s, self._end_s = window.start_s, window.end_s
        self._area_s = 0.0
        self._last = (0.0, 0, 0, 0, 0, 0.0, 0.0)
        self._good: dict[int, tuple[LatencyHistogram, LatencyHistogram]] = {}
        self._route_sent = self.tally.route_sent
        self._statuses = self.tally.statuses
        self.enter_lag = self.tally.lag.enter

    @property
    def in_flight(self) -> int:
        """Sent, without an outcome yet."""
        return self.sent - self.completed - self.failed - self.timed_out

    def start(self, route: int, actual_s: float) -> None:
        """A request goes out."""
        self.sent += 1
        self._route_sent[route] += 1
        self._area_s -= actual_s if self._start_s <= actual_s < self._end_s else self._inside(actual_s)

    def complete(self, route: int, status: int, intended_s: float, actual_s: float, now_s: float) -> None:
        """Answered as wanted."""
        self.completed += 1
        latency_s = now_s - intended_s
        self._latency_sum_s += latency_s
        self._statuses[_STATUS_NAMES[status]] += 1
        if self._fine is not None:
            self._fine.complete(now_s, latency_s)
        start_s, end_s = self._start_s, self._end_s
        if start_s <= now_s < end_s:
            self._area_s += now_s
            self._arrived[route, "completed"] += 1
        else:
            self._area_s += self._inside(now_s)
            self._completed_in_drain += now_s >= end_s
        if start_s <= intended_s < end_s:
            pair = self._good.get(route) or self._new_good(route)
            pair[0].enter(latency_s)
            pair[1].enter(now_s - actual_s)
            if self.completed <= 2 * MOST_FIRST_LATENCIES:
                self._first[actual_s] = now_s - actual_s

    def fail_with_status(self, route: int, status: int, intended_s: float, actual_s: float, now_s: float) -> None:
        """Answered, but not as wanted: a latency of its own kind."""
        self.failed += 1
        self._arrive(route, "failed", now_s)
        self._area_s += self._inside(now_s)
        self._statuses[_STATUS_NAMES[status]] += 1
        count_kind(self.tally.failure_kinds, f"status {status}")
        self._enter_other(route, "failed", intended_s, now_s - intended_s, now_s - actual_s)

    def fail_with_defect(
        self, route: int, status: int, defect: Defect, intended_s: float, actual_s: float, now_s: float
    ) -> None:
        """Answered with a good status and a wrong answer: counted as a failure, and by what is wrong."""
        self.failed += 1
        self._arrive(route, "failed", now_s)
        self._area_s += self._inside(now_s)
        self._statuses[_STATUS_NAMES[status]] += 1
        self.tally.defects[defect] += 1
        count_kind(self.tally.failure_kinds, WRONG_ANSWER + defect)
        self._enter_other(route, "failed", intended_s, now_s - intended_s, now_s - actual_s)

    def fail(self, route: int, kind: str, now_s: float, *, is_generator_fault: bool = False) -> None:
        """No answer, and there will be none."""
        self.failed += 1
        self._arrive(route, "failed", now_s)
        self._area_s += self._inside(now_s)
        self.tally.counts["generator_faults"] += is_generator_fault
        count_kind(self.tally.failure_kinds, kind)

    def time_out(self, route: int, intended_s: float, actual_s: float, timeout_s: float, now_s: float) -> None:
        """Given up: entered as at least the timeout."""
        self.timed_out += 1
        self._arrive(route, "timed_out", now_s)
        self._area_s += self._inside(now_s)
        count_kind(self.tally.failure_kinds, f"no answer within {timeout_s:g} s")
        self._enter_other(route, "timed_out", intended_s, timeout_s + actual_s - intended_s, timeout_s)

    def note(self, name: str, value: str, now_s: float) -> None:
        """What a header field of a good answer said; only answers that arrive in the window count."""
        if self._fine is not None and name == CACHE_HEADER:
            self._fine.note_cache(now_s, value)
        if self._start_s <= now_s < self._end_s:
            count_kind(self.tally.noted[name], value)

    def censor(self, intended_s: float, now_s: float) -> None:
        """Under way when the load was cut: only its age is known."""
        self.tally.counts["censored"] += 1
        self.tally.oldest_censored_s = max(self.tally.oldest_censored_s, now_s - intended_s)
        if self._start_s <= intended_s < self._end_s:
            self.tally.censored_ages.enter(now_s - intended_s)

    def cut_window(self, now_s: float) -> None:
        """The load ends before its time, and the window with it."""
        self._end_s = min(self._end_s, max(self._start_s, now_s))
        self.window = MeasuredWindow(self._start_s, self._end_s)

    def snapshot(self, now_s: float, cpu_s: float) -> Tally:
        """The tally so far. The same object each time."""
        counts = self.tally.counts
        counts["sent"], counts["completed"], counts["failed"] = self.sent, self.completed, self.failed
        counts["timed_out"] = self.timed_out
        counts["completed_in_window"] = sum(
            number for (_, outcome), number in self._arrived.items() if outcome == "completed"
        )
        counts["completed_in_drain"] = self._completed_in_drain
        self.tally.cpu_s = cpu_s
        self.tally.in_flight_s = self._area_s + self.in_flight * self._inside(now_s)
        self.tally.first_latencies = [self._first[start_s] for start_s in sorted(self._first)][:MOST_FIRST_LATENCIES]
        return self.tally

    def row(self, now_s: float, cpu_s: float) -> SecondRow:
        """What happened since the row before."""
        now = (now_s, self.sent, self.completed, self.failed, self.timed_out, self._latency_sum_s, cpu_s)
        last, self._last = self._last, now
        return SecondRow(
            start_s=last[0],
            end_s=now[0],
            sent=now[1] - last[1],
            completed=now[2] - last[2],
            failed=now[3] - last[3],
            timed_out=now[4] - last[4],
            latency_sum_s=max(0.0, now[5] - last[5]),
            in_flight=self.in_flight,
            cpu_s=now[6] - last[6],
        )

    def _arrive(self, route: int, outcome: Outcome, now_s: float) -> None:
        if self._fine is not None:
            self._fine.fail(now_s)
        if self._start_s <= now_s < self._end_s:
            self._arrived[route, outcome] += 1

    def _inside(self, time_s: float) -> float:
        """How much of the window lies before that time."""
        return min(max(time_s, self._start_s), self._end_s)

    def _new_good(self, route: int) -> tuple[LatencyHistogram, LatencyHistogram]:
        tally = self.tally
        pair = (tally.histogram("intended", route, "completed"), tally.histogram("actual", route, "completed"))
        self._good[route] = pair
        return pair

    def _enter_other(
        self, route: int, outcome: Outcome, intended_s: float, from_intended_s: float, from_actual_s: float
    ) -> None:
        if not self._start_s <= intended_s < self._end_s:
            return
        self.tally.histogram("intended", route, outcome).enter(from_intended_s)
        self.tally.histogram("actual", route, outcome).enter(from_actual_s)


_STATUS_NAMES = [str(status) for status in range(1000)]
