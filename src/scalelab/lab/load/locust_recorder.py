"""Counts what becomes of every request of a load, in bounded memory. Never talks to a network or a file.

One flight = one request on its way. Whatever is still in flight at the end is censored, so that the books balance:
sent = completed + failed + timed out + censored.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from scalelab.lab.load.fine_timeline import FineTimeline
from scalelab.lab.results.hdr_histogram import HdrHistogram
from scalelab.lab.results.histogram_log import histogram_tag, record
from scalelab.lab.results.recording import Answers, EarlyAnswers, LatencyMeasure, Outcome, Recording, TimelineRow
from scalelab.lab.results.run_record import Books, Window

MOST_KINDS = 50
MOST_EXAMPLES = 20
OTHER_KINDS = "other"


@dataclass(frozen=True, eq=False)
class Flight:
    """A request on its way."""

    route: str
    sent_s: float
    is_of_window: bool
    """Decided when it was sent, whatever comes later."""


@dataclass
class _Measure:
    count: int = 0
    sum_s: float = 0.0
    min_s: float = float("inf")
    max_s: float = 0.0
    out_of_range: int = 0
    histogram: HdrHistogram = field(default_factory=HdrHistogram)

    def enter(self, latency_s: float) -> None:
        self.count += 1
        self.sum_s += latency_s
        self.min_s = min(self.min_s, latency_s)
        self.max_s = max(self.max_s, latency_s)
        if not record(self.histogram, latency_s):
            self.out_of_range += 1


class LoadRecorder:
    """One load. The clock is monotonic, in seconds; everything else is told."""

    def __init__(
        self,
        routes: Sequence[str],
        planned: Window,
        clock: Callable[[], float],
        unix_time: Callable[[], float],
        *,
        is_fine: bool = False,
    ) -> None:
        self._routes = tuple(routes)
        self._planned = planned
        self._clock = clock
        self._unix_time = unix_time
        self._is_fine = is_fine
        self.begin()

    def begin(self) -> None:
        """The load starts now, with empty books."""
        self._zero_s = self._clock()
        self._started_at_unix_s = self._unix_time()
        self._closed_s: float | None = None
        self._is_interrupted = False
        self._is_final = False
        self._in_flight: dict[Flight, None] = {}
        self._totals: Counter[str] = Counter()
        self._measures: defaultdict[tuple[str, Outcome], _Measure] = defaultdict(_Measure)
        self._answers: Counter[tuple[str, Outcome]] = Counter()
        self._cache_answers: Counter[str] = Counter()
        self._instances: Counter[str] = Counter()
        self._failure_kinds: Counter[str] = Counter()
        self._defects: Counter[str] = Counter()
        self._defect_examples: list[str] = []
        self._not_sent_reasons: Counter[str] = Counter()
        self._early: Counter[str] = Counter()
        self._early_latency_s = 0.0
        self._rows: dict[int, Counter[str]] = {}
        self._latency_rows_s: dict[int, float] = {}
        self._next_row = 0
        self._fine = FineTimeline() if self._is_fine else None
        self._flown = 0
        self._users_peak = 0

    def elapsed_s(self) -> float:
        """Seconds since the load began."""
        return self._clock() - self._zero_s

    def can_send(self) -> bool:
        """Whether the load is still on: no request may be sent at or after its end."""
        return self._closed_s is None and self.elapsed_s() < self._planned.end_s

    # --- what happens to requests -------------------------------------------------------------------------------
    def send(self, route: str) -> Flight:
        """A request goes out."""
        now_s = self.elapsed_s()
        flight = Flight(route, now_s, self._is_in_window(now_s))
        self._in_flight[flight] = None
        self._totals["sent"] += 1
        self._totals["sent_in_window"] += flight.is_of_window
        self._row(now_s)["sent"] += 1
        return flight

    def complete(self, flight: Flight, cache_answer: str = "", instance: str = "") -> None:
        """It was answered as wanted."""
        now_s = self._land(flight, "completed")
        if self._fine is not None:
            self._fine.complete(now_s, now_s - flight.sent_s)
            self._fine.note_cache(now_s, cache_answer)
        if self._is_in_window(now_s):
            self._cache_answers[cache_answer or "none"] += 1
            self._instances[instance or "unknown"] += 1
        if not self._is_early(now_s):
            self._totals["completed_in_drain"] += 1

    def fail(self, flight: Flight, kind: str, *, is_generator_fault: bool = False) -> None:
        """It was answered otherwise, or broke."""
        self._land_badly(flight, "failed")
        self._count_kind(self._failure_kinds, kind)
        self._totals["generator_faults"] += is_generator_fault

    def note_defect(self, defect: str, example: str) -> None:
        """What was wrong with an answer that has just failed for it."""
        self._defects[defect] += 1
        if len(self._defect_examples) < MOST_EXAMPLES:
            self._defect_examples.append(f"{defect}: {example}")

    def time_out(self, flight: Flight, kind: str) -> None:
        """The client gave up waiting."""
        self._land_badly(flight, "timed_out")
        self._count_kind(self._failure_kinds, kind)

    def leave_out(self, reason: str) -> None:
        """A request was due and could not be sent."""
        self._totals["not_sent"] += 1
        self._row(self.elapsed_s())["not_sent"] += 1
        self._count_kind(self._not_sent_reasons, reason)

    # --- the end ------------------------------------------------------------------------------------------------
    def close(self, *, is_interrupted: bool = False) -> None:
        """From now on nothing is sent. The first call counts."""
        if self._closed_s is None:
            self._closed_s = min(self.elapsed_s(), self._planned.end_s)
            self._is_interrupted = is_interrupted

    def interrupt(self) -> None:
        """What follows is not what was planned."""
        self.close(is_interrupted=True)
        self._is_interrupted = True

    def finish(self) -> None:
        """The drain is over: what is in flight stays without an answer."""
        self.close()
        self._is_final = True

    # --- what there is to read ----------------------------------------------------------------------------------
    def take_rows(
        self, users: int, generator_cpu_s: float, generator_lag_s: float, *, is_last: bool = False
    ) -> list[TimelineRow]:
        """The seconds that are over and have not been taken; what the driver says of itself goes into the last.

        Args:
            users: there are now.
            generator_cpu_s: used since the rows before.
            generator_lag_s: how late this call comes.
            is_last: take the second that is not over, too.
        """
        self._users_peak = max(self._users_peak, users)
        end = int(self.elapsed_s()) + is_last
        rows = [self._finished_row(second) for second in range(self._next_row, end)]
        self._next_row = max(self._next_row, end)
        if rows:
            last = rows[-1]
            own = {"users": users, "generator_cpu_s": generator_cpu_s, "generator_lag_s": generator_lag_s}
            rows[-1] = last.model_copy(update=own)
        return rows

    def histograms(self) -> dict[str, HdrHistogram]:
        """By tag, as `latency.hlog` has them."""
        return {
            histogram_tag("actual", route, outcome): measure.histogram
            for (route, outcome), measure in sorted(self._measures.items())
        }

    def window(self) -> Window:
        """The measured window as it was, or as it is so far."""
        end_s = min(self.elapsed_s(), self._planned.end_s) if self._closed_s is None else self._closed_s
        return Window(start_s=min(self._planned.start_s, end_s), end_s=end_s)

    def recording(self) -> Recording:
        """Everything counted so far."""
        now_s = self.elapsed_s()
        window = self.window()
        waiting = [flight.sent_s for flight in self._in_flight]
        return Recording(
            is_final=self._is_final,
            is_interrupted=self._is_interrupted,
            started_at_unix_s=self._started_at_unix_s,
            load_end_s=window.end_s,
            finished_s=now_s,
            window=window,
            books=self._books(),
            sent_in_window=self._totals["sent_in_window"],
            censored_in_window=sum(flight.is_of_window for flight in self._in_flight),
            answers=tuple(self._answers_of(route) for route in self._routes),
            latencies=self._latency_measures(),
            early=EarlyAnswers(
                count=self._early["count"], latency_sum_s=self._early_latency_s, failures=self._early["failures"]
            ),
            cache_answers=dict(self._cache_answers),
            instances=dict(self._instances),
            failure_kinds=dict(self._failure_kinds),
            defects=dict(self._defects),
            defect_examples=tuple(self._defect_examples),
            generator_faults=self._totals["generator_faults"],
            not_sent_reasons=dict(self._not_sent_reasons),
            oldest_in_flight_s=now_s - min(waiting) if waiting else None,
            users_peak=self._users_peak,
            fine=self._fine.as_record(now_s) if self._fine is not None else None,
        )

    # --- inside -------------------------------------------------------------------------------------------------
    def _land(self, flight: Flight, outcome: Outcome) -> float:
        del self._in_flight[flight]
        now_s = self.elapsed_s()
        latency_s = now_s - flight.sent_s
        self._totals[outcome] += 1
        self._row(now_s)[outcome] += 1
        if outcome == "completed":
            second = int(now_s)
            self._latency_rows_s[second] = self._latency_rows_s.get(second, 0.0) + latency_s
        if flight.is_of_window:
            self._measures[flight.route, outcome].enter(latency_s)
        if self._is_in_window(now_s):
            self._answers[flight.route, outcome] += 1
        if self._is_early(now_s):
            self._early["count"] += 1
            self._early["failures"] += outcome != "completed"
            self._early_latency_s += latency_s
        return now_s

    def _land_badly(self, flight: Flight, outcome: Outcome) -> None:
        now_s = self._land(flight, outcome)
        if self._fine is not None:
            self._fine.fail(now_s)

    def _is_in_window(self, time_s: float) -> bool:
        return self._planned.start_s <= time_s and self._is_early(time_s)

    def _is_early(self, time_s: float) -> bool:
        return time_s < (self._planned.end_s if self._closed_s is None else self._closed_s)

    def _row(self, time_s: float) -> Counter[str]:
        return self._rows.setdefault(int(time_s), Counter())

    def _finished_row(self, second: int) -> TimelineRow:
        counts = self._rows.pop(second, Counter())
        self._flown += counts["sent"] - counts["completed"] - counts["failed"] - counts["timed_out"]
        latency_sum_s = self._latency_rows_s.pop(second, 0.0)
        return TimelineRow(second=second, **counts, latency_sum_s=latency_sum_s, in_flight=self._flown)

    def _books(self) -> Books:
        totals = self._totals
        return Books(
            offered=totals["sent"] + totals["not_sent"],
            not_sent=totals["not_sent"],
            sent=totals["sent"],
            completed=totals["completed"],
            failed=totals["failed"],
            timed_out=totals["timed_out"],
            censored=len(self._in_flight),
            completed_in_drain=totals["completed_in_drain"],
        )

    def _answers_of(self, route: str) -> Answers:
        return Answers(
            route=route,
            completed=self._answers[route, "completed"],
            failed=self._answers[route, "failed"],
            timed_out=self._answers[route, "timed_out"],
        )

    def _latency_measures(self) -> tuple[LatencyMeasure, ...]:
        return tuple(
            LatencyMeasure(
                route=route,
                outcome=outcome,
                count=measure.count,
                sum_s=measure.sum_s,
                min_s=measure.min_s,
                max_s=measure.max_s,
                out_of_range=measure.out_of_range,
            )
            for (route, outcome), measure in sorted(self._measures.items())
        )

    @staticmethod
    def _count_kind(kinds: Counter[str], kind: str) -> None:
        kinds[kind if kind in kinds or len(kinds) < MOST_KINDS else OTHER_KINDS] += 1
