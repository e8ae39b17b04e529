"""The books of one generator."""

import pytest

from scalelab.lab.load.recorder import MeasuredWindow, Recorder
from scalelab.lab.load.tally import Tally


@pytest.fixture
def recorder():
    return Recorder(MeasuredWindow(1.0, 3.0))


def test_the_books_balance(recorder):
    """Each request has one outcome; what is open is in flight until it is censored."""
    for start_s in (1.0, 1.1, 1.2, 1.3, 1.4):
        recorder.start(0, start_s)
    recorder.complete(0, 200, 1.0, 1.0, 1.5)
    recorder.fail_with_status(0, 503, 1.1, 1.1, 1.2)
    recorder.fail(0, "connection reset", 1.3)
    recorder.time_out(0, 1.3, 1.3, 1.0, 2.4)
    under_way = recorder.in_flight
    recorder.censor(1.4, 4.0)

    tally = recorder.snapshot(4.0, 0.1)

    assert under_way == 1
    assert [tally.counts[name] for name in ("sent", "completed", "failed", "timed_out", "censored")] == [
        5,
        1,
        2,
        1,
        1,
    ]
    assert tally.in_flight == 0
    assert tally.failure_kinds == {"status 503": 1, "connection reset": 1, "no answer within 1 s": 1}
    assert tally.statuses == {"200": 1, "503": 1}


def test_latency_counts_from_both_starts(recorder):
    """Meant at 1.0, started at 1.6, answered at 2.0: 1.0 s for the user, 0.4 s for the server."""
    recorder.start(0, 1.6)
    recorder.complete(0, 200, 1.0, 1.6, 2.0)

    tally = recorder.tally

    assert tally.latencies("intended", "completed").max_s == pytest.approx(1.0)
    assert tally.latencies("actual", "completed").max_s == pytest.approx(0.4)


def test_outcomes_are_kept_apart_and_errors_have_no_latency(recorder):
    """100 x 1 s good, 20 x 5 ms refused, 3 resets: three different things (locust 1363, 207)."""
    for _ in range(100):
        recorder.complete(0, 200, 1.0, 1.0, 2.0)
    for _ in range(20):
        recorder.fail_with_status(0, 503, 1.0, 1.0, 1.005)
    for _ in range(3):
        recorder.fail(0, "connection reset", 1.0)

    good, refused = (recorder.tally.latencies("intended", outcome) for outcome in ("completed", "failed"))

    assert (good.count, good.min_s) == (100, 1.0)
    assert (refused.count, refused.max_s) == (20, pytest.approx(0.005))


def test_a_timeout_is_at_least_the_timeout(recorder):
    """Started half a second late and given up after 1 s: at least 1.5 s."""
    recorder.time_out(0, 1.0, 1.5, 1.0, 2.6)

    assert recorder.tally.latencies("intended", "timed_out").min_s == pytest.approx(1.5)
    assert recorder.tally.latencies("actual", "timed_out").min_s == 1.0


def test_a_slow_warm_up_does_not_move_the_mean(recorder):
    """Requests of the first second are ten times slower; the mean is that of the rest (k6 1136)."""
    for tenth in range(10):
        recorder.start(0, tenth / 10)
        recorder.complete(0, 200, tenth / 10, tenth / 10, tenth / 10 + 1)
    for tenth in range(10, 30):
        recorder.start(0, tenth / 10)
        recorder.complete(0, 200, tenth / 10, tenth / 10, tenth / 10 + 0.1)

    tally = recorder.snapshot(3.0, 0.0)

    assert tally.latencies("intended", "completed").mean_s == pytest.approx(0.1)
    assert tally.counts["completed"] == 30


def test_the_rate_takes_answers_of_the_window(recorder):
    """Before, within, after: only those within count; those after its end are of the drain."""
    for now_s in (0.5, 1.0, 2.9, 3.0, 3.5):
        recorder.complete(0, 200, 0.4, 0.4, now_s)

    counts = recorder.snapshot(4.0, 0.0).counts

    assert (counts["completed_in_window"], counts["completed_in_drain"]) == (2, 2)


def test_the_population_is_a_time_average(recorder):
    """One request from 0 to 2 and one from 2.5 on: 1.5 request-seconds within the window of 1..3."""
    recorder.start(0, 0.0)
    recorder.complete(0, 200, 0.0, 0.0, 2.0)
    recorder.start(0, 2.5)

    assert recorder.snapshot(3.5, 0.0).in_flight_s == pytest.approx(1.5)


def test_seconds_add_up_to_the_totals(recorder):
    """The last interval is not missing (locust 1806)."""
    rows = []
    for second in range(3):
        for _ in range(second + 1):
            recorder.start(0, second)
            recorder.complete(0, 200, second, second, second + 0.5)
        rows.append(recorder.row(second + 0.9, 0.0))
    recorder.start(0, 2.95)
    rows.append(recorder.row(3.0, 0.0))

    assert [row.completed for row in rows] == [1, 2, 3, 0]
    assert sum(row.sent for row in rows) == recorder.sent
    assert rows[-1].in_flight == 1
    assert rows[1].latency_sum_s == pytest.approx(1.0)


def test_a_load_cut_short_has_a_shorter_window(recorder):
    """Interrupted at 2.0: the window ends there, and never before it began."""
    recorder.cut_window(2.0)

    early = Recorder(MeasuredWindow(1.0, 3.0))
    early.cut_window(0.5)

    assert (recorder.window.start_s, recorder.window.end_s) == (1.0, 2.0)
    assert (early.window.start_s, early.window.end_s) == (1.0, 1.0)


def test_kinds_are_bounded(recorder):
    """A thousand distinct errors need no more room than fifty (locust 1712)."""
    for number in range(1000):
        recorder.fail(0, f"kind {number}", 1.0)

    assert len(recorder.tally.failure_kinds) == 51
    assert recorder.tally.failure_kinds["other"] == 950


def test_the_first_latencies_are_kept_in_order_of_sending(recorder):
    """The slow first one comes first, though it was answered last."""
    recorder.complete(0, 200, 1.2, 1.2, 1.3)
    recorder.complete(0, 200, 1.1, 1.1, 1.6)

    assert recorder.snapshot(2.0, 0.0).first_latencies == pytest.approx([0.5, 0.1])


def test_a_tally_survives_the_pipe(recorder):
    """As JSON and back."""
    recorder.start(0, 1.0)
    recorder.complete(0, 200, 1.0, 1.0, 1.5)
    document = recorder.snapshot(2.0, 0.2).as_json()

    assert Tally.from_json(document).as_json() == document
