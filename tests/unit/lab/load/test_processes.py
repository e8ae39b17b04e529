"""What a supervisor makes of what its generators said."""

from types import SimpleNamespace

import pytest

from scalelab.lab.load.crew import Generator
from scalelab.lab.load.generator_messages import Report
from scalelab.lab.load.plan import LoadPlan, OpenLoad
from scalelab.lab.load.processes import _close_books, _rows, _window_s
from scalelab.lab.load.recorder import MeasuredWindow, Recorder, SecondRow
from scalelab.lab.load.requests import RequestTemplate
from scalelab.lab.load.tally import Tally

PLAN = LoadPlan(
    requests=(RequestTemplate(url="http://a/"),), load=OpenLoad(rate_per_s=10), duration_s=10, processes=2
)


def row(second, completed):
    return SecondRow(
        start_s=second,
        end_s=second + 1.0,
        sent=completed,
        completed=completed,
        failed=0,
        timed_out=0,
        latency_sum_s=0.1,
        in_flight=2,
        cpu_s=0.1,
    )


@pytest.fixture
def generator():
    return Generator(1, process=None)


def line_of(report):
    return report.model_dump_json().encode() + b"\n"


def test_reports_arrive_in_pieces(generator):
    """However the pipe cuts them; what is not whole yet waits."""
    data = line_of(Report(kind="ready")) + line_of(Report(kind="progress", elapsed_s=1.0, tally=Tally().as_json()))

    news = [generator.take(data[start : start + 7]) for start in range(0, len(data), 7)]

    assert generator.is_ready
    assert generator.last.elapsed_s == 1.0
    assert sum(news) == 2
    assert generator.buffer == b""


def test_a_report_without_a_tally_keeps_the_one_before(generator):
    """Its second counts all the same."""
    generator.take(line_of(Report(kind="progress", elapsed_s=1.0, tally=Tally().as_json(), row=row(0, 5))))
    generator.take(line_of(Report(kind="progress", elapsed_s=2.0, row=row(1, 6))))

    assert generator.last.elapsed_s == 1.0
    assert [one.completed for one in generator.rows] == [5, 6]


def test_the_same_seconds_add_up_and_the_last_is_not_missing():
    """One generator has a second more."""
    crew = SimpleNamespace(
        generators=[
            SimpleNamespace(rows=[row(0, 5), row(1, 6)]),
            SimpleNamespace(rows=[row(0, 7), row(1, 8), row(2, 1)]),
        ]
    )

    rows = _rows(crew)

    assert [one.completed for one in rows] == [12, 14, 1]
    assert rows[0].in_flight == 4


def test_the_books_of_a_lost_generator_are_closed(generator):
    """Half of 100 were its to send; 20 it sent, 18 had an answer: 2 never will, 30 were never sent."""
    recorder = Recorder(MeasuredWindow(0, 10))
    for _ in range(20):
        recorder.start(0, 1.0)
    for _ in range(18):
        recorder.complete(0, 200, 1.0, 1.0, 1.1)
    generator.take(line_of(Report(kind="progress", tally=recorder.snapshot(2.0, 0.0).as_json())))
    tally = Tally.from_json(generator.last.tally)

    _close_books(PLAN, generator, tally, end_s=10.0)

    assert (tally.counts["offered"], tally.counts["censored"], tally.not_sent, tally.in_flight) == (50, 2, 30, 0)


def test_a_generator_that_never_spoke_has_sent_nothing(generator):
    """All of its share is not sent."""
    tally = Tally()

    _close_books(PLAN, generator, tally, end_s=10.0)

    assert (tally.counts["offered"], tally.not_sent) == (50, 50)


def test_the_window_of_a_lost_generator_ends_where_it_was_lost():
    """Its rate is not diluted by time it did not live."""
    assert _window_s(Report(kind="progress", elapsed_s=4.0, window=(1.0, 10.0))) == 3.0
    assert _window_s(Report(kind="final", elapsed_s=12.0, window=(1.0, 10.0))) == 9.0
