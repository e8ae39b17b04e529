"""What several Locust processes counted, as one."""

import itertools
import random

import pytest

from scalelab.lab.load.locust_merging import merged_histograms, merged_recording, merged_row
from scalelab.lab.load.locust_recorder import LoadRecorder
from scalelab.lab.results.recording import Recording, TimelineRow
from scalelab.lab.results.run_record import Window

ROUTES = ("/data", "/process")


class Clock:
    def __init__(self):
        self.now_s = 0.0

    def __call__(self):
        return self.now_s


def recorder_of(answers):
    """The same answers, by one process: each is a route, a time of sending, a latency and whether it was good."""
    clock = Clock()
    recorder = LoadRecorder(ROUTES, Window(start_s=1.0, end_s=10.0), clock, lambda: 1000.0, is_fine=True)
    flights = {}
    events = sorted(
        itertools.chain.from_iterable(
            ((sent_s, 0, number), (sent_s + latency_s, 1, number))
            for number, (_, sent_s, latency_s, _) in enumerate(answers)
        )
    )
    for at_s, is_end, number in events:
        clock.now_s = at_s
        route, *_, is_good = answers[number]
        if not is_end:
            flights[number] = recorder.send(route)
        elif is_good:
            recorder.complete(flights[number], "MISS", "api_gateway-1")
        else:
            recorder.fail(flights[number], "status 503")
    clock.now_s = 20.0
    recorder.finish()
    return recorder


@pytest.fixture
def answers():
    draws = random.Random(5)
    return [
        (draws.choice(ROUTES), draws.uniform(0, 9.9), draws.lognormvariate(-2, 1), draws.random() < 0.9)
        for _ in range(400)
    ]


@pytest.mark.parametrize("parts", [1, 2, 5])
def test_merged_books_are_those_of_one_process(answers, parts):
    """Every count, sum, extreme and bucket: the same answers, dealt out, lose nothing."""
    whole = recorder_of(answers)
    shares = [recorder_of(answers[part::parts]) for part in range(parts)]

    merged = merged_recording([share.recording() for share in shares], is_whole=True)
    histograms = merged_histograms(
        {tag: histogram.encode() for tag, histogram in share.histograms().items()} for share in shares
    )

    expected = whole.recording()
    for name in (
        "books",
        "answers",
        "cache_answers",
        "instances",
        "failure_kinds",
        "sent_in_window",
        "window",
        "fine",
    ):
        assert getattr(merged, name) == getattr(expected, name)
    assert [measure.model_copy(update={"sum_s": 0.0}) for measure in merged.latencies] == [
        measure.model_copy(update={"sum_s": 0.0}) for measure in expected.latencies
    ]
    assert merged.early.latency_sum_s == pytest.approx(expected.early.latency_sum_s)
    assert (merged.is_final, merged.is_interrupted) == (True, False)
    assert histograms.keys() == whole.histograms().keys()
    for tag, histogram in whole.histograms().items():
        assert histograms[tag].count == histogram.count
        assert histograms[tag].encode() == histogram.encode()


def test_no_figure_of_a_recording_is_forgotten(answers):
    """What only our own generators know has no place in Locust's."""
    of_own_generators = {"time_base", "in_flight_mean"}

    merged = merged_recording([recorder_of(answers).recording()] * 2, is_whole=True)

    assert merged.model_fields_set == Recording.model_fields.keys() - of_own_generators


def test_a_part_that_never_ended_makes_the_whole_an_interrupted_one(answers):
    """It is final all the same: nothing more will come."""
    merged = merged_recording([recorder_of(answers).recording()], is_whole=False)

    assert merged.is_final
    assert merged.is_interrupted


def test_the_busiest_and_the_latest_process_stand_for_a_second():
    """Users, answers and requests under way add up."""
    one = TimelineRow(second=3, sent=5, users=10, in_flight=2, generator_cpu_s=0.3, generator_lag_s=0.2)
    other = TimelineRow(second=3, sent=7, users=10, in_flight=1, generator_cpu_s=0.9, generator_lag_s=0.0)

    row = merged_row([one, other])

    assert (row.second, row.sent, row.users, row.in_flight) == (3, 12, 20, 3)
    assert (row.generator_cpu_s, row.generator_lag_s) == (0.9, 0.2)
