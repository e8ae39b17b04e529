"""The recorder with a clock of ours: every request ends up in the books, once."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scalelab.lab.load.locust_recorder import LoadRecorder
from scalelab.lab.results.hdr_histogram import HdrHistogram
from scalelab.lab.results.run_record import Window

ROUTES = ("/data", "/process")


class Clock:
    def __init__(self):
        self.now_s = 1000.0

    def __call__(self):
        return self.now_s


def a_recorder(clock, start_s=2.0, end_s=10.0):
    return LoadRecorder(ROUTES, Window(start_s=start_s, end_s=end_s), clock, lambda: 1_700_000_000.0)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def histograms_made(monkeypatch):
    made = []
    initialise = HdrHistogram.__init__

    def counting(histogram, *arguments):
        made.append(arguments)
        initialise(histogram, *arguments)

    monkeypatch.setattr(HdrHistogram, "__init__", counting)
    return made


def test_a_request_is_in_flight_until_it_lands(clock):
    """Sent, then completed: the latency is what passed in between."""
    recorder = a_recorder(clock)
    clock.now_s += 3.0
    flight = recorder.send("/data")
    clock.now_s += 0.5

    recorder.complete(flight, "MISS", "api_gateway-2")

    recording = recorder.recording()
    (latency,) = recording.latencies
    assert (latency.route, latency.outcome, latency.count) == ("/data", "completed", 1)
    assert latency.sum_s == latency.max_s == latency.min_s == pytest.approx(0.5)
    assert recording.cache_answers == {"MISS": 1}
    assert recording.instances == {"api_gateway-2": 1}
    assert recording.oldest_in_flight_s is None


def test_latency_belongs_to_the_window_in_which_the_request_was_sent(clock):
    """Sent in the ramp, answered in the window: no latency sample, but an answer of the window."""
    recorder = a_recorder(clock)
    early = recorder.send("/data")
    clock.now_s += 5.0
    recorder.complete(early)
    late = recorder.send("/data")
    clock.now_s += 7.0  # after the end

    recorder.close()
    recorder.complete(late)

    recording = recorder.recording()
    assert [latency.count for latency in recording.latencies] == [1]
    assert recording.latencies[0].sum_s == pytest.approx(7.0)
    assert recording.answers[0].completed == 1
    assert recording.books.completed == 2
    assert recording.books.completed_in_drain == 1
    assert recording.early.count == 1


def test_a_request_makes_no_histogram_of_its_own(clock, histograms_made):
    """One for each route and outcome: at 190 KB each, more would be a load for the generator itself."""
    recorder = a_recorder(clock)
    clock.now_s += 3.0
    for _ in range(20):
        recorder.complete(recorder.send("/data"))
        recorder.fail(recorder.send("/data"), "500")

    assert len(histograms_made) == 2


def test_nothing_may_be_sent_at_or_after_the_end(clock):
    """The gate closes with the clock, whoever is late."""
    recorder = a_recorder(clock)

    clock.now_s += 9.999
    could_before = recorder.can_send()
    clock.now_s += 0.001

    assert could_before
    assert not recorder.can_send()


def test_a_load_that_is_ended_early_ends_its_window_early(clock):
    """Interrupted at 5 s: the window is 2 to 5 s, and nothing more is sent."""
    recorder = a_recorder(clock)
    clock.now_s += 5.0

    recorder.interrupt()
    clock.now_s += 100.0
    recorder.finish()

    recording = recorder.recording()
    assert recording.window == Window(start_s=2.0, end_s=5.0)
    assert recording.is_interrupted
    assert not recorder.can_send()


def test_an_interrupt_in_the_ramp_leaves_an_empty_window(clock):
    """Ended before the window began: it has no length, and no negative one."""
    recorder = a_recorder(clock)
    clock.now_s += 1.0

    recorder.interrupt()

    window = recorder.recording().window
    assert window.start_s == window.end_s == 1.0


def test_what_is_left_in_flight_is_censored_with_its_age(clock):
    """One request without an answer: in the books, with the age of the oldest."""
    recorder = a_recorder(clock)
    clock.now_s += 4.0
    recorder.send("/process")
    clock.now_s += 36.0

    recorder.finish()

    recording = recorder.recording()
    assert recording.books.censored == 1
    assert recording.censored_in_window == 1
    assert recording.oldest_in_flight_s == pytest.approx(36.0)


def test_a_latency_beyond_the_histogram_is_counted(clock):
    """Two hours do not fit into an hour: counted as out of range, and still in sum and maximum."""
    recorder = a_recorder(clock, end_s=100_000.0)
    clock.now_s += 3.0
    flight = recorder.send("/data")
    clock.now_s += 7200.0

    recorder.complete(flight)

    (latency,) = recorder.recording().latencies
    assert latency.count == latency.out_of_range == 1
    assert latency.max_s == pytest.approx(7200.0)


def test_kinds_of_failures_are_bounded(clock):
    """A thousand different errors take fifty names and `other`."""
    recorder = a_recorder(clock)

    for number in range(1000):
        recorder.fail(recorder.send("/data"), f"error {number}")

    kinds = recorder.recording().failure_kinds
    assert len(kinds) == 51
    assert kinds["other"] == 950
    assert sum(kinds.values()) == recorder.recording().books.failed == 1000


def test_rows_count_events_by_their_second(clock):
    """Sent in second 0, completed in second 2: in flight at the end of seconds 0 and 1."""
    recorder = a_recorder(clock)
    flight = recorder.send("/data")
    clock.now_s += 2.5
    recorder.complete(flight)
    clock.now_s += 1.0

    rows = recorder.take_rows(users=7, generator_cpu_s=0.25, generator_lag_s=0.001)

    assert [(row.second, row.sent, row.completed, row.in_flight) for row in rows] == [
        (0, 1, 0, 1),
        (1, 0, 0, 1),
        (2, 0, 1, 0),
    ]
    assert rows[2].latency_sum_s == pytest.approx(2.5)
    assert rows[2].users == 7
    assert recorder.take_rows(7, 0.0, 0.0) == []


def test_begin_forgets_what_was_before(clock):
    """A second load of the same process starts with empty books."""
    recorder = a_recorder(clock)
    recorder.complete(recorder.send("/data"))
    recorder.finish()

    recorder.begin()

    assert recorder.recording().books.sent == 0
    assert recorder.can_send()


EVENT = st.sampled_from(["send", "complete", "fail", "time_out", "leave_out", "tick"])


@settings(max_examples=200)
@given(st.lists(st.tuples(EVENT, st.floats(0, 1.5), st.integers(0, 9)), max_size=80), st.integers(0, 80))
def test_the_books_balance_whatever_happens(events, closed_after):
    """Any order of events, the end anywhere: every request is in exactly one column, and in the rows once."""
    clock = Clock()
    recorder = a_recorder(clock)
    in_flight, rows = [], []

    for number, (event, pause_s, choice) in enumerate(events):
        clock.now_s += pause_s
        if number == closed_after:
            recorder.close()
        if event == "send" and recorder.can_send():
            in_flight.append(recorder.send(ROUTES[choice % 2]))
        elif event == "leave_out" and recorder.can_send():
            recorder.leave_out("no key left")
        elif event == "tick":
            rows += recorder.take_rows(1, 0.0, 0.0)
        elif event in ("complete", "fail", "time_out") and in_flight:
            flight = in_flight.pop(choice % len(in_flight))
            arguments = () if event == "complete" else ("kind",)
            getattr(recorder, event)(flight, *arguments)
    recorder.finish()
    rows += recorder.take_rows(0, 0.0, 0.0, is_last=True)

    recording = recorder.recording()
    books = recording.books
    assert books.offered == books.sent + books.not_sent
    assert books.sent == books.completed + books.failed + books.timed_out + books.censored
    assert books.censored == len(in_flight)
    for column in ("sent", "completed", "failed", "timed_out", "not_sent"):
        assert sum(getattr(row, column) for row in rows) == getattr(books, column)
    assert [row.second for row in rows] == list(range(len(rows)))
    assert rows[-1].in_flight == books.censored
    assert recording.early.count + books.completed_in_drain <= books.sent
    answered_in_window = sum(answers.completed for answers in recording.answers)
    assert answered_in_window == sum(recording.instances.values()) <= books.completed
    assert sum(latency.count for latency in recording.latencies) + recording.censored_in_window == (
        recording.sent_in_window
    )


def test_tenths_are_counted_where_they_are_asked_for(clock):
    """Good answers with their latency, hits, and failures, each by when it arrived."""
    recorder = LoadRecorder(ROUTES, Window(start_s=2.0, end_s=10.0), clock, lambda: 1_700_000_000.0, is_fine=True)
    flights = [recorder.send("/data") for _ in range(4)]
    clock.now_s += 0.25
    recorder.complete(flights[0], "HIT")
    recorder.complete(flights[1], "MISS")
    clock.now_s += 0.1
    recorder.fail(flights[2], "status 503")
    recorder.time_out(flights[3], "no answer")

    fine = recorder.recording().fine
    assert (fine.completed, fine.hits, fine.failed) == ((0, 0, 2, 0), (0, 0, 1, 0), (0, 0, 0, 2))
    assert fine.slowest_s == pytest.approx((0, 0, 0.25, 0))
    assert a_recorder(clock).recording().fine is None
